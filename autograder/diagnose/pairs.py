"""One component of an answer beside the right one, over several cases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from autograder.diagnose.evidence import Trial
from autograder.diagnose.readings import MISSING

ENOUGH = 3  # numbers that could not be anything, over all cases
DIGITS = 1e-4  # to which a relation has to hold; finer where the case tells finer


class Relation(NamedTuple):
    """In short, and in a whole sentence that begins where 'Your result' could stand."""

    title: str
    sentence: str
    everywhere: bool = False  # whether it holds in the cases that are right as well
    guarded: str = ""  # the sentence without numbers that lead to the right one
    vague: bool = False  # whether it says where something is wrong rather than what


@dataclass(eq=False)
class Pair:
    """One component of one case: the numbers that came, and those that should have.

    `steps` is how many answers they are in a row, when the function was called so often;
    `shape` that of each, when there is one tensor.
    """

    number: int
    got: np.ndarray
    should: np.ndarray
    wrong: np.ndarray
    steps: int
    shape: tuple[int, ...]

    def near(self, a: np.ndarray, b: np.ndarray, within: float = DIGITS) -> bool:
        with np.errstate(all="ignore"):
            scale = np.abs(b[np.isfinite(b)]).max(initial=0.0)
            close = np.abs(a - b) <= within * np.maximum(np.abs(b), 1e-3 * scale)
        return bool((close | (a == b) | (np.isnan(a) & np.isnan(b))).all())


Ask = Callable[[Trial, list[Pair]], Relation | None]


def pairs_of(trial: Trial, component: tuple, numbers: list[int]) -> list[Pair]:
    """The component in each of these cases where it came, in the right shape, and wrong."""
    found = []
    for number in numbers:
        ground, reading = trial.grounds[number], trial.readings[number]
        if reading.whole or ground.loose or component not in ground.names:
            continue
        leaf = np.flatnonzero(ground.component_of == ground.names.index(component))
        rows = np.isin(ground.leaf_of, leaf)
        count = len(ground.values)
        wrong = reading.wrong[:count][rows]
        misshapen = any(n in reading.odd for n in leaf)
        lacking = all(reading.forms[n] == MISSING for n in leaf)
        if not wrong.any() or misshapen or lacking:
            continue
        numeric = [n for n in leaf if (ground.leaf_of == n).any()]
        shapes = {ground.forms[n].partition(" ")[2] for n in numeric}
        shape = _shape(shapes.pop()) if len(shapes) == 1 else ()
        found.append(
            Pair(number, reading.values[rows], ground.values[rows], wrong, len(numeric), shape)
        )
    return found


def _shape(said: str) -> tuple[int, ...]:
    return tuple(int(n) for n in said.strip("()").split(",") if n.strip())


def distinct(pair: Pair) -> int:
    """How many different numbers there are that could not be anything."""
    finite = pair.should[np.isfinite(pair.should)]
    return len(np.unique(finite[~np.isin(finite, (-1.0, 0.0, 1.0))]))
