"""How far rounding alone may move a result: as far as it moves when the inputs round otherwise.

A right formula written in another order rounds differently.  By how much that shows depends
on the case: logits of 800 in float32 are known to 6e-5 only, and so is every probability that
is computed from them.  So each input is moved by one unit in its last place, and the reference
says what becomes of the result.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from autograder.calling.attempt import attempt_all
from autograder.calling.outcome import Outcome
from autograder.cases import draw
from autograder.recipes import each_tensor
from autograder.spec import Exercise

DRAWS = 4  # each moves every number up or down by chance
STEPS = 4.0  # a formula rounds at every step, so results may lie this many such moves apart
JUMP = 0.01  # of the largest entry: what moves further has been pushed over an edge


@lru_cache(maxsize=1024)
def neighbours(exercise: Exercise, seed: int, number: int) -> tuple[Outcome, ...]:
    """What the reference answers to one case when its inputs have been rounded otherwise."""
    inputs = draw(exercise, seed)[number].inputs
    rng = torch.Generator().manual_seed(0)
    nudged = [each_tensor(inputs, lambda tensor: nudge(tensor, rng)) for _ in range(DRAWS)]
    return tuple(attempt_all(exercise.target, nudged))


def nudge(tensor: Tensor, rng: torch.Generator) -> Tensor:
    """Each number moved to the next one above or below; a zero is exact and stays."""
    if tensor.dtype not in (torch.float32, torch.float64):
        return tensor
    up = torch.rand(tensor.shape, generator=rng) < 0.5
    towards = torch.where(up, torch.inf, -torch.inf).to(tensor.dtype)
    moved = torch.nextafter(tensor, towards)
    return torch.where((tensor == 0) | ~moved.isfinite(), tensor, moved)


def closest(got: Any, expected: Any, others: Sequence[Any]) -> Any:
    """Of all results that rounding could have made of the expected one, the closest to `got`.

    Each part by itself: the entry of a tensor that moves most says what all may move, since
    a right formula's error is small beside the largest entry, not beside each.
    """
    if isinstance(expected, Tensor):
        return _closest_tensor(got, expected, others)
    if isinstance(expected, float) and isinstance(got, float):
        as_tensors = [torch.tensor(value, dtype=torch.float64) for value in (got, expected)]
        beside = [torch.tensor(o, dtype=torch.float64) for o in others if isinstance(o, float)]
        return _closest_tensor(*as_tensors, beside).item()
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return {
            key: closest(got.get(key), part, [o[key] for o in others if _has(o, key)])
            for key, part in expected.items()
        }
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        if len(got) != len(expected):
            return expected
        beside = [o for o in others if isinstance(o, list | tuple) and len(o) == len(expected)]
        parts = [
            closest(got[n], part, [o[n] for o in beside]) for n, part in enumerate(expected)
        ]
        return parts if isinstance(expected, list) else tuple(parts)
    return expected


def _closest_tensor(got: Any, expected: Tensor, others: Sequence[Any]) -> Tensor:
    alike = [o for o in others if _comparable(o, expected)]
    if not alike or not _comparable(got, expected) or not expected.numel():
        return expected
    moved = torch.stack([(other - expected).abs() for other in alike]).flatten()
    largest = torch.where(expected.isfinite(), expected, 0).abs().max()
    within_reach = moved <= JUMP * largest  # false where something is not finite
    rounding = STEPS * torch.where(within_reach, moved, 0).amax()
    near = (got - expected).abs() <= rounding
    return torch.where(near, got, expected)


def _comparable(value: Any, expected: Tensor) -> bool:
    return (
        isinstance(value, Tensor)
        and value.shape == expected.shape
        and value.dtype == expected.dtype
        and value.is_floating_point()
    )


def _has(value: Any, key: Any) -> bool:
    return isinstance(value, Mapping) and key in value
