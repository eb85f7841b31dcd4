"""Steps: one step of `Descent` beside one of torch.optim's, on gradients that stay the same."""

import copy
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from steadygrad.models import mlp
from steadygrad.momentum import sgd
from steadygrad.training import Descent


class Stepper(NamedTuple):
    """A rule of ours with its settings, and PyTorch's optimizer that does the same."""

    rule: Callable
    torchs: type[Optimizer]
    settings: dict


RULES = {"sgd, momentum 0.9": Stepper(sgd, SGD, {"momentum": 0.9})}
if find_spec("steadygrad.adaptive"):  # a chapter of its own, which may not be written yet
    from steadygrad.adaptive import adam

    RULES["adam"] = Stepper(adam, Adam, {})

OURS = {"plain": {}, "compiled": {"compile": True}}
THEIRS = {  # PyTorch's three ways to do the same step
    "single": {"foreach": False, "fused": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}
LARGE = "ten million"
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "small MLP": lambda: mlp([784, 100, 10]),
    "50 layers": lambda: mlp([784, *[100] * 49, 10]),
    "small convnet": lambda: nn.Sequential(
        *(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten()),
        nn.Linear(32 * 24 * 24, 10),
    ),
    LARGE: lambda: mlp([2000, 2000, 2000, 1000]),
}
BECAUSE = {
    "plain": "Plain, gradients are laid end to end and each sign of the rule makes a fresh "
    "vector; foreach works in place.",
    "compiled": "Compiled, torch.compile looks at each step whether all is as it was.",
}


def aims(network: str) -> dict[str, float]:
    """The ratios not to exceed, by column: a large network is to gain by compiling."""
    return {"plain / foreach": 2.0} | ({"compiled / plain": 1.0} if network == LARGE else {})


def steps(stepper: Stepper, network: nn.Module, device: str, ours: list[str]) -> dict:
    """Each way's `step`, on a copy of the network, after the steps that make its state."""

    def ready(make: Callable[[list], Optimizer]) -> Callable[[], object]:
        rng = torch.Generator(device).manual_seed(0)
        parameters = list(copy.deepcopy(network).to(device).parameters())
        for p in parameters:
            p.grad = torch.randn(p.shape, generator=rng, device=device)
        optimizer = make(parameters)
        for _ in range(4):  # the second compiles, the third once more
            optimizer.step()
        return optimizer.step

    rule, torchs, settings = stepper
    common = {"lr": 1e-6} | settings
    mine = {
        name: ready(lambda ps, how=OURS[name]: Descent(ps, rule, **common, **how))
        for name in ours
    }
    return mine | {
        name: ready(lambda ps, how=how: torchs(ps, **common, **how))
        for name, how in THEIRS.items()
    }
