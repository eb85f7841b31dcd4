"""Flat: parameters laid end to end in one buffer, so that a rule sees one vector."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.training.states import State, mapped

Vector = Float[Tensor, " n"]


class Flat:
    """Parameters of one dtype on one device, and what a rule remembers about them.

    The parameters stay the objects they were, with their shapes and strides; only their
    memory moves: each becomes a window on `theta`.  A change of one is a change of the other.
    """

    params: list[Tensor]
    theta: Vector
    gradient: Vector  # rewritten before every step
    state: State

    def __init__(self, params: Sequence[Tensor], state: State = None):
        self.params, self.state = list(params), state
        first = self.params[0]
        count = sum(p.numel() for p in self.params)
        self.theta = torch.empty(count, dtype=first.dtype, device=first.device)
        self.gradient = torch.empty_like(self.theta)
        self._windows = _windows(self.gradient, self.params)
        for parameter, window in zip(
            self.params, _windows(self.theta, self.params), strict=True
        ):
            window.copy_(parameter.detach())
            parameter.data = window
        self._addresses = [p.data_ptr() for p in self.params]

    @property
    def fits(self) -> bool:
        """Whether every parameter still lives in this buffer: `.data` may be replaced."""
        return [p.data_ptr() for p in self.params] == self._addresses

    def gather(self, gradients: list[Tensor]) -> Vector:
        """Lay the gradients end to end, in the order of the parameters."""
        dense = [g.to_dense() if g.is_sparse else g for g in gradients]
        torch._foreach_copy_(self._windows, dense)  # one call for all: faster than a cat
        return self.gradient

    def kept(self, state: State) -> State:
        """A rule's state, with copies of what lies in memory that is written to again."""
        return mapped(self._keep, state)

    def moved(self) -> None:
        """Tell autograd that the parameters have changed, as writing to each would."""
        torch.autograd.graph.increment_version(self.params)

    def part(self, params: Sequence[Tensor]) -> "Flat":
        """Some of these parameters in a buffer of their own, with their share of the state."""
        chosen = set(map(id, params))
        sizes = [p.numel() for p in self.params]
        if sum(sizes) != len(self.theta) and self.state is not None:
            raise ValueError(
                f"The parameters had {len(self.theta)} entries when the optimizer last saw "
                f"them and have {sum(sizes)} now, so its state does not fit them any more; "
                "make a new optimizer for the new shapes."
            )
        pieces = torch.arange(len(self.theta), device=self.theta.device).split(sizes)
        index = torch.cat(
            [i for i, p in zip(pieces, self.params, strict=True) if id(p) in chosen]
        )

        def share(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            if leaf.ndim and leaf.shape[-1] == len(self.theta):
                leaf = leaf[..., index.to(leaf.device)]
            dtype = params[0].dtype if leaf.dtype == self.theta.dtype else leaf.dtype
            return leaf.to(params[0].device, dtype, copy=True)

        return Flat(params, mapped(share, self.state))

    def _keep(self, leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        mine = {b.untyped_storage().data_ptr() for b in (self.theta, self.gradient)}
        return leaf.clone() if leaf.untyped_storage().data_ptr() in mine else leaf


def _windows(buffer: Vector, params: Sequence[Tensor]) -> list[Tensor]:
    """One window on the buffer for each parameter, with its shape and its order in memory."""
    found, start = [], 0
    for p in params:
        strides = torch.empty_like(p, device="meta").stride()  # channels_last stays so
        found.append(buffer.as_strided(p.shape, strides, start))
        start += p.numel()
    return found


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
