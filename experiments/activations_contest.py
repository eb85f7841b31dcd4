"""Chapter 3: which activation to choose?

Ten activations, each with weights scaled to its own second moment, classify digits in a shallow
and a deep network.  Each has a learning rate of its own, chosen among seven on validation
digits; the test digits are read at that rate.
"""

import math
from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn

from experiments import stacks
from experiments.comparing import below, level
from experiments.record import Numbers
from experiments.stacks import error
from steadygrad.activations import gaussian_moments, squared_relu
from steadygrad.data import Examples, load_images

WIDTH, BATCH, EPOCHS, MOMENTUM = 64, 50, 3, 0.9
FOR_TRAINING = 3200  # of 4000; the others choose the rate
RATES = [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128]
APART = {  # those whose best rate lies elsewhere, or that learn at none: seven rates as well
    "sigmoid, 2 layers": [0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0],
    "sigmoid, 6 layers": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0],
    "ReLU², 2 layers": [0.000125, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008],
    "ReLU², 6 layers": [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2],
}
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
    images, seeds = load_images("mnist-5k"), list(seeds)
    train = Examples(images.train.x[:FOR_TRAINING], images.train.y[:FOR_TRAINING])
    held_out = Examples(images.train.x[FOR_TRAINING:], images.train.y[FOR_TRAINING:])

    def errors(name: str, depth: str) -> dict[str, np.ndarray]:
        rates = APART.get(f"{name}, {depth}", RATES)
        runs = [(seed, rate) for seed in seeds for rate in rates]
        models = [network(CONTESTANTS[name], DEPTHS[depth], seed) for seed, _ in runs]
        stacks.train(models, train, runs, epochs=EPOCHS, batch=BATCH, momentum=MOMENTUM)
        return {
            kind: np.array([error(model, on) for model in models]).reshape(-1, len(rates))
            for kind, on in (("validation error", held_out), ("test error", images.test))
        }

    return {f"{name}, {depth}": errors(name, depth) for name in CONTESTANTS for depth in DEPTHS}


def choice(numbers: Numbers, name: str) -> int:
    """Which rate errs least on the validation digits, on average over the seeds."""
    return int(numbers[name]["validation error"].mean(axis=0).argmin())


def tuned(numbers: Numbers, name: str) -> np.ndarray:
    """Each seed's test error at that rate."""
    return numbers[name]["test error"][:, choice(numbers, name)]


USUAL = [name for name in CONTESTANTS if name not in ("sigmoid", "ReLU²")]


def table(numbers: Numbers, depth: str) -> dict[str, float]:
    """The mean test error of each usual activation, at its own rate."""
    return {name: float(tuned(numbers, f"{name}, {depth}").mean()) for name in USUAL}


def spread(numbers: Numbers, depth: str) -> float:
    """By how much the choice among the usual activations changes the error."""
    errors = table(numbers, depth).values()
    return max(errors) - min(errors)


def at_the_end(numbers: Numbers, name: str, end: int) -> np.ndarray:
    """Each seed's validation error at the smallest (0) or the largest (-1) rate of the grid."""
    return numbers[name]["validation error"][:, end]


def at_the_chosen(numbers: Numbers, name: str) -> np.ndarray:
    """Each seed's validation error at the chosen rate."""
    return numbers[name]["validation error"][:, choice(numbers, name)]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "no rate chosen lies at an end of the grid, where anything is learned": lambda n: all(
        0 < choice(n, f"{name}, {depth}") < len(RATES) - 1
        for depth in DEPTHS
        for name in (CONTESTANTS if depth == "2 layers" else USUAL)
    ),
    "tuned, any two of the eight usual ones lie within 3.5 points of each other": lambda n: all(
        level(tuned(n, f"{one}, {depth}"), tuned(n, f"{other}, {depth}"), within=3.5)
        for depth in DEPTHS
        for one, other in combinations(USUAL, 2)
    ),
    "in six layers the smallest rate costs each of the eight something, the largest 5 points": (
        lambda n: all(
            below(
                at_the_chosen(n, f"{name}, 6 layers"),
                at_the_end(n, f"{name}, 6 layers", end),
                by=by,
            )
            for name in USUAL
            for end, by in ((0, 0.0), (-1, 5.0))
        )
    ),
    "leaky ReLU and ReLU differ by less than 2.5 points": lambda n: all(
        level(tuned(n, f"ReLU, {depth}"), tuned(n, f"leaky ReLU, {depth}"), within=2.5)
        for depth in DEPTHS
    ),
    "in six layers sigmoid and ReLU² stay at chance at every rate": lambda n: all(
        below(np.array(85), n[f"{name}, 6 layers"]["validation error"].min(axis=1))
        for name in ("sigmoid", "ReLU²")
    ),
}
