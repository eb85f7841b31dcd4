"""Words: how an error calls what was expected, what was given, and the remedy."""

import typing
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from torch import Tensor

from steadygrad.checks.kinds import is_array, is_readable, kinds_of


def called(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "a name",
             type(None): "None", Tensor: "a tensor"}  # fmt: skip
    if kind in names:
        return names[kind]
    if is_array(kind):
        sort = kind.__name__.partition("[")[0].lower()
        sorts = {"float": "floats", "int64": "int64", "int": "whole numbers", "bool": "bools"}
        shape = ", ".join(kind.dim_str.split())
        return f"a tensor of {sorts.get(sort, 'numbers')} of the shape ({shape})"
    origin = typing.get_origin(kind) or kind
    if origin in (list, Sequence):
        inner = kinds_of(typing.get_args(kind)[0])
        each = " or ".join(map(called, inner)) or "anything"
        return f"a list, each entry of it {each}"
    if hasattr(kind, "_fields"):
        fields = (f"{n}, {called(k)}" for n, k in kind.__annotations__.items() if kinds_of(k))
        return f"a {kind.__name__} ({'; '.join(fields)})"
    if origin is tuple:
        return f"a tuple of {len(typing.get_args(kind))}"
    if origin is Callable:
        return "a function"
    return f"of the type {origin.__name__}"


def shown(value: Any) -> str:
    if isinstance(value, Tensor) and not value.ndim and is_readable(value):
        return f"{value.item()!r}, in a tensor"
    if isinstance(value, Tensor | np.ndarray):
        sort = "a tensor" if isinstance(value, Tensor) else "a numpy array"
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{sort} of {dtype} of the shape {tuple(value.shape)}"
    said = repr(value)
    return said if len(said) <= 60 else f"of the type {type(value).__name__}"


def remedy(value: Any, arrays: list[Any]) -> str:
    if not arrays:
        return ""
    if isinstance(value, np.ndarray):
        return "; torch.from_numpy makes a tensor of it"
    if isinstance(value, Tensor):
        floats = any("float32" in kind.dtypes for kind in arrays)
        return f"; {'float' if floats else 'long'}() turns it into one"
    if isinstance(value, Real | list | tuple):
        return "; torch.tensor makes one of it"
    return ""
