"""Inputs that say how a function is called: more than once, on something it is to change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from autograder.recipes.base import Recipe, build, each_tensor, watched
from autograder.recipes.networks import Network

OPTIMIZERS = {
    optimizer.__name__: optimizer
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
}


@cache
def ready_to_step() -> None:
    """Make one optimizer: the first loads torch's compiler, which a limit may stop half-way."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


@dataclass(frozen=True)
class Written(Recipe):
    """An input that the function is meant to change: what it is afterwards is judged too."""

    value: Any

    def build(self, beside: Mapping[str, Any]) -> Any:
        if isinstance(self.value, Network):  # whoever may write into a model may train it
            ready_to_step()
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

    def watched(self, built: torch.optim.Optimizer) -> dict[str, Any]:
        """Whether it has stepped, and how it is set."""
        set_to = [{n: group[n] for n in self.settings} for group in built.param_groups]
        return {"stepped": bool(built.state), "settings": set_to}

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

    def watched(self, built: list) -> list:
        return watched(list(self.values), built)


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


@dataclass(frozen=True)
class Refused(Recipe):
    """A value that the function has to refuse by an exception, called `error`.

    What it raised, or else what it returned, is then the result.
    """

    value: Any
    error: str

    def build(self, beside: Mapping[str, Any]) -> Any:
        return build(self.value, beside)

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Refused":
        return replace(self, value=each_tensor(self.value, change))


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
