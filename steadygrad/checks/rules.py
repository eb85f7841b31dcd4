"""Rules: in which range an argument lies, and how an error says it."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor


class Rule(NamedTuple):
    """What must hold for an argument: `holds(value, given)`, where given are all of them."""

    says: str  # "must be ..."
    holds: Callable[[Any, Mapping[str, Any]], bool]
    infinite: bool = False  # whether a number may be infinite or NaN
    alone: bool = False  # whether it looks at nothing but the value


def rule(says: str, holds: Callable[[Any], bool], *, infinite: bool = False) -> Rule:
    """A rule about one argument by itself."""
    return Rule(says, lambda value, _given: holds(value), infinite, alone=True)


any_number = rule("a number", lambda _: True, infinite=True)
bound = rule("0 or more, where infinity is no bound", lambda v: v >= 0, infinite=True)
positive = rule("above 0", lambda v: v > 0)
not_negative = rule("0 or more", lambda v: v >= 0)
fraction = rule("from 0 to 1", lambda v: 0 <= v <= 1)
below_one = rule("0 or more and below 1", lambda v: 0 <= v < 1)
of_the_gradients_shape = Rule(
    "a state of the gradient's shape",
    lambda v, given: all(
        t.shape == given["gradient"].shape for t in [*v] if isinstance(t, Tensor) and t.ndim
    ),
)
filled = rule("not empty", lambda v: v.numel() > 0 if isinstance(v, Tensor) else _size(v) > 0)


both_below_one = rule(
    "two numbers, 0 or more and below 1", lambda v: all(0 <= b < 1 for b in v)
)


def _size(value: Any) -> float:
    try:
        return len(value)
    except TypeError:  # an iterator does not say
        return math.inf


def at_least(least: int) -> Rule:
    return rule(f"{least} or more", lambda v: v >= least)


def one_of(*names: str) -> Rule:
    return rule(f"one of {', '.join(map(repr, names))}", lambda v: v in names)


def as_many_as(other: str) -> Rule:
    return Rule(f"as many as {other}", lambda v, given: len(v) == len(given[other]))


def classes_of(scores: str) -> Rule:
    """Each a column of the scores, counted from 0."""
    return Rule(
        f"classes from 0 on, each less than the columns of {scores}",
        lambda v, given: bool(((v >= 0) & (v < given[scores].shape[1])).all()),
    )
