"""Chapter 8: the mean of many weights against a rate that falls.

A ReLU network of two hidden layers on 2500 small digits, five epochs of SGD with momentum: at
a constant rate, whose last weights, their exponential average and the mean of their last
quarter are looked at; down a straight line to zero; and schedule-free.  Each has its own rate
out of as many: five seeds of their own choose it on 500 validation images; ten others are
tested with it, on 2000 images.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from experiments import scheduled
from experiments.comparing import below, level
from experiments.record import Numbers
from experiments.schedules_contest import BATCH, MOMENTUM, TOTAL, network
from steadygrad import schedules
from steadygrad.data import Images

RATES = [0.01 * 2 ** (k / 2) for k in range(8)]  # up to 0.11
FREE = [20 * rate for rate in RATES]  # schedule-free descent has no momentum in its steps
DECAY = 0.98  # of the exponential average: it remembers some 50 steps
LAST = TOTAL // 4  # the steps whose plain mean is taken
AT_ONE_RATE = ("constant", "constant, averaged with 0.98", "constant, mean of the last quarter")
WAYS = (*AT_ONE_RATE, "linear to zero", "schedule-free")
TUNING = range(200, 205)


class Averages:
    """Told of the weights after each step: their exponential average, and a plain mean."""

    def __init__(self) -> None:
        self.faded: scheduled.Weights = {}
        self.mean: scheduled.Weights = {}

    def __call__(self, t: int, weights: scheduled.Weights) -> None:
        late = t - (TOTAL - LAST)
        for name, now in weights.items():
            if t == 0:
                self.faded[name] = now.clone()
            self.faded[name].lerp_(now, 1 - DECAY)
            if late == 0:
                self.mean[name] = now.clone()
            elif late > 0:
                self.mean[name].lerp_(now, 1 / (late + 1))


def wrong(
    ways: Sequence[str], runs: list[tuple[int, float]], images: Images, part: str
) -> dict[str, np.ndarray]:
    """The errors of each run's network, on one part of the images, by way.

    The three ways at one rate are looked at in a single run.
    """
    models, seeds = [network(seed) for seed, _ in runs], [seed for seed, _ in runs]
    rates = torch.tensor([rate for _, rate in runs])
    falls = torch.ones(TOTAL)
    rule: scheduled.Rule = scheduled.HeavyBall(MOMENTUM)
    if "linear to zero" in ways:
        falls = Tensor([schedules.polynomial_decay(t, 1.0, TOTAL) for t in range(TOTAL)])
    if "schedule-free" in ways:
        rule = scheduled.ScheduleFree()
    averages = Averages()
    scheduled.train(
        models, images.train, seeds, rates.outer(falls), rule, batch=BATCH, after=averages
    )
    return dict(zip(ways, _each(models, ways, averages, getattr(images, part)), strict=True))


def _each(models: Sequence[nn.Module], ways: Sequence[str], averages: Averages, images):
    yield scheduled.errors(models, images)
    if "constant" in ways:
        for weights in (averages.faded, averages.mean):
            scheduled.put_back(weights, models)
            yield scheduled.errors(models, images)


GROUPS = (AT_ONE_RATE, ("linear to zero",), ("schedule-free",))


def on_validation(ways: Sequence[str], seeds: Iterable[int], images: Images) -> dict:
    """For each way the share of validation images taken wrong, by seed and rate."""
    grid = FREE if "schedule-free" in ways else RATES
    runs = [(seed, rate) for seed in seeds for rate in grid]
    found = wrong(ways, runs, images, "validation")
    return {way: errors.reshape(-1, len(grid)) for way, errors in found.items()}


@cache
def places(ways: Sequence[str]) -> dict[str, int]:
    """Where in its grid each way errs least on validation images, over seeds of their own."""
    found = on_validation(ways, TUNING, scheduled.small_digits())
    return {way: int(errors.mean(axis=0).argmin()) for way, errors in found.items()}


def measure(seeds: Iterable[int]) -> Numbers:
    """For each way the validation error by rate; the rate chosen, and its test error."""
    images, seeds, numbers = scheduled.small_digits(), list(seeds), {}
    for ways in GROUPS:
        validation = on_validation(ways, seeds, images)
        for way in ways:
            rate = (FREE if way == "schedule-free" else RATES)[places(ways)[way]]
            tested = wrong(ways, [(seed, rate) for seed in seeds], images, "test")
            numbers[way] = {
                "validation": validation[way],
                "rate": np.full(len(seeds), rate),
                "test": tested[way],
            }
    return numbers


def best(numbers: Numbers, way: str) -> int:
    """The place in its grid of the rate that was chosen for a way."""
    grid = FREE if way == "schedule-free" else RATES
    return int(np.abs(np.array(grid) - numbers[way]["rate"][0]).argmin())


QUIET = WAYS[1:]
CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "every average, and the rate that falls, errs less than the constant rate's last weights": (
        lambda n: all(below(n[way]["test"], n["constant"]["test"]) for way in QUIET)
    ),
    "these four are level within a per cent of all images": lambda n: all(
        level(n[one]["test"], n[other]["test"], within=0.01)
        for one, other in combinations(QUIET, 2)
    ),
    "no rate that was chosen lies at the edge of its grid": lambda n: all(
        0 < best(n, way) < len(RATES) - 1 for way in WAYS
    ),
}
