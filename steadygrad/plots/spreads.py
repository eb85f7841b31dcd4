"""Spreads: what several seeds have in common, and by how much they differ."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from steadygrad.checks import checked

Seeds = Sequence | Shaped[np.ndarray, "seeds *shape"] | Shaped[Tensor, "seeds *shape"]


class Spread(NamedTuple):
    """The middle of several seeds, and one deviation to either side of it."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@checked
def spread(values: Seeds, *, log: bool = False) -> Spread:
    """Mean over the seeds, the first axis, with one standard deviation (of a sample).

    With `log`, for sizes that differ by factors: the geometric mean, and a factor to either
    side.  `curves`, `layer_sizes` and `function` draw a spread as a line over its band.

    >>> [float(number) for number in spread([1.0, 2.0, 3.0])]
    [2.0, 1.0, 3.0]
    """
    rows = values.detach().cpu() if isinstance(values, Tensor) else values
    numbers = np.asarray(rows, dtype=float)
    if len(numbers) < 2:
        raise ValueError("One seed has no spread: give a row for each of two or more.")
    numbers = np.log(numbers) if log else numbers
    mean, deviation = numbers.mean(axis=0), numbers.std(axis=0, ddof=1)
    parts = (mean, mean - deviation, mean + deviation)
    return Spread(*map(np.exp, parts)) if log else Spread(*parts)
