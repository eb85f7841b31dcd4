"""Relations between places: the right numbers elsewhere, or right in some places only."""

import numpy as np

from autograder.diagnose.evidence import Trial
from autograder.diagnose.pairs import DIGITS, ENOUGH, Pair, Relation, distinct


def ordered(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The right numbers in another order."""
    if any(distinct(pair) < 2 for pair in pairs) or sum(map(distinct, pairs)) < ENOUGH:
        return None
    if all(p.near(p.got, np.flip(grid(p), 0).reshape(-1)) for p in pairs):
        return Relation("the order reversed", "has the right numbers in reverse order")
    if all(len(p.shape) == 2 and p.near(p.got, _transposed(p)) for p in pairs):
        return Relation("transposed", "has rows and columns exchanged")
    if all(p.near(np.sort(p.got), np.sort(p.should)) for p in pairs):
        return Relation("another order", "has the right numbers, but in another order")
    return None


def grid(pair: Pair) -> np.ndarray:
    rows = pair.steps if pair.steps > 1 else (pair.shape or (len(pair.should),))[0]
    return pair.should.reshape(rows, -1)


def _transposed(pair: Pair) -> np.ndarray:
    """What a square matrix holds when it is transposed, step by step."""
    each = pair.should.reshape(-1, *pair.shape)
    return np.swapaxes(each, 1, 2).reshape(-1)


def shifted(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    """The right numbers one step early or late."""
    grids = [(p.got.reshape(grid(p).shape), grid(p)) for p in pairs]
    if any(len(g) < 3 for g, _ in grids) or sum(map(distinct, pairs)) < ENOUGH:
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


def in_the_mean(_trial: Trial, pairs: list[Pair]) -> Relation | None:
    if any(distinct(p) < 4 or not np.isfinite(p.got).all() for p in pairs):
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
