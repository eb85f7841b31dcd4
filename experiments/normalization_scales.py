"""Chapter 4: how much does the scale of the first weights matter, with and without norms?

The figure of Stanford's course CS231n in small: five hidden layers of 50 ReLU units train
for three epochs on 2000 digits from weights of twenty deviations.  Ten seeds each.
"""

from collections.abc import Callable, Iterable

import numpy as np

from experiments.comparing import below
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


def at(numbers: Numbers, kind: str, scale: int) -> np.ndarray:
    """Each seed's error at one of the scales."""
    return numbers[kind]["error"][:, scale]


def all_below(numbers: Numbers, kind: str, most: float, scales: Iterable[int]) -> bool:
    return all(below(at(numbers, kind, scale), np.array(most)) for scale in scales)


def all_above(numbers: Numbers, kind: str, least: float, scales: Iterable[int]) -> bool:
    return all(below(np.array(least), at(numbers, kind, scale)) for scale in scales)


def best(numbers: Numbers, kind: str) -> int:
    """The scale of the lowest error, on average over the seeds."""
    return int(numbers[kind]["error"].mean(axis=0).argmin())


ALL, LEARNS = range(20), (14, 15, 16)

CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "without a norm three of the twenty scales learn": lambda n: (
        all_below(n, "none", 0.7, LEARNS)
        and all_above(n, "none", 0.8, set(ALL).difference(LEARNS))
    ),
    "batch norm learns at all twenty": lambda n: all(
        all_below(n, kind, 0.75, ALL) for kind in ("BN before", "BN after")
    ),
    "layer and group norm learn from 0.03 on, and hardly up to 0.005": lambda n: all(
        all_below(n, kind, 0.65, ALL[12:]) and all_above(n, kind, 0.8, ALL[:9])
        for kind in ("LN", "GN")
    ),
    "even with batch norm the scale matters: a good one errs on an eighth, the ends on more": (
        lambda n: all(
            all_below(n, kind, 0.15, [best(n, kind)])
            and all(
                below(at(n, kind, best(n, kind)), at(n, kind, end), by=by) for end in (0, -1)
            )
            for kind, by in (("BN before", 0.1), ("BN after", 0.05))
        )
    ),
}
