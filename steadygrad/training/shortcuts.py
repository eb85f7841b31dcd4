"""Shortcuts: a compiled graph called directly, past what torch.compile checks each time."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from steadygrad.training.states import State, replaced


class Call(NamedTuple):
    """What a compiled graph was called with, and what it returned."""

    graph: Callable[..., Sequence[Any]]
    args: Sequence[Any]
    results: Sequence[Any]


class Shortcut:
    """The way to a compiled graph past the questions that torch.compile asks each time.

    It makes sure that nothing has changed since it compiled, and that takes longer than a step
    of a small network.  For a state that the same graph has just returned, and the same
    settings, the answer is known: `state = shortcut(settings)`.
    """

    def __init__(
        self,
        call: Call,
        first: list[Tensor],
        given: list[Any],
        chosen: list[Any],
        found: list[Any],
        state: State,
    ):
        self.graph, self.first, self.given, self.chosen = call.graph, first, given, chosen
        self.sizes = [arg for arg in call.args if not isinstance(arg, Tensor)]
        inputs = [*first, *given, *chosen]
        self.args = _places(call.args, [*inputs, *self.sizes])
        self.found = _places(found, [*inputs, *call.results, None])
        tensors = [id(x) for x in inputs if isinstance(x, Tensor)]
        self.clear = (
            None not in self.args + self.found
            and len(set(tensors)) == len(tensors)
            and all(
                new is None or _same_kind(new, old)
                for new, old in zip(found, given, strict=True)
            )
        )
        self._next(found, state)

    def fits(self, state: State, chosen: list[Any]) -> bool:
        """Whether it is the state that was returned last, and settings of the same kind."""
        return (
            self.clear
            and state is self.state
            and len(chosen) == len(self.chosen)
            and (chosen is self.chosen or all(map(_same_kind, chosen, self.chosen)))
        )

    def __call__(self, chosen: list[Any]) -> State:
        inputs = [*self.first, *self.given, *chosen]
        known = [*inputs, *self.sizes]
        results = self.graph(*[known[place] for place in self.args])
        known = [*inputs, *results, None]
        found = [known[place] for place in self.found]
        return self._next(found, replaced(self.state, found))

    def _next(self, found: list[Any], state: State) -> State:
        """What the next step begins with."""
        pairs = zip(self.given, found, strict=True)
        self.given = [old if new is None else new for old, new in pairs]
        self.state = state
        return state


def _places(wanted: Sequence[Any], pool: Sequence[Any]) -> list[int | None]:
    where = {id(thing): place for place, thing in enumerate(pool)}
    return [where.get(id(thing)) for thing in wanted]


def _same_kind(new: Any, old: Any) -> bool:
    """Whether torch.compile would take them for the same: numbers that it was given as such."""
    if not (isinstance(new, Tensor) and isinstance(old, Tensor)):
        return type(new) is type(old) and new == old
    return new.ndim == 0 == old.ndim and (new.dtype, new.device) == (old.dtype, old.device)
