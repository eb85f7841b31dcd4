"""Chapter 4: how much does the scale of the first weights matter, with and without norms?

The figure of Stanford's course CS231n in small: five hidden layers of 50 ReLU units train
for three epochs on 2000 digits from weights of twenty deviations.  Ten seeds each.
"""

from collections.abc import Callable, Iterable

import numpy as np

from experiments.normalization_rates import digits, network, result
from experiments.record import Numbers
from experiments.stacks import train

SCALES = np.logspace(-4, 0, 20).tolist()  # the deviation of every weight
KINDS = ["none", "BN before", "BN after", "LN", "GN"]
DEPTH, EPOCHS, BATCH, RATE = 5, 3, 50, 0.1


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind the error on test digits, an array of (seeds, scales)."""
    images, test = digits()
    runs = [(seed, scale) for seed in seeds for scale in SCALES]

    def errors(kind: str) -> np.ndarray:
        models = [network(kind, DEPTH, seed, scale) for seed, scale in runs]
        train(models, images, [(seed, RATE) for seed, _ in runs], epochs=EPOCHS, batch=BATCH)
        wrong = [result(model, test)[1] for model in models]
        return np.array(wrong).reshape(-1, len(SCALES))

    return {kind: {"error": errors(kind)} for kind in KINDS}


def mean_error(numbers: Numbers, kind: str) -> np.ndarray:
    """For each scale, over the seeds."""
    return numbers[kind]["error"].mean(axis=0)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "without a norm three of the twenty scales learn": lambda n: bool(
        (mean_error(n, "none") < 0.6).sum() == 3 and (mean_error(n, "none") > 0.85).sum() == 17
    ),
    "batch norm learns at all twenty": lambda n: all(
        mean_error(n, kind).max() < 0.7 for kind in ("BN before", "BN after")
    ),
    "layer and group norm learn from 0.02 on, and hardly below 0.01": lambda n: all(
        mean_error(n, kind)[11:].max() < 0.65 and mean_error(n, kind)[:10].min() > 0.8
        for kind in ("LN", "GN")
    ),
    "even with batch norm the scale matters: a good one errs on an eighth, the ends on more": (
        lambda n: all(
            mean_error(n, kind).min() < 0.15 < 0.25 < mean_error(n, kind)[[0, -1]].min()
            for kind in ("BN before", "BN after")
        )
    ),
}
