"""Checks: a public function refuses what it cannot answer, before it computes anything.

    @checked(total=at_least(1), max_lr=not_negative)
    def cosine(t: int, max_lr: float, min_lr: float, total: int) -> float: ...

The annotations say of what kind and shape an argument is, the decorator in which range it lies.
If it says nothing, a number is finite and a whole number is a count, 0 or more.  The formula
below stays as short as it was.

An error says which argument was wrong, what was expected, what was given and, where there is
an easy one, the remedy: TypeError for the kind, ValueError for the shape and the range.  While
torch.compile or torch.vmap look on, and on the meta device, no number can be read, and none is
checked.
"""

import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from numbers import Real
from typing import Any, NamedTuple, TypeVar, Union

import numpy as np
import torch
from jaxtyping import AbstractArray, jaxtyped
from torch import Tensor

Function = TypeVar("Function", bound=Callable)


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


def checked(function: Function | None = None, /, **rules: Rule) -> Function:
    """Check the arguments of each call by the function's annotations and these rules.

    Raises TypeError, when the decorator runs, for a rule about an argument that there is not.
    """
    if function is None:
        return lambda function: checked(function, **rules)
    parameters = inspect.signature(function).parameters
    if unknown := rules.keys() - parameters.keys():
        raise TypeError(f"{function.__qualname__} has no argument {', '.join(unknown)}.")
    checks = {name: _Check(p.annotation, rules.get(name)) for name, p in parameters.items()}
    ruled = [name for name, check in checks.items() if check.rule]
    usual = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    needed = {n for n, p in parameters.items() if p.default is p.empty and p.kind in _NAMED}
    order = [name for name, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
    rest = next((n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL), "")
    shaped = any(map(_is_array, [kind for check in checks.values() for kind in check.kinds]))
    where = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if not torch.compiler.is_compiling():
            given = usual | dict(zip(order, args, strict=False)) | kwargs
            if rest and given.pop(rest, None) is not None:
                others = args[order.index(rest) :]
                given |= {f"{rest}[{i}]": value for i, value in enumerate(others)}
            # in a context of its own a dimension has one size in all arguments
            with jaxtyped("context") if shaped else nullcontext():
                for name, value in given.items():
                    if check := checks.get(name) or checks.get(name.partition("[")[0]):
                        check.kind(where, name, value, given)
            whole = needed <= given.keys()  # or else Python says what is missing
            for name in ruled:
                if name in given and (whole or checks[name].rule.alone):
                    checks[name].range(where, name, given[name], given)
        return function(*args, **kwargs)

    wrapper.checks = checks  # by argument
    return wrapper


def unchecked(function: Function) -> Function:
    """What a checked function wraps: for a loop that asks the same in every round."""
    return function.__wrapped__ if hasattr(function, "checks") else function


class _Check:
    """One argument's kind, shape and range."""

    def __init__(self, annotation: Any, rule: Rule | None):
        self.kinds = _kinds(annotation)
        self.plain = set().union(*(_PLAIN[kind] for kind in self.kinds if _plain(kind)))
        self.rule = not_negative if rule is None and int in self.kinds else rule
        numeric = any(kind in (int, float) for kind in self.kinds)
        self.finite = numeric and not (rule and rule.infinite)

    def kind(self, where: str, name: str, value: Any, given: Mapping[str, Any]) -> None:
        if type(value) not in self.plain and not _is_one_of(value, self.kinds):
            raise self._refusal(where, name, value, given)
        if self.finite and not _is_finite(value):
            raise ValueError(f"{where}: {name} must be finite, but is {value!r}.")

    def range(self, where: str, name: str, value: Any, given: Mapping[str, Any]) -> None:
        if value is None or not _is_readable(value):
            return
        try:
            holds = self.rule.holds(value, given)
        except RuntimeError:  # within torch.vmap there is no number to look at
            return
        if not holds:
            shown = _shown(value)
            raise ValueError(f"{where}: {name} must be {self.rule.says}, but is {shown}.")

    def _refusal(
        self, where: str, name: str, value: Any, given: Mapping[str, Any]
    ) -> Exception:
        wanted = " or ".join(map(_called, self.kinds))
        arrays = [kind for kind in self.kinds if _is_array(kind)]
        said = f"{where}: {name} must be {wanted}, but is {_shown(value)}"
        if int in self.kinds and _is_number(value):
            return ValueError(f"{said}.")
        if isinstance(value, Tensor) and any(_is_of_dtype(value, kind) for kind in arrays):
            others = [
                f"that of {other} is {tuple(tensor.shape)}"
                for other, tensor in given.items()
                if isinstance(tensor, Tensor) and other != name
            ]
            return ValueError(f"{'; '.join([said, *others[:1]])}.")
        return TypeError(f"{said}{_remedy(value, arrays)}.")


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_LISTS = (Sequence, torch.nn.ParameterList, torch.nn.ModuleList)

# types that are of a kind without further questions
_PLAIN = {float: {float, int}, int: {int}, bool: {bool}, str: {str}, type(None): {type(None)}}


def _plain(kind: Any) -> bool:
    return isinstance(kind, type) and kind in _PLAIN


# ── kinds ────────────────────────────────────────────────────────────────────────────────


def _kinds(annotation: Any) -> list[Any]:
    """The kinds that an annotation allows; none if it says nothing that can be checked."""
    if annotation in (inspect.Parameter.empty, Any, object):
        return []
    if typing.get_origin(annotation) in (Union, types.UnionType):
        found = [_kinds(part) for part in typing.get_args(annotation)]
        return [kind for kinds in found for kind in kinds] if all(found) else []
    if isinstance(annotation, TypeVar):
        return list(annotation.__constraints__) or _kinds(annotation.__bound__)
    if annotation in (None, type(None)):
        return [type(None)]
    return [annotation]


def _is(value: Any, kind: Any) -> bool:
    if kind is float:
        return _is_number(value)
    if kind is int:
        if isinstance(value, Tensor):
            return _is_number(value) and not value.is_floating_point()
        return _is_number(value) and hasattr(value, "__index__")
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if typing.get_origin(kind) is tuple and typing.get_args(kind)[1:] != (...,):
        parts = typing.get_args(kind)
        fits = isinstance(value, tuple | list) and len(value) == len(parts)
        return fits and all(map(_is_one_of, value, map(_kinds, parts)))
    origin = typing.get_origin(kind)
    if origin in (list, Sequence):
        inner = _kinds(typing.get_args(kind)[0])
        fits = isinstance(value, _LISTS) and not isinstance(value, str)
        return fits and all(_is_one_of(each, inner) for each in value)
    if not isinstance(value, origin or kind):
        return False
    if not hasattr(kind, "_fields"):
        return True
    with jaxtyped("context"):  # n examples to train on are not n to test on
        named = kind.__annotations__.items()
        return all(_is_one_of(getattr(value, name), _kinds(part)) for name, part in named)


def _is_one_of(value: Any, kinds: list[Any]) -> bool:
    return not kinds or any(_is(value, kind) for kind in kinds)


def _is_readable(value: Any) -> bool:
    return not (isinstance(value, Tensor) and value.is_meta)


def _is_finite(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not _is_readable(value) or bool(value.isfinite().all())
    return not isinstance(value, Real) or math.isfinite(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.ndim == 0 and not value.is_complex() and value.dtype != torch.bool
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _is_array(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, AbstractArray)


def _is_of_dtype(value: Tensor, kind: Any) -> bool:
    return str(value.dtype).removeprefix("torch.") in kind.dtypes


# ── words ────────────────────────────────────────────────────────────────────────────────


def _called(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "a name",
             type(None): "None", Tensor: "a tensor"}  # fmt: skip
    if kind in names:
        return names[kind]
    if _is_array(kind):
        sort = kind.__name__.partition("[")[0].lower()
        sorts = {"float": "floats", "int64": "int64", "int": "whole numbers", "bool": "bools"}
        shape = ", ".join(kind.dim_str.split())
        return f"a tensor of {sorts.get(sort, 'numbers')} of the shape ({shape})"
    origin = typing.get_origin(kind) or kind
    if origin in (list, Sequence):
        inner = _kinds(typing.get_args(kind)[0])
        each = " or ".join(map(_called, inner)) or "anything"
        return f"a list, each entry of it {each}"
    if hasattr(kind, "_fields"):
        fields = (f"{n}, {_called(k)}" for n, k in kind.__annotations__.items() if _kinds(k))
        return f"a {kind.__name__} ({'; '.join(fields)})"
    if origin is tuple:
        return f"a tuple of {len(typing.get_args(kind))}"
    if origin is Callable:
        return "a function"
    return f"of the type {origin.__name__}"


def _shown(value: Any) -> str:
    if isinstance(value, Tensor) and not value.ndim and _is_readable(value):
        return f"{value.item()!r}, in a tensor"
    if isinstance(value, Tensor | np.ndarray):
        sort = "a tensor" if isinstance(value, Tensor) else "a numpy array"
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{sort} of {dtype} of the shape {tuple(value.shape)}"
    said = repr(value)
    return said if len(said) <= 60 else f"of the type {type(value).__name__}"


def _remedy(value: Any, arrays: list[Any]) -> str:
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
