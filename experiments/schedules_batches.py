"""Chapter 8: how the best rate grows with the batch, and how far that carries.

A ReLU network of two hidden layers passes five times over 2500 small digits, in batches of 8
to 512; larger batches take fewer steps.  At every size it is trained at every rate of one
grid: by SGD with momentum, the same with a warm-up, and Adam.  Three seeds of their own choose
each rate on 500 validation images; ten other seeds are tested with it, on 2000 images.
"""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import torch
from torch import nn

from experiments import scheduled
from experiments.comparing import below, lead, level
from experiments.record import Numbers
from experiments.schedules_contest import network
from steadygrad import schedules
from steadygrad.data import Images

EPOCHS, MOMENTUM = 5, 0.9
SIZES = (8, 32, 128, 512)  # each four times the last: a linear rule goes two rates on, a
RATES = [0.0025 * 2**k for k in range(8)]  # root rule one, for each rate is twice the last
ADAMS = [0.0005 * 2**k for k in range(8)]
KINDS = ("SGD", "SGD, warmed up", "Adam")
WARMED = 0.25  # the share of all steps that a warm-up takes
TUNING = range(200, 203)


def trained(
    kind: str, size: int, runs: list[tuple[int, float]], images: Images
) -> list[nn.Module]:
    """A network for each seed and rate, after all its steps."""
    steps = scheduled.steps_of(EPOCHS, size)
    warmup = round(WARMED * steps) if kind.endswith("warmed up") else 0
    factors = torch.tensor([schedules.linear_warmup(t + 1, 1.0, warmup) for t in range(steps)])
    peaks = torch.tensor([peak for _, peak in runs])
    models, seeds = [network(seed) for seed, _ in runs], [seed for seed, _ in runs]
    rule = scheduled.Adam() if kind == "Adam" else scheduled.HeavyBall(MOMENTUM)
    scheduled.train(models, images.train, seeds, peaks.outer(factors), rule, batch=size)
    return models


def grid(kind: str) -> list[float]:
    """The rates that a kind is tried at."""
    return ADAMS if kind == "Adam" else RATES


def on_validation(kind: str, size: int, seeds: Iterable[int], images: Images) -> np.ndarray:
    """The share of validation images taken wrong, for each seed and rate."""
    runs = [(seed, rate) for seed in seeds for rate in grid(kind)]
    models = trained(kind, size, runs, images)
    return scheduled.errors(models, images.validation).reshape(-1, len(RATES))


@cache
def best_rate(kind: str, size: int) -> float:
    """The rate that errs least on validation images, over seeds of their own."""
    tuned = on_validation(kind, size, TUNING, scheduled.small_digits()).mean(axis=0)
    return grid(kind)[int(tuned.argmin())]


def measure(seeds: Iterable[int]) -> Numbers:
    """Validation errors by size and rate; at each size the rate chosen, and its test error."""
    images, seeds, numbers = scheduled.small_digits(), list(seeds), {}
    for kind in KINDS:
        rates, test = [], []
        for size in SIZES:
            rates.append(best_rate(kind, size))
            models = trained(kind, size, [(seed, rates[-1]) for seed in seeds], images)
            test.append(scheduled.errors(models, images.test))
        surface = [on_validation(kind, size, seeds, images) for size in SIZES]
        numbers[kind] = {
            "validation": np.stack(surface, axis=1),
            "rate": np.tile(rates, (len(seeds), 1)),
            "test": np.stack(test, axis=1),
        }
    return numbers


def at(numbers: Numbers, kind: str, size: int, rate: float) -> np.ndarray:
    """Validation errors of a kind, for one batch size and rate, seed by seed."""
    place = int(np.abs(np.array(grid(kind)) - rate).argmin())
    return numbers[kind]["validation"][:, SIZES.index(size), place]


def tested(numbers: Numbers, kind: str, size: int) -> np.ndarray:
    """Test errors of a kind at the rate chosen for this size, seed by seed."""
    return numbers[kind]["test"][:, SIZES.index(size)]


def lowest(numbers: Numbers, kind: str, size: int) -> np.ndarray:
    """Validation errors at the rate whose mean is lowest, seed by seed."""
    errors = numbers[kind]["validation"][:, SIZES.index(size)]
    return errors[:, errors.mean(axis=0).argmin()]


def linear_and_root(numbers: Numbers, kind: str, size: int, rate: float) -> list[np.ndarray]:
    """Validation errors where the two rules lead from this rate at batch 8."""
    return [
        at(numbers, kind, size, schedules.scaled_rate(rate, size, SIZES[0], power))
        for power in (1.0, 0.5)
    ]


def root_ahead(numbers: Numbers, kind: str, sizes: Iterable[int], rate: float) -> bool:
    """Whether the root rule errs less, as a factor, over these sizes together."""
    pairs = [np.log(linear_and_root(numbers, kind, size, rate)) for size in sizes]
    linear, root = np.sum(pairs, axis=0)
    return below(root, linear)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "the best rate of SGD grows with the batch up to 128": lambda n: (
        np.allclose(n["SGD"]["rate"][:, :3], [0.01, 0.04, 0.16])
        and not np.allclose(n["SGD"]["test"], 1)
    ),
    "there its error stays level within two and a half per cent of the images": lambda n: level(
        tested(n, "SGD", 8), tested(n, "SGD", 128), within=0.025
    ),
    "and at 512 it is far higher": lambda n: below(
        tested(n, "SGD", 128), tested(n, "SGD", 512), by=0.05
    ),
    "from half the best rate the linear rule is ahead of the root rule at 128": lambda n: below(
        *linear_and_root(n, "SGD", 128, 0.005)
    ),
    "from twice the best rate the root rule is, at 32 and 128 together": lambda n: root_ahead(
        n, "SGD", (32, 128), 0.02
    ),
    "a warm-up costs at 512 where the rate is low": lambda n: below(
        at(n, "SGD", 512, 0.04), at(n, "SGD, warmed up", 512, 0.04)
    ),
    "and is nowhere ahead by four standard errors": lambda n: all(
        lead(at(n, "SGD, warmed up", size, rate), at(n, "SGD", size, rate)) < 4
        for size in SIZES
        for rate in RATES
    ),
    "for Adam the root rule stays near the lowest error at every size": lambda n: all(
        level(
            at(n, "Adam", size, schedules.scaled_rate(0.002, size, 8, 0.5)),
            lowest(n, "Adam", size),
            within=0.02,
        )
        for size in SIZES
    ),
    "and is ahead of the linear rule at 128 from twice that rate": lambda n: root_ahead(
        n, "Adam", (128,), 0.004
    ),
    "at 512 Adam errs less than SGD": lambda n: below(
        tested(n, "Adam", 512), tested(n, "SGD", 512)
    ),
    "no rate that was chosen lies at the edge of its grid": lambda n: all(
        grid(kind)[0] < rate < grid(kind)[-1] for kind in KINDS for rate in n[kind]["rate"][0]
    ),
}
