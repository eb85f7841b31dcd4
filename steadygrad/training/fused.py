"""Fused: a rule and the step it leads to, compiled into one pass over the buffers.

A pure rule writes every intermediate result to memory and reads it again.  `torch.compile`
sees the whole formula, so that each entry is read once and written once.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import count
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from steadygrad.training.flat import Flat, Vector
from steadygrad.training.shortcuts import Call, Shortcut
from steadygrad.training.states import State, leaves, mapped, replaced

Ask = Callable[[Vector, Vector, State, Any, dict[str, Any]], tuple[Vector, State]]


class Fused:
    """One compiled step: `fused(flat, lr, settings)` moves the parameters, returns the state.

    It writes to the tensors of the state.  Numbers in the state, such as a count of steps, are
    no reason to compile again.  Where there is no compiler it warns once, leaves everything as
    it was and from then on returns NotImplemented.
    """

    def __init__(self, ask: Ask):
        # in one graph or not at all: pieces would hang on numbers that a shortcut does not ask
        self._compiled = torch.compile(_whole(ask), backend=self._backend, fullgraph=True)
        self._calls: list[Call] = []
        self._shortcuts: WeakKeyDictionary[Flat, Shortcut] = WeakKeyDictionary()
        self._steady, self._lr, self._rate, self._one = Steady(), 0.0, _number(0), _number(1)
        self._works = True

    def __call__(self, flat: Flat, lr: float, settings: dict[str, Any]) -> State:
        if not self._works:
            return NotImplemented
        if lr != self._lr:
            self._lr, _ = lr, self._rate.fill_(lr)
        chosen = self._steady(settings)
        shortcut = self._shortcuts.get(flat)
        if shortcut and shortcut.fits(flat.state, chosen):
            return shortcut(chosen)
        return self._asked(flat, chosen, settings)

    def _asked(self, flat: Flat, chosen: list[Any], settings: dict[str, Any]) -> State:
        """A step by way of torch.compile, which compiles if anything is new to it."""
        if _overlapping(leaves(flat.state)):  # what is written to one would show in another
            flat.state = mapped(_cloned, flat.state)
        given = [_wrapped(leaf) for leaf in leaves(flat.state)]
        order = iter([*given, *chosen])
        state, settings = mapped(lambda _: next(order), (flat.state, settings))
        first = [flat.theta, flat.gradient, self._rate, self._one]
        answer = self._answer([*first, state, settings])
        calls, self._calls = self._calls, []
        if answer is NotImplemented:
            return answer
        after, found = answer
        if found is None:  # the state has taken another form
            return after
        after = replaced(flat.state, found)
        if len(calls) == 1:
            self._shortcuts[flat] = Shortcut(*calls, first, given, chosen, found, after)
        return after

    def _answer(self, inputs: list[Any]) -> Any:
        try:
            return self._compiled(*inputs)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            cause, what = error.__cause__ or error, "This machine cannot compile the rule"
        except Exception as error:  # if it is the rule's own, it comes again without a compiler
            cause, what = error, "This rule cannot be compiled"
        self._works = False
        said = str(cause).strip().partition("\n")[0]
        warnings.warn(
            f"{what} ({said}), so it goes on uncompiled: the same numbers, only slower.",
            stacklevel=2,
        )
        return NotImplemented

    def _backend(self, graph: torch.fx.GraphModule, examples: list[Any]) -> Callable:
        """PyTorch's own compiler, with a note of each call."""
        options = {"post_grad_custom_post_pass": _numbers_first()}
        kernel = torch._inductor.compile(graph, examples, options)

        def noted(*args: Any) -> Any:
            results = kernel(*args)
            self._calls.append(Call(kernel, args, results))
            return results

        return noted


_numbers = count()


def _whole(ask: Ask) -> Callable:
    def whole(
        theta: Vector,
        gradient: Vector,
        lr: Tensor,
        one: Tensor,
        state: State,
        settings: dict[str, Any],
    ) -> tuple[State, list[Any] | None]:
        # Copies of the numbers: one from outside that math.sqrt, full_like or add's alpha gets,
        # torch 2.13 takes for a constant; at a copy of it, it refuses to guess.
        lr, state, settings = mapped(
            lambda leaf: leaf.clone() if _single_number(leaf) else leaf, (lr, state, settings)
        )
        direction, after = ask(theta, gradient, state, lr, settings)
        there = theta - lr * direction
        # Copies of what may lie in memory that is written to below.  Times one, since the
        # compiler of torch 2.13 takes a clone away and then reads what has been written.
        copies = mapped(lambda leaf: leaf * one if _real(leaf) else _cloned(leaf), after)
        found = _renewed(leaves(state), leaves(after), leaves(copies))
        theta.copy_(there)
        return (copies, None) if found is None else (None, found)

    # A code object of its own, with a name of its own: by these torch counts recompilations and
    # remembers which numbers have changed, and another optimizer's numbers are not this one's.
    code = whole.__code__.replace(co_name=f"whole_{next(_numbers)}")
    return FunctionType(code, whole.__globals__, code.co_name, None, whole.__closure__)


def _renewed(before: list[Any], after: list[Any], copies: list[Any]) -> list[Any] | None:
    """Write the new leaves into the memory of the old, and list what found no room there.

    None stands for a leaf that has its place, and for the whole where the form has changed or
    a leaf has moved to another's place, which would be overwritten while it is still read.
    """
    if len(before) != len(after):
        return None
    triples = list(zip(before, after, copies, strict=True))
    if any((own is None) != (value is None) for own, value, _ in triples):
        return None
    if any(_elsewhere(value, own, before) for own, value, _ in triples):
        return None
    for own, value, copy in triples:
        if value is not own and _alike(own, value):
            own.copy_(copy)
    return [
        None if value is own or _alike(own, value) else copy for own, value, copy in triples
    ]


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


def _overlapping(parts: list[Any]) -> bool:
    places = [p.untyped_storage().data_ptr() for p in parts if isinstance(p, Tensor)]
    return len({*places}) < len(places)


def _cloned(leaf: Any) -> Any:
    return leaf.clone() if isinstance(leaf, Tensor) else leaf


def _single_number(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.ndim == 0


def _real(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point()


class Steady:
    """Which settings have stayed what they were, so that they may be compiled in.

    Returns their leaves.  A number that has changed once, as momentum does under OneCycleLR,
    is a tensor from then on.  (Left to torch.compile, which has a way of its own for them, a
    number in a tuple that changes at each step gives wrong results in torch 2.13.)
    """

    def __init__(self) -> None:
        self.settings: dict[str, Any] | None = None
        self.first, self.now, self.changing = [], [], set()

    def __call__(self, settings: dict[str, Any]) -> list[Any]:
        with suppress(RuntimeError):  # whether two tensors are equal has no one answer
            if settings == self.settings:  # as at nearly every step
                return self.now
        now = leaves(settings)
        if len(now) != len(self.first):
            self.first, self.changing = now, set()
        pairs = enumerate(zip(self.first, now, strict=True))
        self.changing |= {i for i, pair in pairs if _changed(*pair)}
        self.settings = mapped(lambda leaf: leaf, settings)  # lists in it may be written to
        self.now = [_wrapped(x) if i in self.changing else x for i, x in enumerate(now)]
        return self.now


def _changed(first: Any, now: Any) -> bool:
    numbers = {type(first), type(now)} <= {int, float}
    return numbers and first != now


def _wrapped(leaf: Any) -> Any:
    """A number as a tensor: torch.compile takes numbers for constants."""
    return _number(leaf) if type(leaf) in (int, float) else leaf


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


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
