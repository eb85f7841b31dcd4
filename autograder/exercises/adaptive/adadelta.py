"""Exercise 7.3: steps in the parameters' own unit."""

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def adadelta_cases(rng):
    yield Case("seven steps", seven_steps(rng, rho=0.7, eps=0.05), directions)
    yield Case("a tiny eps", seven_steps(rng, rho=0.9, eps=1e-5), directions)
    yield Case("a long memory", seven_steps(rng, 3, rho=0.98, eps=0.5), directions)
    yield Case("a short memory", seven_steps(rng, rho=0.2, eps=1e-2), directions)
    yield Case(
        "a zero gradient first",
        few_steps([0.0, 2.0], [3.0, 0.0], [1.0, 1.0], rho=0.8, eps=1e-3),
        directions,
    )


def adadelta_steps():
    return [
        ("step 1: v = ½ · 0 + ½ · 4²", "8"),
        ("direction √(0 + 1) / √(8 + 1) · 4", "1.333"),
        ("u = ½ · 0 + ½ · 1.333²", "0.8889"),
        ("step 2: v = ½ · 8 + ½ · 2²", "6"),
        ("direction √(0.8889 + 1) / √(6 + 1) · 2", "1.039"),
    ]


def adadelta_by_rms(gradient, state, *, rho=0.9, eps=1e-6):
    """Another right way: the paper's RMS, and a dictionary for a state."""
    if state is None:
        state = {"gradient": 0 * gradient, "step": 0 * gradient}

    def rms(mean):
        return (mean + eps) ** 0.5

    mean = rho * state["gradient"] + (1 - rho) * gradient * gradient
    step = gradient * rms(state["step"]) / rms(mean)
    return step, {"gradient": mean, "step": rho * state["step"] + (1 - rho) * step * step}


MEAN = "v = rho * state.v + (1 - rho) * gradient**2"
STEP = "(state.u + eps).sqrt() / (v + eps).sqrt() * gradient"
STEPS = "u = rho * state.u + (1 - rho) * direction**2"

ADADELTA = Exercise(
    target=adaptive.adadelta,
    points=3,
    cases=adadelta_cases,
    accepts=(adadelta_by_rms,),
    goal="write each adaptive rule from its paper",
    section="AdaDelta: mind the units",
    minutes=9,
    difficulty=3,
    trace=Trace(inputs=few_steps(4.0, 2.0, rho=0.5, eps=1.0), steps=adadelta_steps),
    misconceptions=(
        Misconception(
            "eps as a guard only",
            instead_of=STEP,
            wrote="state.u.sqrt() / (v + eps).sqrt() * gradient",
            symptom="You never move.",
            hint="Past steps start at zero. Without eps in the numerator they stay there.",
        ),
        Misconception(
            "eps outside the roots",
            instead_of=STEP,
            wrote="(state.u.sqrt() + eps) / (v.sqrt() + eps) * gradient",
            symptom="Your first step is too small by the root of eps.",
            hint="In AdaDelta eps stands under both roots.",
            section="Where eps stands",
        ),
        Misconception(
            "ratio inverted",
            instead_of=STEP,
            wrote="(v + eps).sqrt() / (state.u + eps).sqrt() * gradient",
            symptom="Your directions grow with the square of the gradients.",
            hint="Past steps multiply, past gradients divide: the gradient's unit must go.",
        ),
        Misconception(
            "gradients where steps belong",
            instead_of=STEPS,
            wrote="u = rho * state.u + (1 - rho) * gradient**2",
            symptom="From the second step on your directions follow the gradient's size.",
            hint="The second mean is over the directions that you returned.",
        ),
        Misconception(
            "sizes of the steps",
            instead_of=STEPS,
            wrote="u = rho * state.u + (1 - rho) * direction.abs()",
            symptom="Your first step is right and the second is not.",
            hint="Both means are over squares, since a root is taken of both.",
        ),
        Misconception(
            "steps not squared",
            instead_of=STEPS,
            wrote="u = rho * state.u + (1 - rho) * direction",
            symptom="Your mean of steps is negative after negative steps, and its root is NaN.",
            hint="Both means are over squares, since a root is taken of both.",
        ),
        Misconception(
            "no roots",
            instead_of=STEP,
            wrote="(state.u + eps) / (v + eps) * gradient",
            symptom="Your directions shrink when all gradients grow.",
            hint="Means of squares have squared units. Take the root of each.",
        ),
        Misconception(
            "the old mean divides",
            instead_of=STEP,
            wrote="(state.u + eps).sqrt() / (state.v + eps).sqrt() * gradient",
            symptom="Your directions are the gradients themselves.",
            hint="This step's square enters the mean before it divides; only the mean of the "
            "steps lags behind. And the two means are two tensors, not one with two names.",
        ),
        Misconception(
            "steps not remembered",
            instead_of="Deltas(v, u)",
            wrote="Deltas(v, state.u)",
            symptom="Your numerator stays the root of eps.",
            hint="The state that you return holds both new means.",
        ),
        Misconception(
            "rho and its rest exchanged for the squares",
            instead_of=MEAN,
            wrote="v = (1 - rho) * state.v + rho * gradient**2",
            symptom="Your mean of squares keeps little of the past when rho is near 1.",
            hint="Rho is the share of the old mean that is kept.",
        ),
        Misconception(
            "sums for means",
            instead_of=MEAN,
            wrote="v = state.v + gradient**2",
            symptom="Your denominator never forgets.",
            hint="AdaDelta mends AdaGrad: its squares are averaged over a window.",
            section="RMSProp: forget what is long ago",
        ),
        Misconception(
            "rho and its rest exchanged for the steps",
            instead_of=STEPS,
            wrote="u = (1 - rho) * state.u + rho * direction**2",
            symptom="Your mean of steps keeps little of the past when rho is near 1.",
            hint="Rho is the share of the old mean that is kept.",
        ),
        Misconception(
            "gradient left out",
            instead_of=STEP,
            wrote="(state.u + eps).sqrt() / (v + eps).sqrt()",
            symptom="Your directions are never negative.",
            hint="The ratio of the roots is the rate of each coordinate. It multiplies the "
            "gradient.",
        ),
        Misconception(
            "eps beside the lower root",
            instead_of=STEP,
            wrote="(state.u + eps).sqrt() / (v.sqrt() + eps) * gradient",
            symptom="Your numerator is right, but not your denominator.",
            hint="In AdaDelta eps stands under the lower root as well.",
            section="Where eps stands",
        ),
        Misconception(
            "no eps below",
            instead_of=STEP,
            wrote="(state.u + eps).sqrt() / v.sqrt() * gradient",
            symptom="Where a gradient has always been zero you get NaN.",
            hint="eps stands under both roots.",
            section="Where eps stands",
        ),
        Misconception(
            "means exchanged in the state",
            instead_of="Deltas(v, u)",
            wrote="Deltas(u, v)",
            symptom="Your first step is right; from the second on the means have changed "
            "places.",
            hint="The state that you return is the state that you get: keep its order.",
        ),
        Misconception(
            "no numerator",
            instead_of=STEP,
            wrote="gradient / (v + eps).sqrt()",
            symptom="Your directions are RMSProp's.",
            hint="The root of the past steps stands above the line, so that the direction "
            "has the parameters' unit.",
        ),
        Misconception(
            "squares not remembered",
            instead_of="Deltas(v, u)",
            wrote="Deltas(state.v, u)",
            symptom="Each of your denominators is that of a first step.",
            hint="The state that you return holds both new means.",
        ),
        Misconception(
            "the new squares in full",
            instead_of=MEAN,
            wrote="v = rho * state.v + gradient**2",
            symptom="Your denominator is too large by a constant factor.",
            hint="In a mean the weights add up to 1: the new square gets what rho leaves.",
        ),
        Misconception(
            "one mean of squares for all coordinates",
            instead_of=MEAN,
            wrote="v = rho * state.v + (1 - rho) * (gradient**2).mean()",
            symptom="All your coordinates share one denominator.",
            hint="Each coordinate has a mean of its own. That is the point of it.",
        ),
        Misconception(
            "minus sign",
            instead_of=STEP,
            wrote="-" + STEP,
            symptom="Your directions are right but for the sign.",
            hint="The caller subtracts the direction, so it points up the slope, as the "
            "gradient does.",
        ),
    ),
)
