"""Adam and its relatives: running means of the gradient and of its size."""

from typing import NamedTuple

import torch

from steadygrad.adaptive.squares import Vector
from steadygrad.checks import both_below_one, checked, not_negative, of_the_gradients_shape


class Moments(NamedTuple):
    """Steps taken, and running means of g and of g² (in AdaMax, of its largest size)."""

    t: int
    m: Vector
    v: Vector


class Peaks(NamedTuple):
    """Moments, and the largest v so far."""

    t: int
    m: Vector
    v: Vector
    peak: Vector


class Outlook(NamedTuple):
    """Moments, and the product of all momentum factors so far."""

    t: int
    product: float
    m: Vector
    v: Vector


@checked(state=of_the_gradients_shape, betas=both_below_one, eps=not_negative)
def adam(
    gradient: Vector,
    state: Moments | None,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Vector, Moments]:
    """Momentum over the root of mean squares, both corrected (Kingma & Ba, 2015, alg. 1).

    m ← β₁ m + (1 − β₁) g         m̂ = m / (1 − β₁ᵗ)
    v ← β₂ v + (1 − β₂) g²        v̂ = v / (1 − β₂ᵗ)
    direction = m̂ / (√v̂ + ε)

    t counts this step, so it is 1 the first time.  m and v themselves stay uncorrected in the
    state.  The first direction is g / (|g| + ε): the gradient's sign where |g| is much larger
    than ε, and shorter where it is not.
    """
    if state is None:
        state = Moments(0, torch.zeros_like(gradient), torch.zeros_like(gradient))
    b1, b2 = betas
    t = state.t + 1
    m = b1 * state.m + (1 - b1) * gradient
    v = b2 * state.v + (1 - b2) * gradient**2
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return m_hat / (v_hat.sqrt() + eps), Moments(t, m, v)


@checked(state=of_the_gradients_shape, betas=both_below_one, eps=not_negative)
def amsgrad(
    gradient: Vector,
    state: Peaks | None,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Vector, Peaks]:
    """Adam that keeps the largest v so far (Reddi et al., 2018, alg. 2, as in torch.optim).

    m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
    peak ← max(peak, v)
    direction = m̂ / (√(peak / (1 − β₂ᵗ)) + ε)        m̂ = m / (1 − β₁ᵗ)

    The maximum is over the uncorrected v, and v itself is remembered beside it.  The paper
    corrects nothing; with the correction the denominator can still shrink while β₂ᵗ fades.
    """
    if state is None:
        state = Peaks(0, *(torch.zeros_like(gradient) for _ in range(3)))
    b1, b2 = betas
    t = state.t + 1
    m = b1 * state.m + (1 - b1) * gradient
    v = b2 * state.v + (1 - b2) * gradient**2
    peak = torch.maximum(state.peak, v)
    m_hat = m / (1 - b1**t)
    v_hat = peak / (1 - b2**t)
    return m_hat / (v_hat.sqrt() + eps), Peaks(t, m, v, peak)


@checked(state=of_the_gradients_shape, betas=both_below_one, eps=not_negative)
def adamax(
    gradient: Vector,
    state: Moments | None,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Vector, Moments]:
    """Adam with the largest recent size in place of the root (Kingma & Ba, 2015, alg. 2).

    m ← β₁ m + (1 − β₁) g        u ← max(β₂ u, |g| + ε)        direction = m̂ / u

    The limit of a p-norm for p → ∞.  A maximum does not lean towards its start at zero, so u
    needs no correction, and m does.  ε stands inside the maximum, as in torch.optim.
    """
    if state is None:
        state = Moments(0, torch.zeros_like(gradient), torch.zeros_like(gradient))
    b1, b2 = betas
    t = state.t + 1
    m = b1 * state.m + (1 - b1) * gradient
    u = torch.maximum(b2 * state.v, gradient.abs() + eps)
    return m / (1 - b1**t) / u, Moments(t, m, u)


@checked(
    state=of_the_gradients_shape,
    betas=both_below_one,
    eps=not_negative,
    momentum_decay=not_negative,
)
def nadam(
    gradient: Vector,
    state: Outlook | None,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    momentum_decay: float = 4e-3,
) -> tuple[Vector, Outlook]:
    """Adam that looks one step ahead, as Nesterov's momentum does (Dozat, 2016, eq. 2.3).

    μₜ = β₁ (1 − ½ · 0.96^(t ψ))        ψ = `momentum_decay`
    m ← β₁ m + (1 − β₁) g               v ← β₂ v + (1 − β₂) g²
    m̄ = μₜ₊₁ m / (1 − μ₁ … μₜ₊₁) + (1 − μₜ) g / (1 − μ₁ … μₜ)
    direction = m̄ / (√v̂ + ε)           v̂ = v / (1 − β₂ᵗ)

    The momentum of the step ahead multiplies m, this step's stands with the fresh gradient.
    The factors μ change over time, so their product replaces Adam's β₁ᵗ.
    """
    if state is None:
        state = Outlook(0, 1.0, torch.zeros_like(gradient), torch.zeros_like(gradient))
    b1, b2 = betas
    t = state.t + 1
    now = b1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    ahead = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    product = state.product * now
    m = b1 * state.m + (1 - b1) * gradient
    v = b2 * state.v + (1 - b2) * gradient**2
    m_bar = ahead * m / (1 - product * ahead) + (1 - now) * gradient / (1 - product)
    return m_bar / ((v / (1 - b2**t)).sqrt() + eps), Outlook(t, product, m, v)
