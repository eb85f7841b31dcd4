"""Inputs that say how a function is called: more than once, on something it is to change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from autograder.recipes.base import Recipe, altered, build, each_tensor

OPTIMIZERS = {
    optimizer.__name__: optimizer
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
}


@dataclass(frozen=True)
class Written(Recipe):
    """An input that the function is meant to change: what it is afterwards is judged too."""

    value: Any

    def build(self, beside: Mapping[str, Any]) -> Any:
        return build(self.value, beside)

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Written":
        return replace(self, value=each_tensor(self.value, change))

    def refers(self) -> bool:
        return isinstance(self.value, Recipe) and self.value.refers()


@dataclass(frozen=True)
class Stepper(Recipe):
    """One of torch's optimizers, for the model or the parameters that are the input `of`."""

    of: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(self, beside: Mapping[str, Any]) -> torch.optim.Optimizer:
        what = beside[self.of]
        parameters = what.parameters() if isinstance(what, nn.Module) else what
        return OPTIMIZERS[self.name](parameters, **self.settings)

    def altered(self, built: torch.optim.Optimizer) -> bool:
        """Whether it has stepped, or was set otherwise."""
        set_to = [{n: group[n] for n in self.settings} for group in built.param_groups]
        return bool(built.state) or any(group != dict(self.settings) for group in set_to)

    def refers(self) -> bool:
        return True


@dataclass(frozen=True)
class Each(Recipe):
    """One value for each call: the function is called as often, and all its results judged."""

    values: Sequence[Any]

    def build(self, beside: Mapping[str, Any]) -> list:
        return [build(value, beside) for value in self.values]

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Each":
        return replace(self, values=each_tensor(self.values, change))

    def altered(self, built: list) -> bool:
        return any(map(altered, self.values, built))


@dataclass(frozen=True)
class Carried(Recipe):
    """The state: `first` goes into the first of several calls, then what the last one returned.

    A function with such an input returns a tuple whose last part is the next state.  The
    state itself is not judged, since everybody may keep it in another form.
    """

    first: Any = None

    def build(self, beside: Mapping[str, Any]) -> Any:
        return build(self.first, beside)

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Carried":
        return replace(self, first=each_tensor(self.first, change))


class OnceThrough(Iterator):
    """An iterator that remembers what it held, so that it can be looked at afterwards."""

    def __init__(self, held: list):
        self.held, self._rest = held, iter(held)

    def __next__(self) -> Any:
        return next(self._rest)


@dataclass(frozen=True)
class Once(Recipe):
    """An iterator, which can be run through once only."""

    values: Sequence[Any]

    def build(self, beside: Mapping[str, Any]) -> Iterator:
        return OnceThrough([build(value, beside) for value in self.values])

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Once":
        return replace(self, values=each_tensor(self.values, change))
