"""Chapter 3: which activation to choose?

Ten activations, each with weights scaled to its own second moment and with a learning rate
of its own, chosen on a validation set, classify digits in a shallow and a deep network.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn

from experiments import stacks
from experiments.record import Numbers
from experiments.stacks import error
from steadygrad.activations import gaussian_moments, squared_relu
from steadygrad.data import Examples, load_images

WIDTH, BATCH, EPOCHS, MOMENTUM = 64, 50, 3, 0.9
FOR_TRAINING = 3200  # of 4000; the others choose the rate
RATES = [0.001, 0.004, 0.016, 0.064, 0.25, 1.0]
DEPTHS = {"2 layers": 2, "6 layers": 6}
CONTESTANTS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "SELU": torch.selu,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "Mish": F.mish,
    "ReLU²": squared_relu,
}


class Elementwise(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]):
        super().__init__()
        self.forward = function


def network(function: Callable[[Tensor], Tensor], depth: int, seed: int) -> nn.Sequential:
    """Hidden layers that keep the mean square of their inputs, and zero scores at first.

    W ~ N(0, 1 / (fan_in · E[f(z)²])), so that z has variance 1 in every layer but the first,
    whose inputs have it themselves.
    """
    rng = torch.Generator().manual_seed(seed)
    layers, fan_in, second = [], 784, 1.0
    for _ in range(depth):
        linear = nn.Linear(fan_in, WIDTH)
        nn.init.normal_(linear.weight, std=1 / math.sqrt(fan_in * second), generator=rng)
        nn.init.zeros_(linear.bias)
        layers += [linear, Elementwise(function)]
        fan_in, second = WIDTH, gaussian_moments(function).second
    scores = nn.Linear(WIDTH, 10)
    nn.init.zeros_(scores.weight)
    nn.init.zeros_(scores.bias)
    return nn.Sequential(*layers, scores)


def measure(seeds: Iterable[int]) -> Numbers:
    """For each contestant and depth two errors, an array of (seeds, rates) each."""
    images = load_images("mnist-5k")
    train = Examples(images.train.x[:FOR_TRAINING], images.train.y[:FOR_TRAINING])
    held_out = Examples(images.train.x[FOR_TRAINING:], images.train.y[FOR_TRAINING:])
    runs = [(seed, rate) for seed in seeds for rate in RATES]

    def errors(function: Callable[[Tensor], Tensor], layers: int) -> dict[str, np.ndarray]:
        models = [network(function, layers, seed) for seed, _ in runs]
        stacks.train(models, train, runs, epochs=EPOCHS, batch=BATCH, momentum=MOMENTUM)
        return {
            name: np.array([error(model, on) for model in models]).reshape(-1, len(RATES))
            for name, on in (("validation error", held_out), ("test error", images.test))
        }

    return {
        f"{name}, {depth}": errors(function, layers)
        for name, function in CONTESTANTS.items()
        for depth, layers in DEPTHS.items()
    }


def tuned(numbers: Numbers, name: str) -> np.ndarray:
    """Each seed's test error at the rate whose validation error is lowest on average."""
    best = numbers[name]["validation error"].mean(axis=0).argmin()
    return numbers[name]["test error"][:, best]


USUAL = [name for name in CONTESTANTS if name not in ("sigmoid", "ReLU²")]


def table(numbers: Numbers, depth: str) -> dict[str, float]:
    """The mean test error of each usual activation, at its own rate."""
    return {name: float(tuned(numbers, f"{name}, {depth}").mean()) for name in USUAL}


def spread(numbers: Numbers, depth: str) -> float:
    """By how much the choice among the usual activations changes the error."""
    errors = table(numbers, depth).values()
    return max(errors) - min(errors)


def cost_of_the_rate(numbers: Numbers, name: str) -> float:
    """By how much the choice among three neighbouring rates changes it, for one of them."""
    errors = numbers[name]["validation error"].mean(axis=0)[1:4]
    return float(errors.max() - errors.min())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "tuned, the eight usual ones lie within 2.5 points of each other": lambda n: all(
        0 < spread(n, depth) < 2.5 for depth in DEPTHS
    ),
    "in six layers a rate four times off can cost more than any choice among the eight": (
        lambda n: all(
            cost_of_the_rate(n, f"{name}, 6 layers") > 2 * spread(n, "6 layers")
            for name in USUAL
        )
    ),
    "leaky ReLU and ReLU differ by less than a point": lambda n: all(
        abs(table(n, depth)["ReLU"] - table(n, depth)["leaky ReLU"]) < 1 for depth in DEPTHS
    ),
    "SiLU is among the best three in two layers and among the last three in six": lambda n: (
        sorted(table(n, "2 layers"), key=table(n, "2 layers").get).index("SiLU") < 3
        and sorted(table(n, "6 layers"), key=table(n, "6 layers").get).index("SiLU") > 4
    ),
    "in six layers sigmoid and ReLU² stay at chance at every rate": lambda n: all(
        n[f"{name}, 6 layers"]["validation error"].mean(axis=0).min() > 85
        for name in ("sigmoid", "ReLU²")
    ),
}
