"""Clipping: what to do with a gradient that is far too long."""

from collections.abc import Iterable

import torch
from torch import Tensor

from steadygrad.checks import bound, checked


@checked(max_norm=bound)
def clip_grad_norm_(parameters: Iterable[Tensor] | Tensor, max_norm: float) -> Tensor:
    """Shorten all gradients by one common factor if together they are too long (Pascanu, 2013).

        ‖g‖ = √(Σ of every squared entry of every gradient)
        g ← g · min(1, max_norm / ‖g‖), where 0/0 counts as 1

    One factor for all of them: the step keeps its direction.  Gradients that are short enough
    stay as they are.  Changes them in place; parameters without a gradient are passed over.
    `parameters` may be a generator, which can be run through only once, or a single tensor.

    Returns the norm before clipping, so that it can be watched; 0 if there is no gradient.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    norms = torch.stack([gradient.norm() for gradient in gradients])
    total = norms.norm()
    factor = torch.where(total <= max_norm, 1.0, max_norm / total)
    for gradient in gradients:
        gradient.mul_(factor)
    return total


@checked(clip_value=bound)
def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Cut every entry of every gradient off at ±clip_value, each by itself.

        gᵢ ← max(−clip_value, min(clip_value, gᵢ))

    Large entries lose, small ones keep: the step changes its direction.  Changes the gradients
    in place; parameters without one are passed over.  NaN stays NaN: a broken gradient must be
    seen, not silently repaired.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.clamp_(min=-clip_value, max=clip_value)


@checked
def cosine(before: Iterable[Tensor], after: Iterable[Tensor]) -> float:
    """How far two sets of gradients agree in direction: 1 for the same, 0 at right angles."""
    a, b = (torch.cat([g.flatten() for g in each]) for each in (before, after))
    lengths = a.norm() * b.norm()
    if lengths == 0:
        raise ValueError("A gradient of length 0 has no direction to compare.")
    return (a @ b / lengths).item()
