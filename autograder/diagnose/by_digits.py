"""Relations between digits: the right numbers, but not all of their digits."""

import numpy as np

from autograder.diagnose.evidence import Trial
from autograder.diagnose.pairs import ENOUGH, Pair, Relation, distinct
from autograder.diagnose.quantities import shown


def rounded(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    for digits in range(1, 9):
        if all(np.abs(p.got - np.round(p.should, digits)).max() < 10.0 ** -(digits + 4)
               for p in pairs):  # fmt: skip
            return Relation(
                "rounded",
                f"is the right one rounded to {digits} decimals; leave all digits in, and "
                "round only what is shown",
            )
    return None


def narrow(trial: Trial, pairs: list[Pair]) -> Relation | None:
    """With the digits of float32 where more are asked for."""
    wide = all("float64" in " ".join(trial.grounds[p.number].forms) for p in pairs)
    if wide and all(
        np.isfinite(p.should).all() and p.near(p.got, p.should, 1e-5) for p in pairs
    ):
        return Relation(
            "float32 inside",
            "has the digits of float32 only, whatever dtype comes in: compute in the dtype of "
            "the inputs, and leave out what turns them, or constants, into float32",
            everywhere=True,
        )
    return None


def imprecise(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """Close to the right one, as too few digits or too few draws make it."""
    worst = 0.0
    for pair in pairs:
        if not np.isfinite(pair.got).all() or not np.isfinite(pair.should).all():
            return None
        scale = np.abs(pair.should).max()
        if scale == 0:
            return None
        worst = max(worst, float(np.abs(pair.got - pair.should).max() / scale))
    if worst >= 0.01 or sum(distinct(pair) for pair in pairs) < ENOUGH:
        return None
    return Relation(
        "too few digits",
        f"is close to the right one, but off by up to {shown(100 * worst)} %: look for numbers "
        "that are rounded, a dtype that is too narrow, or steps that are too few",
    )
