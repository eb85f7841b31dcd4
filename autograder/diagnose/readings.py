"""An outcome held against the right one, entry by entry."""

from dataclasses import dataclass

import numpy as np

from autograder.calling.outcome import Outcome
from autograder.compare import RETURNED
from autograder.diagnose.ground import Ground
from autograder.diagnose.leaves import Leaf, at, leaves, replaced

MISSING = "nothing"  # the form of what is not there
PLAIN = (0.0, 1.0, -1.0)  # numbers that many a mistake comes out with
FAR = 100.0  # times the tolerance: no judge that looks at it lets this pass
WEAK = 0.25  # what such a number counts for, or an error of the same kind


@dataclass(eq=False)
class Reading:
    """What an outcome has in the places where the right answer has its own.

    The row of entries is: all numbers, then the form of each leaf, then which inputs were
    changed.  `wrong` says which of them are not right.  With a failure there is one entry.
    """

    outcome: Outcome
    values: np.ndarray  # NaN where there is none
    forms: list[str]
    odd: dict[int, np.ndarray]  # the numbers of leaves that have another shape
    wrong: np.ndarray
    extra: str = ""  # what came besides, by its places

    @property
    def whole(self) -> bool:
        """Whether there is only one thing to say of it: it failed."""
        return self.outcome.failure is not None


def read(ground: Ground, outcome: Outcome, *, judged: bool = False) -> Reading:
    """The reading of an outcome; a `judged` one is wrong only where the case's judge says so."""
    count = len(ground.values) + len(ground.paths) + 1
    if outcome.failure:
        return Reading(outcome, np.empty(0), [], {}, np.ones(count, bool))
    found = leaves(outcome.result)
    values = np.full(len(ground.values), np.nan)
    forms, odd = [], {}
    missing = Leaf(MISSING, None)
    for number, (path, row) in enumerate(zip(ground.paths, _rows(ground), strict=True)):
        part = found.pop(path, missing)
        forms.append(part.form)
        if part.values is not None and len(part.values) == row.stop - row.start:
            values[row] = part.values
        elif part.values is not None:
            odd[number] = part.values
    found.pop((RETURNED,), None)
    extra = " ".join(map(str, found))
    reading = Reading(outcome, values, forms, odd, np.zeros(count, bool), extra)
    reading.wrong = _wrong(ground, reading, judged)
    return reading


def _rows(ground: Ground) -> list[slice]:
    counts = np.bincount(ground.leaf_of, minlength=len(ground.paths))
    ends = np.cumsum(counts)
    return [slice(int(e - c), int(e)) for e, c in zip(ends, counts, strict=True)]


def _wrong(ground: Ground, reading: Reading, judged: bool) -> np.ndarray:
    """Which entries are not those of the right answer."""
    count, outcome = len(ground.values), reading.outcome
    wrong = np.zeros(count + len(ground.paths) + 1, bool)
    wrong[-1] = bool(outcome.changed)
    if ground.loose or judged:
        complaint = ground.case.judge(outcome.result, ground.right.result)
        if not complaint:
            return wrong
        if ground.loose:
            wrong[:-1] = True
            return wrong
    times = 1.0 if judged else 2.0  # what a variant is off by a little is no symptom of it
    wrong[:count] = ~ground.near(reading.values, ground.values, times)
    for number, (should, form) in enumerate(zip(ground.forms, reading.forms, strict=True)):
        if form != should:
            wrong[count + number] = _minded(ground, reading, number)
    if judged:
        _as_judged(ground, reading, wrong)
    return wrong


def _minded(ground: Ground, reading: Reading, number: int) -> bool:
    try:
        value = at(reading.outcome.result, ground.paths[number])
    except (LookupError, TypeError):
        return True
    return ground.minds(number, Leaf(reading.forms[number], None), value)


def _as_judged(ground: Ground, reading: Reading, wrong: np.ndarray) -> None:
    """Clear what the judge lets pass, leaf by leaf; and find what it alone has seen."""
    count, right = len(ground.values), ground.right.result
    for number, row in enumerate(_rows(ground)):
        if not (wrong[row].any() or wrong[count + number]):
            continue
        if not ground.near(reading.values[row], ground.values[row], FAR).all():
            if not ground.rules_on(number):
                wrong[row] = wrong[count + number] = False
            continue
        try:
            hybrid = replaced(
                right, ground.paths[number], at(reading.outcome.result, ground.paths[number])
            )
        except (LookupError, TypeError):
            continue
        if not ground.case.judge(hybrid, right):
            wrong[row] = False
            wrong[count + number] = False
    if not wrong.any():  # finer than the tolerance that was found: the entries furthest off
        with np.errstate(all="ignore"):
            off = np.nan_to_num(np.abs(reading.values - ground.values), nan=np.inf)
        wrong[:count] = off > 0


def entry_weights(ground: Ground, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """For each entry what it counts for, and what it counts for as evidence.

    An entry that is there many times over counts once; 0, 1 and −1 prove little.
    """
    count = len(ground.values)
    weights = np.ones(count + len(ground.paths) + 1)
    if count and not reading.whole and not ground.loose:
        with np.errstate(all="ignore"):  # one number for each component, value and right value
            pairs = _rounded(reading.values) * 1.2345678 + _rounded(ground.values) * 0.7654321
            pairs += ground.component_of[ground.leaf_of] * 0.01234567
        _, which, times = np.unique(pairs, return_inverse=True, return_counts=True)
        weights[:count] = 1 / times[which]
    proof = weights.copy()
    if ground.loose:
        return weights, proof / len(proof)
    if not reading.whole:
        plain = np.isin(reading.values, PLAIN) | ~np.isfinite(reading.values)
        proof[:count][plain] *= WEAK
        proof[count:] *= WEAK
        for number in reading.odd:  # numbers after all, only in another shape
            proof[count + number] = 1.0
    return weights, proof


def _rounded(values: np.ndarray) -> np.ndarray:
    """To six digits, with one number for NaN."""
    with np.errstate(all="ignore"):
        scale = 10.0 ** (5 - np.floor(np.log10(np.abs(values))))
        rounded = np.round(values * scale) / scale
    rounded = np.where(np.isfinite(values) & (values != 0), rounded, values)
    return np.where(np.isnan(rounded), 1.2345e300, rounded)


def alike(ground: Ground, one: Reading, other: Reading) -> np.ndarray:
    """For each entry whether the two readings have the same there."""
    count = len(ground.values)
    found = np.zeros(count + len(ground.paths) + 1, bool)
    found[:count] = ground.near(one.values, other.values)
    rows = _rows(ground)
    beside = one.extra == other.extra
    for number, (mine, theirs) in enumerate(zip(one.forms, other.forms, strict=True)):
        found[count + number] = mine == theirs
        if mine == theirs != ground.forms[number] and "float32" in mine:  # in few digits
            row = rows[number]
            found[row] = np.isclose(one.values[row], other.values[row], 1e-5, equal_nan=True)
        if mine == theirs == MISSING and not beside:  # each has something else instead
            found[rows[number]] = found[count + number] = False
        if number in one.odd or number in other.odd:
            same = mine == theirs and _same_odd(ground, one.odd[number], other.odd[number])
            found[rows[number]] = found[count + number] = same
    found[-1] = one.outcome.changed == other.outcome.changed and beside
    return found


def _same_odd(ground: Ground, mine: np.ndarray, theirs: np.ndarray) -> bool:
    return len(mine) == len(theirs) and bool(ground.near(mine, theirs).all())


def same_failure(one: Outcome, other: Outcome) -> float:
    """How much it proves that both failed: most if they say the same."""
    if one.failure != other.failure:
        return 0.0
    said = [outcome.error.partition(" (in your line")[0] for outcome in (one, other)]
    return 2 * WEAK if said[0] == said[1] else WEAK
