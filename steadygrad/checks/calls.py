"""Calls: a function that looks at its arguments first."""

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar

import torch
from jaxtyping import jaxtyped
from torch import Tensor

from steadygrad.checks.kinds import (
    is_array,
    is_finite,
    is_number,
    is_of_dtype,
    is_one_of,
    is_readable,
    kinds_of,
)
from steadygrad.checks.rules import Rule, not_negative
from steadygrad.checks.words import called, remedy, shown

Function = TypeVar("Function", bound=Callable)

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def checked(function: Function | None = None, /, **rules: Rule) -> Function:
    """Check the arguments of each call by the function's annotations and these rules.

    Raises TypeError, when the decorator runs, for a rule about an argument that there is not.
    """
    if function is None:
        return lambda function: checked(function, **rules)
    parameters = inspect.signature(function).parameters
    if unknown := rules.keys() - parameters.keys():
        raise TypeError(f"{function.__qualname__} has no argument {', '.join(unknown)}.")
    checks = {name: Check(p.annotation, rules.get(name)) for name, p in parameters.items()}
    ruled = [name for name, check in checks.items() if check.rule]
    usual = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    needed = {n for n, p in parameters.items() if p.default is p.empty and p.kind in _NAMED}
    order = [name for name, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
    rest = next((n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL), "")
    shaped = any(map(is_array, [kind for check in checks.values() for kind in check.kinds]))
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


class Check:
    """One argument's kind, shape and range."""

    def __init__(self, annotation: Any, rule: Rule | None):
        self.kinds = kinds_of(annotation)
        self.plain = set().union(*(_PLAIN[kind] for kind in self.kinds if _plain(kind)))
        self.rule = not_negative if rule is None and int in self.kinds else rule
        numeric = any(kind in (int, float) for kind in self.kinds)
        self.finite = numeric and not (rule and rule.infinite)

    def kind(self, where: str, name: str, value: Any, given: Mapping[str, Any]) -> None:
        if type(value) not in self.plain and not is_one_of(value, self.kinds):
            raise self._refusal(where, name, value, given)
        if self.finite and not is_finite(value):
            raise ValueError(f"{where}: {name} must be finite, but is {value!r}.")

    def range(self, where: str, name: str, value: Any, given: Mapping[str, Any]) -> None:
        if value is None or not is_readable(value):
            return
        try:
            holds = self.rule.holds(value, given)
        except RuntimeError:  # within torch.vmap there is no number to look at
            return
        if not holds:
            said = f"{where}: {name} must be {self.rule.says}, but is {shown(value)}"
            raise ValueError(f"{said}.")

    def _refusal(
        self, where: str, name: str, value: Any, given: Mapping[str, Any]
    ) -> Exception:
        wanted = " or ".join(map(called, self.kinds))
        arrays = [kind for kind in self.kinds if is_array(kind)]
        said = f"{where}: {name} must be {wanted}, but is {shown(value)}"
        if int in self.kinds and is_number(value):
            return ValueError(f"{said}.")
        if isinstance(value, Tensor) and any(is_of_dtype(value, kind) for kind in arrays):
            others = [
                f"that of {other} is {tuple(tensor.shape)}"
                for other, tensor in given.items()
                if isinstance(tensor, Tensor) and other != name
            ]
            return ValueError(f"{'; '.join([said, *others[:1]])}.")
        return TypeError(f"{said}{remedy(value, arrays)}.")


# types that are of a kind without further questions
_PLAIN = {float: {float, int}, int: {int}, bool: {bool}, str: {str}, type(None): {type(None)}}


def _plain(kind: Any) -> bool:
    return isinstance(kind, type) and kind in _PLAIN
