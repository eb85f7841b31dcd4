"""Chapter 3: what kills units, and what does not?

Two hidden layers learn digits at several rates and with several first biases.  A unit counts
as alive if at least one training image gives it a positive sum.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from experiments.comparing import below, level
from experiments.record import Numbers
from experiments.stacks import error, train
from steadygrad.data import Examples, load_images
from steadygrad.models import mlp

WIDTH, BATCH, EPOCHS = 100, 50, 3
FEWEST = 0.1  # per cent: stands for none, because records compare logarithms
ALL, NINETY, SIXTY = np.array(100.0), np.array(90.0), np.array(60.0)  # guessing errs on 90


class Setting(NamedTuple):
    """An activation, a learning rate and the first value of every hidden bias."""

    activation: Callable[[], nn.Module] = nn.ReLU
    rate: float = 0.1
    bias: float = 0.0


SETTINGS = {
    "ReLU, rate 0.01": Setting(rate=0.01),
    "ReLU, rate 0.1": Setting(),
    "ReLU, rate 0.5": Setting(rate=0.5),
    "ReLU, rate 1": Setting(rate=1.0),
    "leaky ReLU, rate 0.5": Setting(nn.LeakyReLU, rate=0.5),
    "leaky ReLU, rate 1": Setting(nn.LeakyReLU, rate=1.0),
    "ELU, rate 0.1": Setting(nn.ELU),
    "ReLU, bias -1": Setting(bias=-1.0),
    "ReLU, bias -3": Setting(bias=-3.0),
    "leaky ReLU 0.01, bias -3": Setting(nn.LeakyReLU, bias=-3.0),
    "leaky ReLU 0.1, bias -3": Setting(partial(nn.LeakyReLU, 0.1), bias=-3.0),
    "ELU, bias -3": Setting(nn.ELU, bias=-3.0),
}


def network(setting: Setting, seed: int) -> nn.Sequential:
    """He's weights, the setting's biases, and scores of zero at first."""
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        plain = mlp([784, WIDTH, WIDTH, 10])
    for layer in plain[::2]:
        nn.init.kaiming_normal_(layer.weight, generator=rng)
        nn.init.constant_(layer.bias, setting.bias)
    nn.init.zeros_(plain[-1].weight)
    nn.init.zeros_(plain[-1].bias)
    return nn.Sequential(
        *(setting.activation() if isinstance(layer, nn.ReLU) else layer for layer in plain)
    )


def trained(model: nn.Sequential, images: Examples, rate: float, seed: int) -> nn.Sequential:
    """The model, after EPOCHS of plain descent; the chapter's own cells use it."""
    train([model], images, [(seed, rate)], epochs=EPOCHS, batch=BATCH)
    return model


@torch.no_grad()
def alive(model: nn.Sequential, images: Examples) -> float:
    """The per cent of hidden units that some image gives a positive sum."""
    first = model[0](images.x)
    second = model[2](model[1](first))
    units = torch.cat([(first > 0).any(dim=0), (second > 0).any(dim=0)])
    return max(100 * units.double().mean().item(), FEWEST)


def measure(seeds: Iterable[int]) -> Numbers:
    """For each setting: units alive before and after training, and the test error."""
    images, numbers, seeds = load_images("mnist-5k"), {}, list(seeds)
    for name, setting in SETTINGS.items():
        models = [network(setting, seed) for seed in seeds]
        before = [alive(model, images.train) for model in models]
        runs = [(seed, setting.rate) for seed in seeds]
        train(models, images.train, runs, epochs=EPOCHS, batch=BATCH)
        numbers[name] = {
            "alive before": np.array(before),
            "alive after": np.array([alive(model, images.train) for model in models]),
            "test error": np.array([error(model, images.test) for model in models]),
        }
    return numbers


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "at rates of 0.01 and 0.1, and with biases of -1, hardly a unit dies": lambda n: all(
        level(n[name]["alive after"], ALL, within=2)
        for name in ("ReLU, rate 0.01", "ReLU, rate 0.1", "ReLU, bias -1")
    ),
    "at rate 1 fewer than 60 in 100 ReLUs live, and fewer than at 0.5": lambda n: (
        below(n["ReLU, rate 1"]["alive after"], SIXTY)
        and below(n["ReLU, rate 1"]["alive after"], n["ReLU, rate 0.5"]["alive after"])
    ),
    "at rate 1 a fifth dies with a leak of 0.01 as well, and nothing is learned": lambda n: (
        below(n["leaky ReLU, rate 1"]["alive after"], ALL, by=20)
        and level(n["leaky ReLU, rate 1"]["test error"], NINETY, within=1)
    ),
    "with biases of -3 neither relu nor a leak of 0.01 brings a unit back": lambda n: all(
        level(n[name]["alive after"], n[name]["alive before"], within=1)
        and below(n[name]["alive after"], SIXTY)
        for name in ("ReLU, bias -3", "leaky ReLU 0.01, bias -3")
    ),
    "a leak of 0.1 and ELU do": lambda n: all(
        below(n[name]["alive before"], n[name]["alive after"], by=20)
        for name in ("leaky ReLU 0.1, bias -3", "ELU, bias -3")
    ),
    "with biases of -3 ELU brings back most, and learns best": lambda n: (
        below(
            n["leaky ReLU 0.1, bias -3"]["alive after"], n["ELU, bias -3"]["alive after"], by=1
        )
        and below(n["ELU, bias -3"]["test error"], n["leaky ReLU 0.1, bias -3"]["test error"])
        and below(
            n["leaky ReLU 0.1, bias -3"]["test error"],
            n["leaky ReLU 0.01, bias -3"]["test error"],
            by=30,
        )
    ),
}
