"""Beyond one number a coordinate: rules that turn the gradient as well as scaling it.

They take a weight's gradient as the matrix it is, except Newton's, which takes a vector.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.adaptive.squares import Vector
from steadygrad.checks import below_one, checked, not_negative, of_the_gradients_shape

Matrix = Float[Tensor, "rows columns"]

MUON = (3.4445, -4.7750, 2.0315)  # Jordan's: steepest at zero, settles near 1 but not on it
CUBIC = (1.5, -0.5, 0.0)  # the classical iteration: slower, and exact in the limit


class Sides(NamedTuple):
    """Sums of G Gᵀ and of Gᵀ G."""

    left: Float[Tensor, "rows rows"]
    right: Float[Tensor, "columns columns"]


class Heading(NamedTuple):
    """A running mean of a matrix of gradients."""

    m: Matrix


@checked(damping=not_negative)
def newton(gradient: Vector, hessian: Float[Tensor, "n n"], damping: float = 0.0) -> Vector:
    """The direction that leads to a quadratic's minimum in one step (Newton; Raphson, 1690).

    direction = (H + δ I)⁻¹ g

    Stretched or rotated coordinates make no difference to it.  Solving takes about n³
    operations and H has n² numbers, which is why networks do without.  It leads to the point
    where a quadratic's slope is zero, also if that is a saddle or a maximum: along directions
    that curve downwards it goes uphill.  Raises torch.linalg.LinAlgError for a singular H.
    """
    eye = torch.eye(len(gradient), dtype=gradient.dtype, device=gradient.device)
    return torch.linalg.solve(hessian + damping * eye, gradient)


@checked(eps=not_negative)
def shampoo(
    gradient: Matrix, state: Sides | None, *, eps: float = 1e-4
) -> tuple[Matrix, Sides]:
    """A full AdaGrad for the rows and one for the columns (Gupta et al., 2018, alg. 1).

    L ← L + G Gᵀ        R ← R + Gᵀ G        both start at ε I
    direction = L^(−1/4) G R^(−1/4)

    For a layer of m × n weights it keeps m² + n² numbers; a full AdaGrad would keep (m n)².
    Only the diagonals of L and R would be m + n numbers, as in Adafactor.
    """
    if state is None:
        rows, columns = gradient.shape
        like = dict(dtype=gradient.dtype, device=gradient.device)
        state = Sides(eps * torch.eye(rows, **like), eps * torch.eye(columns, **like))
    left = state.left + gradient @ gradient.T
    right = state.right + gradient.T @ gradient
    roots = (_inverse_fourth_root(side, eps) for side in (left, right))
    return next(roots) @ gradient @ next(roots), Sides(left, right)


def _inverse_fourth_root(side: Float[Tensor, "n n"], eps: float) -> Float[Tensor, "n n"]:
    """No eigenvalue is below eps, but for rounding, which could make one negative."""
    values, vectors = torch.linalg.eigh(side)
    return vectors * values.clamp(min=eps) ** -0.25 @ vectors.T


@checked(eps=not_negative)
def newton_schulz(
    matrix: Matrix,
    steps: int = 5,
    coefficients: tuple[float, float, float] = MUON,
    eps: float = 1e-7,
) -> Matrix:
    """Push every singular value towards 1, by products alone (Jordan, 2024; Björck, 1971).

    X = M / max(‖M‖, ε)                        ‖M‖: root of the sum of squares
    X ← a X + (b A + c A A) X,  A = X Xᵀ       `steps` times, with (a, b, c) = coefficients

    A is taken on the smaller side: a tall matrix is transposed first and back at the end.
    Each step sends a singular value s to a s + b s³ + c s⁵ and leaves the singular vectors
    as they are.  Muon's coefficients end between 0.68 and 1.13, not at 1.
    """
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


@checked(state=of_the_gradients_shape, momentum=below_one)
def muon(
    gradient: Matrix, state: Heading | None, *, momentum: float = 0.95, steps: int = 5
) -> tuple[Matrix, Heading]:
    """Nesterov's momentum, then every direction of the matrix made alike (Jordan, 2024).

    m ← μ m + (1 − μ) G
    direction = √max(1, rows / columns) · newton_schulz(μ m + (1 − μ) G)

    For the matrices of hidden layers; the first layer (or embedding), the last, and all biases
    and gains are left to AdamW.  torch.optim.Muon, from torch 2.9 on, is the same rule (its
    velocity is m / (1 − μ), which newton_schulz does not see), decays by 0.1 unless told
    otherwise, and iterates in bfloat16, so that the two differ by one or two per cent.
    """
    if state is None:
        state = Heading(torch.zeros_like(gradient))
    m = momentum * state.m + (1 - momentum) * gradient
    rows, columns = gradient.shape
    ahead = momentum * m + (1 - momentum) * gradient
    return max(1, rows / columns) ** 0.5 * newton_schulz(ahead, steps), Heading(m)
