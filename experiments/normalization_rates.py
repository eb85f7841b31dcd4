"""Chapter 4: which learning rates does a network of 20 layers stand, with and without norms?

Twenty hidden layers of 50 ReLU units with He's weights train for four epochs on 2000
digits at each of six rates.  Other digits of the training set choose the rate of each kind,
the test digits are read at that rate.  Ten seeds draw the weights and the order of the images.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import nn

from experiments.comparing import below, level
from experiments.record import Numbers
from experiments.stacks import train
from steadygrad.data import Examples, load_images

RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
KINDS = ["none", "BN before", "BN after", "LN"]
DEPTH, WIDTH, GROUPS = 20, 50, 5
TRAIN, EPOCHS, BATCH = 2000, 4, 50
CEILING = 10.0  # a loss beyond it, or none at all, has diverged: how far is of no interest


def network(
    kind: str, depth: int, seed: int, scale: float | None = None, width: int = WIDTH
) -> nn.Sequential:
    """A ReLU network with a norm of this kind in each hidden layer.

    The weights are normal with deviation `scale`, or He's; biases start at 0.  A norm stands
    before the ReLU, except for "BN after".
    """
    rng, layers = torch.Generator().manual_seed(seed), []
    for fan_in, fan_out in pairwise([784, *[width] * depth, 10]):
        with torch.random.fork_rng(devices=[]):
            linear = nn.Linear(fan_in, fan_out)
        nn.init.normal_(linear.weight, std=scale or math.sqrt(2 / fan_in), generator=rng)
        nn.init.zeros_(linear.bias)
        layers += [linear, *norm(kind, width)]
        if kind == "BN after":
            layers[-2:] = [linear, nn.ReLU(), nn.BatchNorm1d(width)]
        else:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers[: layers.index(linear) + 1])


def norm(kind: str, width: int) -> list[nn.Module]:
    """The layers that this kind adds to a hidden layer."""
    match kind:
        case "none":
            return []
        case "LN":
            return [nn.LayerNorm(width)]
        case "GN":
            return [nn.GroupNorm(GROUPS, width)]
        case _:
            return [nn.BatchNorm1d(width)]


@torch.no_grad()
def result(model: nn.Module, images: Examples) -> tuple[float, float]:
    """Loss, and share of wrong answers, in evaluation."""
    scores = model.eval()(images.x)
    loss = F.cross_entropy(scores, images.y).item()
    wrong = (scores.argmax(1) != images.y).double().mean().item()
    return (min(loss, CEILING) if math.isfinite(loss) else CEILING), max(wrong, 1e-4)


def digits() -> tuple[Examples, Examples]:
    """The first TRAIN of the training digits, and all of the test digits."""
    images = load_images("mnist-5k")
    return Examples(images.train.x[:TRAIN], images.train.y[:TRAIN]), images.test


def held_out() -> Examples:
    """The other training digits: nothing learns from them, they choose the rates."""
    images = load_images("mnist-5k")
    return Examples(images.train.x[TRAIN:], images.train.y[TRAIN:])


def errors(models: Sequence[nn.Module], *axes: int) -> dict[str, np.ndarray]:
    """The models' shares of wrong answers, on the digits that choose and on the test digits."""
    return {
        name: np.array([result(model, on)[1] for model in models]).reshape(axes)
        for name, on in (("validation error", held_out()), ("test error", digits()[1]))
    }


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind two errors, an array of (seeds, rates) each."""
    images, _ = digits()
    runs = [(seed, rate) for seed in seeds for rate in RATES]

    def trained(kind: str) -> list[nn.Sequential]:
        models = [network(kind, DEPTH, seed) for seed, _ in runs]
        train(models, images, runs, epochs=EPOCHS, batch=BATCH)
        return models

    return {kind: errors(trained(kind), -1, len(RATES)) for kind in KINDS}


def choice(numbers: Numbers, kind: str) -> int:
    """Which rate errs least on the validation digits, on average over the seeds."""
    return int(numbers[kind]["validation error"].mean(axis=0).argmin())


def tuned(numbers: Numbers, kind: str) -> np.ndarray:
    """Each seed's test error at that rate."""
    return numbers[kind]["test error"][:, choice(numbers, kind)]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "no rate chosen lies at an end of the grid": lambda n: all(
        0 < choice(n, kind) < len(RATES) - 1 for kind in KINDS
    ),
    "batch norm before relu errs less than no norm": lambda n: below(
        tuned(n, "BN before"), tuned(n, "none")
    ),
    "layer norm is within 15 points of no norm": lambda n: level(
        tuned(n, "LN"), tuned(n, "none"), within=0.15
    ),
    "at a rate of 0.01 batch norm errs more than no norm": lambda n: below(
        n["none"]["test error"][:, 1], n["BN before"]["test error"][:, 1], by=0.05
    ),
    "from a rate of 0.3 on only batch norm learns": lambda n: all(
        below(n[batch]["test error"][:, rate], n[other]["test error"][:, rate], by=0.2)
        for batch in ("BN before", "BN after")
        for other in ("none", "LN")
        for rate in (4, 5)
    ),
    "batch norm's chosen rate is at least three times the others'": lambda n: (
        min(RATES[choice(n, kind)] for kind in ("BN before", "BN after"))
        > 2.9 * max(RATES[choice(n, kind)] for kind in ("none", "LN"))
    ),
}
