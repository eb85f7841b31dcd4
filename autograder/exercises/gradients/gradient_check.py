"""Exercise 1.5: how wrong is wrong."""

import torch

from autograder.compare import close
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
    tiny = 1e-30 * randn(5)  # below whatever constant someone may add
    closely = close(rtol=1e-4, atol=0.0)  # a small error is an answer, too
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
    some = dict(analytic=torch.tensor([0.0, 1.0, -3.0]), numeric=torch.tensor([0.0, 1.2, -3.0]))
    yield Case("0 on both sides, beside an entry that is off", some)
    yield Case("one number", dict(analytic=off(one[3]), numeric=one[3]))
    yield Case("tiny gradients, far off", dict(analytic=1.5 * tiny, numeric=tiny))
    hardly = dict(analytic=off(grad, by=3e-7), numeric=grad)
    yield Case("an error below a millionth", hardly, closely)


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
ERROR = "error = torch.where(difference == 0, 0.0, difference / scale)"
DIFFERENCE = "difference = (analytic - numeric).abs()"
RETURN = "return error.max().item()"

NEITHER_SIDE = "Neither side is the truth: divide by the larger of the two."
DROWNS = "One wrong entry drowns among many right ones in your answer."
EACH_ENTRY = "A quotient of norms is an average. Judge each entry, then take the worst."

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
            instead_of=SCALE,
            wrote="scale = numeric.abs()",
            symptom="Your answer changes when the two gradients change places, "
            "and is infinite where the measured one is 0.",
            hint=NEITHER_SIDE,
        ),
        Misconception(
            "divided by the derived side",
            instead_of=SCALE,
            wrote="scale = analytic.abs()",
            symptom="Your answer changes when the two gradients change places, "
            "and is infinite where the derived one is 0.",
            hint=NEITHER_SIDE,
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
            instead_of=RETURN,
            wrote="larger = max(analytic.norm(), numeric.norm())\n"
            "    return (difference.norm() / larger).item() if larger > 0 else 0.0",
            symptom=DROWNS,
            hint=EACH_ENTRY,
        ),
        Misconception(
            "mean for maximum",
            instead_of="error.max()",
            wrote="error.mean()",
            symptom=DROWNS,
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
            hint="With a constant in the denominator the error of small entries is an "
            "absolute one. Treat 0/0 by itself instead.",
        ),
        Misconception(
            "sign of the difference kept",
            instead_of="(analytic - numeric).abs()",
            wrote="analytic - numeric",
            symptom="Where the derived gradient is too small, your error is negative.",
            hint="An error has a size, no direction.",
        ),
        Misconception(
            "norms over the sum of the norms",
            instead_of=RETURN,
            wrote="return (difference.norm() / (analytic.norm() + numeric.norm())).item()",
            symptom=DROWNS,
            hint=EACH_ENTRY,
        ),
        Misconception(
            "one scale for all entries",
            instead_of=RETURN,
            wrote="largest = scale.max()\n"
            "    return (difference.max() / largest).item() if largest > 0 else 0.0",
            symptom="A small entry that is all wrong does not show beside a large one in your "
            "answer.",
            hint="Divide each entry's difference by that entry's own size, then take the "
            "worst.",
        ),
        Misconception(
            "sum for maximum",
            instead_of="error.max()",
            wrote="error.sum()",
            symptom="Your answer grows with the number of entries.",
            hint="Many small errors are no large one: take the largest.",
        ),
        Misconception(
            "signs left on below",
            instead_of=SCALE,
            wrote="scale = torch.maximum(analytic, numeric)",
            symptom="Where both entries are negative your error is negative, or far too large.",
            hint="What you divide by is a size: take the sign off both before you ask "
            "which is larger.",
        ),
        Misconception(
            "smaller side below",
            instead_of=SCALE,
            wrote="scale = torch.minimum(analytic.abs(), numeric.abs())",
            symptom="Your answers are too large, and infinite where one side is 0.",
            hint="Divide by the larger of the two, so that an error of one side alone "
            "counts as 1.",
        ),
        Misconception(
            "smaller side below, or 1",
            instead_of=SCALE,
            wrote="scale = torch.minimum(analytic.abs(), numeric.abs())\n"
            "    scale = torch.where(scale == 0, 1.0, scale)",
            symptom="Your answers are too large, and absolute where one side is 0.",
            hint="Divide by the larger of the two, so that an error of one side alone "
            "counts as 1.",
        ),
        Misconception(
            "average of the sides below",
            instead_of=SCALE,
            wrote="scale = (analytic.abs() + numeric.abs()) / 2",
            symptom="Where one side is 0, your answer is 2.",
            hint="Some texts divide by the mean of |a| and |n|. Here it is the larger of "
            "the two, so that an entry that is all wrong counts as 1.",
        ),
        Misconception(
            "signs taken off before comparing",
            instead_of="(analytic - numeric).abs()",
            wrote="(analytic.abs() - numeric.abs()).abs()",
            symptom="A gradient with the wrong sign passes your check.",
            hint="Compare first, then ask for the size of the difference: a gradient that "
            "points the other way could not be more wrong.",
        ),
        Misconception(
            "entries with a zero skipped",
            instead_of=ERROR,
            wrote="error = torch.where(analytic * numeric == 0, 0.0, difference / scale)",
            symptom="An entry that is 0 on one side only passes your check.",
            hint="Only 0/0 counts as 0. Where one side is 0 and the other is not, the "
            "relative error is 1.",
        ),
        Misconception(
            "squared errors",
            instead_of="error.max()",
            wrote="error.square().max()",
            symptom="Your answers are the squares of what they should be.",
            hint="Asked for is |a − n|, not its square.",
        ),
        Misconception(
            "percent",
            instead_of=RETURN,
            wrote="return 100 * error.max().item()",
            symptom="Your answers are a hundred times too large.",
            hint="The limits of 1e-7 and 1e-2 are for a share, not for percent.",
        ),
        Misconception(
            "rounded",
            instead_of=RETURN,
            wrote="return round(error.max().item(), 6)",
            symptom="An error below a millionth comes out as 0.",
            hint="In float64 the limit between right and wrong is about 1e-7: do not round.",
        ),
        Misconception(
            "computed in float32",
            instead_of=DIFFERENCE,
            wrote="analytic, numeric = analytic.float(), numeric.float()\n"
            "    difference = (analytic - numeric).abs()",
            symptom="An error below a millionth is lost: float32 keeps about seven digits.",
            hint="Compute in the dtype that comes in.",
        ),
        Misconception(
            "0/0 expected only where all is 0",
            instead_of=ERROR,
            wrote="error = difference / scale if scale.max() > 0 else difference",
            symptom="Where one entry is 0 on both sides and others are not, your answer is "
            "NaN.",
            hint="0/0 counts as 0 entry by entry, whatever the others are.",
        ),
        Misconception(
            "sum of the differences over the sum of the sizes",
            instead_of=RETURN,
            wrote="return (difference.sum() / scale.sum()).item() if scale.max() > 0 else 0.0",
            symptom=DROWNS,
            hint="A quotient of sums is an average. Judge each entry, then take the worst.",
        ),
        Misconception(
            "norms over the measured norm",
            instead_of=RETURN,
            wrote="length = numeric.norm()\n"
            "    return (difference.norm() / length).item() if scale.max() > 0 else 0.0",
            symptom=DROWNS,
            hint=EACH_ENTRY,
        ),
        Misconception(
            "tensor for a number",
            instead_of=RETURN,
            wrote="return error.max()",
            symptom="Your answer is a tensor.",
            hint="Turn it into a Python number at the end.",
        ),
    ),
)
