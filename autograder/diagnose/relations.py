"""What the answer is to the right one, where no mistake is known that explains it.

Each relation is asked of one component of the answer, over all typical cases in which it is
wrong, and told only if it holds in every one of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from autograder.diagnose.evidence import Trial
from autograder.diagnose.leaves import leaves
from autograder.diagnose.quantities import matching, quantities, shown
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
    if sum(_numbers(pair) for pair in pairs) < ENOUGH or (
        not alike and all(_numbers(pair) < 2 for pair in pairs) and len(pairs) < ENOUGH
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
    if all(_numbers(pair) >= ENOUGH for pair in pairs):
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


def _numbers(pair: Pair) -> int:
    """How many different numbers there are that could not be anything."""
    finite = pair.should[np.isfinite(pair.should)]
    return len(np.unique(finite[~np.isin(finite, (-1.0, 0.0, 1.0))]))


def function_of(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """A well-known function of the right one."""
    if sum(_numbers(pair) for pair in pairs) < ENOUGH:
        return None
    with np.errstate(all="ignore"):
        for title, change in FUNCTIONS.items():
            if all(
                np.isfinite(p.got).all() and p.near(p.got, change(p.should)) for p in pairs
            ) and (not any(p.near(change(p.should), p.should, 1e-2) for p in pairs)):
                return Relation(title, f"is {title}")
    return None


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


def constant(trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The same number whatever comes in."""
    values = {float(v) for pair in pairs for v in pair.got}
    told = sum(_numbers(pair) for pair in pairs) >= ENOUGH and pairs[0].number == 0
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


def ordered(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The right numbers in another order."""
    if any(_numbers(pair) < 2 for pair in pairs) or sum(map(_numbers, pairs)) < ENOUGH:
        return None
    if all(p.near(p.got, np.flip(_grid(p), 0).reshape(-1)) for p in pairs):
        return Relation("the order reversed", "has the right numbers in reverse order")
    if all(len(p.shape) == 2 and p.near(p.got, _transposed(p)) for p in pairs):
        return Relation("transposed", "has rows and columns exchanged")
    if all(p.near(np.sort(p.got), np.sort(p.should)) for p in pairs):
        return Relation("another order", "has the right numbers, but in another order")
    return None


def _grid(pair: Pair) -> np.ndarray:
    rows = pair.steps if pair.steps > 1 else (pair.shape or (len(pair.should),))[0]
    return pair.should.reshape(rows, -1)


def _transposed(pair: Pair) -> np.ndarray:
    """What a square matrix holds when it is transposed, step by step."""
    each = pair.should.reshape(-1, *pair.shape)
    return np.swapaxes(each, 1, 2).reshape(-1)


def shifted(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The right numbers one step early or late."""
    grids = [(p.got.reshape(_grid(p).shape), _grid(p)) for p in pairs]
    if any(len(g) < 3 for g, _ in grids) or sum(map(_numbers, pairs)) < ENOUGH:
        return None
    what = "call" if all(p.steps > 1 for p in pairs) else "place"
    for (mine, theirs), said in (
        ((slice(1, None), slice(None, -1)), "late"),
        ((slice(None, -1), slice(1, None)), "early"),
    ):
        if all(p.near(g[mine].reshape(-1), s[theirs].reshape(-1))
               for p, (g, s) in zip(pairs, grids, strict=True)):  # fmt: skip
            return Relation(
                f"one {what} {said}", f"has the right numbers one {what} too {said}"
            )
    return None


def part_right(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """Right for the first step, or all but the last, or all but one row or column."""
    if any(p.steps > 1 for p in pairs) and all(p.steps > 2 for p in pairs):
        wrong = [p.wrong.reshape(p.steps, -1).any(axis=1) for p in pairs]
        if all(not w[0] and w[1:].all() for w in wrong):
            return Relation(
                "right for the first call only",
                "is right for the first call and wrong for all that follow: look at what is "
                "kept from one to the next",
            )
        if all(w[0] and not w[1:].any() for w in wrong):
            return Relation("wrong for the first call only", "is wrong for the first call only")
        if all(w[-1] and not w[:-1].any() for w in wrong):
            return Relation("right but for the last call", "is right except for the last call")
        return None
    if len(pairs) < 2:  # one case alone could look so by accident
        return None
    for axis, word in ((0, "row"), (1, "column")):
        if not all(len(p.shape) > axis and p.shape[axis] > 2 for p in pairs):
            continue
        lines = [_lines(p, axis) for p in pairs]
        word = word if all(len(p.shape) > 1 for p in pairs) else "entry"
        for place, which in (("last", -1), ("first", 0)):
            if all(line[which] and line.sum() == 1 for line in lines):
                return Relation(
                    f"right but for the {place} {word}",
                    f"is right except in the {place} {word}",
                )
            if all(not line[which] and line.sum() == len(line) - 1 for line in lines):
                return Relation(
                    f"right in the {place} {word} only", f"is right in the {place} {word} only"
                )
    return None


def _lines(pair: Pair, axis: int) -> np.ndarray:
    each = pair.wrong.reshape(-1, *pair.shape) if len(pair.shape) else pair.wrong
    each = each.any(axis=0)
    return each.any(axis=tuple(a for a in range(each.ndim) if a != axis))


def in_the_mean(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    if any(_numbers(p) < 4 or not np.isfinite(p.got).all() for p in pairs):
        return None
    spread = [np.abs(p.should - p.should.mean()).max() for p in pairs]
    if all(abs(p.got.mean() - p.should.mean()) < 1e-4 * s
           for p, s in zip(pairs, spread, strict=True)) and (
        all(abs(p.should.mean()) > 0.02 * s for p, s in zip(pairs, spread, strict=True))
    ):  # fmt: skip
        return Relation(
            "right in the mean only", "has the right mean, but not the right entries"
        )
    return None


def by_rows(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """Each row, or each column, times a number of its own."""
    for axis, word in ((1, "row"), (0, "column")):
        if all(_proportional(p, axis) for p in pairs):
            return Relation(
                f"each {word} times a number of its own",
                f"is the right one with each {word} times a number of its own",
            )
    return None


def _proportional(pair: Pair, axis: int) -> bool:
    if len(pair.shape) != 2 or pair.steps != 1 or min(pair.shape) < 3:
        return False
    got, should = pair.got.reshape(pair.shape), pair.should.reshape(pair.shape)
    if not np.isfinite(got).all() or (should == 0).any():
        return False
    ratio = got / should
    return bool(np.allclose(ratio, ratio.mean(axis=axis, keepdims=True), rtol=DIGITS))


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
    if worst >= 0.01 or sum(_numbers(pair) for pair in pairs) < ENOUGH:
        return None
    return Relation(
        "too few digits",
        f"is close to the right one, but off by up to {shown(100 * worst)} %: look for numbers "
        "that are rounded, a dtype that is too narrow, or steps that are too few",
    )


ASKED: tuple[Ask, ...] = (
    cut_off, constant, scaled, function_of, moved, rounded, ordered, shifted, part_right,
    by_rows, in_the_mean, imprecise,
)  # fmt: skip
VAGUE = (part_right, by_rows, in_the_mean, imprecise)
OF_SMALL: tuple[Ask, ...] = (
    rounded,
    narrow,
    cut_off,
    part_right,
    imprecise,
)  # where little is off


def relations(trial: Trial, numbers: list[int]) -> Iterator[tuple[tuple, Relation]]:
    """The relation of each component that is wrong in these cases, where there is one."""
    names = dict.fromkeys(name for n in numbers for name in trial.grounds[n].names)
    for component in names:
        pairs = pairs_of(trial, component, numbers)
        if not pairs:
            continue
        small = all(pair.near(pair.got, pair.should, 1e-2) for pair in pairs)
        for ask in OF_SMALL if small else ASKED:
            if found := ask(trial, pairs):
                found = found._replace(vague=found.vague or ask in VAGUE)
                yield component, _limited(trial, component, pairs, found)
                break


def _limited(trial: Trial, component: tuple, pairs: list[Pair], found: Relation) -> Relation:
    """The relation with the cases that it is about, where others of the kind are right."""
    wrong = {pair.number for pair in pairs}
    right = [
        n for n in trial.known
        if trial.full(n) and n not in wrong and component in trial.grounds[n].names
        and not trial.grounds[n].loose and not trial.readings[n].whole
    ]  # fmt: skip
    if not right or found.everywhere:
        return found
    names = [f"“{trial.grounds[n].case.name}”" for n in sorted(wrong)]
    of = " and ".join(names[:2]) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more"
    return found._replace(sentence=f"{found.sentence} on {of}, and right on the others")
