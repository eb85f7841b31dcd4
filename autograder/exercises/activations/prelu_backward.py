"""Exercise 3.4: a slope that learns."""

import torch

from autograder.compare import close, result_part
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def prelu_cases(rng):
    def drawn(*shape):
        channels = shape[1]
        return dict(
            grad_out=torch.randn(*shape, generator=rng),
            x=torch.randn(*shape, generator=rng),
            a=0.1 + torch.rand(channels, generator=rng),
        )

    def at_zero(*shape):
        return drawn(*shape) | {"x": torch.zeros(shape)}

    judge = close(call=gradient_part)
    yield Case("images of three channels", drawn(4, 3, 2, 5), judge)
    yield Case("as many channels as examples", drawn(3, 3), judge)
    yield Case("images as wide as they have channels", drawn(2, 4, 3, 4), judge)
    yield Case("a batch of one", drawn(1, 4), judge)
    yield Case("one channel", drawn(2, 1, 4), judge)
    some = drawn(3, 3) | dict(a=torch.tensor([0.0, -0.4, 1.6]))
    yield Case("slopes of 0, below 0 and above 1", some, judge)
    yield Case("x = 0 everywhere", at_zero(2, 3), judge)


def gradient_part(path) -> str:
    return ("the gradient of x", "the gradient of a")[path[0]] if path else result_part(path)


def prelu_steps():
    return [
        ("x = 3 is positive: ∂x", "10 · 1 = 10"),
        ("x = −2 is not: ∂x", "10 · 0.5 = 5"),
        ("x = −4 is not: ∂x", "20 · 0.5 = 10"),
        ("∂a = Σ grad_out · x where x ≤ 0", "10 · (−2) + 20 · (−4) = −100"),
    ]


def prelu_by_einsum(grad_out, x, a):
    """Another right way: a channel a row, and the sum over everything else."""
    flat, moved = (t.transpose(0, 1).reshape(len(a), -1) for t in (x, grad_out))
    negative = (flat <= 0).to(x.dtype)
    grad_a = torch.einsum("cn,cn,cn->c", moved, flat, negative)
    back = moved * (1 - negative) + a[:, None] * moved * negative
    shape = (x.shape[1], x.shape[0], *x.shape[2:])
    return back.reshape(shape).transpose(0, 1), grad_a


MASK_X = "grad_x = grad_out * torch.where(x > 0, 1.0, slope)"
SLOPE = "slope = a.reshape(1, -1, *[1] * (x.dim() - 2))"
EACH = "each = torch.where(x > 0, 0.0, grad_out * x)"
SUM = "each.sum(dim=others)"

PRELU_BACKWARD = Exercise(
    target=activations.prelu_backward,
    points=4,
    cases=prelu_cases,
    accepts=(prelu_by_einsum,),
    goal="derive the gradient of an activation that has a weight of its own",
    section="A slope that learns",
    minutes=12,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            grad_out=torch.tensor([[10.0], [10.0], [20.0]]),
            x=torch.tensor([[3.0], [-2.0], [-4.0]]),
            a=torch.tensor([0.5]),
        ),
        steps=prelu_steps,
    ),
    misconceptions=(
        Misconception(
            "slopes not summed over the batch",
            instead_of=SUM,
            wrote="each.sum(dim=others[1:]) if others[1:] else each",
            symptom="Your slope gradient still has a row for each example.",
            hint="One slope serves every example: its gradient adds up over all of them.",
        ),
        Misconception(
            "slopes not summed over space",
            instead_of=SUM,
            wrote="each.sum(dim=0)",
            symptom="Your slope gradient still has a value for each place of the image.",
            hint="One slope serves every place of its channel: add them up.",
        ),
        Misconception(
            "summed over the channels, too",
            instead_of=SUM,
            wrote="each.sum().expand(len(a))",
            symptom="Every channel gets the same slope gradient.",
            hint="A channel's slope has to do with its own entries only.",
        ),
        Misconception(
            "mean for the sum",
            instead_of=SUM,
            wrote="each.mean(dim=others)",
            symptom="Your slope gradients are too small by the number of entries of a channel.",
            hint="If the loss is a mean, its 1/N is in grad_out already. Here gradients add "
            "up.",
        ),
        Misconception(
            "the positive side counted",
            instead_of=EACH,
            wrote="each = grad_out * x",
            symptom="Your slope gradient counts entries in which the slope does not occur.",
            hint="Where x is positive, y = x, and a does not occur in it.",
        ),
        Misconception(
            "the sides exchanged",
            instead_of=EACH,
            wrote="each = torch.where(x > 0, grad_out * x, 0.0)",
            symptom="Your slope gradient counts the positive side, and only that.",
            hint="The slope is used where x is not positive.",
        ),
        Misconception(
            "input left out of the slope's gradient",
            instead_of="torch.where(x > 0, 0.0, grad_out * x)",
            wrote="torch.where(x > 0, 0.0, grad_out)",
            symptom="Your slope gradient adds up grad_out alone.",
            hint="y = a x on the left, so ∂y/∂a is x.",
        ),
        Misconception(
            "slope left out of the input's gradient",
            instead_of=MASK_X,
            wrote="grad_x = torch.where(x > 0, grad_out, torch.zeros_like(x))",
            symptom="Your gradient of x is 0 on the left, as if this were a ReLU.",
            hint="On the left y = a x, so ∂y/∂x is a.",
        ),
        Misconception(
            "zero on the right side",
            instead_of=MASK_X,
            wrote="grad_x = grad_out * torch.where(x >= 0, 1.0, slope)",
            symptom="At x = 0 you pass the gradient on unchanged.",
            hint="At the corner itself two slopes are possible. Asked for is the left one, a.",
        ),
        Misconception(
            "grad_out left out of the slope's gradient",
            instead_of="torch.where(x > 0, 0.0, grad_out * x)",
            wrote="torch.where(x > 0, 0.0, x)",
            symptom="Your slope gradient adds up x alone.",
            hint="That is ∂y/∂a. The chain rule multiplies it by ∂loss/∂y, entry by entry.",
        ),
        Misconception(
            "the slope twice in its gradient",
            instead_of="torch.where(x > 0, 0.0, grad_out * x)",
            wrote="torch.where(x > 0, 0.0, grad_out * x * slope)",
            symptom="Your slope gradient is too large or too small by the slope itself.",
            hint="y = a x on the left, so ∂y/∂a is x, and not y.",
        ),
        Misconception(
            "the two gradients in the other order",
            instead_of=f"return grad_x, {SUM}",
            wrote=f"return {SUM}, grad_x",
            symptom="Your two gradients stand in the wrong order.",
            hint="First the gradient of x, which is as large as x; then that of a.",
        ),
        Misconception(
            "slopes laid along the last axis",
            instead_of=SLOPE,
            wrote="slope = a",
            symptom="Tables are right. In images your slopes lie along the width: shapes "
            "clash, or, where they are as wide as they have channels, the numbers are wrong.",
            hint="There is one slope for each channel, and channels are axis 1.",
        ),
        Misconception(
            "grad_out left out of the input's gradient",
            instead_of=MASK_X,
            wrote="grad_x = torch.where(x > 0, torch.ones_like(x), slope)",
            symptom="Your gradient of x is the slope alone.",
            hint="That is ∂y/∂x. The chain rule multiplies it by ∂loss/∂y, entry by entry.",
        ),
        Misconception(
            "value for slope",
            instead_of=MASK_X,
            wrote="grad_x = grad_out * torch.where(x > 0, x, slope * x)",
            symptom="You multiply grad_out by y itself.",
            hint="Asked for is how y moves with x: by 1 on the right, by a on the left.",
        ),
        Misconception(
            "one slope for all channels",
            instead_of=SLOPE,
            wrote="slope = a[0]",
            symptom="The first channel is right; all others get its slope.",
            hint="Every channel has a slope of its own.",
        ),
    ),
)
