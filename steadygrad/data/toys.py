"""Toys: sets of points on the plane, in two classes.

The shapes of the TensorFlow playground, about ten wide and centred on zero.  Two changes:
the classes alternate, so that any even n is balanced; and noise moves the points instead
of flipping labels, by a normal shift of standard deviation `noise` in each direction.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from steadygrad.checks import at_least, checked, not_negative
from steadygrad.data.examples import Device, Examples


@checked(n=at_least(1), noise=not_negative)
def circle(
    n: int,
    noise: float = 0.25,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """A disc of radius 2.5 (class 1) inside a ring from 3.5 to 5 (class 0)."""
    y, (u, turn) = _start(n, 2, rng, dtype)
    radius = torch.where(y == 1, 2.5 * u, 3.5 + 1.5 * u)
    return _finish(radius * _direction(2 * math.pi * turn), y, noise, rng, device)


@checked(n=at_least(1), noise=not_negative)
def xor(
    n: int,
    noise: float = 0.25,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """Four squares: class 1 where both coordinates have one sign, class 0 where they differ.

    No line can separate them, nor can a network without a hidden layer
    (Minsky & Papert, 1969).
    """
    y, (u, v, side) = _start(n, 3, rng, dtype)
    sign = torch.where(side < 0.5, -1, 1)
    first, second = 0.3 + 4.7 * u, 0.3 + 4.7 * v
    points = torch.stack([sign * first, sign * (2 * y - 1) * second])
    return _finish(points, y, noise, rng, device)


@checked(n=at_least(1), noise=not_negative)
def gauss(
    n: int,
    noise: float = 1.0,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """Two normal clouds, around (2, 2) (class 1) and (−2, −2) (class 0): one line will do."""
    y, _ = _start(n, 0, rng, dtype)
    centres = (4 * y - 2).to(dtype).expand(2, n)
    return _finish(centres, y, noise, rng, device)


@checked(n=at_least(1), noise=not_negative)
def spiral(
    n: int,
    noise: float = 0.1,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """Two arms that wind round each other one and three quarter times: the hard one.

    point = 5 u (sin φ, cos φ)      φ = 3.5 π u, and π more for class 0
    """
    y, (u,) = _start(n, 1, rng, dtype)
    return _finish(5 * u * _direction(math.pi * (3.5 * u + 1 - y)), y, noise, rng, device)


TOYS: dict[str, Callable[..., Examples]] = {
    "circle": circle,
    "xor": xor,
    "gauss": gauss,
    "spiral": spiral,
}


def _start(
    n: int, rows: int, rng: torch.Generator, dtype: torch.dtype
) -> tuple[Int64[Tensor, " n"], Float[Tensor, "rows n"]]:
    """Alternating classes, and what chance decides about each point: numbers from 0 to 1."""
    if n < 2:
        raise ValueError(
            f"A toy set needs a point in each of two classes, so n ≥ 2; got {n!r}."
        )
    labels = torch.arange(n, device=rng.device) % 2
    return labels, torch.rand(rows, n, generator=rng, dtype=dtype, device=rng.device)


def _direction(angle: Float[Tensor, " n"]) -> Float[Tensor, "2 n"]:
    return torch.stack([angle.sin(), angle.cos()])


def _finish(
    points: Float[Tensor, "2 n"],
    y: Int64[Tensor, " n"],
    noise: float,
    rng: torch.Generator,
    device: Device,
) -> Examples:
    if not noise >= 0:
        raise ValueError(f"Noise is a standard deviation, zero or more, but got {noise!r}.")
    shift = torch.randn(points.shape, generator=rng, dtype=points.dtype, device=points.device)
    return Examples((points + noise * shift).T.contiguous().to(device), y.to(device))
