"""Flat: parameters laid end to end in one buffer, so that a rule sees one vector."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.training.states import State, mapped

Vector = Float[Tensor, " n"]
Layout = tuple[Sequence[int], Sequence[int]]  # a shape, and the strides in memory


class Flat:
    """Parameters of one dtype on one device, and what a rule remembers about them.

    The parameters stay the objects they were, with their shapes and strides; only their
    memory moves: each becomes a window on `theta`.  A change of one is a change of the other.
    """

    params: list[Tensor]
    layout: list[Layout]
    theta: Vector
    gradient: Vector  # rewritten before every step
    state: State

    def __init__(self, params: Sequence[Tensor], state: State = None):
        self.params, self.state = list(params), state
        first = self.params[0]
        count = sum(p.numel() for p in self.params)
        self.theta = torch.empty(count, dtype=first.dtype, device=first.device)
        self.gradient = torch.empty_like(self.theta)
        self.layout = [_layout(p) for p in self.params]
        self._windows = _windows(self.gradient, self.layout)
        for parameter, window in zip(
            self.params, _windows(self.theta, self.layout), strict=True
        ):
            window.copy_(parameter.detach())
            parameter.data = window
        self._places = self._where()

    @property
    def fits(self) -> bool:
        """Whether every parameter still is its window: `.data` may be replaced."""
        return self._where() == self._places

    def _where(self) -> list[tuple[int, tuple[int, ...]]]:
        return [(p.data_ptr(), p.stride()) for p in self.params]

    def gather(self, gradients: list[Tensor]) -> Vector:
        """Lay the gradients end to end, in the order of the parameters."""
        try:
            torch._foreach_copy_(self._windows, gradients)  # one call for all: less than a cat
        except RuntimeError:
            if not any(g.is_sparse for g in gradients):
                raise
            dense = [g.to_dense() if g.is_sparse else g for g in gradients]
            torch._foreach_copy_(self._windows, dense)
        return self.gradient

    def kept(self, state: State) -> State:
        """A rule's state, with copies of what lies in memory that is written to again."""
        return mapped(self._keep, state)

    def moved(self) -> None:
        """Tell autograd that the parameters have changed, as writing to each would."""
        torch.autograd.graph.increment_version(self.params)

    def part(self, params: Sequence[Tensor]) -> "Flat":
        """Some of these parameters in a buffer of their own, with their share of the state."""
        if self.state is None:
            return Flat(params)
        for p, (shape, _) in zip(self.params, self.layout, strict=True):
            if p.shape != shape:
                raise ValueError(
                    f"A parameter had the shape {tuple(shape)} when the optimizer last saw it "
                    f"and has {tuple(p.shape)} now, so its state does not fit it any more; "
                    "make a new optimizer for the new shapes."
                )
        first, dtype = params[0], self.theta.dtype
        held = {
            id(p): kept for p, kept in zip(self.params, _numbered(self.layout), strict=True)
        }
        state = _taken(self.state, len(self.theta), [held[id(p)] for p in params], params)

        def moved(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            new = first.dtype if leaf.dtype == dtype else leaf.dtype
            return leaf.to(first.device, new, copy=True)

        return Flat(params, mapped(moved, state))

    @classmethod
    def resumed(cls, params: Sequence[Tensor], layout: list[Layout], state: State) -> "Flat":
        """Parameters with a state that was kept for another order in memory."""
        count = sum(p.numel() for p in params)
        return cls(params, _taken(state, count, _numbered(layout), params))

    def _keep(self, leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        mine = {b.untyped_storage().data_ptr() for b in (self.theta, self.gradient)}
        return leaf.clone() if leaf.untyped_storage().data_ptr() in mine else leaf


def _layout(p: Tensor) -> Layout:
    return p.shape, torch.empty_like(p, device="meta").stride()  # channels_last stays so


def _windows(buffer: Tensor, layout: Sequence[Layout]) -> list[Tensor]:
    """One window on the buffer for each parameter, with its shape and its order in memory."""
    found, start = [], 0
    for shape, strides in layout:
        found.append(buffer.as_strided(shape, strides, start))
        start += math.prod(shape)
    return found


def _numbered(layout: Sequence[Layout]) -> list[Tensor]:
    """For every entry of every parameter, its place in the buffer."""
    return _windows(torch.arange(sum(math.prod(shape) for shape, _ in layout)), layout)


def _taken(state: State, count: int, places: list[Tensor], params: Sequence[Tensor]) -> State:
    """Of vectors with `count` entries those at these places, in the parameters' own order."""
    index = torch.empty(sum(p.numel() for p in params), dtype=torch.long)
    torch._foreach_copy_(_windows(index, [_layout(p) for p in params]), places)
    if index.equal(torch.arange(count)):
        return state

    def share(leaf: Any) -> Any:
        vector = isinstance(leaf, Tensor) and leaf.ndim and leaf.shape[-1] == count
        return leaf[..., index.to(leaf.device)] if vector else leaf

    return mapped(share, state)


def arrange(flats: list[Flat], params: Sequence[Tensor]) -> list[Flat]:
    """Buffers such that in each either all parameters have a gradient, or none has.

    Parameters that got a gradient together from the start share a buffer.  When one of them
    lacks it, its buffer is cut in two, each with its part of the state, and what has no
    gradient waits: as in torch.optim, its state does not age.  Buffers are never joined
    again, because their states may be of different age.
    """
    new: list[Flat] = []
    for flat in flats:
        parts = _sorted(flat.params)
        if len(parts) == 1 and flat.fits:
            new.append(flat)
        else:
            new += [flat.part(part) for part in parts]
    new = [f for f in new if f.state is not None or f.params[0].grad is not None]
    held = {id(p) for flat in new for p in flat.params}
    fresh = [p for p in params if id(p) not in held and p.grad is not None]
    return new + [Flat(part) for part in _sorted(fresh)]


def _sorted(params: Sequence[Tensor]) -> list[list[Tensor]]:
    kinds: dict[Any, list[Tensor]] = {}
    for p in params:
        kinds.setdefault((p.grad is not None, p.dtype, p.device), []).append(p)
    return list(kinds.values())
