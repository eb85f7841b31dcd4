"""A mistake that the grader makes up: the function called with other inputs than were given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch

from autograder.spec import Misconception

ABSENT = object()


@dataclass(frozen=True, eq=False)
class Fault(Misconception):
    """A mistake that the grader makes up: the function called with changed inputs.

    `change` gets what one call is given, and `touches` the inputs of a case: whether the
    change is one there.
    """

    change: Callable[[dict[str, Any]], dict[str, Any]] = dict
    touches: Callable[[Mapping[str, Any]], bool] = bool

    def wrapped(self, function: Callable) -> Callable:
        def mistaken(**given):
            return function(**self.change(given))

        return mistaken


def fault(name: str, symptom: str, hint: str, **how: Any) -> Fault:
    return Fault(name, "", "", symptom, hint, **how)


def in_every_case(_inputs: Mapping[str, Any]) -> bool:
    """Whether a fault shows in a case: some show in all of them."""
    return True


def replacing(name: str, value: Any) -> dict[str, Callable]:
    return dict(
        change=lambda inputs: {**inputs, name: value},
        touches=lambda inputs: name in inputs and not alike(inputs[name], value),
    )


def always(name: str, value: Any, default: Any) -> dict[str, Callable]:
    """The value in place of what is given, and where nothing is given as well."""
    return dict(
        change=lambda inputs: {**inputs, name: value},
        touches=lambda inputs: not alike(inputs.get(name, default), value),
    )


def alike(one: Any, other: Any) -> bool:
    if one is ABSENT or other is ABSENT or isinstance(one, torch.Generator):
        return False
    return (type(one) is type(other) and one == other) or (
        isinstance(one, Real) and isinstance(other, Real) and one == other
    )
