"""Momentum: batches, the step, and what happens when steps remember the ones before.

A rule turns a gradient into a direction and owns no state: it is handed the old state and
returns the new one.  The step is ``theta - lr * direction``, and it is the caller's.
Chapter 6 derives each formula in this order.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from steadygrad.checks import (
    Rule,
    at_least,
    below_one,
    checked,
    fraction,
    not_negative,
    positive,
    rule,
)

Vector = Float[Tensor, " n"]  # all parameters of a model, laid end to end

CONVENTIONS = ("heavy_ball", "lr_inside", "ema")


# ── Batches ─────────────────────────────────────────────────────────────────────────


_STABLE = Rule(
    "above 0 and below the limit 2 (1 + momentum) / curvature",
    lambda v, given: 0 < v < 2 * (1 + given["momentum"]) / given["curvature"],
)
_NOT_ZERO = rule("other than 0", lambda v: v != 0)
_SYMMETRIC = rule(
    "symmetric, finite and not empty",
    lambda v: v.numel() > 0 and bool(v.isfinite().all()) and v.allclose(v.T),
)


@checked(batch_size=at_least(1))
def minibatches(
    x: Float[Tensor, "examples *shape"],
    y: Tensor,
    batch_size: int,
    generator: torch.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of mini-batches: every example once, in a fresh random order.

    `y[i]` belongs to `x[i]`, before and after.  The last batch is smaller where the size does
    not divide the number of examples; `drop_last` leaves such a batch out.  The order is drawn
    from `generator`, or from PyTorch's own where there is none.
    """
    n = len(x)
    order = torch.randperm(n, generator=generator).to(x.device)
    end = n - n % batch_size if drop_last else n
    for start in range(0, end, batch_size):
        chosen = order[start : start + batch_size]
        yield x[chosen], y[chosen]


# ── Rules ───────────────────────────────────────────────────────────────────────────


@checked(momentum=not_negative)
def sgd(
    gradient: Vector,
    state: Vector | None,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
) -> tuple[Vector, Vector]:
    """Gradient descent with memory: earlier gradients still count (Polyak, 1964).

        first step      b = g
        later steps     b ← μ b + (1 − dampening) g
        direction = b               or with nesterov    g + μ b

    g is the gradient, μ the momentum, b the velocity: the state, which is None before the
    first step.  Returns the direction and the new state, and changes neither input.  With
    μ = 0 and no dampening this is plain gradient descent.  As in torch.optim.SGD (except that
    it ignores the dampening at μ = 0), whose form of Nesterov's momentum is that of Sutskever
    et al. (2013) in shifted variables.

    >>> g = torch.ones(2)
    >>> direction, state = sgd(g, None, momentum=0.9)
    >>> direction, state = sgd(g, state, momentum=0.9)
    >>> direction
    tensor([1.9000, 1.9000])
    """
    velocity = gradient if state is None else momentum * state + (1 - dampening) * gradient
    direction = gradient + momentum * velocity if nesterov else velocity
    return direction, velocity


@checked(lr=_NOT_ZERO, momentum=not_negative)
def lr_inside(
    gradient: Vector, state: Vector | None, *, lr: float, momentum: float = 0.0
) -> tuple[Vector, Vector]:
    """Momentum with the rate inside the velocity, as in Keras, CS231n and many papers.

        v ← μ v − lr g        θ ← θ + v, so that direction = −v / lr

    The same walk as `sgd`'s while lr stays as it is.  When lr is cut, these steps fade over
    the next 1/(1 − μ) steps, and `sgd`'s are cut at once.  `lr` must not be 0.
    """
    velocity = -lr * gradient if state is None else momentum * state - lr * gradient
    return -velocity / lr, velocity


@checked(momentum=fraction)
def ema(
    gradient: Vector, state: Vector | None, *, momentum: float = 0.0
) -> tuple[Vector, Vector]:
    """Momentum as a running mean of the gradients, started at zero.

        m ← μ m + (1 − μ) g        direction = m

    `sgd`'s direction times (1 − μ): at the same rate it goes 1 − μ as far.
    """
    mean = (1 - momentum) * gradient
    mean = mean if state is None else momentum * state + mean
    return mean, mean


@checked(lr=not_negative, beta=below_one)
def convert_momentum(lr: float, beta: float, source: str, target: str) -> tuple[float, float]:
    """The rate and the momentum that give the same walk in another convention.

        heavy_ball    b ← β b + g              θ ← θ − lr b
        lr_inside     v ← β v − lr g           θ ← θ + v
        ema           m ← β m + (1 − β) g      θ ← θ − lr m

    All three start at rest (b = v = m = 0), and the rate does not change on the way.  Returns
    (lr, beta).  Raises ValueError for a convention that is not one of the three.

    >>> lr, beta = convert_momentum(0.1, 0.9, "heavy_ball", "ema")
    >>> round(lr, 9), beta
    (1.0, 0.9)
    """
    for name in (source, target):
        if name not in CONVENTIONS:
            raise ValueError(
                f"There is no convention {name!r}; choose one of {', '.join(CONVENTIONS)}."
            )
    if source == "ema":
        lr = lr * (1 - beta)
    if target == "ema":
        lr = lr / (1 - beta)
    return lr, beta


@checked
def nesterov_step(
    p: Tensor, b: Tensor, grad_fn: Callable[[Tensor], Tensor], lr: float, mu: float
) -> tuple[Tensor, Tensor]:
    """One step of Nesterov's: the gradient is taken where momentum alone would lead.

        ahead = p − lr μ b         (Nesterov, 1983, in the form of Sutskever et al., 2013)
        b ← μ b + grad(ahead)
        p ← p − lr b

    p is a point, b the velocity, at first zero.  Returns the new p and b.  `ahead` is where
    `sgd` with nesterov=True walks: it takes the same steps and calls another point θ.
    """
    ahead = p - lr * mu * b
    velocity = mu * b + grad_fn(ahead)
    return p - lr * velocity, velocity


# ── A quadratic valley ──────────────────────────────────────────────────────────────


@checked
def quadratic_path(
    h: Float[Tensor, "d d"], x0: Float[Tensor, " d"], lr: float, mu: float, steps: int
) -> Float[Tensor, "points d"]:
    """Where the heavy ball goes on L(x) = ½ xᵀ H x, from x₀ on.

        g = H x        b ← μ b + g        x ← x − lr b

    Returns x₀ and the point after every step: steps + 1 rows.  b starts at zero.
    """
    x, velocity = x0, torch.zeros_like(x0)
    points = [x]
    for _ in range(steps):
        velocity = mu * velocity + h @ x
        x = x - lr * velocity
        points.append(x)
    return torch.stack(points)


@checked(hessian=_SYMMETRIC, momentum=below_one)
def max_stable_lr(
    hessian: Float[Tensor, "d d"], momentum: float = 0.0, nesterov: bool = False
) -> float:
    """The rate from which on descent no longer converges on the quadratic ½ xᵀ H x.

    That of the heavy ball, or with `nesterov` that of Nesterov's rule; at momentum 0 both are
    plain descent.  H is symmetric.  Where an eigenvalue is negative the loss falls without end
    in that direction, and no rate is small enough: 0.  An eigenvalue that differs from zero by
    rounding only, tiny beside the largest, counts as zero.  Where all are zero nothing can be
    overshot: inf.

    >>> max_stable_lr(torch.diag(torch.tensor([1.0, 10.0])), momentum=0.5)
    0.3
    """
    eigenvalues = torch.linalg.eigvalsh(hessian.double())
    smallest, largest = eigenvalues[0].item(), eigenvalues[-1].item()
    rounding = 1e-6 * max(abs(smallest), abs(largest))  # what float32 leaves of a zero
    if smallest < -rounding:
        return 0.0
    if largest == 0:
        return math.inf
    # At z = −1 the two polynomials of `contraction` are 2 (1 + β) − lr λ and
    # 2 (1 + β) − (1 + 2β) lr λ.  The rate at which they are zero is the limit.
    limit = 2 * (1 + momentum) / largest
    return limit / (1 + 2 * momentum) if nesterov else limit


@checked
def contraction(
    curvature: float, lr: float, momentum: float = 0.0, *, nesterov: bool = False
) -> float:
    """The factor by which a step multiplies the distance on ½ λ x², in the long run.

    The larger size of the two roots of

        heavy ball    z² − (1 + β − lr λ) z + β = 0
        Nesterov      z² − (1 + β)(1 − lr λ) z + β (1 − lr λ) = 0

    Below 1 the walk converges; where the roots are complex it swings.  Without momentum this
    is |1 − lr λ|.  Where the two roots are one double root z, the distance is not zᵗ but
    (1 + c t) zᵗ: it may grow at first, and t steps multiply it by more than the factor's power.
    """
    shrink = 1 - lr * curvature
    b = -(1 + momentum) * shrink if nesterov else -(momentum + shrink)
    c = momentum * shrink if nesterov else momentum
    square = b * b - 4 * c
    if square < 0:
        return math.sqrt(c)
    return (abs(b) + math.sqrt(square)) / 2


@checked(
    smallest=positive,
    largest=Rule("at least the smallest", lambda v, given: v >= given["smallest"]),
)
def best_heavy_ball(smallest: float, largest: float) -> tuple[float, float]:
    """The rate and momentum with the smallest factor a step on a quadratic (Polyak, 1964).

        β = ((√κ − 1) / (√κ + 1))²        lr = (1 + √β)² / λ_max        κ = λ_max / λ_min

    In the long run every direction then shrinks by √β a step; plain descent's best factor is
    (κ − 1) / (κ + 1).  At both ends of the curvatures the roots are double, so the distance
    goes as (1 + c t) √βᵗ.  On a convex function that is not quadratic this choice may never
    converge (Lessard, Recht and Packard, 2016).

    >>> best_heavy_ball(1.0, 100.0)
    (0.0330578512396694..., 0.669421487603305...)
    """
    root = math.sqrt(largest / smallest)
    beta = ((root - 1) / (root + 1)) ** 2
    return (1 + math.sqrt(beta)) ** 2 / largest, beta


# ── Far and long ────────────────────────────────────────────────────────────────────


@checked(momentum=below_one)
def terminal_velocity(gradient: Tensor, lr: float, momentum: float) -> Tensor:
    """The length of a step once the gradient has long been the same: lr g / (1 − μ)."""
    return lr * gradient / (1 - momentum)


@checked(momentum=below_one)
def displacement(steps: int, lr: float, momentum: float, *, averaged: bool = False) -> float:
    """How far the heavy ball goes under a constant gradient of 1, from rest.

    − lr Σₖ (1 − μᵏ) / (1 − μ)        for k = 1 … steps; times (1 − μ) if averaged
    """
    total = sum(1 - momentum**k for k in range(1, steps + 1))
    return -lr * total / (1 if averaged else 1 - momentum)


@checked(curvature=positive, lr=_STABLE, noise=not_negative, momentum=below_one)
def stationary_variance(
    curvature: float, lr: float, noise: float, momentum: float = 0.0
) -> float:
    """The variance at which noisy gradients keep the heavy ball on ½ λ x².

        Var(x) = (lr σ² / λ) · (1 + β) / ((1 − β) (2 (1 + β) − lr λ))

    σ² is the noise's variance, σ₁² / B for a batch of B.  For a small rate this is
    lr σ₁² / (2 λ B (1 − β)): what counts is the effective rate over the batch size.
    """
    room = (1 - momentum) * (2 * (1 + momentum) - lr * curvature)
    return lr * noise**2 / curvature * (1 + momentum) / room


# ── Groups ──────────────────────────────────────────────────────────────────────────


@checked(weight_decay=not_negative)
def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups for an optimizer: what is to decay, and what is not.

        {"params": weights, "weight_decay": weight_decay}
        {"params": the others, "weight_decay": 0.0}

    Weights are the parameters with at least two dimensions: matrices, kernels, embeddings.
    Biases and the scales and shifts of normalization layers have one, and are by custom left
    without decay.  Every parameter is in one group, once, in the model's
    order; one that is frozen (requires_grad is False) is in none.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
