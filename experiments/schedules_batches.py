"""Chapter 8: how far the rate can grow with the batch.

A ReLU network of two hidden layers on 4000 real digits, eight epochs of SGD with momentum in
batches of 32 to 2048; larger batches take fewer steps.  The rate of a batch of 32 is kept,
scaled with the batch, scaled and warmed up, or scaled with its root.  Ten seeds.
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

EPOCHS, REFERENCE, RATE, MOMENTUM = 8, 32, 0.01, 0.9
SIZES = (32, 64, 128, 256, 512, 1024, 2048)
KINDS = ("kept", "linear", "linear, warmed up", "root")
WARMED = 0.25  # the share of all steps that a warm-up takes


def rates(kind: str, size: int) -> Callable[[int], float]:
    """The schedule of one kind for batches of this size."""
    power = {"kept": 0.0, "root": 0.5}.get(kind, 1.0)
    peak = schedules.scaled_rate(RATE, size, REFERENCE, power)
    steps = EPOCHS * math.ceil(4000 / size)
    warmup = math.ceil(WARMED * steps) if kind.endswith("warmed up") else 0
    return lambda t: schedules.linear_warmup(t, peak, warmup, start=RATE / peak)


def run(kind: str, size: int, seed: int, images: Images) -> tuple[float, float]:
    """The training loss at the end, and the share of test images that are taken wrong."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = mlp([784, 50, 50, 10])
    schedule = rates(kind, size)
    optimizer = SGD(model.parameters(), lr=schedule(0), momentum=MOMENTUM)

    def prepare(step: int) -> None:
        optimizer.param_groups[0]["lr"] = schedule(step)

    history = training.fit(
        model, images.train, epochs=EPOCHS, batch_size=size, optimizer=optimizer, seed=seed,
        progress=False, after_step=lambda step, _model, _loss: prepare(step + 1),
    )  # fmt: skip
    loss = math.log(10) if history.diverged else history.train_loss[-1]
    return loss, 1 - training.evaluate(model, images.test).accuracy


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind the training loss and the test error at the end, by batch size."""
    images, seeds, numbers = load_images("mnist-5k"), list(seeds), {}
    for kind in KINDS:
        runs = np.array([[run(kind, size, seed, images) for size in SIZES] for seed in seeds])
        numbers[kind] = {"loss": runs[..., 0], "error": runs[..., 1]}
    return numbers


def errors(numbers: Numbers, kind: str) -> dict[int, float]:
    """The mean test error of a kind at each batch size."""
    return dict(zip(SIZES, numbers[kind]["error"].mean(axis=0).tolist(), strict=True))


def spread(numbers: Numbers, name: str) -> tuple[np.ndarray, np.ndarray]:
    """One standard deviation of the test error over the seeds, around its mean, below 1."""
    errors = numbers[name]["error"]
    middle, deviation = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    return middle - deviation, np.minimum(middle + deviation, 1)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "with the rate of batch 32 a batch of 2048 errs more than five times as often": lambda n: (
        errors(n, "kept")[2048] > 5 * errors(n, "kept")[32]
    ),
    "the linear rule keeps the error up to batch 256, on an eighth of the steps": lambda n: (
        errors(n, "linear")[256] < errors(n, "linear")[32] + 0.006 < 0.1
    ),
    "where the kept rate errs half as much again": lambda n: (
        errors(n, "kept")[256] > 1.5 * errors(n, "linear")[256]
    ),
    "at 1024 the linear rule has broken: its error is above that of the kept rate": lambda n: (
        errors(n, "linear")[1024] > errors(n, "kept")[1024]
    ),
    "a warm-up does not save it, and helps nowhere": lambda n: (
        all(
            errors(n, "linear, warmed up")[size] > errors(n, "linear")[size] - 0.02
            for size in SIZES
        )
        and errors(n, "linear, warmed up")[1024] > 0.4
    ),
    "the root rule breaks nowhere, and is the best of the four from 1024 on": lambda n: all(
        1.5 * errors(n, "root")[size] < errors(n, kind)[size]
        for size in (1024, 2048)
        for kind in KINDS
        if kind != "root"
    ),
}
