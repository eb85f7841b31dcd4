"""A case unfolded: what went in, what came out and what should have, as text."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from autograder.attempt import Outcome
from autograder.compare import Path
from autograder.described import cut, described, keyed, lines
from autograder.entries import with_mark
from autograder.spec import Case
from autograder.verdicts import Verdict


def unfolded(verdict: Verdict, case: Case, outcome: Outcome, expected: Outcome) -> Verdict:
    """A verdict together with what it is about."""
    right, yours = expected.result, outcome.result
    return replace(
        verdict,
        inputs=tuple((name, cut(described(value))) for name, value in case.inputs.items()),
        got="" if outcome.failure else _result(yours, right, verdict.complaint),
        expected=_result(right, yours, verdict.complaint),
    )


def _result(value: Any, other: Any, complaint: str = "") -> str:
    """A result beside `other`, with the first wrong entry marked if the complaint knows it."""
    path, entry = getattr(complaint, "path", ()), getattr(complaint, "entry", ())
    if entry and _has(value, path, entry) and _has(other, path, entry):
        return cut(_nested(value, path, lambda part: with_mark(part, _at(other, path), entry)))
    return cut(described(value))


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


def _nested(value: Any, path: Path, write: Callable[[Tensor], str]) -> str:
    """A result in words, the part at this place written in a way of its own."""
    if not path:
        return write(value)
    keys = value if isinstance(value, Mapping) else range(len(value))
    return lines(
        f"{keyed(key)} {_nested(value[key], path[1:], write)}"
        if key == path[0]
        else f"{keyed(key)} {described(value[key])}"
        for key in keys
    )
