"""What chapter 6's explorer draws: walks in a quadratic valley, and a map of convergence."""

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad import momentum
from steadygrad.checks import unchecked
from steadygrad.explorers.quick import drawn

ANGLE = 25.0  # degrees: the valley lies askew, so that eigen-directions are no axes
TURN = math.radians(ANGLE)
AXES = np.array([[math.cos(TURN), -math.sin(TURN)], [math.sin(TURN), math.cos(TURN)]])
START = (-8.3, -1.1)
VIEW = (-10.0, 10.0, -6.0, 6.0)
LENGTHS = (200, 500, 1200)  # of the walks, and of the lower panel's axis
GOAL = 1e-6  # of the loss at the start: a thousandth of the distance
RATES = (0.05, 50.0)  # of the map; the steepest curvature is 1
MOMENTA = (0.0, 0.99)
LEVELS = (1000, 300, 100, 30, 10, 3, 1)  # steps for a tenfold fall: the map's contours
CONVENTIONS = {  # and what each does, as it is written in the chapter
    "heavy ball": "b ← μ b + g,   x ← x − η b",
    "Nesterov": "b ← μ b + g,   x ← x − η (g + μ b)",
    "rate inside": "v ← μ v − η g,   x ← x + v",
    "running mean": "m ← μ m + (1 − μ) g,   x ← x − η m",
}


# ── The walk ────────────────────────────────────────────────────────────────────────


class Walk(NamedTuple):
    """A walk as far as it can be drawn, and how its loss fell."""

    path: Float[np.ndarray, "points 2"]  # in the picture's coordinates
    loss: Float[np.ndarray, " points"]  # as a part of the loss at the start
    needs: int | None  # from this step on the loss is below GOAL, if it ever is


class Chart(NamedTuple):
    """What a rule can do at any rate and momentum, in the long run.

    The map's rows end where the walk diverges, so that this border is a smooth line.
    """

    rates: Float[np.ndarray, "momenta rates"]
    momenta: Float[np.ndarray, "momenta rates"]
    speed: Float[np.ndarray, "momenta rates"]  # tenfold falls of the loss a step
    best: tuple[float, float]


def measure(
    *,
    lr: float = 1.0,
    mu: float = 0.9,
    convention: str = "heavy ball",
    condition: float = 100.0,
    noise: float = 0.0,
    start: tuple[float, float] = START,
    steps: int = 200,
    seed: int = 0,
) -> Walk:
    """Walk down ½ xᵀ H x, whose curvatures are 1 / condition and 1.

    Gradients are off by normal noise of this deviation.
    """
    rotation = torch.from_numpy(AXES)
    curvatures = torch.tensor([1 / condition, 1.0], dtype=torch.float64)
    h = rotation @ torch.diag(curvatures) @ rotation.T
    rng = torch.Generator().manual_seed(seed)
    errors = noise * torch.randn(steps, 2, generator=rng, dtype=torch.float64)
    x, state = torch.tensor(start, dtype=torch.float64), None
    points = [x]
    for error in errors if noise else [None] * steps:
        gradient = h @ x if error is None else h @ x + error
        direction, state = _step(convention, gradient, state, lr, mu)
        x = torch.sub(x, direction, alpha=lr)
        points.append(x)
    path = torch.stack(points)
    loss = ((path @ h) * path).sum(1) / 2
    loss = (loss / loss[0]).numpy()
    above = np.flatnonzero(
        ~(loss < GOAL)
    )  # an infinite loss is above, one that is no number too
    needs = int(above[-1]) + 1 if above[-1] < steps else None
    path = drawn(path.numpy())
    return Walk(path, loss[: len(path)], needs)


def _step(
    convention: str, gradient: Tensor, state: Tensor | None, lr: float, mu: float
) -> tuple[Tensor, Tensor]:
    if convention == "rate inside":
        return _inside(gradient, state, lr=lr, momentum=mu)
    if convention == "running mean":
        return _mean(gradient, state, momentum=mu)
    return _sgd(gradient, state, momentum=mu, nesterov=convention == "Nesterov")


_sgd, _inside, _mean = map(unchecked, (momentum.sgd, momentum.lr_inside, momentum.ema))
_contraction, _convert = map(unchecked, (momentum.contraction, momentum.convert_momentum))


def shrink(convention: str, curvature: float, lr: float, mu: float) -> float:
    """By what the distance along a direction of this curvature shrinks in a step."""
    if convention == "running mean":
        lr, mu = _convert(lr, mu, "ema", "heavy_ball")
    return _contraction(curvature, lr, mu, nesterov=convention == "Nesterov")


def tenfold(shrinks: float) -> float:
    """Steps in which the loss falls to a tenth, where the distance shrinks by this a step."""
    return math.inf if shrinks >= 1 else math.log(10) / (-2 * math.log(max(shrinks, 1e-9)))


def whole(steps: float) -> int:
    return max(1, math.ceil(steps - 1e-9))


def limit(convention: str, mu: float) -> float:
    """The rate at which the convention starts to diverge, for a steepest curvature of 1."""
    found = momentum.max_stable_lr(torch.eye(1), mu, convention == "Nesterov")
    if convention == "running mean":
        found, _ = momentum.convert_momentum(found, mu, "heavy_ball", "ema")
    return found


def best_plain(condition: float) -> float:
    """Plain descent's best rate: both ends of the curvatures then shrink alike."""
    return 2 / (1 / condition + 1)


def length(condition: float) -> int:
    """Steps enough for plain descent at its best, if that is within the longest."""
    factor = max(both("heavy ball", condition, best_plain(condition), 0.0))
    expected = 1.1 * -math.log10(GOAL) * tenfold(factor)
    return next((n for n in LENGTHS if n >= expected), LENGTHS[-1])


@lru_cache(maxsize=64)
def chart(convention: str, condition: float) -> Chart:
    """The slower of the two directions, at every rate and momentum."""
    rates, momenta = _mesh(convention, condition)
    slowest = [
        max(both(convention, condition, lr, mu))
        for lr, mu in zip(rates.ravel().tolist(), momenta.ravel().tolist(), strict=True)
    ]
    speed = -2 * np.log10(np.maximum(slowest, 1e-9)).reshape(rates.shape)
    return Chart(rates, momenta, speed, _best(convention, condition, rates, momenta, speed))


def _mesh(convention: str, condition: float) -> tuple[np.ndarray, np.ndarray]:
    """A row for each momentum, of rates up to its limit; bends lie on columns of their own."""
    momenta = 1 - np.geomspace(1 - MOMENTA[0], 1 - MOMENTA[1], 51)
    rates = [_row(convention, condition, mu) for mu in momenta.tolist()]
    return np.array(rates), np.broadcast_to(momenta[:, None], np.shape(rates))


def _row(convention: str, condition: float, mu: float) -> np.ndarray:
    most = limit(convention, mu)
    stops = [
        RATES[0],
        *np.clip(sorted(_bends(convention, condition, mu)), RATES[0], most),
        most,
    ]
    parts = [np.geomspace(low, high, 16)[:-1] for low, high in pairwise(stops)]
    return np.append(np.concatenate(parts), most)


def _bends(convention: str, condition: float, mu: float) -> tuple[float, float]:
    """The rates at which the roots of `momentum.contraction` become complex, and real again."""
    if convention == "Nesterov":
        return condition * ((1 - mu) / (1 + mu)) ** 2, 1.0
    low, high = condition * (1 - math.sqrt(mu)) ** 2, (1 + math.sqrt(mu)) ** 2
    scale = 1 / (1 - mu) if convention == "running mean" else 1.0
    return low * scale, high * scale


def both(convention: str, condition: float, lr: float, mu: float) -> tuple[float, float]:
    """What the distance shrinks by along the valley, and across it."""
    return shrink(convention, 1 / condition, lr, mu), shrink(convention, 1.0, lr, mu)


def _best(
    convention: str, condition: float, rates: np.ndarray, momenta: np.ndarray, speed: np.ndarray
) -> tuple[float, float]:
    if convention == "Nesterov":  # the best of the map
        place = speed.argmax()
        return rates.flat[place].item(), momenta.flat[place].item()
    lr, mu = momentum.best_heavy_ball(1 / condition, 1.0)
    target = "ema" if convention == "running mean" else "heavy_ball"
    return momentum.convert_momentum(lr, mu, "heavy_ball", target)


@lru_cache(maxsize=64)
def regions(convention: str, condition: float) -> list[tuple[float, list[np.ndarray]]]:
    """Where the loss falls tenfold within ∞ steps, and from there on within 1000, 300 …

    Outlines in rate and momentum: first of all that converges, then of the bands in it.
    """
    of = chart(convention, condition)
    steps = [steps for steps in LEVELS if of.speed.max() > 1 / steps]
    levels = [*(1 / each for each in steps), 100]
    bands = Figure().add_subplot().contourf(np.log10(of.rates), of.momenta, of.speed, levels)
    found = [(math.inf, [np.vstack([_edge(of, 0), _edge(of, -1)[::-1]])])]
    for each, band in zip(steps, bands.get_paths(), strict=True):
        found.append((each, [np.c_[10 ** o[:, 0], o[:, 1]] for o in band.to_polygons()]))
    return found


def _edge(of: Chart, column: int) -> np.ndarray:
    return np.c_[of.rates[:, column], of.momenta[:, column]]
