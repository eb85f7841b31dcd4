"""A case unfolded: what went in, what came out and what should have, as text."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from autograder.calling.outcome import Outcome
from autograder.compare import Path
from autograder.report.described import cut, described, keyed, lines
from autograder.report.entries import with_mark
from autograder.report.verdicts import Verdict
from autograder.spec import Case

FEW, SHORT = 4, 120  # parts that are shown beside the marked one, and letters of each


def unfolded(verdict: Verdict, case: Case, outcome: Outcome, expected: Outcome) -> Verdict:
    """A verdict together with what it is about."""
    right, yours = expected.result, outcome.result
    return replace(
        verdict,
        inputs=tuple((name, cut(described(value))) for name, value in case.inputs.items()),
        got="" if outcome.failure else _result(yours, right, verdict.complaint),
        expected="" if verdict.passed else _result(right, yours, verdict.complaint),
    )


def _result(value: Any, other: Any, complaint: str = "") -> str:
    """A result beside `other`, with the first wrong entry marked if the complaint knows it."""
    path, entry = getattr(complaint, "path", ()), getattr(complaint, "entry", ())
    if not (entry and _has(value, path, entry) and _has(other, path, entry)):
        return cut(described(value))
    marked = with_mark(_at(value, path), _at(other, path), entry)
    return cut(_beside(value, path, marked) if path else marked)


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _has(value: Any, path: Path, entry: tuple[int, ...]) -> bool:
    """Whether there is a tensor at this place that has this entry."""
    try:
        part = _at(value, path)
    except (LookupError, TypeError):
        return False
    fits = isinstance(part, Tensor) and part.dim() == len(entry) and part.numel() > 1
    return fits and all(k < size for k, size in zip(entry, part.shape, strict=True))


def _beside(value: Any, path: Path, marked: str) -> str:
    """A result of several parts: the marked one whole, of a few others the beginning."""
    first, *inside = path
    for key in reversed(inside):
        marked = keyed(key, marked)
    keys = list(value if isinstance(value, Mapping) else range(len(value)))
    texts = {key: cut(described(value[key]), SHORT) for key in keys} | {first: marked}
    shown = keys if len(keys) <= FEW else [first]
    others = [f"and {len(keys) - 1} other parts"] * (len(keys) > FEW)
    return lines([*(keyed(key, texts[key]) for key in shown), *others])
