"""Exercise 4.1: batch norm, in both modes."""

import torch

from autograder.compare import close, result_part
from autograder.judges import refusal
from autograder.recipes import Refused, Traced
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization

PARTS = ("y", "the new running mean", "the new running variance")


def batch_norm_cases(rng):
    def layer(*shape, training=True, shift=2.0, traced=False, **settings):
        channels = shape[1]

        def draw(*size):
            return torch.randn(*size, generator=rng)

        scale = 0.5 + torch.arange(channels).view(1, -1, *[1] * (len(shape) - 2))
        x = scale * draw(*shape) + shift
        return (
            dict(
                x=Traced(x, power=3) if traced else x,
                gamma=draw(channels) + 2,
                beta=draw(channels),
                running_mean=draw(channels),
                running_var=torch.rand(channels, generator=rng) + 0.5,
                training=training,
                momentum=0.3,
            )
            | settings
        )

    flat = layer(6, 3, momentum=0.1)
    far = layer(7, 2, training=True)
    doubles = {name: far[name].double() for name in far if isinstance(far[name], torch.Tensor)}
    constant = layer(4, 3)
    constant["x"][:, 1] = 5.0
    constant["gamma"][1] = 1.5
    yield Case("training on six examples", flat, parts)
    yield Case("evaluating", layer(6, 3, training=False), parts)
    yield Case("a large ε in training", layer(5, 4, eps=0.5), parts)
    yield Case("a large ε in evaluation", layer(5, 4, training=False, eps=0.5), parts)
    yield Case("as many examples as channels", layer(3, 3, momentum=0.6), parts)
    yield Case("images", layer(4, 3, 2, 5), parts)
    yield Case("images in evaluation", layer(2, 3, 2, 2, training=False), parts)
    yield Case("one example in evaluation", layer(1, 3, training=False), parts)
    yield Case("one image in training", layer(1, 4, 3, 4), parts)
    yield Case("a constant feature", constant | dict(eps=1e-3), parts)
    zeros = layer(4, 3, eps=1e-12)
    zeros["x"][:, 1] = 0.0
    yield Case("a feature of zeros with a tiny ε", zeros, broad)
    yield Case(
        "a feature around 100 million",
        far | doubles | dict(x=doubles["x"] + 1e8, running_mean=doubles["running_mean"] + 1e8),
        broad,
    )
    yield Case("the gradient of x", layer(5, 2, traced=True, momentum=0.5, eps=0.1), traced)
    for name, shape in (("example", (1, 3)), ("image of one pixel", (1, 3, 1, 1))):
        alone = layer(*shape)
        refused = alone | dict(x=Refused(alone["x"], "ValueError"))
        yield Case(f"training on one {name}", refused, refusal)


def part(path) -> str:
    return PARTS[path[0]] if len(path) == 1 and isinstance(path[0], int) else result_part(path)


def traced_part(path) -> str:
    return part(path[1:]) if path[0] == "value" else f"the {path[0]}"


parts = close(call=part)
broad = close(call=part, rtol=1e-4, atol=1e-4)  # the mean of such numbers is itself rounded
traced = close(call=traced_part, rtol=1e-3, atol=1e-4)  # the gradient is a small difference


def batch_norm_steps():
    return [
        ("mean of 1 and 3", "2"),
        ("variance, divided by 2", "1"),
        ("x̂ = (x − 2) / √(1 + 3)", "[−0.5, 0.5]"),
        ("y = 2 x̂ + 1", "[0, 2]"),
        ("running mean: 0.9 · 0 + 0.1 · 2", "0.2"),
        ("variance for the running one, divided by 2 − 1", "2"),
        ("running variance: 0.9 · 1 + 0.1 · 2", "1.1"),
    ]


def batch_norm_by_moving_the_channels(
    x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    """Another right way: channels last, all flat, sums by hand, no_grad for the state."""
    flat = x.movedim(1, -1).reshape(-1, x.shape[1])
    if training:
        if len(flat) == 1:
            raise ValueError("one value has no variance")
        mean = flat.sum(0) / len(flat)
        squares = ((flat - mean) ** 2).sum(0)
        var = squares / len(flat)
        with torch.no_grad():
            running_mean = torch.lerp(running_mean, mean, momentum)
            running_var = running_var + momentum * (squares / (len(flat) - 1) - running_var)
    else:
        mean, var = running_mean.clone(), running_var.clone()
    y = (flat - mean) * torch.rsqrt(var + eps) * gamma + beta
    y = y.reshape(*[x.shape[d] for d in range(x.dim()) if d != 1], x.shape[1]).movedim(-1, 1)
    return [y, running_mean, running_var]


STATISTICS = (
    "mean = x.mean(dim=dims)\n        var = (x - mean.view(shape)).square().mean(dim=dims)"
)
X_HAT = "x_hat = (x - mean.view(shape)) / (var.view(shape) + eps).sqrt()"
RUN_MEAN = "running_mean = (1 - momentum) * running_mean + momentum * mean.detach()"
RUN_VAR = "running_var = (1 - momentum) * running_var + momentum * unbiased"
Y = "return gamma.view(shape) * x_hat + beta.view(shape), running_mean, running_var"
UPDATES = f"{RUN_MEAN}\n        {RUN_VAR}"
MOVES = (  # the running values, by a variance that is put in
    "    if not training:\n"
    "        batch_mean, batch_var = x.mean(dim=dims), {}\n"
    "        running_mean = (1 - momentum) * running_mean + momentum * batch_mean\n"
    "        running_var = (1 - momentum) * running_var + momentum * batch_var"
)
BY_ITSELF = "Each channel is standardized by itself: mean and variance have an entry for each."
ONE_FORMULA = "Both modes have one formula: ε under the root. Only μ and v change places."
AS_IT_WENT_IN = "In evaluation the state comes back as it went in."
THREE_WAYS = "Back to x lead three ways: directly, through the mean, and through the variance."
SECTION_GRADIENT = "The way back, by hand"

BATCH_NORM = Exercise(
    target=normalization.batch_norm,
    points=5,
    cases=batch_norm_cases,
    accepts=(batch_norm_by_moving_the_channels,),
    goal="write batch norm in both modes",
    section="Batch norm",
    minutes=18,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            x=torch.tensor([[1.0], [3.0]]),
            gamma=torch.tensor([2.0]),
            beta=torch.tensor([1.0]),
            running_mean=torch.tensor([0.0]),
            running_var=torch.tensor([1.0]),
            training=True,
            momentum=0.1,
            eps=3.0,
        ),
        steps=batch_norm_steps,
    ),
    misconceptions=(
        Misconception(
            "one value not refused",
            instead_of="if count < 2:",
            wrote="if False:",
            symptom="In training you standardize a single value: it always becomes 0, and its "
            "variance divides 0 by 0.",
            hint="One value has no variance. Raise a ValueError when N is 1.",
        ),
        Misconception(
            "one example refused with all its pixels",
            instead_of="if count < 2:",
            wrote="if len(x) < 2:",
            symptom="In training you refuse a single image, though its pixels have a variance.",
            hint="N counts the values of a channel, and an image brings many.",
        ),
        Misconception(
            "statistics detached",
            instead_of=STATISTICS,
            wrote="mean = x.detach().mean(dim=dims)\n"
            "        var = x.detach().var(dim=dims, correction=0)",
            symptom="Every number is right, but the gradient of x is not: it ignores that x "
            "also moves the mean and the variance.",
            hint="In training the batch's mean and variance are functions of x, and gradients "
            "go through them. Only the running values keep no graph.",
            section=SECTION_GRADIENT,
        ),
        Misconception(
            "variance detached",
            instead_of=STATISTICS,
            wrote="mean = x.mean(dim=dims)\n"
            "        var = x.detach().var(dim=dims, correction=0)",
            symptom="Every number is right, but the gradient of x ignores that x also moves "
            "the variance.",
            hint=THREE_WAYS,
            section=SECTION_GRADIENT,
        ),
        Misconception(
            "mean detached",
            instead_of=STATISTICS,
            wrote="mean = x.detach().mean(dim=dims)\n"
            "        var = x.var(dim=dims, correction=0)",
            symptom="Every number is right, but the gradient of x ignores that x also moves "
            "the mean.",
            hint=THREE_WAYS,
            section=SECTION_GRADIENT,
        ),
        Misconception(
            "running values keep the graph",
            instead_of=UPDATES,
            wrote="running_mean = (1 - momentum) * running_mean + momentum * mean\n"
            "        unbiased = var * count / (count - 1)\n"
            f"        {RUN_VAR}",
            symptom="Your running values can be differentiated: each of them still holds the "
            "graph of its batch.",
            hint="Running values are a record. With the graph attached, every step would keep "
            "the graphs of all steps before it in memory.",
        ),
        Misconception(
            "unbiased variance for normalizing",
            instead_of="x_hat = (x - mean",
            wrote="if training:\n        var = x.var(dim=dims)\n    x_hat = (x - mean",
            symptom="In training y is a little too small, the more so the smaller the batch.",
            hint="To normalize, the variance is divided by N. The N − 1 belongs to the running "
            "variance, which estimates the variance of all data.",
        ),
        Misconception(
            "biased running variance",
            instead_of="unbiased = var.detach() * count / (count - 1)",
            wrote="unbiased = var.detach()",
            symptom="Your running variance is a little too small.",
            hint="The running variance estimates that of all data, and divides by N − 1; a "
            "variance divided by N is too small on average.",
        ),
        Misconception(
            "pixels not counted in N − 1",
            instead_of="var.detach() * count / (count - 1)",
            wrote="var.detach() * len(x) / (len(x) - 1)",
            symptom="Your running variance is right for tables, too large for images, and "
            "infinite for one image.",
            hint="N counts the values of a channel: examples, times pixels.",
        ),
        Misconception(
            "running deviation stored",
            instead_of="momentum * unbiased",
            wrote="momentum * unbiased.sqrt()",
            symptom="What you mix into the running variance is its root.",
            hint="Running_var keeps variances; the root is taken where it is used.",
        ),
        Misconception(
            "momentum the other way round",
            instead_of=UPDATES,
            wrote="running_mean = momentum * running_mean + (1 - momentum) * mean.detach()\n"
            "        running_var = momentum * running_var + (1 - momentum) * unbiased",
            symptom="Your running values give the new batch the share of the old values.",
            hint="Here momentum is the share of the new batch, as in PyTorch. Other courses "
            "call the share of the old value momentum.",
        ),
        Misconception(
            "running values are those of the last batch",
            instead_of=UPDATES,
            wrote="running_mean, running_var = mean.detach(), unbiased",
            symptom="Your running values forget all batches but the last.",
            hint="Mix: most of the old value, and momentum's share of the new.",
        ),
        Misconception(
            "running values not updated",
            instead_of=UPDATES,
            wrote="unbiased = unbiased",
            symptom="Your running values come back as they went in.",
            hint="Training is when they are learned: return the updated ones.",
        ),
        Misconception(
            "batch statistics in evaluation",
            instead_of=X_HAT,
            wrote=f"mean, var = x.mean(dim=dims), x.var(dim=dims, correction=0)\n    {X_HAT}",
            symptom="In evaluation an answer depends on the other examples; one example alone "
            "is always β.",
            hint="In evaluation the running values normalize, so that an example's answer does "
            "not depend on the rest of its batch.",
        ),
        Misconception(
            "running values updated in evaluation",
            instead_of=X_HAT,
            wrote=X_HAT + "\n" + MOVES.format("x.var(dim=dims)"),
            symptom="In evaluation your running values move: the model learns from the data "
            "that it is tested on.",
            hint=AS_IT_WENT_IN,
        ),
        Misconception(
            "running values normalize in training",
            instead_of=UPDATES,
            wrote=f"{UPDATES}\n        mean, var = running_mean, running_var",
            symptom="In training y is normalized with the running values, not the batch's own.",
            hint="In training the batch's own mean and variance normalize it, and gradients "
            "flow through them. Running values are for evaluation.",
        ),
        Misconception(
            "epsilon outside the root",
            instead_of="(var.view(shape) + eps).sqrt()",
            wrote="(var.view(shape).sqrt() + eps)",
            symptom="With a large ε your numbers are off in both modes.",
            hint="Batch norm adds ε to the variance, under the root.",
        ),
        Misconception(
            "epsilon outside the root in evaluation",
            instead_of=X_HAT,
            wrote=f"{X_HAT}\n    if not training:\n"
            "        x_hat = (x - mean.view(shape)) / (var.view(shape).sqrt() + eps)",
            symptom="With a large ε training is right and evaluation is off.",
            hint=ONE_FORMULA,
        ),
        Misconception(
            "no epsilon",
            instead_of="(var.view(shape) + eps).sqrt()",
            wrote="var.view(shape).sqrt()",
            symptom="A constant feature gives NaN, and a large ε changes nothing.",
            hint="ε keeps the division from 0/0 where a feature does not vary.",
        ),
        Misconception(
            "not divided in evaluation",
            instead_of=X_HAT,
            wrote=f"{X_HAT}\n    if not training:\n        x_hat = x - mean.view(shape)",
            symptom="In evaluation you take the running mean off, but do not divide.",
            hint="Evaluation has the same formula: divide by the root of the running variance.",
        ),
        Misconception(
            "divided by the variance",
            instead_of="(var.view(shape) + eps).sqrt()",
            wrote="(var.view(shape) + eps)",
            symptom="Wide features come out too narrow and narrow ones too wide.",
            hint="Divided by the variance nothing has deviation 1; divided by its root it has.",
        ),
        Misconception(
            "no scale and shift",
            instead_of=Y,
            wrote="return x_hat, running_mean, running_var",
            symptom="y does not depend on γ and β.",
            hint="Normalizing removes scale and mean; with γ and β the layer can have others.",
        ),
        Misconception(
            "no scale and shift in evaluation",
            instead_of=Y,
            wrote=f"if not training:\n        return x_hat, running_mean, running_var\n    {Y}",
            symptom="In evaluation y does not depend on γ and β.",
            hint="γ and β are weights: they apply in both modes.",
        ),
        Misconception(
            "shift before the scale",
            instead_of=Y,
            wrote="return gamma.view(shape) * (x_hat + beta.view(shape)), "
            "running_mean, running_var",
            symptom="Your shift is multiplied by γ.",
            hint="First scale by γ, then shift by β.",
        ),
        Misconception(
            "variance as a difference of large numbers",
            instead_of=STATISTICS,
            wrote="mean = x.mean(dim=dims)\n"
            "        var = x.square().mean(dim=dims) - mean.square()",
            symptom="Features far from zero give NaN or noise.",
            hint="The mean of squares minus the square of the mean loses all digits when the "
            "mean is large. Take the mean off first, then square.",
        ),
        Misconception(
            "one mean for all channels",
            instead_of=STATISTICS,
            wrote="mean = x.mean().expand(x.shape[1])\n"
            "        var = x.var(correction=0).expand(x.shape[1])",
            symptom="All channels share one mean and one variance.",
            hint=BY_ITSELF,
        ),
        Misconception(
            "statistics of each example",
            instead_of=X_HAT,
            wrote="if training and x.dim() == 2:\n"
            "        mean, var = x.mean(dim=1), x.var(dim=1, correction=0)\n"
            "        shape = [-1, 1]\n"
            f"    {X_HAT}\n    shape = [1, -1] + [1] * (x.dim() - 2)",
            symptom="Each example is standardized over its features.",
            hint="That is layer norm. Batch norm runs down the columns: one channel, all "
            "examples.",
        ),
        Misconception(
            "running values with an axis too many",
            instead_of=Y,
            wrote="return (gamma.view(shape) * x_hat + beta.view(shape), "
            "running_mean[None], running_var[None])",
            symptom="Your running values have shape (1, channels).",
            hint="One number for each channel: the shape that they came in with.",
        ),
        Misconception(
            "each pixel by itself",
            instead_of=STATISTICS,
            wrote="mean, var = x.mean(dim=0), x.var(dim=0, correction=0)\n"
            "        if x.dim() > 2:\n"
            "            x_hat = (x - mean) / (var + eps).sqrt()\n"
            "            return gamma.view(shape) * x_hat + beta.view(shape), "
            "running_mean, running_var",
            symptom="Images are standardized at each pixel separately.",
            hint="A convolution uses the same weights at every pixel, so the pixels of a "
            "channel are its values, too: average over batch, height and width.",
        ),
        Misconception(
            "one mean for all channels, a variance each",
            instead_of=STATISTICS,
            wrote="mean = x.mean().expand(x.shape[1])\n"
            "        var = x.var(dim=dims, correction=0)",
            symptom="All channels share one mean; their variances are their own.",
            hint=BY_ITSELF,
        ),
        Misconception(
            "one mean for all channels, squares around it",
            instead_of="mean = x.mean(dim=dims)",
            wrote="mean = x.mean().expand(x.shape[1])",
            symptom="All channels share one mean, and their variances are taken around it.",
            hint=BY_ITSELF,
        ),
        Misconception(
            "over axis 1",
            instead_of=STATISTICS,
            wrote="mean, var = x.mean(dim=1), x.var(dim=1, correction=0)",
            symptom="You average over the channels: shapes clash, or, with as many examples as "
            "channels, the numbers are wrong.",
            hint="Axis 1 holds the channels. Average over every axis but that one.",
        ),
        Misconception(
            "N − 1 twice",
            instead_of=STATISTICS,
            wrote="mean, var = x.mean(dim=dims), x.var(dim=dims)",
            symptom="In training y is a little too small and the running variance too large: "
            "your variance divides by N − 1 already, and is corrected once more.",
            hint="To normalize, divide by N. From that variance the running one follows, times "
            "N / (N − 1).",
        ),
        Misconception(
            "no epsilon in evaluation",
            instead_of=X_HAT,
            wrote=f"{X_HAT}\n    if not training:\n"
            "        x_hat = (x - mean.view(shape)) / var.view(shape).sqrt()",
            symptom="With a large ε training is right and evaluation is off.",
            hint=ONE_FORMULA,
        ),
        Misconception(
            "updated in evaluation by a biased variance",
            instead_of=X_HAT,
            wrote=X_HAT + "\n" + MOVES.format("x.var(dim=dims, correction=0)"),
            symptom="In evaluation your running values move, by a variance divided by N.",
            hint=AS_IT_WENT_IN,
        ),
        Misconception(
            "scale and shift along the width",
            instead_of=Y,
            wrote="return gamma * x_hat + beta, running_mean, running_var",
            symptom="γ and β are laid along the last axis: right for tables; in images shapes "
            "clash, or, where they are as wide as they have channels, the numbers are wrong.",
            hint="γ and β have an entry for each channel, and channels are axis 1.",
        ),
    ),
)
