"""Rules that divide the gradient by the root of past squares."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import below_one, checked, not_negative, of_the_gradients_shape

Vector = Float[Tensor, " n"]  # all parameters of a model, laid end to end


class Squares(NamedTuple):
    """Past squared gradients: their sum (AdaGrad) or their running mean (RMSProp)."""

    v: Vector


class Deltas(NamedTuple):
    """Running means of squared gradients and of squared directions."""

    v: Vector
    u: Vector


@checked(state=of_the_gradients_shape, eps=not_negative, initial_accumulator_value=not_negative)
def adagrad(
    gradient: Vector,
    state: Squares | None,
    *,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
) -> tuple[Vector, Squares]:
    """A rate for each coordinate, small where gradients were large (Duchi et al., 2011).

    v ← v + g²        direction = g / (√v + ε)

    v starts at `initial_accumulator_value`.  This step's gradient counts already, so where v
    starts at 0 the first direction is the gradient's sign (as long as |g| is much larger than
    ε).  v never shrinks: if gradients keep their size, the n-th direction is then ±1/√n.
    """
    if state is None:
        state = Squares(torch.full_like(gradient, initial_accumulator_value))
    v = state.v + gradient**2
    return gradient / (v.sqrt() + eps), Squares(v)


@checked(state=of_the_gradients_shape, alpha=below_one, eps=not_negative)
def rmsprop(
    gradient: Vector, state: Squares | None, *, alpha: float = 0.99, eps: float = 1e-8
) -> tuple[Vector, Squares]:
    """AdaGrad that forgets: a running mean instead of the sum (Tieleman & Hinton, 2012).

    v ← α v + (1 − α) g²        direction = g / (√v + ε)

    α is the share of the old mean that is kept.  v starts at zero and is not corrected for it,
    so the first direction is the sign times 1/√(1 − α), which is 10 at α = 0.99, wherever |g|
    is much larger than ε / √(1 − α).
    """
    if state is None:
        state = Squares(torch.zeros_like(gradient))
    v = alpha * state.v + (1 - alpha) * gradient**2
    return gradient / (v.sqrt() + eps), Squares(v)


@checked(state=of_the_gradients_shape, rho=below_one, eps=not_negative)
def adadelta(
    gradient: Vector, state: Deltas | None, *, rho: float = 0.9, eps: float = 1e-6
) -> tuple[Vector, Deltas]:
    """Steps in the parameters' own unit: past steps over past gradients (Zeiler, 2012, alg. 1).

    v ← ρ v + (1 − ρ) g²
    direction = √(u + ε) / √(v + ε) · g
    u ← ρ u + (1 − ρ) direction²

    Both start at zero.  ε stands under both roots and is no mere guard: the first steps are
    made of it.  u takes this step's direction in only after it was used.
    """
    if state is None:
        state = Deltas(torch.zeros_like(gradient), torch.zeros_like(gradient))
    v = rho * state.v + (1 - rho) * gradient**2
    direction = (state.u + eps).sqrt() / (v + eps).sqrt() * gradient
    u = rho * state.u + (1 - rho) * direction**2
    return direction, Deltas(v, u)
