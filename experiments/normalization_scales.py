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


CLAIMS: dict[str, Callable[[Numbers], bool]] = {}
