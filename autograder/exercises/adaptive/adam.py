"""Exercise 7.4: both means, corrected."""

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def adam_cases(rng):
    yield Case("seven steps", seven_steps(rng, betas=(0.6, 0.8), eps=1e-3), directions)
    yield Case("a large eps", seven_steps(rng, betas=(0.7, 0.4), eps=0.4), directions)
    yield Case("defaults", seven_steps(rng, 3), directions)
    yield Case("no momentum", seven_steps(rng, betas=(0.0, 0.9), eps=0.03), directions)
    yield Case(
        "a zero gradient first",
        few_steps([0.0, 2.0], [3.0, 0.0], [1.0, 1.0], betas=(0.5, 0.9), eps=1e-2),
        directions,
    )
    yield Case(
        "gradients of 1e-7",
        few_steps([1e-7, 3e-7], [1e-7, -3e-7], [1e-7, 1e-7]),
        directions,
    )


def adam_steps():
    return [
        ("step 1: m = ½ · 0 + ½ · 4", "2"),
        ("v = ¾ · 0 + ¼ · 4²", "4"),
        ("m̂ = 2 / (1 − ½)", "4"),
        ("v̂ = 4 / (1 − ¾)", "16"),
        ("direction 4 / √16", "1"),
        ("step 2: m = ½ · 2 + ½ · 0", "1"),
        ("v = ¾ · 4 + ¼ · 0²", "3"),
        ("m̂ = 1 / (1 − ½²)", "1.333"),
        ("v̂ = 3 / (1 − ¾²)", "6.857"),
        ("direction 1.333 / √6.857", "0.5092"),
    ]


def adam_with_the_corrections_in_front(gradient, state, *, betas=(0.9, 0.999), eps=1e-8):
    """Another right way: one factor for both corrections, as torch.optim does."""
    t, m, v = state or (0, 0 * gradient, 0 * gradient)
    t += 1
    m = m.lerp(gradient, 1 - betas[0])
    v = betas[1] * v + (1 - betas[1]) * gradient.square()
    root = v.sqrt() / (1 - betas[1] ** t) ** 0.5
    return m / (root + eps) / (1 - betas[0] ** t), (t, m, v)


def adam_by_weighted_sums(gradient, state, *, betas=(0.9, 0.999), eps=1e-8):
    """Another right way: keep all gradients, and weigh them afresh at each step."""
    past = [*(state or ()), gradient]

    def mean(numbers, beta):
        weights = [beta**age for age in range(len(numbers))]
        return sum(w * n for w, n in zip(weights, reversed(numbers), strict=True)) / sum(
            weights
        )

    return mean(past, betas[0]) / (mean([g * g for g in past], betas[1]).sqrt() + eps), past


FIRST = "m_hat = m / (1 - b1**t)"
SECOND = "v_hat = v / (1 - b2**t)"
BOTH = f"{FIRST}\n    {SECOND}"
COUNT = "t = state.t + 1"
M = "m = b1 * state.m + (1 - b1) * gradient\n"
V = "v = b2 * state.v + (1 - b2) * gradient**2"
DIVIDE = "m_hat / (v_hat.sqrt() + eps)"
CORRECTION = "Adam: both at once, and corrected"
EPS = "Where eps stands"

ADAM = Exercise(
    target=adaptive.adam,
    points=4,
    cases=adam_cases,
    accepts=(adam_with_the_corrections_in_front, adam_by_weighted_sums),
    goal="write each adaptive rule from its paper",
    section=CORRECTION,
    minutes=12,
    difficulty=3,
    trace=Trace(inputs=few_steps(4.0, 0.0, betas=(0.5, 0.75)), steps=adam_steps),
    misconceptions=(
        Misconception(
            "no correction",
            instead_of=BOTH,
            wrote="m_hat, v_hat = m, v",
            symptom="Your first step is not the gradient's sign.",
            hint="Both means start at zero and lean towards it at first. Divide that out.",
        ),
        Misconception(
            "only m corrected",
            instead_of=BOTH,
            wrote=f"{FIRST}\n    v_hat = v",
            symptom="Your first steps are far too large.",
            hint="v starts at zero as well, and with its beta it leans there for longer.",
        ),
        Misconception(
            "only v corrected",
            instead_of=BOTH,
            wrote=f"m_hat = m\n    {SECOND}",
            symptom="Your first steps are too small.",
            hint="m starts at zero as well, so it is too small at first.",
        ),
        Misconception(
            "corrected means kept",
            instead_of="Moments(t, m, v)",
            wrote="Moments(t, m_hat, v_hat)",
            symptom="Your first step is right and the second is not.",
            hint="The correction is for this step's use. The state keeps both as they are.",
        ),
        Misconception(
            "corrected by 1 − β at every step",
            instead_of=COUNT,
            wrote="t = 1",
            symptom="Your first step is right, the later ones are corrected too much.",
            hint="What a mean lacks is β to the power of the steps taken. Count them, and the "
            "correction fades.",
        ),
        Misconception(
            "counts one too few",
            instead_of=BOTH,
            wrote="m_hat = m / (1 - b1 ** max(t - 1, 1))\n"
            "    v_hat = v / (1 - b2 ** max(t - 1, 1))",
            symptom="Your first step is right, and from the second on the count is late.",
            hint="The state holds the steps already taken; this one is one more.",
        ),
        Misconception(
            "counts one too many",
            instead_of=COUNT,
            wrote="t = state.t + 1 + (state.t == 0)",
            symptom="Your first step is corrected as if it were the second.",
            hint="At the first step t is 1.",
        ),
        Misconception(
            "counts from zero",
            instead_of=BOTH,
            wrote="m_hat = m / (1 - b1 ** (t - 1))\n    v_hat = v / (1 - b2 ** (t - 1))",
            symptom="Your first step divides by zero.",
            hint="At the first step t is 1: a power of zero makes the correction zero.",
        ),
        Misconception(
            "divides by 1 − β²",
            instead_of=BOTH,
            wrote="m_hat = m / (1 - b1**2)\n    v_hat = v / (1 - b2**2)",
            symptom="Your second step's correction is used at every step.",
            hint="The power is the number of steps.",
        ),
        Misconception(
            "betas exchanged",
            instead_of="b1, b2 = betas",
            wrote="b2, b1 = betas",
            symptom="Your means have each other's memory.",
            hint="The first beta belongs to the gradient, the second to its square.",
        ),
        Misconception(
            "no history in m",
            instead_of=M,
            wrote="m = (1 - b1) * gradient\n",
            symptom="With a zero gradient you do not move at all.",
            hint="m takes over a share of the old m: that is the momentum.",
        ),
        Misconception(
            "gradient in full",
            instead_of=M,
            wrote="m = b1 * state.m + gradient\n",
            symptom="Your directions are too large by a constant factor.",
            hint="m is a mean: the weights of old and new add up to 1.",
        ),
        Misconception(
            "square of the mean",
            instead_of=V,
            wrote="v = b2 * state.v + (1 - b2) * m**2",
            symptom="Your denominator is made from m.",
            hint="v is the mean of the squares of the raw gradients.",
        ),
        Misconception(
            "sizes for squares",
            instead_of=V,
            wrote="v = b2 * state.v + (1 - b2) * gradient.abs()",
            symptom="Your first direction depends on the gradient's size.",
            hint="The second moment is the mean of squares.",
        ),
        Misconception(
            "eps under the root",
            instead_of=DIVIDE,
            wrote="m_hat / (v_hat + eps).sqrt()",
            symptom="Small gradients hardly move you.",
            hint="A tiny eps under the root is no longer tiny once the root is taken.",
            section=EPS,
        ),
        Misconception(
            "eps beside the uncorrected root",
            instead_of=DIVIDE,
            wrote="m_hat / ((v.sqrt() + eps) / (1 - b2**t) ** 0.5)",
            symptom="Your eps is too large in the first steps. It is the paper's ε̂.",
            hint="The short form in the paper adds eps before the correction, so that eps is "
            "corrected with it. torch.optim corrects first, then adds.",
            section=EPS,
        ),
        Misconception(
            "no eps",
            instead_of=DIVIDE,
            wrote="m_hat / v_hat.sqrt()",
            symptom="Where a gradient has always been zero you get NaN.",
            hint="Zero over zero is not a number. eps is there for it.",
            section=EPS,
        ),
        Misconception(
            "no root",
            instead_of=DIVIDE,
            wrote="m_hat / (v_hat + eps)",
            symptom="Your directions shrink when all gradients grow.",
            hint="v is a mean of squares. Take its root.",
        ),
        Misconception(
            "the sign alone",
            instead_of=DIVIDE,
            wrote="m_hat.sign()",
            symptom="Your first step is right, and all others are as long.",
            hint="The first step is a sign. The later ones are shorter where gradients "
            "disagree with each other.",
        ),
        Misconception(
            "eps outside the fraction",
            instead_of=DIVIDE,
            wrote="m_hat / v_hat.sqrt() + eps",
            symptom="Your eps does not guard the fraction, but shifts it.",
            hint="eps belongs to the root and enters the denominator together with it: mind "
            "the brackets.",
            section="Where eps stands",
        ),
        Misconception(
            "minus sign",
            instead_of=DIVIDE,
            wrote="-m_hat / (v_hat.sqrt() + eps)",
            symptom="Your directions are right but for the sign.",
            hint="The caller subtracts the direction, so it points up the slope, as the "
            "gradient does.",
        ),
        Misconception(
            "the old state returned",
            instead_of="Moments(t, m, v)",
            wrote="state",
            symptom="Each of your steps is a first step.",
            hint="Return the count and the means that you just computed; the next step starts "
            "from them.",
        ),
        Misconception(
            "weights of old and new exchanged",
            instead_of=f"{M}    {V}",
            wrote="m = (1 - b1) * state.m + b1 * gradient\n"
            "    v = (1 - b2) * state.v + b2 * gradient**2",
            symptom="Your means keep little of the past when the betas are near 1.",
            hint="Beta is the share of the old mean that is kept.",
        ),
        Misconception(
            "the root corrected in place of v",
            instead_of=DIVIDE,
            wrote="m_hat / (v.sqrt() / (1 - b2**t) + eps)",
            symptom="Your first steps are too small.",
            hint="First correct v, then take the root: the correction is under it.",
        ),
        Misconception(
            "no history in m or v",
            instead_of=f"{M}    {V}",
            wrote="m = (1 - b1) * gradient\n    v = (1 - b2) * gradient**2",
            symptom="All that your directions know of the past is the number of steps.",
            hint="Both means take over a share of what they were. Else there is nothing to "
            "average.",
        ),
        Misconception(
            "no history in v",
            instead_of=V,
            wrote="v = (1 - b2) * gradient**2",
            symptom="Your denominator knows this step's gradient only.",
            hint="v takes over a share of the old v, as m does of the old m.",
        ),
        Misconception(
            "square in full",
            instead_of=V,
            wrote="v = b2 * state.v + gradient**2",
            symptom="Your directions are too small by a constant factor.",
            hint="v is a mean: the weights of old and new add up to 1.",
        ),
        Misconception(
            "one v for all coordinates",
            instead_of=V,
            wrote="v = b2 * state.v + (1 - b2) * (gradient**2).mean()",
            symptom="All your coordinates share one denominator.",
            hint="Each coordinate has a mean of its own. That is the point of it.",
        ),
        Misconception(
            "the gradient where m belongs",
            instead_of=DIVIDE,
            wrote="gradient / (v_hat.sqrt() + eps)",
            symptom="Your directions have no momentum: they are RMSProp's, corrected.",
            hint="Above the line stands the corrected mean of the gradients.",
        ),
        Misconception(
            "one beta for both",
            instead_of="b1, b2 = betas",
            wrote="b1 = b2 = betas[0]",
            symptom="Your second mean has the memory of the first.",
            hint="There are two betas: the second belongs to the squares.",
        ),
        Misconception(
            "multiplied by the correction",
            instead_of=BOTH,
            wrote=BOTH.replace(" / ", " * "),
            symptom="Your first steps are too small, where a correction should make them "
            "larger.",
            hint="The means are too small at first, by the very factor of the correction: "
            "divide by it.",
        ),
        Misconception(
            "beta times t",
            instead_of=BOTH,
            wrote=BOTH.replace("**", " * "),
            symptom="Your first step is right, and later ones are divided by numbers below "
            "zero.",
            hint="The share of the start that is left after t steps is beta to the power of t.",
        ),
    ),
)
