"""Chapter 6: three conventions of momentum, at one rate and at converted rates.

One small network on real digits, in float64, so that rounding does not hide whether two
walks are the same.  Ten seeds draw weights and batches.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from experiments.comparing import below
from experiments.record import Numbers
from steadygrad import momentum, training
from steadygrad.data import Images, load_images
from steadygrad.models import mlp

WIDTH, EPOCHS, BATCH, RATE, BETA = 30, 2, 50, 0.02, 0.9
POINT = 8  # steps that one point of a stored curve averages over
RUNS: dict[str, tuple[str, bool]] = {  # convention, and whether the rate is converted
    "plain": ("plain", False),
    "heavy_ball": ("heavy_ball", False),
    "lr_inside": ("lr_inside", False),
    "ema": ("ema", False),
    "ema, converted": ("ema", True),
}


def optimizer(name: str, parameters: Iterable[torch.Tensor]) -> training.Descent:
    convention, converted = RUNS[name]
    lr, settings = RATE, {"momentum": BETA}
    if converted:
        lr, settings["momentum"] = momentum.convert_momentum(
            RATE, BETA, "heavy_ball", convention
        )
    rules: Mapping[str, Any] = {"lr_inside": momentum.lr_inside, "ema": momentum.ema}
    if convention == "plain":
        settings = {}
    return training.Descent(parameters, rules.get(convention, momentum.sgd), lr=lr, **settings)


def run(name: str, seed: int, images: Images) -> tuple[np.ndarray, float]:
    """The loss of every step, means over POINT, and the test accuracy at the end."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # PyTorch's own first draw takes no generator
        model = mlp([784, WIDTH, 10]).double()
    history = training.fit(
        model, images.train, epochs=EPOCHS, batch_size=BATCH, seed=seed, progress=False,
        optimizer=optimizer(name, model.parameters()),
    )  # fmt: skip
    losses = np.array(history.batch_loss).reshape(-1, POINT).mean(axis=1)
    return losses, training.evaluate(model, images.test).accuracy


def measure(seeds: Iterable[int]) -> Numbers:
    """For each way the loss over the steps, and the test accuracy at the end."""
    images, numbers = load_images("mnist-5k", dtype=torch.float64), {}
    for name in RUNS:
        runs = [run(name, seed, images) for seed in seeds]
        numbers[name] = {
            "loss": np.array([losses for losses, _ in runs]),
            "accuracy": np.array([accuracy for _, accuracy in runs]),
        }
    return numbers


def apart(numbers: Numbers, one: str, other: str) -> float:
    """The largest relative difference of two curves, over all seeds and points."""
    return float(np.abs(numbers[one]["loss"] / numbers[other]["loss"] - 1).max())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "with the rate inside it is the heavy ball's walk": lambda n: bool(
        apart(n, "lr_inside", "heavy_ball") < 1e-3 and n["plain"]["loss"].std() > 0
    ),
    "at a converted rate the running mean is the heavy ball's walk": lambda n: bool(
        apart(n, "ema, converted", "heavy_ball") < 1e-3 and n["plain"]["loss"].std() > 0
    ),
    "at one rate the running mean is behind the heavy ball": lambda n: (
        below(n["ema"]["accuracy"], n["heavy_ball"]["accuracy"], by=0.03)
        and below(n["heavy_ball"]["loss"].mean(axis=1), n["ema"]["loss"].mean(axis=1), by=0.3)
    ),
    "and behind plain descent as well, since it starts from zero": lambda n: below(
        n["plain"]["loss"].mean(axis=1), n["ema"]["loss"].mean(axis=1)
    ),
}
