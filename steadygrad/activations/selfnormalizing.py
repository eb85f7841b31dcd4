"""Self-normalization: what an activation does to mean and variance, and the one made for it."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.activations.rectifiers import elu_slope
from steadygrad.checks import at_least, below_one, checked, not_negative

Elementwise = Callable[[Tensor], Tensor]
EDGE, POINTS = 12.0, 24_001  # beyond 12 deviations a normal variable has 1e-33 of its weight


class Moments(NamedTuple):
    """The mean of a variable, and the mean of its square."""

    mean: float
    second: float

    @property
    def variance(self) -> float:
        return self.second - self.mean**2


@checked(variance=not_negative, points=at_least(2))
def gaussian_moments(
    f: Elementwise, mean: float = 0.0, variance: float = 1.0, *, points: int = POINTS
) -> Moments:
    """E[f(z)] and E[f(z)²] for z ~ N(mean, variance), by the trapezoidal rule in float64.

    Right to about 1e-6 for a function with a corner, and to rounding for a smooth one, or
    where the corner lies on a point of the grid, as a corner at the mean does.

    >>> round(gaussian_moments(torch.relu).second, 9)  # half of E[z²] = 1
    0.5
    """
    z = torch.linspace(-EDGE, EDGE, points, dtype=torch.float64)
    weight = torch.exp(-z.square() / 2)
    values = f(mean + math.sqrt(variance) * z)
    first, second = (
        (weight @ power / weight.sum()).item() for power in (values, values.square())
    )
    return Moments(first, second)


@checked(weight_variance=not_negative, points=at_least(2))
def next_moments(
    f: Elementwise,
    before: Moments,
    *,
    weight_variance: float = 1.0,
    weight_mean: float = 0.0,
    points: int = POINTS,
) -> Moments:
    """Mean and mean square of a wide layer's outputs, from those of its inputs.

        z ~ N(weight_mean · mean, weight_variance · E[a²])        next = moments of f(z)

    For n independent inputs and weights of variance `weight_variance` / n and mean
    `weight_mean` / n: then z is a sum of many small terms, and so nearly normal.
    """
    mean, variance = weight_mean * before.mean, weight_variance * before.second
    return gaussian_moments(f, mean, variance, points=points)


@checked
def selu_constants() -> tuple[float, float]:
    """α and λ of SELU, solved from what they are for (Klambauer et al., 2017).

        selu(z) = λ z where z > 0, else λ α (e^z − 1)        z ~ N(0, 1)
        E[selu(z)] = 0  gives α        E[selu(z)²] = 1  gives λ

    Φ is the normal distribution function, and e^kz φ(z) = e^(k²/2) φ(z − k), so that
    the integral of e^kz φ(z) over z < 0 is e^(k²/2) Φ(−k).  Return (α, λ) to six digits or
    better, by formula or by any solver.
    """

    def below(k: float) -> float:  # the integral of e^kz φ(z) over z < 0
        return math.exp(k**2 / 2) * math.erfc(k / math.sqrt(2)) / 2

    alpha = (1 / math.sqrt(2 * math.pi)) / (below(0) - below(1))
    second = 1 / 2 + alpha**2 * (below(2) - 2 * below(1) + below(0))
    return alpha, 1 / math.sqrt(second)


SELU = selu_constants()


@checked
def selu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """An ELU scaled so that it keeps mean 0 and variance 1 (Klambauer et al., 2017).

        selu(x) = λ x where x > 0, else λ α (e^x − 1)        (α, λ) = SELU

    SELU holds both constants with all their digits, about 1.67326 and 1.05070.  Value and
    gradient must be right at ±800 too.

    >>> selu(torch.tensor([-800.0, 0.0, 1.0]))
    tensor([-1.7581,  0.0000,  1.0507])
    """
    alpha, scale = SELU
    left = x.clamp(max=0)  # all that the exponential gets to see
    return scale * torch.where(x > 0, x, alpha * torch.expm1(left))


@checked
def selu_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """λ where x is positive, else λ α e^x: on the right above 1, so that variance can grow."""
    alpha, scale = SELU
    return scale * elu_slope(x, alpha)


@checked(p=below_one)
def alpha_dropout(
    x: Float[Tensor, "*shape"], p: float, *, rng: torch.Generator | None = None
) -> Float[Tensor, "*shape"]:
    """Dropout that keeps mean 0 and variance 1 (Klambauer et al., 2017, section 3).

        y = a (x · keep + s (1 − keep)) + b        P(keep = 0) = p        s = −λα
        a = 1 / √((1 − p)(1 + p s²))               b = −a p s

    A unit dropped is set to SELU's lowest value, not to 0, and the line a, b restores
    what that changed.  `rng` is a generator on the device of `x`.
    """
    alpha, scale = SELU
    lowest = -scale * alpha
    dropped = torch.rand(x.shape, generator=rng, dtype=x.dtype, device=x.device) < p
    a = 1 / math.sqrt((1 - p) * (1 + p * lowest**2))
    return a * torch.where(dropped, lowest, x) - a * p * lowest
