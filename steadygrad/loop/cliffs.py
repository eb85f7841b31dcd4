"""Cliffs: a loss with a wall in it, from the smallest recurrent network there is."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import bound, checked
from steadygrad.loop.clipping import clip_grad_norm_, clip_grad_value_

START, TARGET = 0.5, 0.7
Clip = Callable[[Sequence[Tensor], float], object]
CLIPS: dict[str, Clip | None] = {
    "none": None, "by norm": clip_grad_norm_, "by value": clip_grad_value_,
}  # fmt: skip


@checked
def cliff(theta: Float[Tensor, "2 *shape"], *, steps: int = 50) -> Float[Tensor, "*shape"]:
    """The loss of one recurrent unit after `steps` time steps (Pascanu et al., 2013, figure 6).

        x₀ = 0.5        xₜ = w σ(xₜ₋₁) + b        loss = (σ(x_T) − 0.7)²        θ = (w, b)

    The same w and b act in every time step, so the slope is a sum of products of up to T
    factors w σ′(x).  Where those are above 1 the loss has a wall, the steeper the more time
    steps there are.
    """
    w, b = theta
    x = torch.full_like(w, START)
    for _ in range(steps):
        x = w * torch.sigmoid(x) + b
    return (torch.sigmoid(x) - TARGET) ** 2


class Step(NamedTuple):
    """One step of a walk: where, how high, and which way before and after clipping."""

    theta: Float[Tensor, " 2"]
    loss: float
    gradient: Float[Tensor, " 2"]
    clipped: Float[Tensor, " 2"]


@checked(threshold=bound)
def descend(
    start: Float[Tensor, " 2"],
    *,
    clip: str = "none",
    threshold: float = 1.0,
    lr: float = 0.1,
    walk: int = 100,
    steps: int = 50,
) -> list[Step]:
    """Gradient descent on the cliff from `start`, clipped as CLIPS names it.

    `walk` is the number of steps of gradient descent, `steps` that of the unit's time steps.

    Raises ValueError for another name.
    """
    if clip not in CLIPS:
        raise ValueError(f"There is no clipping {clip!r}; choose one of {', '.join(CLIPS)}.")
    theta, path = start.clone(), []
    for _ in range(walk):
        leaf = theta.clone().requires_grad_()
        loss = cliff(leaf, steps=steps)
        loss.backward()
        gradient = leaf.grad.clone()
        if shorten := CLIPS[clip]:
            shorten([leaf], threshold)
        path.append(Step(theta, loss.item(), gradient, leaf.grad))
        theta = theta - lr * leaf.grad
    return path
