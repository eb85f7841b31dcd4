"""Kinds: what an annotation allows, and whether a value is of such a kind."""

import inspect
import math
import types
import typing
from collections.abc import Sequence
from numbers import Real
from typing import Any, TypeVar, Union

import numpy as np
import torch
from jaxtyping import AbstractArray, jaxtyped
from torch import Tensor

_LISTS = (Sequence, torch.nn.ParameterList, torch.nn.ModuleList)


def kinds_of(annotation: Any) -> list[Any]:
    """The kinds that an annotation allows; none if it says nothing that can be checked."""
    if annotation in (inspect.Parameter.empty, Any, object):
        return []
    if typing.get_origin(annotation) in (Union, types.UnionType):
        found = [kinds_of(part) for part in typing.get_args(annotation)]
        return [kind for kinds in found for kind in kinds] if all(found) else []
    if isinstance(annotation, TypeVar):
        return list(annotation.__constraints__) or kinds_of(annotation.__bound__)
    if annotation in (None, type(None)):
        return [type(None)]
    return [annotation]


def _is(value: Any, kind: Any) -> bool:
    if kind is float:
        return is_number(value)
    if kind is int:
        if isinstance(value, Tensor):
            return is_number(value) and not value.is_floating_point()
        return is_number(value) and hasattr(value, "__index__")
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if typing.get_origin(kind) is tuple and typing.get_args(kind)[1:] != (...,):
        parts = typing.get_args(kind)
        fits = isinstance(value, tuple | list) and len(value) == len(parts)
        return fits and all(map(is_one_of, value, map(kinds_of, parts)))
    origin = typing.get_origin(kind)
    if origin in (list, Sequence):
        inner = kinds_of(typing.get_args(kind)[0])
        fits = isinstance(value, _LISTS) and not isinstance(value, str)
        return fits and all(is_one_of(each, inner) for each in value)
    if not isinstance(value, origin or kind):
        return False
    if not hasattr(kind, "_fields"):
        return True
    with jaxtyped("context"):  # n examples to train on are not n to test on
        named = kind.__annotations__.items()
        return all(is_one_of(getattr(value, name), kinds_of(part)) for name, part in named)


def is_one_of(value: Any, kinds: list[Any]) -> bool:
    return not kinds or any(_is(value, kind) for kind in kinds)


def is_readable(value: Any) -> bool:
    return not (isinstance(value, Tensor) and value.is_meta)


def is_finite(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not is_readable(value) or bool(value.isfinite().all())
    return not isinstance(value, Real) or math.isfinite(value)


def is_number(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.ndim == 0 and not value.is_complex() and value.dtype != torch.bool
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def is_array(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, AbstractArray)


def is_of_dtype(value: Tensor, kind: Any) -> bool:
    return str(value.dtype).removeprefix("torch.") in kind.dtypes
