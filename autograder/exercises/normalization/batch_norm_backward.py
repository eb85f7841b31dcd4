"""Exercise 4.2: batch norm, backwards."""

import torch

from autograder.compare import close, result_part
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization

PARTS = ("dx", "dgamma", "dbeta", "dx_hat", "dvar", "dmean")


def backward_cases(rng):
    def draw(*shape, eps=1e-5):
        dims = [0, *range(2, len(shape))]
        x = 3 * torch.randn(*shape, generator=rng) + 1
        mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
        channels = shape[1]
        return dict(
            dy=torch.randn(*shape, generator=rng) + 0.5,
            x_hat=(x - mean) / (var + eps).sqrt(),
            gamma=torch.randn(channels, generator=rng) + 2,
            var=var.flatten(),
            eps=eps,
        )

    alike = draw(4, 3)
    yield Case("five examples, three channels", draw(5, 3), gradients)
    yield Case("more channels than examples", draw(3, 7), gradients)
    yield Case("a large ε", draw(6, 2, eps=2.0), gradients)
    yield Case("as many examples as channels", draw(4, 4, eps=0.3), gradients)
    yield Case("images", draw(3, 2, 4, 2, eps=0.1), gradients)
    yield Case("the same dy everywhere", alike | dict(dy=torch.ones(4, 3)), gradients)
    yield Case("dy along x̂", alike | dict(dy=alike["x_hat"].clone()), gradients)


def part(path) -> str:
    return PARTS[path[0]] if len(path) == 1 and isinstance(path[0], int) else result_part(path)


all_six = close(call=part, rtol=1e-3, atol=1e-5)  # dx is a difference of larger numbers


def gradients(got, expected) -> str:
    """All six parts; three are enough, and six may stand against three."""
    fewer = 3 in [len(each) for each in (got, expected) if isinstance(each, list | tuple)]
    if fewer and isinstance(got, list | tuple):
        got, expected = got[:3], expected[:3]
    return all_six(got, expected)


def backward_steps():
    return [
        ("√(v + ε) = √(3 + 1)", "2"),
        ("dβ = 1 + 3", "4"),
        ("dγ = −0.5 · 1 + 0.5 · 3", "1"),
        ("dx̂ = 4 dy", "[4, 12]"),
        ("dv = −½ (−0.5 · 4 + 0.5 · 12) / 4", "−0.5"),
        ("dμ = −(4 + 12) / 2", "−8"),
        ("directly: dx̂ / 2", "[2, 6]"),
        ("through v: −0.5 · 2 · x̂ · 2 / 2", "[0.5, −0.5]"),
        ("through μ: −8 / 2", "−4"),
        ("dx: their sum", "[−1.5, 1.5]"),
    ]


def backward_by_projection(dy, x_hat, gamma, var, eps):
    """Another right way: the short formula, and only the three gradients asked for."""
    dims = (0, *range(2, dy.dim()))
    own = [1, len(gamma), *[1] * (dy.dim() - 2)]
    projected = dy - dy.mean(dims, keepdim=True)
    projected = projected - x_hat * (dy * x_hat).mean(dims, keepdim=True)
    dx = (gamma * torch.rsqrt(var + eps)).reshape(own) * projected
    return dx, torch.sum(dy * x_hat, dims), torch.sum(dy, dims)


COUNT = "count, std = dy.numel() // dy.shape[1], (var + eps).sqrt()"
BETA_GAMMA = "dgamma, dbeta = (dy * x_hat).sum(dim=dims), dy.sum(dim=dims)"
DX = "dx = direct + through_var + through_mean"
DVAR = "dvar = -0.5 * (dx_hat * x_hat).sum(dim=dims) / std**2"
DMEAN = "dmean = -dx_hat.sum(dim=dims) / std"
RETURN = "return BatchNormGradients(dx, dgamma, dbeta, dx_hat, dvar, dmean)"

BATCH_NORM_BACKWARD = Exercise(
    target=normalization.batch_norm_backward,
    points=5,
    cases=backward_cases,
    accepts=(backward_by_projection,),
    goal="derive the backward pass of batch norm",
    section="The way back, by hand",
    minutes=20,
    difficulty=5,
    trace=Trace(
        inputs=dict(
            dy=torch.tensor([[1.0], [3.0]]),
            x_hat=torch.tensor([[-0.5], [0.5]]),
            gamma=torch.tensor([4.0]),
            var=torch.tensor([3.0]),
            eps=1.0,
        ),
        steps=backward_steps,
    ),
    misconceptions=(
        Misconception(
            "treated as elementwise",
            instead_of=DX,
            wrote="dx = direct",
            symptom="Your dx is only the direct part: γ dy / √(v + ε).",
            hint="Each x also moves the mean and the variance, and through them every other x̂ "
            "of its channel.",
        ),
        Misconception(
            "way through the mean dropped",
            instead_of=DX,
            wrote="dx = direct + through_var",
            symptom="Your dx does not sum to zero over a channel.",
            hint="Moving all x of a channel together changes nothing, so dx must sum to zero: "
            "the way through the mean is missing.",
        ),
        Misconception(
            "way through the variance dropped",
            instead_of=DX,
            wrote="dx = direct + through_mean",
            symptom="Your dx sums to zero over a channel, but still points along x̂.",
            hint="Stretching a channel changes (nearly) nothing, so dx has (nearly) no part "
            "along x̂: the way through the variance is missing.",
        ),
        Misconception(
            "N − 1 for N",
            instead_of=COUNT,
            wrote="count, std = dy.numel() // dy.shape[1] - 1, (var + eps).sqrt()",
            symptom="The parts through mean and variance are a little too large.",
            hint="Forward divided by N, so backward does. The N − 1 is for the running "
            "variance, which no gradient passes.",
        ),
        Misconception(
            "number of channels for N",
            instead_of=COUNT,
            wrote="count, std = dy.shape[1], (var + eps).sqrt()",
            symptom="Your dx is right only where there are as many examples as channels.",
            hint="N counts the values of one channel: examples, times pixels.",
        ),
        Misconception(
            "pixels not counted",
            instead_of=COUNT,
            wrote="count, std = len(dy), (var + eps).sqrt()",
            symptom="Your dx is right for tables and wrong for images.",
            hint="An image brings height times width values to each channel; all of them went "
            "into the mean.",
        ),
        Misconception(
            "sum for mean",
            instead_of=COUNT,
            wrote="count, std = 1, (var + eps).sqrt()",
            symptom="The parts through mean and variance are too large by a factor of N.",
            hint="The mean is a sum divided by N, and its derivative keeps the 1/N.",
        ),
        Misconception(
            "gamma forgotten",
            instead_of="dx_hat = gamma.view(shape) * dy",
            wrote="dx_hat = dy",
            symptom="Your dx does not depend on γ.",
            hint="y is γ x̂ + β: on the way back to x̂ the gradient is multiplied by γ.",
        ),
        Misconception(
            "sign of the variance's way",
            instead_of=DVAR,
            wrote="dvar = 0.5 * (dx_hat * x_hat).sum(dim=dims) / std**2",
            symptom="Your dvar has the wrong sign.",
            hint="A larger variance makes every x̂ smaller: the derivative of one over a root "
            "is negative.",
        ),
        Misconception(
            "sign of the mean's way",
            instead_of=DMEAN,
            wrote="dmean = dx_hat.sum(dim=dims) / std",
            symptom="Your dmean has the wrong sign.",
            hint="A larger mean makes every x̂ smaller.",
        ),
        Misconception(
            "root not taken",
            instead_of=COUNT,
            wrote="count, std = dy.numel() // dy.shape[1], var + eps",
            symptom="You divide by the variance where its root belongs.",
            hint="x̂ was divided by √(v + ε), and so is what flows back through it.",
        ),
        Misconception(
            "epsilon forgotten",
            instead_of=COUNT,
            wrote="count, std = dy.numel() // dy.shape[1], var.sqrt()",
            symptom="With a large ε your numbers are off.",
            hint="What x was divided by is √(v + ε), with the ε that is handed in.",
        ),
        Misconception(
            "epsilon subtracted",
            instead_of=COUNT,
            wrote="count, std = dy.numel() // dy.shape[1], (var - eps).sqrt()",
            symptom="With a large ε your numbers are off, and NaN where ε exceeds v.",
            hint="The variance that came in has no ε in it; add it, as forward did.",
        ),
        Misconception(
            "half of the variance's derivative forgotten",
            instead_of=DVAR,
            wrote="dvar = -(dx_hat * x_hat).sum(dim=dims) / std**2",
            symptom="Your dvar is twice what it should be.",
            hint="The derivative of v to the power −½ is −½ times v to the power −3/2.",
        ),
        Misconception(
            "x̂ for x − μ in dvar",
            instead_of=DVAR,
            wrote="dvar = -0.5 * (dx_hat * x_hat).sum(dim=dims) / std**3",
            symptom="Your dvar is divided by √(v + ε) once too often.",
            hint="The power −3/2 goes with x − μ. What comes in is x̂, which has been divided "
            "once already.",
        ),
        Misconception(
            "x̂ for x − μ in dx",
            instead_of="(dvar * 2 * std / count)",
            wrote="(dvar * 2 / count)",
            symptom="Your dvar is right, but on its way to dx a factor √(v + ε) is missing.",
            hint="The derivative of v with respect to x is 2 (x − μ) / N, and x − μ is x̂ times "
            "√(v + ε).",
        ),
        Misconception(
            "gamma forgotten in dvar",
            instead_of=DVAR,
            wrote="dvar = -0.5 * (dy * x_hat).sum(dim=dims) / std**2",
            symptom="Your dvar does not depend on γ.",
            hint="The variance acts on x̂, so what flows back to it is dx̂, not dy.",
        ),
        Misconception(
            "x for x̂ in dgamma",
            instead_of=RETURN,
            wrote="dgamma = (dy * x_hat * std.view(shape)).sum(dim=dims)\n    " + RETURN,
            symptom="Your dgamma grows with the deviation of x.",
            hint="γ was multiplied with x̂, not with x.",
        ),
        Misconception(
            "dgamma and dbeta averaged",
            instead_of=BETA_GAMMA,
            wrote="dgamma, dbeta = (dy * x_hat).mean(dim=dims), dy.mean(dim=dims)",
            symptom="Your dgamma and dbeta are too small by a factor of N.",
            hint="γ and β are used once for each value of the channel; gradients add up. The "
            "mean of the loss is in dy already.",
        ),
        Misconception(
            "dgamma and dbeta with an axis too many",
            instead_of=BETA_GAMMA,
            wrote="dgamma = (dy * x_hat).sum(dim=dims, keepdim=True)\n"
            "    dbeta = dy.sum(dim=dims, keepdim=True)",
            symptom="Your dgamma and dbeta have axes of length 1.",
            hint="A gradient has the shape of what it belongs to: one number for each channel.",
        ),
        Misconception(
            "dgamma and dbeta swapped",
            instead_of=RETURN,
            wrote="return BatchNormGradients(dx, dbeta, dgamma, dx_hat, dvar, dmean)",
            symptom="Your dgamma is dbeta, and the other way round.",
            hint="β is added, so its gradient is the sum of dy; γ is multiplied with x̂.",
        ),
        Misconception(
            "gamma forgotten in dmean",
            instead_of=DMEAN,
            wrote="dmean = -dy.sum(dim=dims) / std",
            symptom="Your dmean does not depend on γ.",
            hint="The mean acts on x̂, so what flows back to it is dx̂, not dy.",
        ),
        Misconception(
            "gamma in dgamma",
            instead_of=BETA_GAMMA,
            wrote=BETA_GAMMA.replace("(dy *", "(gamma.view(shape) * dy *"),
            symptom="Your dgamma is γ times what it should be.",
            hint="y is γ x̂ + β, so ∂y/∂γ is x̂. γ itself belongs to the way on to x̂.",
        ),
        Misconception(
            "2 of the square forgotten",
            instead_of="(dvar * 2 * std / count)",
            wrote="(dvar * std / count)",
            symptom="Your dvar is right, but only half of it arrives in dx.",
            hint="The derivative of v with respect to x is 2 (x − μ) / N.",
        ),
        Misconception(
            "pixels not summed",
            instead_of="[d for d in range(dy.dim()) if d != 1]",
            wrote="[0]",
            symptom="Tables are right. For images you sum over the batch only, and shapes "
            "clash.",
            hint="A channel's values are its pixels, too: sum over batch, height and width.",
        ),
        Misconception(
            "the direct way not divided",
            instead_of="direct = dx_hat / std.view(shape)",
            wrote="direct = dx_hat",
            symptom="In your dx the direct part is too large or too small by √(v + ε).",
            hint="x̂ is x − μ divided by √(v + ε), and so is what flows back through it.",
        ),
    ),
)
