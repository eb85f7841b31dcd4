"""Exercise 4.5: RMS norm."""

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization


def rms_norm_cases(rng):
    def layer(*shape, **settings):
        x = 3 * torch.randn(*shape, generator=rng) + 2
        gamma = torch.randn(shape[-1], generator=rng) + 2
        return dict(x=x, gamma=gamma) | settings

    large = layer(3, 8)
    yield Case("four examples, six features", layer(4, 6))
    yield Case("as many examples as features", layer(5, 5))
    yield Case("a large ε", layer(3, 4, eps=3.0))
    yield Case("sequences, at each position", layer(2, 3, 5))
    yield Case("one example without a batch", layer(7))
    yield Case("an example of zeros", layer(2, 4) | dict(x=torch.zeros(2, 4)))
    small = dict(x=(1e-4 * large["x"]).half(), gamma=large["gamma"].half(), eps=1e-12)
    yield Case(
        "half precision, values around 500",
        dict(x=(large["x"] + 500).half(), gamma=large["gamma"].half()),
    )
    yield Case("half precision, tiny values and a tiny ε", small)


def rms_norm_steps():
    return [
        ("squares of 3 and −4", "9 and 16"),
        ("their mean", "12.5"),
        ("√(12.5 + 12.5)", "5"),
        ("x divided by it", "[0.6, −0.8]"),
        ("times γ", "[1.2, −0.8]"),
    ]


def rms_norm_by_norm(x, gamma, eps=1e-6):
    """Another right way: in float64 inside, by the length of the vector."""
    wide = x.double()
    mean_square = torch.linalg.vector_norm(wide, dim=-1, keepdim=True) ** 2 / x.shape[-1]
    return (wide * torch.rsqrt(mean_square + eps) * gamma).to(x.dtype)


WIDE = "wide = x.to(torch.promote_types(x.dtype, torch.float32))"
SQUARE = "mean_square = wide.square().mean(dim=-1, keepdim=True)"
Y = "return gamma * (wide / (mean_square + eps).sqrt()).to(x.dtype)"

RMS_NORM = Exercise(
    target=normalization.rms_norm,
    points=2,
    cases=rms_norm_cases,
    accepts=(rms_norm_by_norm,),
    goal="choose among the norms that need no batch",
    section="Without the mean",
    minutes=5,
    difficulty=2,
    trace=Trace(
        inputs=dict(x=torch.tensor([[3.0, -4.0]]), gamma=torch.tensor([2.0, 1.0]), eps=12.5),
        steps=rms_norm_steps,
    ),
    misconceptions=(
        Misconception(
            "sum for mean",
            instead_of=".mean(dim=-1, keepdim=True)",
            wrote=".sum(dim=-1, keepdim=True)",
            symptom="What comes out shrinks with the number of features.",
            hint="Divide by the root of the mean square, so that the root mean square is 1 "
            "whatever the width.",
        ),
        Misconception(
            "mean taken off",
            instead_of=WIDE,
            wrote=f"{WIDE}\n    wide = wide - wide.mean(dim=-1, keepdim=True)",
            symptom="What comes out has mean 0 over the features.",
            hint="That is layer norm without a shift. RMS norm leaves the mean alone.",
        ),
        Misconception(
            "divided by the deviation",
            instead_of=SQUARE,
            wrote="mean_square = wide.var(dim=-1, correction=0, keepdim=True)",
            symptom="You divide by the deviation, in which the mean is not counted.",
            hint="The root mean square counts the mean, too: square first, then average.",
        ),
        Misconception(
            "root not taken",
            instead_of="(mean_square + eps).sqrt()",
            wrote="(mean_square + eps)",
            symptom="What comes out does not have root mean square 1.",
            hint="Divide by the root of the mean square.",
        ),
        Misconception(
            "epsilon outside the root",
            instead_of="(mean_square + eps).sqrt()",
            wrote="(mean_square.sqrt() + eps)",
            symptom="With a large ε your numbers are off.",
            hint="ε is added to the mean square, under the root.",
        ),
        Misconception(
            "no epsilon",
            instead_of="(mean_square + eps).sqrt()",
            wrote="mean_square.sqrt()",
            symptom="An example of zeros gives NaN.",
            hint="ε keeps the division from 0/0.",
        ),
        Misconception(
            "one more than gamma",
            instead_of=Y,
            wrote="return (1 + gamma) * (wide / (mean_square + eps).sqrt()).to(x.dtype)",
            symptom="You multiply by 1 + γ.",
            hint="Some libraries store γ − 1, so that weights start at zero. Here γ is the "
            "factor itself.",
        ),
        Misconception(
            "no scale",
            instead_of=Y,
            wrote="return (wide / (mean_square + eps).sqrt()).to(x.dtype)",
            symptom="y does not depend on γ.",
            hint="With γ the layer can have any scale.",
        ),
        Misconception(
            "squared in half precision",
            instead_of=WIDE,
            wrote="wide = x",
            symptom="In half precision large values come out as zeros: their squares are "
            "infinite.",
            hint="Nothing above 65504 fits into float16. Square in float32, and go back at "
            "the end.",
        ),
        Misconception(
            "left in float32",
            instead_of=Y,
            wrote="return gamma * (wide / (mean_square + eps).sqrt())",
            symptom="Half precision comes in and float32 comes out.",
            hint="Only the inside needs the width: hand back the dtype that came in.",
        ),
        Misconception(
            "over the whole batch",
            instead_of=".mean(dim=-1, keepdim=True)",
            wrote=".mean()",
            symptom="Your answer for one example depends on the others.",
            hint="Each example, and each position, has a root mean square of its own.",
        ),
        Misconception(
            "over the batch",
            instead_of=".mean(dim=-1, keepdim=True)",
            wrote=".mean(dim=0, keepdim=True)",
            symptom="Each feature is divided by its size over the batch.",
            hint="Batch norm averages over the batch. Here the mean is over the features of "
            "one example.",
        ),
        Misconception(
            "over every axis but the first",
            instead_of=".mean(dim=-1, keepdim=True)",
            wrote=".mean(dim=list(range(min(1, wide.dim() - 1), wide.dim())), keepdim=True)",
            symptom="The positions of a sequence share one root mean square.",
            hint="The mean is over the last axis only: each position has one of its own.",
        ),
        Misconception(
            "square of the mean",
            instead_of=SQUARE,
            wrote="mean_square = wide.mean(dim=-1, keepdim=True).square()",
            symptom="You divide by the size of the mean.",
            hint="Square first, then average: signs must not cancel.",
        ),
        Misconception(
            "mean size for root mean square",
            instead_of=SQUARE,
            wrote="mean_square = wide.abs().mean(dim=-1, keepdim=True).square()",
            symptom="You divide by the mean of |x|: what comes out is a little too large.",
            hint="The mean of |x| is less than the root of the mean of x². Square first.",
        ),
    ),
)
