"""Chapter 4: how much does the scale of the first weights matter, with and without norms?

The figure of Stanford's course CS231n in small: five hidden layers of 50 ReLU units train
for three epochs on 2000 digits from weights of nine deviations.  Ten seeds each.
"""

from collections.abc import Callable, Iterable

import numpy as np

from experiments.normalization_rates import digits, network, result, train
from experiments.record import Numbers

SCALES = np.logspace(-4, 0, 9).tolist()  # the deviation of every weight
KINDS = ["none", "BN before", "BN after", "LN", "GN"]
DEPTH, EPOCHS, BATCH, RATE = 5, 3, 50, 0.1


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind the error on test digits, an array of (seeds, scales)."""
    images, test = digits()

    def error(kind: str, scale: float, seed: int) -> float:
        model = network(kind, DEPTH, seed, scale)
        train(model, images, RATE, seed, epochs=EPOCHS, batch=BATCH)
        return result(model, test)[1]

    return {
        kind: {"error": np.array([[error(kind, s, seed) for s in SCALES] for seed in seeds])}
        for kind in KINDS
    }


def mean_error(numbers: Numbers, kind: str) -> np.ndarray:
    """For each scale, over the seeds."""
    return numbers[kind]["error"].mean(axis=0)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "without a norm one of the nine scales learns": lambda n: bool(
        (mean_error(n, "none") < 0.5).sum() == 1 and (mean_error(n, "none") > 0.85).sum() == 8
    ),
    "batch norm learns at all nine": lambda n: all(
        mean_error(n, kind).max() < 0.7 for kind in ("BN before", "BN after")
    ),
    "layer and group norm learn at the four largest only": lambda n: all(
        mean_error(n, kind)[5:].max() < 0.65 and mean_error(n, kind)[:5].min() > 0.75
        for kind in ("LN", "GN")
    ),
    "even with batch norm the scale matters: a good one errs on a seventh, the ends on more": (
        lambda n: all(
            mean_error(n, kind).min() < 0.15 < 0.25 < mean_error(n, kind)[[0, -1]].min()
            for kind in ("BN before", "BN after")
        )
    ),
}
