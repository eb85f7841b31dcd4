"""Exercise 7.5: the largest mean of squares so far."""

import torch

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def amsgrad_cases(rng):
    yield Case("seven steps", seven_steps(rng, betas=(0.6, 0.5), eps=1e-3), directions)
    yield Case("a large eps", seven_steps(rng, betas=(0.7, 0.4), eps=0.4), directions)
    yield Case("defaults", seven_steps(rng, 3), directions)
    yield Case(
        "one spike, then quiet",
        few_steps([9.0, 0.1], [0.1, 0.2], [0.1, 5.0], [0.2, 0.1], betas=(0.3, 0.6), eps=1e-2),
        directions,
    )
    yield Case("no momentum", seven_steps(rng, betas=(0.0, 0.9), eps=0.03), directions)


def amsgrad_steps():
    return [
        ("step 1: m = ½ · 0 + ½ · 4", "2"),
        ("v = ½ · 0 + ½ · 4², and the peak", "8"),
        ("m̂ = 2 / (1 − ½)", "4"),
        ("peak / (1 − ½) = 8 / 0.5", "16"),
        ("direction 4 / √16", "1"),
        ("step 2: m = ½ · 2 + ½ · 1", "1.5"),
        ("v = ½ · 8 + ½ · 1², below the peak of 8", "4.5"),
        ("m̂ = 1.5 / (1 − ½²)", "2"),
        ("peak / (1 − ½²) = 8 / 0.75", "10.67"),
        ("direction 2 / √10.67", "0.6124"),
    ]


def amsgrad_with_where(gradient, state, *, betas=(0.9, 0.999), eps=1e-8):
    """Another right way: the maximum by a comparison, the means by lerp."""
    b1, b2 = betas
    zero = torch.zeros_like(gradient)
    t, m, v, top = (0, zero, zero, zero) if state is None else state
    m, v, t = m.lerp(gradient, 1 - b1), v.lerp(gradient * gradient, 1 - b2), t + 1
    top = torch.where(v > top, v, top)
    return m / (1 - b1**t) / ((top / (1 - b2**t)) ** 0.5 + eps), [t, m, v, top]


PEAK = "peak = torch.maximum(state.peak, v)"
SECOND = "v_hat = peak / (1 - b2**t)"
BOTH = f"{PEAK}\n    m_hat = m / (1 - b1**t)\n    {SECOND}"
DIVIDE = "m_hat / (v_hat.sqrt() + eps)"

AMSGRAD = Exercise(
    target=adaptive.amsgrad,
    points=2,
    cases=amsgrad_cases,
    accepts=(amsgrad_with_where,),
    goal="write each adaptive rule from its paper",
    section="AMSGrad: never forget a large gradient",
    minutes=7,
    difficulty=2,
    trace=Trace(inputs=few_steps(4.0, 1.0, betas=(0.5, 0.5)), steps=amsgrad_steps),
    misconceptions=(
        Misconception(
            "maximum not used",
            instead_of=SECOND,
            wrote="v_hat = v / (1 - b2**t)",
            symptom="This is Adam.",
            hint="The largest v so far divides, not the present one.",
        ),
        Misconception(
            "maximum of the corrected means",
            instead_of=BOTH,
            wrote="m_hat = m / (1 - b1**t)\n"
            "    peak = v_hat = torch.maximum(state.peak, v / (1 - b2**t))",
            symptom="You correct first and take the maximum then: a variant, but another rule.",
            hint="The correction is largest at the first steps, so a maximum over corrected "
            "means never lets go of them. The maximum is over v as it is.",
        ),
        Misconception(
            "maximum not kept",
            instead_of="Peaks(t, m, v, peak)",
            wrote="Peaks(t, m, v, v)",
            symptom="Your maximum reaches back one step only.",
            hint="The maximum over all steps is part of the state.",
        ),
        Misconception(
            "maximum takes the place of v",
            instead_of="return m_hat / (v_hat.sqrt() + eps), Peaks(t, m, v, peak)",
            wrote="return m_hat / (v_hat.sqrt() + eps), Peaks(t, m, peak, peak)",
            symptom="After a spike your v starts from the maximum.",
            hint="v goes its own way and falls again. Only the maximum stays.",
        ),
        Misconception(
            "minimum for maximum",
            instead_of=PEAK,
            wrote="peak = torch.minimum(state.peak, v)",
            symptom="Nothing but eps is left of your denominator.",
            hint="The maximum may only grow: keep the larger of the two.",
        ),
        Misconception(
            "maximum over the squares",
            instead_of=PEAK,
            wrote="peak = torch.maximum(state.peak, gradient**2)",
            symptom="Your denominator remembers single gradients, not means.",
            hint="The maximum is over the running means v.",
        ),
        Misconception(
            "one maximum for all coordinates",
            instead_of=PEAK,
            wrote="peak = torch.maximum(state.peak, v).max().expand_as(v)",
            symptom="Coordinates with small gradients take small steps.",
            hint="Each coordinate has a maximum of its own.",
        ),
        Misconception(
            "m not corrected",
            instead_of="m_hat = m / (1 - b1**t)",
            wrote="m_hat = m",
            symptom="Your first steps are too small.",
            hint="As in Adam, m starts at zero and is corrected for it.",
            section="Adam: both at once, and corrected",
        ),
        Misconception(
            "maximum not corrected",
            instead_of=SECOND,
            wrote="v_hat = peak",
            symptom="Your first steps are too large.",
            hint="As in Adam, the denominator starts from zero and is corrected for it.",
            section="Adam: both at once, and corrected",
        ),
        Misconception(
            "eps under the root",
            instead_of=DIVIDE,
            wrote="m_hat / (v_hat + eps).sqrt()",
            symptom="With a large eps your steps are wrong; with a tiny one nearly right.",
            hint="eps is added after the root is taken.",
            section="Where eps stands",
        ),
        Misconception(
            "eps beside the uncorrected root",
            instead_of=DIVIDE,
            wrote="m_hat / ((peak.sqrt() + eps) / (1 - b2**t) ** 0.5)",
            symptom="Your eps is too large in the first steps.",
            hint="Correct first, then add eps, as in Adam.",
            section="Where eps stands",
        ),
        Misconception(
            "no root",
            instead_of=DIVIDE,
            wrote="m_hat / (v_hat + eps)",
            symptom="Your directions shrink when all gradients grow.",
            hint="The peak is a mean of squares. Take its root.",
        ),
        Misconception(
            "this step's v left out",
            instead_of=SECOND,
            wrote="v_hat = state.peak / (1 - b2**t)",
            symptom="Your first step divides by nothing but eps, and each later one is a "
            "step behind.",
            hint="This step's v enters the maximum before it divides.",
        ),
        Misconception(
            "the old state returned",
            instead_of="Peaks(t, m, v, peak)",
            wrote="state",
            symptom="Each of your steps is a first step.",
            hint="Return the count, the means and the maximum that you just computed.",
        ),
        Misconception(
            "betas exchanged",
            instead_of="b1, b2 = betas",
            wrote="b2, b1 = betas",
            symptom="Your means have each other's memory.",
            hint="The first beta belongs to the gradient, the second to its square.",
        ),
        Misconception(
            "m remembers the largest, too",
            instead_of="m_hat = m / (1 - b1**t)",
            wrote="m = torch.where(m.abs() > state.m.abs(), m, state.m)\n"
            "    m_hat = m / (1 - b1**t)",
            symptom="Your directions hold on to the largest mean of the gradients.",
            hint="Only the denominator keeps its maximum. m goes its way, as in Adam.",
        ),
        Misconception(
            "corrected means kept",
            instead_of="Peaks(t, m, v, peak)",
            wrote="Peaks(t, m_hat, v, v_hat)",
            symptom="Your first step is right and the second is not.",
            hint="The correction is for this step's use. The state keeps everything as it is.",
        ),
    ),
)
