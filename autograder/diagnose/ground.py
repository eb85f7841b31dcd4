"""What can be told from one case: how much of the answer, how finely, and with what weight."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.calling.attempt import attempt
from autograder.calling.outcome import Outcome
from autograder.compare import RETURNED, Judge, Path, close, disagreement
from autograder.diagnose.answering import answers, cases
from autograder.diagnose.leaves import Leaf, at, components, each_leaf, leaf, leaves, replaced
from autograder.judges import moved_on
from autograder.recipes import Each
from autograder.spec import Case, Exercise

PROPERTY, DEGENERATE = 0.15, 0.3  # weights of cases that say little about an idea
FULL = 0.5  # a case of this weight or more counts as one of the typical ones
EVERYWHERE = (disagreement.__code__, close().__code__)  # judges that look at every leaf
STEPS = tuple(10.0**exponent for exponent in range(-13, 0))


@dataclass(eq=False)
class Ground:
    """One case and its right answer, laid out so that others can be held against it.

    All numbers of the answer stand in one row, `values`; each belongs to a leaf, each leaf to
    a component.  A `loose` judge accepts other numbers (random ones, say), so that entries
    cannot be compared, only answers.
    """

    case: Case
    right: Outcome
    weight: float
    paths: list[Path]
    forms: list[str]
    values: np.ndarray
    leaf_of: np.ndarray  # for each value the number of its leaf
    names: list[Path]  # of the components
    component_of: np.ndarray  # for each leaf the number of its component
    loose: bool
    rtol: float
    atol: float
    _minded: dict[tuple[int, str], bool] = field(default_factory=dict)

    def near(self, a: np.ndarray, b: np.ndarray, times: float = 1.0) -> np.ndarray:
        """Which of these numbers are the same to rounding."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(a), np.abs(b))
            close = np.abs(a - b) <= times * (self.atol + self.rtol * size)
            return close | (a == b) | (np.isnan(a) & np.isnan(b))

    def rules_on(self, number: int) -> bool:
        """Whether the judge looks at this leaf at all."""
        if getattr(self.case.judge, "__code__", None) in EVERYWHERE:
            return True
        key = (number, "")
        if key not in self._minded:
            off = each_leaf(at(self.right.result, self.paths[number]), _far)
            hybrid = replaced(self.right.result, self.paths[number], off)
            self._minded[key] = bool(self.case.judge(hybrid, self.right.result))
        return self._minded[key]

    def minds(self, number: int, found: Leaf, value: Any) -> bool:
        """Whether a leaf of another form counts as wrong, were its numbers right."""
        key = (number, found.form)
        if key not in self._minded:
            should = at(self.right.result, self.paths[number])
            dressed = _dressed(should, value)
            self._minded[key] = dressed is None or bool(
                self.case.judge(
                    replaced(self.right.result, self.paths[number], dressed), self.right.result
                )
            )
        return self._minded[key]


def _far(value: Any) -> Any:
    """Another value of the same form, far off."""
    if isinstance(value, Tensor):
        return ~value if value.dtype == torch.bool else value * 0 + 77
    return value * 0 + 77 if isinstance(value, int | float) else value


def _dressed(should: Any, like: Any) -> Any:
    """The right value in the form of another, where that is possible; else None."""
    if isinstance(should, Mapping) and isinstance(like, Mapping):
        return {key: should[key] for key in like} if should.keys() == like.keys() else None
    if isinstance(should, Tensor) and isinstance(like, Tensor):
        if should.shape == like.shape:
            return should.to(like.dtype)
        return should.reshape(like.shape) if should.numel() == like.numel() else None
    if isinstance(should, Tensor) and should.numel() == 1 and isinstance(like, int | float):
        return type(like)(should.item())
    if isinstance(should, int | float) and isinstance(like, Tensor) and like.numel() == 1:
        return torch.full_like(like, should)
    return type(like)(should) if {type(should), type(like)} == {int, float} else None


@lru_cache(maxsize=64)
def grounds(exercise: Exercise, seed: int) -> tuple[Ground, ...]:
    """The grounds of all cases; the more numbers an answer has, the more its case weighs."""
    drawn, right = cases(exercise, seed), answers(exercise, seed)
    typical = telling(right[0])
    weights = []
    for number, outcome in enumerate(right):
        share = telling(outcome) / typical if typical else 1.0
        weight = 1.0 if number == 0 else min(1.0, max(DEGENERATE, 2 * share))
        weights.append(PROPERTY if drawn[number].besides else weight)
    return tuple(map(lay_out, [exercise] * len(drawn), drawn, right, weights))


def telling(outcome: Outcome) -> int:
    """How many different numbers an answer has that could not be anything: not 0, 1 or −1."""
    found = leaves(outcome.result).values()
    rows = [part.values for part in found if part.values is not None]
    values = np.unique(np.concatenate(rows)) if rows else np.empty(0)
    return int((np.isfinite(values) & ~np.isin(values, (-1.0, 0.0, 1.0))).sum())


def lay_out(exercise: Exercise, case: Case, right: Outcome, weight: float) -> Ground:
    found = leaves(right.result)
    if found.get((RETURNED,), Leaf("", None)).form == "None":
        del found[(RETURNED,)]  # writing was what was asked for
    paths = list(found)
    each = [value for value in case.inputs.values() if isinstance(value, Each)]
    names_of = components(paths, len(each[0].values) if each else 0)
    names = list(dict.fromkeys(names_of))
    rows = [np.empty(0) if part.values is None else part.values for part in found.values()]
    rtol, atol, loose = _fineness(case, right.result)
    loose = loose or _random(exercise, case, right)
    return Ground(
        case, right, weight, paths, [part.form for part in found.values()],
        np.concatenate([*rows, np.empty(0)]),
        np.repeat(np.arange(len(paths)), [len(row) for row in rows]),
        names, np.array([names.index(name) for name in names_of]), loose, rtol, atol,
    )  # fmt: skip


def _random(exercise: Exercise, case: Case, right: Outcome) -> bool:
    """Whether an answer with other random numbers is right as well."""
    others = {name: _redrawn(value) for name, value in case.inputs.items()}
    if all(others[name] is value for name, value in case.inputs.items()):
        return False  # nothing is drawn
    other = attempt(exercise.target, others).result
    return _unlike(other, right.result) and not case.judge(other, right.result)


def _redrawn(value: Any) -> Any:
    """The same input with generators that draw other numbers."""
    if isinstance(value, torch.Generator):
        return moved_on(value)
    if isinstance(value, Each) and any(isinstance(v, torch.Generator) for v in value.values):
        return replace(value, values=[_redrawn(each) for each in value.values])
    return value


def _unlike(one: Any, other: Any) -> bool:
    a, b = leaves(one), leaves(other)
    return a.keys() != b.keys() or _apart(one, other)


_known: dict[tuple, tuple[float, float, bool]] = {}


def _fineness(case: Case, result: Any) -> tuple[float, float, bool]:
    """How far numbers may be off, relatively and absolutely, found by asking the judge.

    It is the same for all cases that are judged alike and have answers of the same dtypes.
    """
    dtypes = {form.partition(" ")[0] for form, _ in leaves(result).values()}
    key = (_signature(case.judge), frozenset(dtypes))
    if key not in _known:
        _known[key] = _asked(case.judge, result)
    return _known[key]


def _signature(judge: Any) -> Any:
    """What two judges made by the same words have in common."""
    if not isinstance(judge, FunctionType):
        return judge if isinstance(judge, int | float | str | None) else id(judge)
    held = (cell.cell_contents for cell in judge.__closure__ or ())
    return (judge.__code__, *map(_signature, held))


def _asked(judge: Judge, result: Any) -> tuple[float, float, bool]:
    moved = (
        lambda value: (
            value.flip(tuple(range(value.dim()))) if isinstance(value, Tensor) else -value
        ),
        lambda value: value + 0.5,
        lambda value: value * 1.5,
    )
    others = [each_leaf(result, _floats_only(change)) for change in moved]
    if any(_apart(other, result) and not judge(other, result) for other in others):
        return 0.0, 0.0, True
    if not any(map(_apart, others, [result] * len(others))):
        return 0.0, 0.0, False  # whole numbers: nothing was moved
    ones = each_leaf(result, _floats_only(lambda value: value * 0 + 1))
    zeros = each_leaf(result, _floats_only(lambda value: value * 0))

    def accepts(of: Any, step: float) -> bool:
        return not judge(each_leaf(of, _floats_only(lambda value: value + step)), of)

    rtol, atol = (_largest(lambda step, of=of: accepts(of, step)) for of in (ones, zeros))
    return rtol, atol, False


def _largest(accepted: Callable[[float], bool]) -> float:
    """The largest step that is accepted, 0 if none is."""
    low, high = -1, len(STEPS)  # the answer is STEPS[low]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if accepted(STEPS[middle]) else (low, middle)
    return STEPS[min(low, len(STEPS) - 1)] if low >= 0 else 0.0


def _floats_only(change: Callable) -> Callable[[Any], Any]:
    def changed(value: Any) -> Any:
        if isinstance(value, float) or (
            isinstance(value, Tensor) and value.is_floating_point()
        ):
            return change(value)
        return value

    return changed


def _apart(one: Any, other: Any) -> bool:
    """Whether two results of one shape differ in some number by more than a little."""
    pairs = zip(leaves(one).values(), leaves(other).values(), strict=True)
    return any(
        a.values is not None and not np.allclose(a.values, b.values, rtol=1e-2, equal_nan=True)
        for a, b in pairs
    )


__all__ = ["DEGENERATE", "FULL", "PROPERTY", "Ground", "grounds", "leaf", "telling"]
