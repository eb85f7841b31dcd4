"""Exercise 4.3: layer norm."""

import torch

from autograder.compare import close
from autograder.recipes import Traced
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization


def layer_norm_cases(rng):
    def layer(shape, features, traced=False, **settings):
        x = 3 * torch.randn(*shape, generator=rng) + 2
        gamma = torch.randn(*features, generator=rng) + 2
        beta = torch.randn(*features, generator=rng)
        return dict(x=Traced(x, power=3) if traced else x, gamma=gamma, beta=beta) | settings

    constant = layer((3, 4), (4,), eps=1e-3)
    constant["x"][1] = 5.0
    far = layer((3, 5), (5,))
    doubles = {name: value.double() for name, value in far.items()}
    yield Case("four examples, six features", layer((4, 6), (6,)))
    yield Case("as many examples as features", layer((5, 5), (5,), eps=1e-3))
    yield Case("a large ε", layer((3, 4), (4,), eps=2.0))
    yield Case("sequences, normalized at each position", layer((2, 3, 4), (4,)))
    yield Case("images, over height and width", layer((2, 3, 4, 5), (4, 5)))
    yield Case("images, over channels, height and width", layer((2, 3, 4, 2), (3, 4, 2)))
    yield Case("one example", layer((1, 6), (6,)))
    yield Case("an example whose features are all the same", constant)
    yield Case("features around 100 million", doubles | dict(x=doubles["x"] + 1e8), broad)
    yield Case("the gradient of x", layer((3, 4), (4,), traced=True), traced)


broad = close(rtol=1e-4, atol=1e-4)  # the mean of such numbers is itself rounded
traced = close(
    rtol=1e-3,
    atol=1e-4,
    call=lambda path: "result" if path[0] == "value" else f"the {path[0]}",
)


def layer_norm_steps():
    return [
        ("mean of 1 and 3", "2"),
        ("variance, divided by 2", "1"),
        ("x̂ = (x − 2) / √(1 + 3)", "[−0.5, 0.5]"),
        ("y = 2 x̂ + 1", "[0, 2]"),
    ]


def layer_norm_flat(x, gamma, beta, eps=1e-5):
    """Another right way: all features in a row, then shaped back."""
    flat = x.flatten(x.dim() - gamma.dim())
    centred = flat - flat.mean(-1)[..., None]
    y = centred * torch.rsqrt((centred**2).mean(-1)[..., None] + eps)
    return torch.addcmul(beta, y.reshape(x.shape), gamma)


DIMS = "dims = list(range(-gamma.dim(), 0))"
MEAN = "mean = x.mean(dim=dims, keepdim=True)"
VAR = "var = (x - mean).square().mean(dim=dims, keepdim=True)"
X_HAT = "x_hat = (x - mean) / (var + eps).sqrt()"

LAYER_NORM = Exercise(
    target=normalization.layer_norm,
    points=3,
    cases=layer_norm_cases,
    accepts=(layer_norm_flat,),
    goal="choose among the norms that need no batch",
    section="Norms that need no batch",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            x=torch.tensor([[1.0, 3.0]]),
            gamma=torch.tensor([2.0, 2.0]),
            beta=torch.tensor([1.0, 1.0]),
            eps=3.0,
        ),
        steps=layer_norm_steps,
    ),
    misconceptions=(
        Misconception(
            "over the batch",
            instead_of=DIMS,
            wrote="dims = [0]",
            symptom="Your answer for one example depends on the others.",
            hint="That is batch norm. Layer norm looks at one example at a time.",
        ),
        Misconception(
            "over every axis but the batch",
            instead_of=DIMS,
            wrote="dims = list(range(1, x.dim()))",
            symptom="The positions of a sequence share one mean.",
            hint="γ says how many axes belong together: with one axis, each position is "
            "normalized by itself.",
        ),
        Misconception(
            "over axis 1",
            instead_of=DIMS,
            wrote="dims = [1]",
            symptom="Your numbers are right for tables only: you always average over axis 1.",
            hint="The features are the last axes, as many as γ has.",
        ),
        Misconception(
            "over everything",
            instead_of=DIMS,
            wrote="dims = list(range(x.dim()))",
            symptom="The whole batch shares one mean and one variance.",
            hint="Each example has a mean of its own.",
        ),
        Misconception(
            "over the last axis only",
            instead_of=DIMS,
            wrote="dims = [-1]",
            symptom="Images are normalized row by row.",
            hint="γ says how many axes belong together: all of them go into one mean.",
        ),
        Misconception(
            "epsilon outside the root",
            instead_of="(var + eps).sqrt()",
            wrote="(var.sqrt() + eps)",
            symptom="With a large ε your numbers are off.",
            hint="ε is added to the variance, under the root.",
        ),
        Misconception(
            "no epsilon",
            instead_of="(var + eps).sqrt()",
            wrote="var.sqrt()",
            symptom="An example whose features are all the same gives NaN.",
            hint="ε keeps the division from 0/0.",
        ),
        Misconception(
            "divided by the variance",
            instead_of="(var + eps).sqrt()",
            wrote="(var + eps)",
            symptom="What comes out does not have deviation 1.",
            hint="Divide by the deviation, the root of the variance.",
        ),
        Misconception(
            "unbiased variance",
            instead_of=VAR,
            wrote="var = x.var(dim=dims, keepdim=True)",
            symptom="Your numbers are a little too small, the more so the fewer features.",
            hint="The features are all there is, not a sample of more: divide by their number.",
        ),
        Misconception(
            "no scale and shift",
            instead_of="return gamma * x_hat + beta",
            wrote="return x_hat",
            symptom="y does not depend on γ and β.",
            hint="With γ and β the layer can have any scale and mean.",
        ),
        Misconception(
            "shift before the scale",
            instead_of="return gamma * x_hat + beta",
            wrote="return gamma * (x_hat + beta)",
            symptom="Your shift is multiplied by γ.",
            hint="First scale by γ, then shift by β.",
        ),
        Misconception(
            "mean not taken off",
            instead_of=X_HAT,
            wrote="x_hat = x / (x.square().mean(dim=dims, keepdim=True) + eps).sqrt()",
            symptom="The features of an example keep their mean.",
            hint="That is RMS norm. Layer norm takes the mean off first.",
        ),
        Misconception(
            "mean laid along the wrong axis",
            instead_of=f"{MEAN}\n    {VAR}",
            wrote="mean = x.mean(dim=dims)\n    var = x.var(dim=dims, correction=0)",
            symptom="Shapes clash; and with as many examples as features each example is "
            "normalized by another one's numbers.",
            hint="A mean over the last axis must keep that axis, with length 1, to be laid "
            "along it again.",
        ),
        Misconception(
            "variance as a difference of large numbers",
            instead_of=VAR,
            wrote="var = x.square().mean(dim=dims, keepdim=True) - mean.square()",
            symptom="Features far from zero give NaN or noise.",
            hint="Take the mean off first, then square.",
        ),
        Misconception(
            "statistics detached",
            instead_of=f"{MEAN}\n    {VAR}",
            wrote="mean = x.detach().mean(dim=dims, keepdim=True)\n"
            "    var = x.detach().var(dim=dims, correction=0, keepdim=True)",
            symptom="Every number is right, but the gradient of x is not.",
            hint="Mean and variance are functions of x, and gradients go through them.",
        ),
        Misconception(
            "three differences of a well-known layer",
            instead_of=f"{DIMS}\n    {MEAN}\n    {VAR}\n    {X_HAT}",
            wrote="mean, std = x.mean(dim=-1, keepdim=True), x.std(dim=-1, keepdim=True)\n"
            "    x_hat = (x - mean) / (std + eps)",
            symptom="Your deviation is unbiased, ε is added to it, and only the last axis "
            "counts.",
            hint="Many texts on transformers write it so. Here the variance divides by the "
            "number of features, ε stands under the root, and the features are as many axes as "
            "γ has.",
        ),
        Misconception(
            "divided by the root mean square",
            instead_of=VAR,
            wrote="var = x.square().mean(dim=dims, keepdim=True)",
            symptom="You take the mean off above, and not below: what comes out is too small.",
            hint="The variance is the mean square of x − μ, not of x.",
        ),
        Misconception(
            "one scale for each example",
            instead_of="return gamma * x_hat + beta",
            wrote="return gamma.mean() * x_hat + beta.mean()",
            symptom="All features get one scale and one shift.",
            hint="γ and β have an entry for each feature.",
        ),
    ),
)
