"""Chapter 8: is the rate that the finder suggests a good one?

A ReLU network of two hidden layers on 4000 real digits.  The finder tries 200 rates from 1e-4
to 10, with three kinds of smoothing; then a fresh network is trained for two epochs by plain
SGD at each of four rates that one may read off the curve.  Ten seeds.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

from experiments.record import Numbers
from steadygrad import schedules, training
from steadygrad.data import Images, load_images
from steadygrad.models import mlp

EPOCHS, BATCH, STEPS, LOW, HIGH = 2, 32, 200, 1e-4, 10.0
BETAS = {"0.9": 0.9, "0.95": 0.95, "0.98": 0.98}
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


def loss_after(rate: float, seed: int, images: Images) -> float:
    """The training loss of a fresh network after two epochs at this rate."""
    history = training.fit(
        network(seed), images.train, epochs=EPOCHS, batch_size=BATCH, learning_rate=rate,
        seed=seed, progress=False,
    )  # fmt: skip
    return math.log(10) if history.diverged else history.train_loss[-1]


def measure(seeds: Iterable[int]) -> Numbers:
    """For each smoothing and each reading the rate, and the loss that it leads to."""
    images, seeds, numbers = load_images("mnist-5k"), list(seeds), {}
    for name, beta in BETAS.items():
        rates = [readings(beta, seed, images) for seed in seeds]
        for reading in READINGS:
            chosen = [found[reading] for found in rates]
            losses = [loss_after(*each, images) for each in zip(chosen, seeds, strict=True)]
            numbers[f"{reading}, β {name}"] = {
                "rate": np.array(chosen),
                "loss": np.array(losses),
            }
    return numbers


def loss(numbers: Numbers, reading: str, name: str) -> float:
    """The mean loss that a reading of the curve leads to, by the smoothing's name."""
    return float(numbers[f"{reading}, β {name}"]["loss"].mean())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "smoothed with 0.95, the steepest fall is the best of the four readings": lambda n: all(
        loss(n, "suggestion", "0.95") < loss(n, reading, "0.95") - 0.05
        for reading in READINGS[1:]
    ),
    "the rate of the lowest loss leads to more than twice the loss": lambda n: (
        loss(n, "lowest", "0.95") > 2 * loss(n, "suggestion", "0.95")
    ),
    "the more smoothing, the further right the lowest loss, and the worse": lambda n: (
        loss(n, "lowest", "0.9") < loss(n, "lowest", "0.95") < loss(n, "lowest", "0.98")
        and n["lowest, β 0.98"]["rate"].mean() > 1.5 * n["lowest, β 0.9"]["rate"].mean()
    ),
    "smoothed with 0.98, the steepest fall may be chance at the very start": lambda n: bool(
        n["suggestion, β 0.98"]["rate"].min()
        < 0.001
        < 0.05
        < n["suggestion, β 0.95"]["rate"].min()
    ),
    "a tenth of the rate of the lowest loss is never far off, however smoothed": lambda n: all(
        n[f"lowest / 10, β {name}"]["loss"].max() < 0.6 for name in BETAS
    ),
}
