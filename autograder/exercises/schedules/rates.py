"""What the judges of this chapter share: rates, one for each step that was asked for."""

from collections.abc import Sequence

import torch
from torch import Tensor

from autograder.compare import Judge, disagreement, number


def rates(steps: Sequence[int], parts: Sequence[str] = ("rate",), **tolerance: float) -> Judge:
    """A judge of one answer for each of these steps; a number may be a tensor without shape."""

    def call(path: tuple) -> str:
        if not path:
            return "the list of results"
        what = parts[path[1]] if len(path) > 1 else " and ".join(parts)
        return f"the {what} at t = {steps[path[0]]}"

    return lambda got, expected: disagreement(as_numbers(got), expected, call=call, **tolerance)


def a_number(got, expected) -> str:
    """A judge of one number, which may be a tensor without shape."""
    return disagreement(as_numbers(got), expected)


def as_numbers(value):
    """Tensors of one number, in lists and tuples too, as plain numbers."""
    if isinstance(value, Tensor) and value.numel() == 1 and value.dim() == 0:
        return value.item()
    if isinstance(value, list | tuple):
        return type(value)(map(as_numbers, value))
    return value


def listed(values: Sequence[float]) -> str:
    return ", ".join(map(number, values))


def whole(rng, low: int, high: int) -> int:
    """A whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def between(rng, low: float, high: float) -> float:
    return low + (high - low) * torch.rand((), generator=rng, dtype=torch.float64).item()
