"""Chapter 4: how does the error depend on the batch size, for norms with and without a batch?

Two hidden layers of 50 ReLU units see 2000 digits once, in batches of 2 to 128, at five
learning rates.  For each norm and batch size other digits of the training set choose the rate,
and the test digits are read at that rate.  Ten seeds each.
"""

from collections.abc import Callable, Iterable

import numpy as np

from experiments.comparing import below, level
from experiments.normalization_rates import choice, digits, errors, network, tuned
from experiments.record import Numbers
from experiments.stacks import train

RATES = {  # for each batch size: the best is never the first or the last
    2: [0.003, 0.01, 0.03, 0.1, 0.3],
    4: [0.003, 0.01, 0.03, 0.1, 0.3],
    8: [0.01, 0.03, 0.1, 0.3, 1.0],
    16: [0.01, 0.03, 0.1, 0.3, 1.0],
    32: [0.03, 0.1, 0.3, 1.0, 3.0],
    128: [0.03, 0.1, 0.3, 1.0, 3.0],
}
BATCHES = list(RATES)
KINDS = ["BN before", "LN", "GN"]
DEPTH = 2


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind and batch size two errors, an array of (seeds, rates) each."""
    (images, _), seeds = digits(), list(seeds)

    def at(kind: str, batch: int) -> dict[str, np.ndarray]:
        runs = [(seed, rate) for seed in seeds for rate in RATES[batch]]
        models = [network(kind, DEPTH, seed) for seed, _ in runs]
        train(models, images, runs, epochs=1, batch=batch)
        return errors(models, -1, len(RATES[batch]))

    return {f"{kind}, {batch}": at(kind, batch) for kind in KINDS for batch in RATES}


def at(numbers: Numbers, kind: str, batch: int) -> np.ndarray:
    """Each seed's test error in batches of this size."""
    return tuned(numbers, f"{kind}, {batch}")


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "no rate chosen lies at an end of the grid": lambda n: all(
        0 < choice(n, name) < len(RATES[2]) - 1 for name in n
    ),
    "in batches of 2 batch norm errs 30 points more often than layer and group norm": (
        lambda n: all(
            below(at(n, kind, 2), at(n, "BN before", 2), by=0.3) for kind in ("LN", "GN")
        )
    ),
    "in batches of 4 it still errs more often than group norm": lambda n: below(
        at(n, "GN", 4), at(n, "BN before", 4)
    ),
    "from batches of 8 on it errs no more than any other": lambda n: all(
        below(at(n, "BN before", batch), at(n, kind, batch) + 0.03)
        for batch in BATCHES[2:]
        for kind in ("LN", "GN")
    ),
    "in batches of 128 it errs 2 points less than any other": lambda n: all(
        below(at(n, "BN before", 128), at(n, kind, 128), by=0.02) for kind in ("LN", "GN")
    ),
    "layer and group norm change by less than 4 points from batches of 2 to batches of 16": (
        lambda n: all(
            level(at(n, kind, 2), at(n, kind, 16), within=0.04) for kind in ("LN", "GN")
        )
    ),
}
