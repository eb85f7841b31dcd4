"""Chapter 4: how does the error depend on the batch size, for norms with and without a batch?

Two hidden layers of 50 ReLU units see 2000 digits once, in batches of 2 to 128, at three
learning rates; the best rate of each norm and batch size counts.  Ten seeds each.
"""

from collections.abc import Callable, Iterable

import numpy as np

from experiments.normalization_rates import digits, network, result
from experiments.record import Numbers
from experiments.stacks import train

BATCHES = [2, 4, 8, 16, 32, 128]
RATES = [0.01, 0.1, 0.5]
KINDS = ["none", "BN before", "LN", "GN"]
DEPTH = 2


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind the error on test digits, an array of (seeds, batch sizes, rates)."""
    images, test = digits()
    runs = [(seed, rate) for seed in seeds for rate in RATES]

    def errors(kind: str, batch: int) -> np.ndarray:
        models = [network(kind, DEPTH, seed) for seed, _ in runs]
        train(models, images, runs, epochs=1, batch=batch)
        wrong = [result(model, test)[1] for model in models]
        return np.array(wrong).reshape(-1, len(RATES))

    return {
        kind: {"error": np.stack([errors(kind, batch) for batch in BATCHES], axis=1)}
        for kind in KINDS
    }


def at_best_rate(numbers: Numbers, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """For each batch size mean and deviation over the seeds, at the rate that suits it best."""
    error = numbers[kind]["error"]
    best = error.mean(axis=0).argmin(axis=1)
    chosen = error[:, np.arange(len(BATCHES)), best]
    return chosen.mean(axis=0), chosen.std(axis=0, ddof=1)


def middle(numbers: Numbers, kind: str, batch: int) -> float:
    """The mean error at this batch size and the rate that suits it best."""
    return float(at_best_rate(numbers, kind)[0][BATCHES.index(batch)])


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "in batches of 2 batch norm errs four times as often as layer and group norm": lambda n: (
        middle(n, "BN before", 2) > 4 * max(middle(n, "LN", 2), middle(n, "GN", 2))
    ),
    "in batches of 4 it still errs more than they do": lambda n: (
        middle(n, "BN before", 4) > 1.1 * max(middle(n, "LN", 4), middle(n, "GN", 4))
    ),
    "from batches of 8 on it errs no more than any other": lambda n: (
        all(
            middle(n, "BN before", batch) < 1.03 * middle(n, kind, batch)
            for batch in BATCHES[2:]
            for kind in KINDS
        )
        and middle(n, "BN before", 2) > middle(n, "none", 2)
    ),
    "in batches of 128 it errs far less than any other": lambda n: all(
        middle(n, "BN before", 128) < 0.7 * middle(n, kind, 128)
        for kind in ("none", "LN", "GN")
    ),
    "layer and group norm change by less than a quarter from batches of 2 to batches of 32": (
        lambda n: (
            all(0.8 < middle(n, kind, 32) / middle(n, kind, 2) < 1.25 for kind in ("LN", "GN"))
            and middle(n, "LN", 2) < middle(n, "none", 2)
        )
    ),
}
