"""Exercise 4.4: group norm."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization


def group_norm_cases(rng):
    def layer(*shape, groups, **settings):
        channels = shape[1]
        x = torch.randn(*shape, generator=rng)
        slope = torch.arange(channels, dtype=x.dtype).view(1, -1, *[1] * (len(shape) - 2))
        return (
            dict(
                x=(1 + slope) * x + slope,
                num_groups=groups,
                gamma=torch.randn(channels, generator=rng) + 2,
                beta=torch.randn(channels, generator=rng),
            )
            | settings
        )

    far = layer(2, 4, 2, 2, groups=2)
    for name in ("x", "gamma", "beta"):
        far[name] = far[name].double()
    constant = layer(2, 4, 2, 2, groups=2, eps=1e-3)
    constant["x"][0, :2] = 5.0
    yield Case("three images, six channels in two groups", layer(3, 6, 4, 5, groups=2))
    yield Case("six channels in three groups", layer(2, 6, 3, 2, groups=3))
    yield Case("images as wide as they have channels", layer(2, 4, 4, 4, groups=2))
    yield Case("one group: layer norm over the image", layer(2, 4, 3, 2, groups=1))
    yield Case("a group for each channel: instance norm", layer(2, 4, 3, 2, groups=4))
    yield Case("features without pixels", layer(3, 8, groups=2))
    yield Case("a large ε", layer(2, 4, 2, 3, groups=2, eps=2.0))
    yield Case("one image", layer(1, 4, 3, 3, groups=2))
    yield Case("a group whose values are all the same", constant)
    yield Case("values around 100 million", far | dict(x=far["x"] + 1e8), broad)


broad = close(rtol=1e-4, atol=1e-4)  # the mean of such numbers is itself rounded


def group_norm_steps():
    return [
        ("groups", "[1, 3] and [10, 50]"),
        ("means", "2 and 30"),
        ("variances", "1 and 400"),
        ("x̂, with ε = 0", "[−1, 1] and [−1, 1]"),
        ("y = γ x̂ + β", "[−1, 1, −2, 2]"),
    ]


def group_norm_by_loop(x, num_groups, gamma, beta, eps=1e-5):
    """Another right way: one group after the other."""
    done = []
    for group in x.chunk(num_groups, dim=1):
        flat = group.flatten(1)
        mean, var = flat.mean(1), ((flat - flat.mean(1, keepdim=True)) ** 2).mean(1)
        own = [-1] + [1] * (x.dim() - 1)
        done.append((group - mean.reshape(own)) / torch.sqrt(var.reshape(own) + eps))
    y = torch.cat(done, dim=1).movedim(1, -1)
    return (y * gamma + beta).movedim(-1, 1)


GROUPS = "groups = x.reshape(len(x), num_groups, -1)"
MEAN = "mean = groups.mean(dim=2, keepdim=True)"
VAR = "var = (groups - mean).square().mean(dim=2, keepdim=True)"
X_HAT = "x_hat = ((groups - mean) / (var + eps).sqrt()).reshape(x.shape)"
Y = "return gamma.view(shape) * x_hat + beta.view(shape)"

GROUP_NORM = Exercise(
    target=normalization.group_norm,
    points=3,
    cases=group_norm_cases,
    accepts=(group_norm_by_loop,),
    goal="choose among the norms that need no batch",
    section="Groups of channels",
    minutes=8,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            x=torch.tensor([[1.0, 3.0, 10.0, 50.0]]),
            num_groups=2,
            gamma=torch.tensor([1.0, 1.0, 2.0, 2.0]),
            beta=torch.zeros(4),
            eps=0.0,
        ),
        steps=group_norm_steps,
    ),
    misconceptions=(
        Misconception(
            "pooled over the batch",
            instead_of=f"{MEAN}\n    {VAR}",
            wrote="mean = groups.mean(dim=(0, 2), keepdim=True)\n"
            "    var = (groups - mean).square().mean(dim=(0, 2), keepdim=True)",
            symptom="All examples of a batch share their mean and variance.",
            hint="A group is some channels of one example. What else is in the batch must not "
            "matter.",
        ),
        Misconception(
            "root mean square for the deviation",
            instead_of=f"{MEAN}\n    {VAR}",
            wrote="mean = torch.zeros(())\n    var = groups.square().mean(dim=2, keepdim=True)",
            symptom="You divide by the root mean square, and the mean stays in.",
            hint="Standardizing has two parts: take off the mean, divide by the deviation.",
        ),
        Misconception(
            "groups interleaved",
            instead_of=f"{GROUPS}\n    {MEAN}\n    {VAR}\n    {X_HAT}",
            wrote="groups = x.reshape(len(x), -1, num_groups, *x.shape[2:]).transpose(1, 2)\n"
            "    dims = list(range(2, groups.dim()))\n"
            "    mean = groups.mean(dim=dims, keepdim=True)\n"
            "    var = groups.var(dim=dims, correction=0, keepdim=True)\n"
            "    x_hat = ((groups - mean) / (var + eps).sqrt()).transpose(1, 2)"
            ".reshape(x.shape)",
            symptom="Your groups take every second, third, … channel.",
            hint="Channels of a group are neighbours: the first C / num_groups are the first "
            "group.",
        ),
        Misconception(
            "pixels not pooled",
            instead_of=f"{GROUPS}\n",
            wrote="groups = x.reshape(len(x), num_groups, -1, *x.shape[2:])\n",
            symptom="Each pixel of a group has a mean of its own.",
            hint="A group's mean is over its channels and all their pixels.",
        ),
        Misconception(
            "batch norm",
            instead_of=f"{GROUPS}\n    {MEAN}\n    {VAR}\n    {X_HAT}",
            wrote="dims = [d for d in range(x.dim()) if d != 1]\n"
            "    mean = x.mean(dim=dims, keepdim=True)\n"
            "    var = x.var(dim=dims, correction=0, keepdim=True)\n"
            "    x_hat = (x - mean) / (var + eps).sqrt()",
            symptom="Your answer for one example depends on the others.",
            hint="Group norm looks at one example at a time, and at channels in groups.",
        ),
        Misconception(
            "one group for all",
            instead_of=GROUPS,
            wrote="groups = x.reshape(len(x), 1, -1)",
            symptom="All channels of an example share one mean, whatever num_groups is.",
            hint="That is the case of one group, with the mean and variance of layer norm.",
        ),
        Misconception(
            "each channel by itself",
            instead_of=GROUPS,
            wrote="groups = x.reshape(len(x), x.shape[1], -1)",
            symptom="Each channel has a mean of its own, whatever num_groups is.",
            hint="That is instance norm, the case of as many groups as channels.",
        ),
        Misconception(
            "number of groups taken for their size",
            instead_of=GROUPS,
            wrote="groups = x.reshape(len(x), x.shape[1] // num_groups, -1)",
            symptom="You make groups of num_groups channels each.",
            hint="num_groups says how many groups there are; each has C / num_groups channels.",
        ),
        Misconception(
            "scale and shift along the width",
            instead_of="shape = [1, -1] + [1] * (x.dim() - 2)",
            wrote="shape = [-1]",
            symptom="γ and β are laid along the last axis: shapes clash, or, where the image "
            "is as wide as it has channels, the numbers are wrong.",
            hint="γ and β have an entry for each channel, and channels are axis 1.",
        ),
        Misconception(
            "no scale and shift",
            instead_of=Y,
            wrote="return x_hat",
            symptom="y does not depend on γ and β.",
            hint="With γ and β the layer can have any scale and mean.",
        ),
        Misconception(
            "epsilon outside the root",
            instead_of="(var + eps).sqrt()",
            wrote="(var.sqrt() + eps)",
            symptom="With a large ε your numbers are off.",
            hint="ε is added to the variance, under the root.",
        ),
        Misconception(
            "divided by the variance",
            instead_of="(var + eps).sqrt()",
            wrote="(var + eps)",
            symptom="What comes out does not have deviation 1.",
            hint="Divide by the deviation, the root of the variance.",
        ),
        Misconception(
            "shift before the scale",
            instead_of=Y,
            wrote="return gamma.view(shape) * (x_hat + beta.view(shape))",
            symptom="Your shift is multiplied by γ.",
            hint="First scale by γ, then shift by β.",
        ),
        Misconception(
            "no epsilon",
            instead_of="(var + eps).sqrt()",
            wrote="var.sqrt()",
            symptom="A group whose values are all the same gives NaN.",
            hint="ε keeps the division from 0/0.",
        ),
        Misconception(
            "unbiased variance",
            instead_of=VAR,
            wrote="var = groups.var(dim=2, keepdim=True)",
            symptom="Your numbers are a little too small, the more so the smaller the groups.",
            hint="Divide by the number of values in a group, not by one less.",
        ),
        Misconception(
            "variance as a difference of large numbers",
            instead_of=VAR,
            wrote="var = groups.square().mean(dim=2, keepdim=True) - mean.square()",
            symptom="Values far from zero give NaN or noise.",
            hint="Take the mean off first, then square.",
        ),
        Misconception(
            "the batch cut into groups",
            instead_of=GROUPS,
            wrote="groups = x.reshape(1, num_groups, -1)",
            symptom="Your groups go through several examples, and depend on the batch.",
            hint="Each example has groups of its own: keep the first axis, and cut the "
            "channels.",
        ),
        Misconception(
            "mean not taken off",
            instead_of="(groups - mean) / (var",
            wrote="groups / (var",
            symptom="Your groups keep their means.",
            hint="Standardize: take the mean off, then divide by the deviation.",
        ),
    ),
)
