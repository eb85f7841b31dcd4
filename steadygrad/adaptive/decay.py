"""Rules that see the parameters: weight decay in two places, and Lion."""

from typing import NamedTuple

import torch

from steadygrad.adaptive.moments import Moments, adam
from steadygrad.adaptive.squares import Vector
from steadygrad.checks import both_below_one, checked, not_negative, of_the_gradients_shape


class Trend(NamedTuple):
    """A running mean of the gradient."""

    m: Vector


@checked(
    state=of_the_gradients_shape,
    betas=both_below_one,
    eps=not_negative,
    weight_decay=not_negative,
)
def adam_l2(
    gradient: Vector,
    state: Moments | None,
    theta: Vector,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Vector, Moments]:
    """Adam on a loss with an l2 penalty: what torch.optim.Adam calls weight decay.

    direction = Adam's, of g + λ θ

    The penalty's gradient goes through m and v like any other, so it is divided by √v̂: where
    gradients are large it has hardly any effect, and where they are small far too much.
    """
    return adam(gradient + weight_decay * theta, state, betas=betas, eps=eps)


@checked(
    state=of_the_gradients_shape,
    betas=both_below_one,
    eps=not_negative,
    weight_decay=not_negative,
)
def adamw(
    gradient: Vector,
    state: Moments | None,
    theta: Vector,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> tuple[Vector, Moments]:
    """Adam, and beside it a decay that no root divides (Loshchilov & Hutter, 2019, alg. 2).

    direction = m̂ / (√v̂ + ε) + λ θ

    m̂ and v̂ are Adam's, of the gradient alone.  The step is lr times the direction, so each
    step takes the share lr · λ off every parameter, whatever its gradients are.  That is
    torch.optim's form.  The paper's takes off η · λ, where η is the schedule's factor alone.
    """
    direction, state = adam(gradient, state, betas=betas, eps=eps)
    return direction + weight_decay * theta, state


@checked(state=of_the_gradients_shape, betas=both_below_one, weight_decay=not_negative)
def lion(
    gradient: Vector,
    state: Trend | None,
    theta: Vector,
    *,
    betas: tuple[float, float] = (0.9, 0.99),
    weight_decay: float = 0.0,
) -> tuple[Vector, Trend]:
    """Only the sign of a running mean, found by a search over programs (Chen et al., 2023).

    direction = sign(β₁ m + (1 − β₁) g) + λ θ
    m ← β₂ m + (1 − β₂) g

    m starts at zero.  Two different means: the direction is taken from the one with β₁, kept
    is the one with β₂.  Apart from the decay every coordinate moves by the whole rate, or not
    at all where its mean is exactly 0, so Lion wants a rate three to ten times smaller than
    Adam's, and a λ that is larger by the same factor.
    """
    if state is None:
        state = Trend(torch.zeros_like(gradient))
    b1, b2 = betas
    mean = b1 * state.m + (1 - b1) * gradient
    m = b2 * state.m + (1 - b2) * gradient
    return mean.sign() + weight_decay * theta, Trend(m)
