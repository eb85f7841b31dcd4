"""Chapter 5: does clipping save a network that begins with weights twice too large?

Ten ReLU layers on real digits, three epochs of plain SGD, from weights at He's scale and at
twice that, with and without clipping by norm.  Ten seeds draw weights and batches.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch

from experiments.record import Numbers
from steadygrad import training
from steadygrad.data import Images, load_images
from steadygrad.models import mlp, redraw_

DEPTH, WIDTH, EPOCHS = 10, 100, 3
SETTINGS = {  # name -> gain in units of He's, rate, bound
    "He, rate 0.1": (1, 0.1, None),
    "He, rate 0.1, norm 1": (1, 0.1, 1.0),
    "2 x He, rate 0.1": (2, 0.1, None),
    "2 x He, rate 0.001": (2, 0.001, None),
    "2 x He, rate 0.1, norm 1": (2, 0.1, 1.0),
    "2 x He, rate 0.03, norm 1": (2, 0.03, 1.0),
    "2 x He, rate 0.003, norm 10": (2, 0.003, 10.0),
}


def run(setting: str, seed: int, images: Images) -> tuple[training.History, float]:
    """What one run saw, and its share of right test images."""
    gain, rate, bound = SETTINGS[setting]
    rng = torch.Generator().manual_seed(seed)
    model = redraw_(mlp([784, *[WIDTH] * DEPTH, 10]), gain * math.sqrt(2), rng=rng)
    history = training.fit(
        model, images.train, epochs=EPOCHS, learning_rate=rate, max_norm=bound, seed=seed,
        progress=False,
    )  # fmt: skip
    return history, training.evaluate(model, images.test).accuracy


def measure(seeds: Iterable[int]) -> Numbers:
    """The share of the steps that were taken before the loss was no number; the accuracy."""
    images, numbers = load_images("mnist-5k"), {}
    whole = EPOCHS * math.ceil(len(images.train.y) / 64)
    for setting in SETTINGS:
        runs = [run(setting, seed, images) for seed in seeds]
        numbers[setting] = {
            "share of steps": np.array([len(h.batch_loss) / whole for h, _ in runs]),
            "first loss": np.array([h.batch_loss[0] for h, _ in runs]),
            "accuracy": np.array([max(accuracy, 0.001) for _, accuracy in runs]),
        }
    return numbers


def accuracy(numbers: Numbers, setting: str) -> float:
    return float(numbers[setting]["accuracy"].mean())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "without clipping every run at twice He's scale is over within a few steps": lambda n: bool(
        n["2 x He, rate 0.1"]["share of steps"].max() < 0.1
        and n["2 x He, rate 0.001"]["share of steps"].mean() < 0.3
    ),
    "with it every run goes on to its end": lambda n: bool(
        n["2 x He, rate 0.1, norm 1"]["share of steps"].min() == 1
        and n["2 x He, rate 0.003, norm 10"]["share of steps"].min() == 1
    ),
    "but is far from what He's weights reach": lambda n: (
        0.2 < accuracy(n, "2 x He, rate 0.1, norm 1") < accuracy(n, "He, rate 0.1") - 0.2
    ),
    "where clipping always acts, only rate times bound matters": lambda n: (
        abs(
            accuracy(n, "2 x He, rate 0.03, norm 1")
            - accuracy(n, "2 x He, rate 0.003, norm 10")
        )
        < 0.05
    ),
}
