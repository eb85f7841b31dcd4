"""Flat: parameters seen end to end, so that a rule gets one vector."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.training.states import State, mapped

Vector = Float[Tensor, " n"]


class Flat:
    """Parameters of one dtype on one device, and what a rule remembers about them.

    Each parameter keeps memory of its own, so a part of a model that is saved is as small as
    that part.  A rule gets copies laid end to end, fresh for every step, and may keep them.
    """

    params: list[Tensor]
    kinds: list[tuple[torch.Size, torch.dtype, torch.device]]  # as they were at first
    state: State

    def __init__(self, params: Sequence[Tensor], state: State = None):
        self.params, self.state = list(params), state
        self.kinds = [_kind(p) for p in self.params]

    @property
    def fits(self) -> bool:
        """Whether every parameter still has its shape, dtype and device."""
        return [_kind(p) for p in self.params] == self.kinds

    @property
    def theta(self) -> Vector:
        """The parameters, end to end."""
        return torch.cat([p.reshape(-1) for p in self.params])

    @property
    def gradient(self) -> Vector:
        """Their gradients, in the same order."""
        gradients = [p.grad.to_dense() if p.grad.is_sparse else p.grad for p in self.params]
        return torch.cat([g.reshape(-1) for g in gradients])

    def move(self, direction: Vector, lr: float) -> None:
        """Take the step: each parameter its own part of the direction."""
        parts = direction.split([p.numel() for p in self.params])
        for parameter, part in zip(self.params, parts, strict=True):
            parameter.sub_(part.view(parameter.shape), alpha=lr)

    def part(self, params: Sequence[Tensor]) -> "Flat":
        """Some of these parameters by themselves, with their share of the state."""
        if self.state is None:
            return Flat(params)
        for p, (shape, _, _) in zip(self.params, self.kinds, strict=True):
            if p.shape != shape:
                raise ValueError(
                    f"A parameter had the shape {tuple(shape)} when the optimizer last saw it "
                    f"and has {tuple(p.shape)} now, so its state does not fit it any more; "
                    "make a new optimizer for the new shapes."
                )
        chosen = {id(p) for p in params}
        sizes, dtype = [p.numel() for p in self.params], self.kinds[0][1]

        def share(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            if leaf.ndim and leaf.shape[-1] == sum(sizes):  # one entry for each parameter's
                parts = zip(self.params, leaf.split(sizes, dim=-1), strict=True)
                leaf = torch.cat([part for p, part in parts if id(p) in chosen], dim=-1)
            new = params[0].dtype if leaf.dtype == dtype else leaf.dtype
            return leaf.to(params[0].device, new)

        return Flat(params, mapped(share, self.state))


def _kind(p: Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return p.shape, p.dtype, p.device


def arrange(flats: list[Flat], params: Sequence[Tensor]) -> list[Flat]:
    """Vectors such that in each either all parameters have a gradient, or none has.

    Parameters that got a gradient together from the start share a vector.  When one of them
    lacks it, the vector is cut in two, each with its part of the state, and what has no
    gradient waits: as in torch.optim, its state does not age.  Vectors are never joined
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
