"""Exercise 7.2: AdaGrad that forgets."""

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def rmsprop_cases(rng):
    yield Case("seven steps", seven_steps(rng, alpha=0.7, eps=1e-4), directions)
    yield Case("a large eps", seven_steps(rng, alpha=0.9, eps=0.4), directions)
    yield Case("defaults", seven_steps(rng, 3), directions)
    yield Case("a short memory", seven_steps(rng, alpha=0.1, eps=0.03), directions)
    yield Case(
        "a zero gradient first",
        few_steps([0.0, 2.0], [3.0, 0.0], [1.0, 1.0], alpha=0.8, eps=1e-3),
        directions,
    )


def rmsprop_steps():
    return [
        ("step 1: v = 0.75 · 0 + 0.25 · 4²", "4"),
        ("direction 4 / √4", "2"),
        ("step 2: v = 0.75 · 4 + 0.25 · 2²", "4"),
        ("direction 2 / √4", "1"),
    ]


def rmsprop_in_place(gradient, state, *, alpha=0.99, eps=1e-8):
    """Another right way: a state of one's own, changed in place."""
    mean = {"square": gradient.new_zeros(gradient.shape)} if state is None else dict(state)
    mean["square"] = mean["square"].lerp(gradient.square(), 1 - alpha)
    return gradient / mean["square"].sqrt().add_(eps), mean


MEAN = "v = alpha * state.v + (1 - alpha) * gradient**2"
DIVIDE = "gradient / (v.sqrt() + eps)"
BODY = """    if state is None:
        state = Squares(torch.zeros_like(gradient))
    v = alpha * state.v + (1 - alpha) * gradient**2
    return gradient / (v.sqrt() + eps), Squares(v)"""
CORRECTED = """    t, old = state or (0, torch.zeros_like(gradient))
    t, v = t + 1, alpha * old + (1 - alpha) * gradient**2
    return gradient / ((v / (1 - alpha**t)).sqrt() + eps), (t, v)"""

RMSPROP = Exercise(
    target=adaptive.rmsprop,
    points=2,
    cases=rmsprop_cases,
    accepts=(rmsprop_in_place,),
    goal="write each adaptive rule from its paper",
    section="RMSProp: forget what is long ago",
    minutes=6,
    difficulty=2,
    trace=Trace(inputs=few_steps(4.0, 2.0, alpha=0.75), steps=rmsprop_steps),
    misconceptions=(
        Misconception(
            "alpha and its rest exchanged",
            instead_of=MEAN,
            wrote="v = (1 - alpha) * state.v + alpha * gradient**2",
            symptom="Your mean keeps little of the past when alpha is near 1.",
            hint="Alpha is the share of the old mean that is kept.",
        ),
        Misconception(
            "a sum for the mean",
            instead_of=MEAN,
            wrote="v = state.v + gradient**2",
            symptom="Your denominator never forgets.",
            hint="The mean is a compromise: a share of the old, the rest of the new square.",
        ),
        Misconception(
            "the new square in full",
            instead_of=MEAN,
            wrote="v = alpha * state.v + gradient**2",
            symptom="Your denominator is too large by a constant factor.",
            hint="In a mean the weights add up to 1: the new square gets what alpha leaves.",
        ),
        Misconception(
            "eps under the root",
            instead_of=DIVIDE,
            wrote="gradient / (v + eps).sqrt()",
            symptom="With a large eps your steps are wrong; with a tiny one nearly right.",
            hint="In torch.optim's RMSProp eps is added after the root is taken.",
            section="Where eps stands",
        ),
        Misconception(
            "no root",
            instead_of=DIVIDE,
            wrote="gradient / (v + eps)",
            symptom="Your directions shrink when all gradients grow.",
            hint="RMS: the root of the mean of the squares.",
        ),
        Misconception(
            "the old mean divides",
            instead_of=DIVIDE,
            wrote="gradient / (state.v.sqrt() + eps)",
            symptom="Your first step divides by nothing but eps.",
            hint="This step's square enters the mean before it divides.",
        ),
        Misconception(
            "root times eps",
            instead_of=DIVIDE,
            wrote="gradient / (v.sqrt() * eps)",
            symptom="Your directions are larger the smaller eps is.",
            hint="eps is added to the root, so that it matters only where the root is tiny.",
            section="Where eps stands",
        ),
        Misconception(
            "no eps",
            instead_of=DIVIDE,
            wrote="gradient / v.sqrt()",
            symptom="Where a gradient has always been zero you get NaN.",
            hint="Zero over zero is not a number. eps is there for it.",
            section="Where eps stands",
        ),
        Misconception(
            "corrected for the start at zero",
            instead_of=BODY,
            wrote=CORRECTED,
            symptom="Your first steps are smaller than RMSProp's.",
            hint="RMSProp leaves its mean as it is. The correction came with Adam.",
            section="Adam: both at once, and corrected",
        ),
        Misconception(
            "sizes for squares",
            instead_of=MEAN,
            wrote="v = alpha * state.v + (1 - alpha) * gradient.abs()",
            symptom="Your first direction depends on the gradient's size.",
            hint="The S in RMS is for squares.",
        ),
        Misconception(
            "the old state returned",
            instead_of="Squares(v)",
            wrote="state",
            symptom="Each of your steps is a first step.",
            hint="Return the mean that you just computed; the next step starts from it.",
        ),
        Misconception(
            "eps outside the fraction",
            instead_of=DIVIDE,
            wrote="gradient / v.sqrt() + eps",
            symptom="Your eps does not guard the fraction, but shifts it.",
            hint="eps belongs to the root and enters the denominator together with it: mind "
            "the brackets.",
            section="Where eps stands",
        ),
        Misconception(
            "alpha fixed at its default",
            instead_of=MEAN,
            wrote="v = 0.99 * state.v + 0.01 * gradient**2",
            symptom="You are right at the default alpha, and only there.",
            hint="Alpha is a setting: use the one that you are given.",
        ),
        Misconception(
            "starts at the first square",
            instead_of="Squares(torch.zeros_like(gradient))",
            wrote="Squares(gradient**2)",
            symptom="Your first direction is the gradient's sign.",
            hint="The mean starts at zero, and the first square enters it like any other.",
        ),
        Misconception(
            "one mean for all coordinates",
            instead_of=MEAN,
            wrote="v = alpha * state.v + (1 - alpha) * (gradient**2).mean()",
            symptom="All your coordinates share one denominator.",
            hint="Each coordinate has a mean of its own. That is the point of it.",
        ),
        Misconception(
            "the size of a mean of gradients",
            instead_of=f"{MEAN}\n    return {DIVIDE}",
            wrote="v = alpha * state.v + (1 - alpha) * gradient\n"
            "    return gradient / (v.abs() + eps)",
            symptom="Where gradients of both signs come in, your denominator shrinks.",
            hint="RMS: square, then the mean, then the root. Squares do not cancel each other.",
        ),
        Misconception(
            "minus sign",
            instead_of=DIVIDE,
            wrote="-gradient / (v.sqrt() + eps)",
            symptom="Your directions are right but for the sign.",
            hint="The caller subtracts the direction, so it points up the slope, as the "
            "gradient does.",
        ),
    ),
)
