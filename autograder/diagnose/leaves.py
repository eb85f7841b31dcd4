"""A result taken apart: every tensor and every number in it, under its path."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.compare import RETURNED, Path


class Leaf(NamedTuple):
    """A part that holds no others: what it is, and its numbers if it has any."""

    form: str  # type, dtype and shape; of what is no number, the thing itself
    values: np.ndarray | None


def leaves(result: Any) -> dict[Path, Leaf]:
    """All parts of a nested result that hold no others."""
    found: dict[Path, Leaf] = {}
    _take(result, (), found)
    return found


def _take(value: Any, path: Path, found: dict[Path, Leaf]) -> None:
    if isinstance(value, Mapping):
        found[path] = Leaf(f"keys {[*map(str, value)]}", None)
        for key, part in value.items():
            _take(part, (*path, key), found)
    elif isinstance(value, list | tuple):
        found[path] = Leaf(f"{len(value)} parts", None)
        for index, part in enumerate(value):
            _take(part, (*path, index), found)
    else:
        found[path] = leaf(value)


def leaf(value: Any) -> Leaf:
    if isinstance(value, Tensor):
        form = f"{value.dtype} {tuple(value.shape)}"
        if value.is_complex() or value.is_meta:
            return Leaf(form, None)
        return Leaf(form, value.detach().to(torch.float64).reshape(-1).numpy())
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return Leaf(repr(value), None)
    if isinstance(value, int | float):
        return Leaf(type(value).__name__, np.array([_float(value)]))
    return Leaf(str(value), None)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond what a float can hold
        return float("inf")


def components(paths: list[Path], called: int) -> list[Path]:
    """For each path the part of the answer that it belongs to.

    What stands in a list is many of a kind, as the answers to several calls are; what stands
    in a tuple or a dictionary is a part of its own.  `called` is how often the function was.
    """
    return [_component(path, called) for path in paths]


def _component(path: Path, called: int) -> Path:
    if called and path[:1] == (RETURNED,):
        return (RETURNED, *path[2:])
    if called:
        return path[1:] if path and isinstance(path[0], int) else path
    return path


def replaced(result: Any, path: Path, value: Any) -> Any:
    """The same result with another value at this path."""
    if not path:
        return value
    if isinstance(result, Mapping):
        return {**result, path[0]: replaced(result[path[0]], path[1:], value)}
    parts = list(result)
    parts[path[0]] = replaced(parts[path[0]], path[1:], value)
    return parts if isinstance(result, list) else tuple(parts)


def at(result: Any, path: Path) -> Any:
    for key in path:
        result = result[key]
    return result


def each_leaf(result: Any, change: Callable[[Any], Any]) -> Any:
    """The same result with every leaf changed."""
    if isinstance(result, Mapping):
        return {key: each_leaf(part, change) for key, part in result.items()}
    if isinstance(result, list | tuple):
        parts = [each_leaf(part, change) for part in result]
        return parts if isinstance(result, list) else tuple(parts)
    return change(result)
