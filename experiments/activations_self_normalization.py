"""Chapter 3: which of its conditions does SELU need?

A hundred layers of 256 units, on random inputs.  Each condition of self-normalization is
broken in turn, and the deviation and mean of the signal are read layer by layer.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn

from experiments.comparing import below, level
from experiments.record import Numbers
from steadygrad.activations import alpha_dropout

DEPTH, WIDTH, BATCH = 100, 256, 256
READ = [1, 2, 5, 10, 20, 50, 100]  # the layers whose signal is kept
Draw = Callable[[Tensor, torch.Generator], object]


def lecun(weight: Tensor, rng: torch.Generator) -> None:
    nn.init.normal_(weight, std=1 / math.sqrt(weight.shape[1]), generator=rng)


def default(weight: Tensor, rng: torch.Generator) -> None:
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=rng)


def he_uniform(weight: Tensor, rng: torch.Generator) -> None:
    nn.init.kaiming_uniform_(weight, generator=rng)


def he_normal(weight: Tensor, rng: torch.Generator) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=rng)


def torch_selu(weight: Tensor, rng: torch.Generator) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="selu", generator=rng)


def shifted(weight: Tensor, rng: torch.Generator) -> None:
    lecun(weight, rng)
    weight += (
        1 / weight.shape[1]
    )  # a sixteenth of a deviation, in the same direction everywhere


class Setting(NamedTuple):
    """A deep network and its inputs, with at most one condition broken."""

    draw: Draw = lecun
    function: Callable[[Tensor], Tensor] = torch.selu
    width: int = WIDTH
    input_mean: float = 0.0
    input_deviation: float = 1.0
    drop: Callable[[Tensor, torch.Generator], Tensor] = lambda a, rng: a  # noqa: ARG005


def dropout(a: Tensor, rng: torch.Generator) -> Tensor:
    return a * (torch.rand(a.shape, generator=rng) >= 0.1) / 0.9


SETTINGS = {
    "all kept": Setting(),
    "He, uniform": Setting(draw=he_uniform),
    "He, normal": Setting(draw=he_normal),
    "torch's gain for selu": Setting(draw=torch_selu),
    "torch's default": Setting(draw=default),
    "weights with a mean": Setting(draw=shifted),
    "inputs of deviation 10": Setting(input_deviation=10.0),
    "inputs of mean 3": Setting(input_mean=3.0),
    "10 units a layer": Setting(width=10),
    "dropout of 10 %": Setting(drop=dropout),
    "alpha dropout of 10 %": Setting(drop=lambda a, rng: alpha_dropout(a, 0.1, rng=rng)),
    "ELU": Setting(function=F.elu),
    "leaky ReLU": Setting(function=F.leaky_relu),
}


@torch.no_grad()
def signals(setting: Setting, seed: int) -> list[tuple[float, float]]:
    """Deviation and absolute mean over all units and examples, in the layers of READ."""
    rng = torch.Generator().manual_seed(seed)
    a = torch.randn(BATCH, setting.width, generator=rng)
    a = setting.input_mean + setting.input_deviation * a
    seen = []
    for layer in range(1, DEPTH + 1):
        weight = torch.empty(setting.width, setting.width)
        setting.draw(weight, rng)
        a = setting.drop(setting.function(a @ weight.T), rng)
        if layer in READ:
            seen.append((a.std().item(), abs(a.mean().item())))
    return seen


def measure(seeds: Iterable[int]) -> Numbers:
    """For each setting two arrays of (seeds, layers read)."""
    numbers = {}
    for name, setting in SETTINGS.items():
        seen = np.array([signals(setting, seed) for seed in seeds])
        numbers[name] = {"deviation": seen[..., 0], "size of the mean": seen[..., 1]}
    return numbers


def last(numbers: Numbers, name: str) -> float:
    """The deviation after all layers, averaged over the seeds as a logarithm."""
    return float(np.exp(np.log(numbers[name]["deviation"][:, -1]).mean()))


def logs(numbers: Numbers, name: str) -> np.ndarray:
    """The logarithm of each seed's deviation after all layers."""
    return np.log(numbers[name]["deviation"][:, -1])


def near(numbers: Numbers, name: str, size: float, by: float) -> bool:
    """Whether the deviation after all layers is this, to within a share of it."""
    return level(logs(numbers, name), np.array(math.log(size)), within=math.log(1 + by))


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "with LeCun's weights the deviation is 1 after a hundred layers": lambda n: near(
        n, "all kept", 1, by=0.05
    ),
    "with He's it explodes": lambda n: all(
        below(np.array(math.log(50)), logs(n, name)) for name in ("He, uniform", "He, normal")
    ),
    "with torch's gain for selu it settles near a fifth": lambda n: near(
        n, "torch's gain for selu", 0.2, by=0.25
    ),
    "with torch's default weights, and with leaky ReLU, it vanishes": lambda n: all(
        below(logs(n, name), np.array(math.log(1e-6)))
        for name in ("torch's default", "leaky ReLU")
    ),
    "weights with a small mean multiply it more than ten thousandfold": lambda n: below(
        np.array(math.log(1e4)), logs(n, "weights with a mean")
    ),
    "inputs of another mean or deviation do no lasting harm": lambda n: all(
        near(n, name, 1, by=0.05) for name in ("inputs of deviation 10", "inputs of mean 3")
    ),
    "dropout shifts it by a quarter, alpha dropout does not": lambda n: (
        near(n, "dropout of 10 %", 1.27, by=0.04)
        and near(n, "alpha dropout of 10 %", 1, by=0.02)
    ),
    "ELU loses it": lambda n: below(logs(n, "ELU"), np.array(math.log(0.05))),
    "ten units are too few to hold it": lambda n: (
        n["10 units a layer"]["deviation"][:, -1].std()
        > 3 * n["all kept"]["deviation"][:, -1].std()
    ),
}
