"""Relations between numbers: each wrong one is made of the right one in the same way."""

from collections.abc import Callable

import numpy as np

from autograder.diagnose.evidence import Trial
from autograder.diagnose.leaves import leaves
from autograder.diagnose.pairs import DIGITS, ENOUGH, Pair, Relation, distinct
from autograder.diagnose.quantities import matching, quantities, shown


def scaled(trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The same times a constant, and which quantity of the case that constant is."""
    constants = []
    for pair in pairs:
        used = np.isfinite(pair.should) & (pair.should != 0)
        if not used.any() or not np.isfinite(pair.got[used]).all():
            return None
        ratios = pair.got[used] / pair.should[used]
        constant = ratios[np.argmax(np.abs(pair.should[used]))]
        if constant == 0 or not pair.near(pair.got[used], constant * pair.should[used]):
            return None
        rest = pair.got[~used & np.isfinite(pair.should)]
        if len(rest) and np.abs(rest).max() > 1e-6:
            return None
        constants.append(float(constant))
    if np.allclose(constants, 1, rtol=1e-3):
        return None
    if np.allclose(constants, -1, rtol=DIGITS):
        return Relation("the sign turned round", "is the right one with the other sign")
    return _by_constant(trial, pairs, constants, "times", "the right one times a constant")


def moved(trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The same plus a constant."""
    constants = []
    for pair in pairs:
        if not np.isfinite(pair.got).all() or not np.isfinite(pair.should).all():
            return None
        difference = pair.got - pair.should
        constant = float(np.median(difference))
        if not pair.near(pair.got, pair.should + constant) or np.abs(constant) < DIGITS:
            return None
        if np.abs(pair.should).max() * DIGITS > np.abs(constant):
            return None
        constants.append(constant)
    return _by_constant(trial, pairs, constants, "plus", "the right one plus a constant")


def _by_constant(
    trial: Trial, pairs: list[Pair], constants: list[float], word: str, title: str
) -> Relation | None:
    of = [quantities(trial.exercise, trial.grounds[p.number].case.inputs) for p in pairs]
    alike = np.allclose(constants, constants[0], rtol=DIGITS)
    if sum(distinct(pair) for pair in pairs) < ENOUGH or (
        not alike and all(distinct(pair) < 2 for pair in pairs) and len(pairs) < ENOUGH
    ):
        return None
    said = matching(of, constants)
    if alike:
        if len(pairs) == 1 and said and not _plain(constants[0]):
            alike = False
        else:
            what = f"is the right one {word} {shown(constants[0])}"
            also = f", which here is {said}" if said else ""
            called = f"the right one {word} {shown(constants[0])}"
            return Relation(called, what + also, guarded=f"is the right one {word} a constant")
    if said:
        here = f"here {shown(constants[0])}"
        return Relation(
            f"the right one {word} {said}",
            f"is the right one {word} {said} ({here})",
            everywhere=True,
            guarded=f"is the right one {word} {said}",
        )
    if all(distinct(pair) >= ENOUGH for pair in pairs):
        return Relation(
            title,
            f"is the right one {word} a constant, which is another one in each case: "
            f"{', '.join(shown(c) for c in constants[:3])}",
            guarded=f"is the right one {word} a constant, which is another one in each case",
            vague=True,
        )
    return None


def _plain(constant: float) -> bool:
    """Whether a constant needs no explanation: 2, ½, 10."""
    return any(v == round(v) for v in (constant, 1 / constant)) if constant else True


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the absolute value of the right one": np.abs,
    "the square of the right one": np.square,
    "the root of the right one": np.sqrt,
    "one over the right one": lambda v: 1 / v,
    "one minus the right one": lambda v: 1 - v,
    "one over the square of the right one": lambda v: 1 / v**2,
    "one over the root of the right one": lambda v: 1 / np.sqrt(v),
    "the logarithm of the right one": np.log,
    "the exponential of the right one": np.exp,
    "the sign of the right one": np.sign,
    "the right one rounded to a whole number": np.round,
    "the right one cut off to a whole number": np.trunc,
    "the right one without what is negative": lambda v: np.maximum(v, 0),
}


def function_of(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """A well-known function of the right one."""
    if sum(distinct(pair) for pair in pairs) < ENOUGH:
        return None
    with np.errstate(all="ignore"):
        for title, change in FUNCTIONS.items():
            if all(
                np.isfinite(p.got).all() and p.near(p.got, change(p.should)) for p in pairs
            ) and (not any(p.near(change(p.should), p.should, 1e-2) for p in pairs)):
                return Relation(title, f"is {title}")
    return None


def constant(trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The same number whatever comes in."""
    values = {float(v) for pair in pairs for v in pair.got}
    told = sum(distinct(pair) for pair in pairs) >= ENOUGH and pairs[0].number == 0
    if (len(values) != 1 and not np.isnan(list(values)).all()) or not told:
        return None
    value = values.pop()
    if value != value:
        parts = [leaves(trial.outcomes[pair.number].result).values() for pair in pairs]
        if not all(any(leaf.values is not None for leaf in each) for each in parts):
            return None  # no number at all
        return Relation("NaN everywhere", "is NaN everywhere: look for 0/0, or ∞ − ∞")
    return Relation(f"{shown(value)} everywhere", f"is {shown(value)} whatever comes in")


def cut_off(trial: Trial, pairs: list[Pair]) -> Relation | None:
    """Wrong only where it is one and the same number, which is a bound."""
    values = {float(v) for p in pairs for v in p.got[p.wrong]}
    if len(values) != 1 or not all(np.isfinite(list(values))):
        return None
    (value,) = values
    got = np.concatenate([r.values for r in trial.readings if not r.whole])
    should = np.concatenate([p.should[p.wrong] for p in pairs])
    finite = got[np.isfinite(got)]
    if len(np.unique(finite)) < ENOUGH or len(np.unique(should)) < 2:
        return None
    for bound, beyond, said in ((finite.min(), should < value, "below"),
                                (finite.max(), should > value, "above")):  # fmt: skip
        if value == bound and beyond.all():
            return Relation(
                f"cut off at {shown(value)}",
                f"never goes {said} {shown(value)}, where the right one does",
                everywhere=True,
            )
    return None
