"""Chapter 8: is the rate that the finder suggests a good one?

A ReLU network of two hidden layers on 4000 real digits.  The finder tries 200 rates from 1e-4
to 10, with three kinds of smoothing; then a fresh network is trained for two epochs by plain
SGD at each of four rates that one may read off the curve.  Ten seeds draw weights and batches,
and whatever is compared is compared seed by seed.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

from experiments import scheduled
from experiments.comparing import below
from experiments.record import Numbers
from steadygrad import schedules, training
from steadygrad.data import Images, load_images
from steadygrad.models import mlp

EPOCHS, BATCH, STEPS, LOW, HIGH = 2, 32, 200, 1e-4, 10.0
BETAS = {"0.9": 0.9, "0.95": 0.95, "0.98": 0.98}
LOST = math.log(10)
READINGS = ("suggestion", "suggestion / 10", "lowest", "lowest / 10")


def network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return mlp([784, 50, 50, 10])


def readings(beta: float, seed: int, images: Images) -> dict[str, float]:
    """The rates that one may read off the curve of one run of the finder."""
    shuffled = training.batches(images.train, BATCH, rng=torch.Generator().manual_seed(seed))
    curve = schedules.lr_finder(network(seed), list(shuffled), LOW, HIGH, STEPS, beta)
    steepest, lowest = schedules.suggest_lr(*curve), curve[0][curve[1].argmin()].item()
    return dict(zip(READINGS, (steepest, steepest / 10, lowest, lowest / 10), strict=True))


def losses_after(runs: list[tuple[int, float]], images: Images) -> np.ndarray:
    """The training loss of a fresh network after two epochs, for each seed and rate.

    It is that of knowing nothing, log 10, if the run has ended above it or in NaN.
    """
    models, seeds = [network(seed) for seed, _ in runs], [seed for seed, _ in runs]
    steps = scheduled.steps_of(EPOCHS, BATCH, len(images.train.x))
    rates = torch.tensor([rate for _, rate in runs])[:, None].expand(-1, steps)
    scheduled.train(models, images.train, seeds, rates, scheduled.HeavyBall(), batch=BATCH)
    ends = [training.evaluate(model, images.train).loss for model in models]
    return np.array([min(end, LOST) if math.isfinite(end) else LOST for end in ends])


def measure(seeds: Iterable[int]) -> Numbers:
    """For each smoothing and each reading the rate, and the loss that it leads to."""
    images, seeds, numbers = load_images("mnist-5k"), list(seeds), {}
    for name, beta in BETAS.items():
        rates = [readings(beta, seed, images) for seed in seeds]
        for reading in READINGS:
            chosen = [found[reading] for found in rates]
            losses = losses_after(list(zip(seeds, chosen, strict=True)), images)
            numbers[named(reading, name)] = {"rate": np.array(chosen), "loss": losses}
    return numbers


def named(reading: str, name: str) -> str:
    """A reading of the curve that is smoothed with the β of this name."""
    return f"{reading}, β {name}"


def losses(numbers: Numbers, reading: str, name: str) -> np.ndarray:
    """The loss that a reading of the curve leads to, seed by seed."""
    return numbers[named(reading, name)]["loss"]


def rates(numbers: Numbers, reading: str, name: str) -> np.ndarray:
    """The rate that was read, seed by seed."""
    return numbers[named(reading, name)]["rate"]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "smoothed with 0.95, the steepest fall leads to a lower loss than its tenth": lambda n: (
        below(losses(n, "suggestion", "0.95"), losses(n, "suggestion / 10", "0.95"))
    ),
    "and than a tenth of the rate of the lowest loss": lambda n: below(
        losses(n, "suggestion", "0.95"), losses(n, "lowest / 10", "0.95")
    ),
    "smoothed with 0.98, the lowest loss lies further right than with 0.9": lambda n: below(
        rates(n, "lowest", "0.9"), rates(n, "lowest", "0.98")
    ),
    "and its rate leads to a higher loss than the steepest fall at 0.95": lambda n: below(
        np.log(losses(n, "suggestion", "0.95")), np.log(losses(n, "lowest", "0.98"))
    ),
    "smoothed with 0.98, the steepest fall may be chance at the very start": lambda n: bool(
        rates(n, "suggestion", "0.98").min()
        < 0.001
        < 0.05
        < rates(n, "suggestion", "0.95").min()
    ),
    "a tenth of the rate of the lowest loss is never far off, however smoothed": lambda n: all(
        losses(n, "lowest / 10", name).max() < 0.6 for name in BETAS
    ),
}
