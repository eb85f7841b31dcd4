"""Chapter 8: five schedules on one budget, each from its own best rate.

A ReLU network of two hidden layers on 4000 real digits, five epochs of SGD with momentum.
Every schedule is run from each peak rate of a grid.  Ten seeds draw weights and batches.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch.optim import SGD

from experiments.record import Numbers
from steadygrad import schedules, training
from steadygrad.data import Images, load_images
from steadygrad.models import mlp

EPOCHS, BATCH, MOMENTUM = 5, 32, 0.9
TOTAL = EPOCHS * math.ceil(4000 / BATCH)
RATES = (0.01, 0.02, 0.04, 0.08, 0.16)  # the highest rate of a run
LOST = math.log(10)  # the loss of knowing nothing, written down for a run that ends in NaN

Schedule = Callable[[int], tuple[float, float]]  # a factor of the peak rate, and the momentum
SCHEDULES: dict[str, Schedule] = {
    "constant": lambda _t: (1.0, MOMENTUM),
    "step": lambda t: (
        schedules.step_decay(t, 1.0, 0.1, [TOTAL // 2, 3 * TOTAL // 4]),
        MOMENTUM,
    ),
    "cosine": lambda t: (schedules.cosine(t, 1.0, 0.0, TOTAL), MOMENTUM),
    "warm-up cosine": lambda t: (
        schedules.warmup_cosine(t, 1.0, 0.0, TOTAL // 10, TOTAL),
        MOMENTUM,
    ),
    "1cycle": lambda t: schedules.one_cycle(t, 1.0, TOTAL),
}
SMOOTH = ("cosine", "warm-up cosine", "1cycle")
FALLING = ("step", *SMOOTH)


def run(schedule: Schedule, rate: float, seed: int, images: Images) -> tuple[float, float]:
    """The training loss at the end, and the share of test images that are taken wrong."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = mlp([784, 50, 50, 10])
    optimizer = SGD(model.parameters(), lr=rate, momentum=MOMENTUM)

    def prepare(step: int) -> None:
        factor, momentum = schedule(step)
        optimizer.param_groups[0] |= {"lr": rate * factor, "momentum": momentum}

    prepare(0)
    history = training.fit(
        model, images.train, epochs=EPOCHS, batch_size=BATCH, optimizer=optimizer, seed=seed,
        progress=False, after_step=lambda step, _model, _loss: prepare(step + 1),
    )  # fmt: skip
    loss = LOST if history.diverged else history.train_loss[-1]
    return loss, 1 - training.evaluate(model, images.test).accuracy


def measure(seeds: Iterable[int]) -> Numbers:
    """For each schedule the training loss and the test error at the end, by peak rate."""
    images, seeds = load_images("mnist-5k"), list(seeds)
    numbers = {}
    for name, schedule in SCHEDULES.items():
        runs = np.array(
            [[run(schedule, rate, seed, images) for rate in RATES] for seed in seeds]
        )
        numbers[name] = {"loss": runs[..., 0], "error": runs[..., 1]}
    return numbers


def best(numbers: Numbers, name: str) -> int:
    """The place in RATES at which a schedule's mean test error is lowest."""
    return int(numbers[name]["error"].mean(axis=0).argmin())


def error(numbers: Numbers, name: str, place: int | None = None) -> float:
    """A schedule's mean test error, at its own best rate unless another is named."""
    place = best(numbers, name) if place is None else place
    return float(numbers[name]["error"].mean(axis=0)[place])


def spread(numbers: Numbers, name: str) -> tuple[np.ndarray, np.ndarray]:
    """One standard deviation of the test error over the seeds, around its mean, below 1."""
    errors = numbers[name]["error"]
    middle, deviation = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    return middle - deviation, np.minimum(middle + deviation, 1)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "each schedule that falls ends below the constant rate, each from its own best rate": (
        lambda n: all(error(n, name) < error(n, "constant") - 0.003 for name in FALLING)
    ),
    "the three smooth ones are within half a per cent of each other": lambda n: (
        0.0 < max(error(n, name) for name in SMOOTH) < min(error(n, s) for s in SMOOTH) + 0.005
    ),
    "and below the one in steps": lambda n: all(
        error(n, name) < error(n, "step") - 0.003 for name in SMOOTH
    ),
    "who falls can begin higher: the constant rate has the lowest best rate": lambda n: all(
        best(n, name) > best(n, "constant") for name in FALLING
    ),
    "at twice its best rate 1cycle loses least": lambda n: all(
        error(n, "1cycle", 3) < error(n, name, 3) - 0.005
        for name in SCHEDULES
        if name != "1cycle"
    ),
    "warm-up brings nothing at the best rate": lambda n: (
        error(n, "warm-up cosine") > error(n, "cosine") - 0.003 and best(n, "cosine") == 2
    ),
    "and no schedule saves the highest rate": lambda n: all(
        0.4 < error(n, name, 4) < 1 for name in SCHEDULES
    ),
}
