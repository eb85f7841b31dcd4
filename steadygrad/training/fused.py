"""Fused: a rule and the step it leads to, compiled into one pass over the buffers.

A pure rule writes every intermediate result to memory and reads it again.  `torch.compile`
sees the whole formula, so that each entry is read once and written once.
"""

import warnings
from collections.abc import Callable
from functools import cache
from itertools import count
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from steadygrad.training.flat import Vector
from steadygrad.training.states import State, leaves, mapped

Advance = Callable[[Vector, Vector, State, float, dict[str, Any]], State]


def fused(ask: Callable[..., tuple[Vector, State]]) -> Advance:
    """One compiled step, `(theta, gradient, state, lr, settings) -> state`.

    It writes to `theta` and to the tensors of the state, which it returns.  Numbers in the
    state, such as a count of steps, are no reason to compile again.  Where there is no
    compiler it warns once, leaves everything as it was and from then on returns NotImplemented.
    """

    def whole(
        theta: Vector, gradient: Vector, state: State, lr: Tensor, settings: dict[str, Any]
    ) -> tuple[State, list[Any] | None]:
        direction, after = ask(theta, gradient, state, lr, settings)
        there = theta - lr * direction
        after = mapped(
            lambda leaf: leaf.clone() if leaf is theta or leaf is gradient else leaf, after
        )
        found = _renewed(leaves(state), leaves(after))
        theta.copy_(there)
        return (after, None) if found is None else (None, found)

    # A code object of its own: torch counts recompilations for each, whoever's they are.
    whole = FunctionType(
        whole.__code__.replace(), whole.__globals__, "whole", None, whole.__closure__
    )
    compiled = torch.compile(whole, options={"post_grad_custom_post_pass": _numbers_first()})
    works, rate, steady = True, torch.zeros((), dtype=torch.float64), Steady()

    def advance(
        theta: Vector, gradient: Vector, state: State, lr: float, settings: dict[str, Any]
    ) -> State:
        nonlocal works
        if not works:
            return NotImplemented
        seen, settings = mapped(_wrapped, state), steady.settings(settings)
        try:
            after, found = compiled(theta, gradient, seen, rate.fill_(lr), settings)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            works = False
            cause = str(error.__cause__ or error).strip().partition("\n")[0]
            warnings.warn(
                f"This machine cannot compile the rule ({cause}), so it goes on uncompiled: "
                "the same numbers, only slower.",
                stacklevel=2,
            )
            return NotImplemented
        if found is None:  # the state has taken another form
            return after
        if all(leaf is None for leaf in found):
            return state
        order = iter(found)
        return mapped(lambda own: _unwrapped(own, next(order)), state)

    return advance


def _renewed(before: list[Any], after: list[Any]) -> list[Any] | None:
    """Write the new leaves into the memory of the old, and list what found no room there.

    None stands for a leaf that has its place, and for the whole where the form has changed or
    a leaf has moved to another's place, which would be overwritten while it is still read.
    """
    if len(before) != len(after):
        return None
    pairs = list(zip(before, after, strict=True))
    if any(_elsewhere(value, own, before) for own, value in pairs):
        return None
    for own, value in pairs:
        if _alike(own, value) and value is not own:
            own.copy_(value)
    return [None if _alike(own, value) else value for own, value in pairs]


def _elsewhere(value: Any, own: Any, before: list[Any]) -> bool:
    return (
        isinstance(value, Tensor)
        and value is not own
        and any(value is other for other in before)
    )


def _alike(own: Any, value: Any) -> bool:
    if not (isinstance(own, Tensor) and isinstance(value, Tensor)):
        return False
    return own.ndim > 0 and own.shape == value.shape and own.dtype == value.dtype


class Steady:
    """Which settings have stayed what they were, so that they may be compiled in.

    A number that has changed once, as momentum does under OneCycleLR, is a tensor from then
    on.  (Left to torch.compile, which has a way of its own for them, a number in a tuple that
    changes at each step gives wrong results in torch 2.13.)
    """

    def __init__(self) -> None:
        self.first: list[Any] | None = None
        self.changing: set[int] = set()
        self.last: dict[str, Any] = {}

    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        if settings == self.last and not self.changing:  # as at nearly every step
            return settings
        now, self.last = leaves(settings), settings
        self.first = now if self.first is None else self.first
        if now != self.first:
            self.changing |= {
                i
                for i, pair in enumerate(zip(self.first, now, strict=True))
                if len({*pair}) > 1
            }
        if not self.changing:
            return settings
        place = count()
        return mapped(
            lambda leaf: _wrapped(leaf) if next(place) in self.changing else leaf, settings
        )


def _wrapped(leaf: Any) -> Any:
    """A number as a tensor: torch.compile takes numbers for constants."""
    number = type(leaf) in (int, float)
    return torch.tensor(leaf, dtype=torch.float64) if number else leaf


def _unwrapped(own: Any, value: Any) -> Any:
    if type(own) in (int, float):
        return type(own)(value)
    return own if value is None else value


@cache
def _numbers_first() -> Callable[[torch.fx.Graph], None]:
    """Let the compiler work out single numbers once, before the loop over the entries.

    By itself it repeats β₂ᵗ for every few entries, which makes Adam's step four times as long.
    """
    # here and not above: it takes seconds to import, and only who compiles needs it
    from torch._inductor.custom_graph_pass import CustomGraphPass

    class NumbersFirst(CustomGraphPass):
        def __call__(self, graph: torch.fx.Graph) -> None:
            for node in list(graph.nodes):
                if _single(node) and not all(map(_single, node.users)):
                    _set_apart(node, graph)

        def uuid(self) -> str:
            return "steadygrad: numbers first"  # part of the key under which kernels are kept

    return NumbersFirst()


def _set_apart(node: torch.fx.Node, graph: torch.fx.Graph) -> None:
    realize = torch.ops._inductor_test.realize.default  # "do not fuse this any further"
    with graph.inserting_after(node):
        number = graph.call_function(realize, (node,))
    number.meta.update(node.meta)
    for user in [user for user in node.users if not _single(user) and user is not number]:
        user.replace_input_with(node, number)


def _single(node: torch.fx.Node) -> bool:
    """Whether a step of the computation gives one number, not a vector."""
    value = node.meta.get("val")
    return node.op == "call_function" and isinstance(value, Tensor) and value.ndim == 0
