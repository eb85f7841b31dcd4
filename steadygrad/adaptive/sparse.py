"""A rule whose weights are exactly zero unless the data insist."""

from typing import NamedTuple

import torch

from steadygrad.adaptive.squares import Vector
from steadygrad.checks import checked, not_negative, of_the_gradients_shape, positive


class Ledger(NamedTuple):
    """The sum of what pulls at each weight, and the sum of its squared gradients."""

    z: Vector
    n: Vector


@checked(
    state=of_the_gradients_shape,
    alpha=positive,
    beta=not_negative,
    l1=not_negative,
    l2=not_negative,
)
def ftrl_proximal(
    gradient: Vector,
    state: Ledger | None,
    theta: Vector,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Vector, Ledger]:
    """AdaGrad's rates, weights that are exactly zero (McMahan et al., 2013, algorithm 1).

    σ = (√(n + g²) − √n) / α
    z ← z + g − σ θ        n ← n + g²
    θ* = 0                                               where |z| ≤ λ₁
    θ* = −(z − sign(z) λ₁) / ((β + √n) / α + λ₂)         elsewhere
    direction = θ − θ*

    The direction leads to the new weights in one step of length 1: keep lr at 1 and set the
    rate by α.  (With any other, lr · (θ / lr) would round, and a weight that should be 0 would
    be off by a rounding error.)  Made for weights that start at 0.  With β = λ₁ = λ₂ = 0 it
    takes AdaGrad's steps.
    """
    if state is None:
        state = Ledger(torch.zeros_like(gradient), torch.zeros_like(gradient))
    n = state.n + gradient**2
    z = state.z + gradient - (n.sqrt() - state.n.sqrt()) / alpha * theta
    beyond = z - z.sign() * l1
    best = -beyond / ((beta + n.sqrt()) / alpha + l2)
    best = torch.where(z.abs() <= l1, torch.zeros_like(best), best)
    return theta - best, Ledger(z, n)
