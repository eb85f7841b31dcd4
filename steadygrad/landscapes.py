"""Landscapes: losses with two parameters, so that a walk over them can be drawn.

Each is a pure function of points, (..., 2) to (...), with its minima beside it.  What
optimizers do on them is easy to see and easy to believe; what it says about a network
with a million parameters is another matter, and experiments are there for that.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import checked, not_negative, unchecked

Points = Float[Tensor, "*batch 2"]
Heights = Float[Tensor, "*batch"]
Rule = Callable[..., tuple[Tensor, Any]]  # (gradient, state) -> (direction, state)


@checked
def ravine(theta: Points, steepness: float = 100.0) -> Heights:
    """A long valley: `steepness` times as curved across as along.  Minimum 0 at (0, 0).

    ½ (x² + steepness · y²)
    """
    x, y = theta.unbind(-1)
    return (x**2 + steepness * y**2) / 2


@checked
def rosenbrock(theta: Points) -> Heights:
    """A bent valley with a nearly flat floor (Rosenbrock, 1960).  Minimum 0 at (1, 1).

    (1 − x)² + 100 (y − x²)²
    """
    x, y = theta.unbind(-1)
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


@checked
def beale(theta: Points) -> Heights:
    """Flat in the middle, with walls at the corners (Beale, 1958).  Minimum 0 at (3, ½).

    (1.5 − x + x y)² + (2.25 − x + x y²)² + (2.625 − x + x y³)²
    """
    x, y = theta.unbind(-1)
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


@checked
def saddle(theta: Points) -> Heights:
    """A pass at (0, 0) between two valleys.  Minima 0 at (0, 1) and (0, −1).

    ½ x² + ¼ (y² − 1)²

    On the line y = 0 the slope leads to the pass, and there it ends.
    """
    x, y = theta.unbind(-1)
    return x**2 / 2 + (y**2 - 1) ** 2 / 4


@checked
def plateau(theta: Points) -> Heights:
    """A pit in a plain: far out there is hardly any slope.  Minimum 0 at (0, 0).

    1 − exp(−½ (x² + y²))
    """
    return 1 - torch.exp(-theta.square().sum(-1) / 2)


@checked
def bowl(theta: Points) -> Heights:
    """Mildly uneven, and harmless but for the noise that walks add.  Minimum 0 at (0, 0).

    ½ (x² + 4 y²)
    """
    return ravine(theta, steepness=4.0)


class Landscape(NamedTuple):
    """A loss to walk on, where it is lowest, and how to look at it."""

    height: Callable[[Points], Heights]
    minima: tuple[tuple[float, float], ...]
    start: tuple[float, float]
    view: tuple[float, float, float, float]  # left, right, bottom, top
    noise: float = 0.0  # deviation of what a gradient measured there is off by

    def __call__(self, theta: Points) -> Heights:
        return self.height(theta)


LANDSCAPES = {
    "ravine": Landscape(ravine, ((0, 0),), (-9.0, 1.5), (-10, 4, -3, 3)),
    "Rosenbrock": Landscape(rosenbrock, ((1, 1),), (-1.5, 2.0), (-2, 2, -1, 3)),
    "Beale": Landscape(beale, ((3, 0.5),), (1.0, 1.5), (-1, 4, -1, 2)),
    "saddle": Landscape(saddle, ((0, 1), (0, -1)), (-1.8, 0.001), (-2, 2, -1.8, 1.8)),
    "plateau": Landscape(plateau, ((0, 0),), (-3.5, 2.0), (-5, 5, -4, 4)),
    "noisy bowl": Landscape(bowl, ((0, 0),), (-3.0, 2.0), (-4, 4, -3, 3), noise=2.0),
}


class Walk(NamedTuple):
    """Every step of a rule: where it stood, what it was told, what it answered and kept."""

    points: Float[Tensor, "stops *walkers 2"]  # one stop more than steps
    gradients: Float[Tensor, "steps *walkers 2"]
    directions: Float[Tensor, "steps *walkers 2"]
    states: list[Any]


@checked(noise=not_negative)
def walk(
    rule: Rule,
    landscape: Callable[[Points], Heights],
    start: Points,
    lr: float | Tensor,
    steps: int,
    *,
    noise: float = 0.0,
    rng: torch.Generator | None = None,
    **settings: object,
) -> Float[Tensor, "stops *walkers 2"]:
    """The points that a rule visits, the start first.  `settings` go to the rule.

    With several starts, or a rate for each as a tensor of shape (n, 1), n walkers go at once.
    They are one flat vector to the rule, so it must treat coordinates one by one.
    """
    return survey(rule, landscape, start, lr, steps, noise=noise, rng=rng, **settings).points


@checked(noise=not_negative)
def survey(
    rule: Rule,
    landscape: Callable[[Points], Heights],
    start: Points,
    lr: float | Tensor,
    steps: int,
    *,
    noise: float = 0.0,
    rng: torch.Generator | None = None,
    **settings: object,
) -> Walk:
    """A walk with everything that happened on it.

    θ ← θ − lr · direction,  direction from rule(∇ + noise, state)

    A rule whose third parameter is called theta is handed the points.  Noise of the given
    deviation comes from `rng`, the same for every rule and walker.  Nothing is stopped: a
    walk that diverges ends in inf or NaN.
    """
    sees_theta = "theta" in inspect.signature(rule).parameters
    points, state = (start + torch.zeros_like(start * lr)).detach(), None
    stops, gradients, directions, states = [points], [], [], []
    for number in range(steps):
        if number == 1:  # what is asked of the first step is true of the others
            rule, landscape = unchecked(rule), unchecked(landscape)
        gradient = unchecked(slope)(landscape, points)
        if noise:
            gradient = gradient + noise * torch.randn(2, generator=rng, dtype=points.dtype)
        seen = (points.flatten(),) if sees_theta else ()
        flat, state = rule(gradient.flatten(), state, *seen, **settings)
        direction = flat.view_as(points)
        points = points - lr * direction
        for kept, new in zip(
            (stops, gradients, directions, states),
            (points, gradient, direction, state),
            strict=True,
        ):
            kept.append(new)
    return Walk(*map(torch.stack, (stops, gradients, directions)), states)


@checked
def slope(landscape: Callable[[Points], Heights], theta: Points) -> Points:
    """The gradient at each point, by autograd."""
    with torch.enable_grad():
        theta = theta.detach().requires_grad_()
        return torch.autograd.grad(landscape(theta).sum(), theta)[0]
