"""Chapter 8: a deep network that Adam trains better after a warm-up.

Twenty-four residual blocks of width 32 whose layer norm comes after the sum, as in the first
transformers, x ← LN(x + f(x)), pass four times over 2500 small digits.  Under a cosine, and
under one with a warm-up of a fifth of the steps, Adam is run from every peak rate of one grid.
Three seeds of their own choose each rate on 500 validation images; ten others are tested.
"""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from experiments import scheduled
from experiments.comparing import below
from experiments.record import Numbers
from steadygrad import schedules
from steadygrad.data import Images

DEPTH, WIDTH, SCALE = 24, 32, 0.8
EPOCHS, BATCH = 4, 125
TOTAL = scheduled.steps_of(EPOCHS, BATCH)
RATES = [0.001 * 2 ** (k / 2) for k in range(1, 7)]  # the highest rate of a run, up to 0.008
WARMUPS = {"cosine": 0, "warm-up cosine": TOTAL // 5}
TUNING = range(200, 203)


class Block(nn.Module):
    """A residual block whose norm comes after the sum: LN(x + W₂ relu(W₁ x))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        for layer in (self.first, self.second):
            nn.init.normal_(layer.weight, std=SCALE / width**0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x + self.second(self.first(x).relu()))


def network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        blocks = [Block(WIDTH) for _ in range(DEPTH)]
        return nn.Sequential(
            nn.Linear(196, WIDTH), nn.LayerNorm(WIDTH), *blocks, nn.Linear(WIDTH, 10)
        )


def trained(name: str, runs: list[tuple[int, float]], images: Images) -> list[nn.Module]:
    """A network for each seed and peak rate, after all steps under this schedule."""
    warmup = WARMUPS[name]  # whose first step, at rate 0, is left out
    times = [t + 1 if warmup else t for t in range(TOTAL)]
    factors = torch.tensor([schedules.warmup_cosine(t, 1.0, 0.0, warmup, TOTAL) for t in times])
    peaks = torch.tensor([peak for _, peak in runs])
    models, seeds = [network(seed) for seed, _ in runs], [seed for seed, _ in runs]
    rates = peaks.outer(factors)
    scheduled.train(models, images.train, seeds, rates, scheduled.Adam(), batch=BATCH)
    return models


def on_validation(name: str, seeds: Iterable[int], images: Images) -> np.ndarray:
    """The share of validation images taken wrong, for each seed and rate."""
    runs = [(seed, rate) for seed in seeds for rate in RATES]
    models = trained(name, runs, images)
    return scheduled.errors(models, images.validation).reshape(-1, len(RATES))


@cache
def best_rate(name: str) -> float:
    """The peak rate that errs least on validation images, over seeds of their own."""
    tuned = on_validation(name, TUNING, scheduled.small_digits()).mean(axis=0)
    return RATES[int(tuned.argmin())]


def measure(seeds: Iterable[int]) -> Numbers:
    """For both schedules the validation error by peak rate; the rate chosen, its test error."""
    images, seeds, numbers = scheduled.small_digits(), list(seeds), {}
    for name in WARMUPS:
        rate = best_rate(name)
        tested = trained(name, [(seed, rate) for seed in seeds], images)
        numbers[name] = {
            "validation": on_validation(name, seeds, images),
            "rate": np.full(len(seeds), rate),
            "test": scheduled.errors(tested, images.test),
        }
    return numbers


def at(numbers: Numbers, name: str, place: int) -> np.ndarray:
    """Validation errors at one peak rate, seed by seed."""
    return numbers[name]["validation"][:, place]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "each from its best rate, the network errs a little less after a warm-up": lambda n: below(
        n["warm-up cosine"]["test"], n["cosine"]["test"], errors=1
    ),
    "at the last rate but one it errs less after a warm-up": lambda n: below(
        at(n, "warm-up cosine", -2), at(n, "cosine", -2)
    ),
    "at the highest rate it learns only after a warm-up": lambda n: below(
        at(n, "warm-up cosine", -1), at(n, "cosine", -1), by=0.1
    ),
    "a warm-up lets it stand four times its best rate without one": lambda n: below(
        at(n, "warm-up cosine", -1), at(n, "cosine", 1), by=-0.03
    ),
    "no rate that was chosen lies at the edge of the grid": lambda n: all(
        RATES[0] < n[name]["rate"][0] < RATES[-1] for name in WARMUPS
    ),
}
