"""Exercise 1.5: how wrong is wrong."""

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def check_cases(rng):
    def randn(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    def off(grad, by=0.1):
        return grad * (1 + by * torch.rand(grad.shape, generator=rng, dtype=torch.float64))

    grad, one = randn(3, 4), randn(8)
    wrong = one.clone()
    wrong[5] *= 1.5
    tiny = 1e-9 * randn(5)
    yield Case("every entry a little off", dict(analytic=off(grad), numeric=grad))
    yield Case("the same, the other way round", dict(analytic=grad, numeric=off(grad)))
    yield Case("one wrong entry among right ones", dict(analytic=wrong, numeric=one))
    yield Case("a wrong sign", dict(analytic=-one[:1], numeric=one[:1]))
    yield Case(
        "0 derived, not 0 measured",
        dict(analytic=torch.tensor([0.0, 2.0]), numeric=torch.tensor([0.5, 2.0])),
    )
    yield Case(
        "not 0 derived, 0 measured",
        dict(analytic=torch.tensor([0.5, 2.0]), numeric=torch.tensor([0.0, 2.0])),
    )
    yield Case("0 on both sides", dict(analytic=torch.zeros(3), numeric=torch.zeros(3)))
    yield Case("tiny gradients, far off", dict(analytic=1.5 * tiny, numeric=tiny))


def check_steps():
    return [
        ("|a − n|", "[0.1, 0, 0]"),
        ("max(|a|, |n|)", "[0.2, 2, 0]"),
        ("their quotients, 0/0 as 0", "[0.5, 0, 0]"),
        ("the largest", "0.5"),
    ]


def check_by_loop(analytic, numeric):
    """Another right way: entry by entry in plain Python."""
    worst = 0.0
    for a, n in zip(analytic.flatten().tolist(), numeric.flatten().tolist(), strict=True):
        if a != n:
            worst = max(worst, abs(a - n) / max(abs(a), abs(n)))
    return worst


SCALE = "scale = torch.maximum(analytic.abs(), numeric.abs())"
ERROR = "error = torch.where(scale == 0, 0.0, difference / scale)"

GRADIENT_CHECK = Exercise(
    target=gradients.gradient_check,
    points=2,
    cases=check_cases,
    accepts=(check_by_loop,),
    goal="check any gradient numerically",
    section="Checking a gradient",
    minutes=5,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            analytic=torch.tensor([0.2, 2.0, 0.0]), numeric=torch.tensor([0.1, 2.0, 0.0])
        ),
        steps=check_steps,
    ),
    misconceptions=(
        Misconception(
            "absolute error",
            instead_of=ERROR,
            wrote="error = difference",
            symptom="Your answer grows and shrinks with the size of the gradients.",
            hint="An error of 0.01 is nothing at 100 and everything at 0.01: "
            "divide by the size of what is compared.",
        ),
        Misconception(
            "divided by the measured side",
            instead_of=f"{SCALE}\n    {ERROR}",
            wrote="error = difference / numeric.abs()",
            symptom="Your answer changes when the two gradients change places, "
            "and is infinite where the measured one is 0.",
            hint="Neither side is the truth: divide by the larger of the two.",
        ),
        Misconception(
            "divided by the derived side",
            instead_of=f"{SCALE}\n    {ERROR}",
            wrote="error = difference / analytic.abs()",
            symptom="Your answer changes when the two gradients change places, "
            "and is infinite where the derived one is 0.",
            hint="Neither side is the truth: divide by the larger of the two.",
        ),
        Misconception(
            "divided by the sum",
            instead_of=SCALE,
            wrote="scale = analytic.abs() + numeric.abs()",
            symptom="Your answers are about half of what they should be.",
            hint="Some texts divide by |a| + |n|. Here it is the larger of the two, "
            "so that an entry that is all wrong counts as 1.",
        ),
        Misconception(
            "one norm for all entries",
            instead_of="return error.max().item()",
            wrote="return (difference.norm() / scale.norm().clamp(min=1e-300)).item()",
            symptom="One wrong entry drowns among many right ones in your answer.",
            hint="A quotient of norms is an average. Judge each entry, then take the worst.",
        ),
        Misconception(
            "mean for maximum",
            instead_of="error.max()",
            wrote="error.mean()",
            symptom="One wrong entry drowns among many right ones in your answer.",
            hint="A check must find the single wrong entry: take the largest error.",
        ),
        Misconception(
            "0/0 left as NaN",
            instead_of=ERROR,
            wrote="error = difference / scale",
            symptom="Where both gradients are 0 your answer is NaN.",
            hint="Two zeros agree: their error is 0, whatever the quotient says.",
        ),
        Misconception(
            "floor under the denominator",
            instead_of=ERROR,
            wrote="error = difference / scale.clamp(min=1e-8)",
            symptom="Tiny gradients that are far off pass your check.",
            hint="A constant in the denominator turns the relative error of small entries "
            "into an absolute one. Treat 0/0 by itself instead.",
        ),
        Misconception(
            "sign of the difference kept",
            instead_of="(analytic - numeric).abs()",
            wrote="analytic - numeric",
            symptom="Where the derived gradient is too small, your error is negative.",
            hint="An error has a size, no direction.",
        ),
    ),
)
