"""Chapter 5: does clipping save a network that begins with weights twice too large?

Ten ReLU layers on real digits, three epochs of plain SGD, from weights at He's scale and at
twice that, with and without clipping by norm.  Each setting is tried at the same rates.  The
best is chosen by the accuracy on validation images, averaged over the seeds, and only the runs
at that rate look at the test images, once.  Ten seeds draw weights and batches.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch

from experiments.clipped import Run, train
from experiments.comparing import below, level
from experiments.record import Numbers
from steadygrad.data import Images, load_images
from steadygrad.models import mlp, redraw_

DEPTH, WIDTH, EPOCHS, BATCH = 10, 100, 3, 64
VALIDATION = 0.2  # of the training images: 800 to choose by, 3200 to learn from
RATES = (0.01, 0.03, 0.1, 0.3, 1.0)
SETTINGS = {  # name -> gain in units of He's, bound
    "He": (1, math.inf),
    "He, norm 1": (1, 1.0),
    "2 x He": (2, math.inf),
    "2 x He, norm 1": (2, 1.0),
}
SAME = ((0.1, 1.0), (0.01, 10.0))  # rate and bound: the same product twice
WHOLE = "share of steps"


def run(gain: float, bound: float, rate: float, seed: int, digits: Images) -> Run:
    """Train one network; a loss that is no number ends the run."""
    rng = torch.Generator().manual_seed(seed)
    model = redraw_(mlp([784, *[WIDTH] * DEPTH, 10]), gain * math.sqrt(2), rng=rng)
    return train(
        model, digits.train, rate=rate, bound=bound, epochs=EPOCHS, batch=BATCH, rng=rng
    )


def measure(seeds: Iterable[int]) -> Numbers:
    """For each setting what every rate gave on validation images, and more at the best."""
    digits, numbers = load_images("mnist-5k", validation_share=VALIDATION), {}
    whole = EPOCHS * math.ceil(len(digits.train.y) / BATCH)
    for name, (gain, bound) in SETTINGS.items():
        runs = [[run(gain, bound, rate, seed, digits) for rate in RATES] for seed in seeds]
        validation = np.array([[r.accuracy(digits.validation) for r in rs] for rs in runs])
        best = validation.mean(axis=0).argmax()
        chosen = [each[best] for each in runs]
        numbers[name] = {
            "validation": validation,
            WHOLE: np.array([[len(r.losses) / whole for r in rs] for rs in runs]),
            "rate": np.full(len(chosen), RATES[best]),
            "accuracy": np.array([r.accuracy(digits.test) for r in chosen]),
            "first norm": np.array([r.norms[0] for r in chosen]),
            "smallest norm": np.array([min(r.norms) for r in chosen]),
        }
    for rate, bound in SAME:
        runs = [run(2, bound, rate, seed, digits) for seed in seeds]
        right = np.array([r.accuracy(digits.validation) for r in runs])
        norms = np.array([min(r.norms) for r in runs])
        numbers[f"rate {rate:g}, norm {bound:g}"] = {
            "validation": right,
            "smallest norm": norms,
        }
    return numbers


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "without clipping every run at twice He's scale is over within a few steps": lambda n: bool(
        n["2 x He"][WHOLE].max() < 0.1
    ),
    "with it every run goes on to its end": lambda n: bool(
        n["2 x He, norm 1"][WHOLE].min() == 1
    ),
    "but is far from what He's weights reach": lambda n: below(
        n["2 x He, norm 1"]["accuracy"], n["He"]["accuracy"], by=0.3
    ),
    "every best rate has worse ones on both sides": lambda n: all(
        n[name]["rate"][0] in RATES[1:-1] for name in ("He", "He, norm 1", "2 x He, norm 1")
    ),
    "with He's weights every step is clipped, at a larger rate, to no effect": (
        lambda n: bool(
            n["He, norm 1"]["smallest norm"].min() > 1
            and n["He, norm 1"]["rate"][0] > 2 * n["He"]["rate"][0]
            and level(n["He"]["accuracy"], n["He, norm 1"]["accuracy"], within=0.04)
        )
    ),
    "at twice He's scale the gradient begins in the tens of thousands and stays above 500": (
        lambda n: bool(
            n["2 x He"]["first norm"].min() > 5e3
            and n["2 x He"]["first norm"].max() < 1e5
            and n["2 x He, norm 1"]["smallest norm"].min() > 500
        )
    ),
    "where clipping always acts, only rate times bound matters": lambda n: level(
        *(n[f"rate {rate:g}, norm {bound:g}"]["validation"] for rate, bound in SAME),
        within=0.06,
    ),
}
