"""Marks as the progress file keeps them, read with care: it may be old, edited or damaged."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """The latest mark of one exercise; `when` is "" where that is not known."""

    score: float
    right: bool
    when: str = ""


def read_marks(found: Mapping[str, Any], points: Mapping[str, float]) -> dict[str, Mark]:
    """The marks of the exercises that are worth these points, as far as they make sense."""
    read = {key: read_mark(found.get(key), worth) for key, worth in points.items()}
    return {key: mark for key, mark in read.items() if mark}


def read_mark(found: Any, points: float) -> Mark | None:
    """A mark as it can have been written; None for what cannot.

    What was right stays right, with all points that the exercise has today.
    """
    score = found.get("score") if isinstance(found, dict) else None
    if not isinstance(score, int | float) or isinstance(score, bool):
        return None
    if not 0 <= score <= 1e6 or not math.isfinite(score):
        return None
    right = found.get("right") is True
    return Mark(points if right else min(score, points), right, _moment(found.get("when")))


def _moment(when: Any) -> str:
    """A moment as text that sorts by time."""
    try:
        return datetime.fromisoformat(when).astimezone().isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
