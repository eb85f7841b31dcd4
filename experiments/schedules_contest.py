"""Chapter 8: nine schedules on one budget, each from the peak rate that suits it.

A ReLU network of two hidden layers on 2500 small digits, five epochs of SGD with momentum.
Every schedule is run from each peak rate of one grid.  Five seeds of their own choose its rate
on 500 validation images; at that rate ten other seeds are tested, on 2000 images.
"""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations

import numpy as np
import torch
from torch import nn

from experiments import scheduled
from experiments.comparing import below, level
from experiments.record import Numbers
from steadygrad import schedules
from steadygrad.data import Images
from steadygrad.models import mlp

EPOCHS, BATCH, MOMENTUM = 5, 32, 0.9
TOTAL = scheduled.steps_of(EPOCHS, BATCH)
UP, DOWN = TOTAL // 10, 3 * TOTAL // 10  # the steps of a warm-up, and of a decay at the end
RATES = [0.01 * 2 ** (k / 2) for k in range(11)]  # the highest rate of a run, up to 0.32
TUNING = range(200, 205)

Schedule = Callable[[int], tuple[float, float]]  # a factor of the peak rate, and the momentum


def steady(schedule: Callable[[int], float]) -> Schedule:
    """A schedule of the rate alone."""
    return lambda t: (schedule(t), MOMENTUM)


SCHEDULES: dict[str, Schedule] = {
    "constant": steady(lambda _t: 1.0),
    "step": steady(
        lambda t: schedules.step_decay(t, 1.0, 0.1, [TOTAL // 2, 3 * TOTAL // 4]),
    ),
    "exponential": steady(lambda t: schedules.exponential_decay(t, 1.0, 0.01 ** (1 / TOTAL))),
    "linear": steady(lambda t: schedules.polynomial_decay(t, 1.0, TOTAL)),
    "cosine": steady(lambda t: schedules.cosine(t, 1.0, 0.0, TOTAL)),
    "warm-up cosine": steady(lambda t: schedules.warmup_cosine(t, 1.0, 0.0, UP, TOTAL)),
    "1cycle": lambda t: schedules.one_cycle(t, 1.0, TOTAL),
    "stable, decay": steady(
        lambda t: schedules.warmup_stable_decay(t, 1.0, 0.0, 0, DOWN, TOTAL)
    ),
    "warm-up, stable, decay": steady(
        lambda t: schedules.warmup_stable_decay(t, 1.0, 0.0, UP, DOWN, TOTAL)
    ),
}
TO_ZERO = tuple(SCHEDULES)[3:]  # 1cycle's last rate is not zero, but next to it
LEVEL = ("stable, decay", "warm-up, stable, decay")  # until the last third
EARLY = tuple(SCHEDULES)[1:7]


def network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return mlp([196, 50, 50, 10])


def trained(name: str, runs: list[tuple[int, float]], images: Images) -> list[nn.Module]:
    """A network for each seed and peak rate, after all steps under this schedule."""
    plan = [SCHEDULES[name](t) for t in range(TOTAL)]
    factors, momenta = torch.tensor(plan).T
    peaks = torch.tensor([peak for _, peak in runs])
    models, seeds = [network(seed) for seed, _ in runs], [seed for seed, _ in runs]
    rule = scheduled.HeavyBall(momenta.expand(len(runs), -1))
    scheduled.train(models, images.train, seeds, peaks.outer(factors), rule, batch=BATCH)
    return models


def on_validation(name: str, seeds: Iterable[int], images: Images) -> np.ndarray:
    """The share of validation images taken wrong, for each seed and rate."""
    runs = [(seed, rate) for seed in seeds for rate in RATES]
    return scheduled.errors(trained(name, runs, images), images.validation).reshape(
        -1, len(RATES)
    )


@cache
def best_rate(name: str) -> float:
    """The peak rate that errs least on validation images, over seeds of their own."""
    tuned = on_validation(name, TUNING, scheduled.small_digits()).mean(axis=0)
    return RATES[int(tuned.argmin())]


def measure(seeds: Iterable[int]) -> Numbers:
    """For each schedule the validation error by peak rate; the rate chosen, its test error."""
    images, seeds, numbers = scheduled.small_digits(), list(seeds), {}
    for name in SCHEDULES:
        rate = best_rate(name)
        tested = trained(name, [(seed, rate) for seed in seeds], images)
        numbers[name] = {
            "validation": on_validation(name, seeds, images),
            "rate": np.full(len(seeds), rate),
            "test": scheduled.errors(tested, images.test),
        }
    return numbers


def chosen(numbers: Numbers, name: str) -> int:
    """The place in RATES of the rate that was chosen for a schedule."""
    return int(np.abs(np.array(RATES) - numbers[name]["rate"][0]).argmin())


def ahead(numbers: Numbers, name: str, *others: str) -> bool:
    """Whether a schedule errs less on the test images than each of these."""
    return all(below(numbers[name]["test"], numbers[other]["test"]) for other in others)


def at_peak(numbers: Numbers, name: str, place: int) -> np.ndarray:
    """A schedule's validation errors at one peak rate, seed by seed."""
    return numbers[name]["validation"][:, place]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "each schedule that goes to zero errs less than the steps": lambda n: all(
        ahead(n, name, "step") for name in TO_ZERO
    ),
    "the straight line, 1cycle and the two level ones err less than the constant rate": (
        lambda n: all(ahead(n, name, "constant") for name in ("linear", "1cycle", *LEVEL))
    ),
    "the straight line, 1cycle and level, then down, err less than the exponential": (
        lambda n: all(
            ahead(n, name, "exponential") for name in ("linear", "1cycle", "stable, decay")
        )
    ),
    "the six that go to zero are level within one and a half per cent of the images": (
        lambda n: all(
            level(n[one]["test"], n[other]["test"], within=0.015)
            for one, other in combinations(TO_ZERO, 2)
        )
    ),
    "those that fall early begin twice as high as the constant rate": lambda n: all(
        n[name]["rate"][0] > 1.9 * n["constant"]["rate"][0] for name in EARLY
    ),
    "at a peak of 0.23 the constant rate and the level ones err most": lambda n: all(
        below(at_peak(n, name, 9), at_peak(n, other, 9))
        for name in ("exponential", "1cycle")
        for other in ("constant", *LEVEL)
    ),
    "at 0.32 the exponential errs less than 1cycle": lambda n: below(
        at_peak(n, "exponential", 10), at_peak(n, "1cycle", 10)
    ),
    "no rate that was chosen lies at the edge of the grid": lambda n: all(
        0 < chosen(n, name) < len(RATES) - 1 for name in SCHEDULES
    ),
}
