"""Chapter 6's explorer: a ball in a quadratic valley, and how fast it may go."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad import momentum
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider
from steadygrad.explorers.live import LiveFigure
from steadygrad.explorers.quick import drawn
from steadygrad.plots import COLORS, DASHES

STEPS = 80
ANGLE = math.radians(25)  # the valley lies askew, so that eigen-directions are no axes
START = (-8.0, 2.5)  # along the valley, and across it
VIEW = (-10.0, 10.0, -6.0, 6.0)
RATES = np.geomspace(0.01, 100, 400)  # of the right panel; the steepest curvature is 1
CONVENTIONS = ("heavy ball", "Nesterov", "rate inside", "running mean")
MARKED = {"heavy ball": 1.34, "Nesterov": 1.27, "running mean": 1.20}  # heights of the letters
AXES = np.array([[math.cos(ANGLE), -math.sin(ANGLE)], [math.sin(ANGLE), math.cos(ANGLE)]])


class Measurement(NamedTuple):
    """One walk, what each eigen-direction shrinks by, and the rate that is too much."""

    path: Float[Tensor, "points 2"]  # in the picture's coordinates
    shrinks: tuple[float, float]  # along the valley, across it
    limit: float
    loss: float  # at the end of the walk


def measure(
    *,
    lr: float = 1.0,
    beta: float = 0.9,
    convention: str = "heavy ball",
    condition: float = 30.0,
    noise: float = 0.0,
    seed: int = 0,
) -> Measurement:
    """Walk STEPS steps down ½ xᵀ H x, whose curvatures are 1 / condition and 1.

    Gradients are off by normal noise of this deviation.  Along an eigen-direction the walk
    without noise shrinks by the same factor at every step, in the long run.
    """
    rotation = torch.from_numpy(AXES)
    curvatures = torch.tensor([1 / condition, 1.0], dtype=torch.float64)
    h = rotation @ torch.diag(curvatures) @ rotation.T
    rng = torch.Generator().manual_seed(seed)
    x, state = rotation @ torch.tensor(START, dtype=torch.float64), None
    points = [x]
    for _ in range(STEPS):
        error = noise * torch.randn(2, generator=rng, dtype=torch.float64)
        direction, state = _step(convention, h @ x + error, state, lr, beta)
        x = x - lr * direction
        points.append(x)
    shrinks = tuple(shrink(convention, c, lr, beta) for c in (1 / condition, 1.0))
    return Measurement(
        torch.stack(points), shrinks, limit(convention, beta), (x @ h @ x / 2).item()
    )


def _step(
    convention: str, gradient: Tensor, state: Tensor | None, lr: float, beta: float
) -> tuple[Tensor, Tensor]:
    if convention == "rate inside":
        return momentum.lr_inside(gradient, state, lr=lr, momentum=beta)
    if convention == "running mean":
        return momentum.ema(gradient, state, momentum=beta)
    return momentum.sgd(gradient, state, momentum=beta, nesterov=convention == "Nesterov")


def shrink(convention: str, curvature: float, lr: float, beta: float) -> float:
    """By what a direction of this curvature shrinks in a step."""
    if convention == "running mean":
        lr, beta = momentum.convert_momentum(lr, beta, "ema", "heavy_ball")
    return momentum.contraction(curvature, lr, beta, nesterov=convention == "Nesterov")


def limit(convention: str, beta: float) -> float:
    """The rate at which the convention starts to diverge, for a steepest curvature of 1."""
    found = momentum.max_stable_lr(torch.eye(1), beta, convention == "Nesterov")
    if convention == "running mean":
        found, _ = momentum.convert_momentum(found, beta, "heavy_ball", "ema")
    return found


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """Five controls, the walk in the valley, and what each direction shrinks by at any rate."""

    def update(artists: Sequence[Artist], **settings: object) -> str:
        measurement = measure(**settings)
        _draw(artists, measurement, **settings)
        return _sentence(measurement, **settings)

    return LiveFigure(_build, update, _controls(), alt=ALT)


ALT = (
    "Left, the walk of a ball through level lines of a slanted quadratic valley, with the two "
    "eigen-directions. Right, over the learning rate, the factor by which the distance along "
    "each eigen-direction shrinks in a step; above 1 it grows. Vertical lines mark the rate in "
    "use and the conventions' limits."
)


def _controls() -> dict[str, Control]:
    powers = {"step": 0.05, "form": ".2f"}
    return {
        "lr": LogSlider("rate", 1.0, min=-2, max=2, **powers),
        "beta": Slider("momentum", 0.9, min=0, max=0.99, step=0.01, form=".2f"),
        "convention": Choice("convention", "heavy ball", list(CONVENTIONS)),
        "condition": LogSlider("condition", 10**1.5, min=0, max=3, **powers),
        "noise": Slider("noise", 0, min=0, max=2, step=0.1, form=".1f"),
    }


def _build(figure: Figure) -> list[Artist]:
    """Level lines and the walk; two curves of factors and the rate in use."""
    valley, rates = figure.subplots(1, 2, width_ratios=(3, 2))
    ellipses = [
        valley.plot([], [], color="0.75", linewidth=0.8, marker="none", linestyle="-")[0]
        for _ in range(5)
    ]
    for column, dash in zip(AXES.T, DASHES, strict=False):
        along = np.outer([-12, 12], column)
        valley.plot(*along.T, color="0.6", linestyle=dash, linewidth=0.8, marker="none")
    (walk,) = valley.plot(
        [], [], color=COLORS[0], marker="o", markersize=3, linestyle="-", linewidth=1
    )
    valley.set(xlim=VIEW[:2], ylim=VIEW[2:], aspect="equal", xlabel="x₁", ylabel="x₂")
    factors = [
        rates.plot([], [], color=color, linestyle=dash, marker="none", label=label)[0]
        for color, dash, label in zip(
            COLORS[1:], DASHES, ("along the valley", "across it"), strict=False
        )
    ]
    here = rates.axvline(1, color=COLORS[0], marker="none", label="the rate in use")
    limits = [
        rates.axvline(1, ymin=0.7, color="0.4", linestyle=":", marker="none") for _ in MARKED
    ]
    letters = [
        rates.text(1, height, f" {name[0].upper()}", fontsize=9, clip_on=True)
        for name, height in MARKED.items()
    ]
    rates.axhline(1, color="0.5", linestyle=":", marker="none", zorder=0)
    rates.set(xscale="log", xlim=(RATES[0], RATES[-1]), ylim=(0.3, 1.4))
    rates.set(xlabel="learning rate", ylabel="factor a step")
    figure.legend(handles=[*factors, here], loc="outside upper right", ncols=3)
    return [*ellipses, walk, *factors, here, *limits, *letters]


def _draw(
    artists: Sequence[Artist],
    measurement: Measurement,
    *,
    lr: float,
    beta: float,
    convention: str,
    condition: float,
    noise: float,  # noqa: ARG001 - all controls come in by name
) -> None:
    *ellipses, walk = artists[:6]
    angle = np.linspace(0, 2 * np.pi, 200)
    for number, line in enumerate(ellipses, start=1):
        size = 2.0 * number / 1.4
        ring = np.array([size * math.sqrt(condition) * np.cos(angle), size * np.sin(angle)])
        line.set_data(*(AXES @ ring))
    walk.set_data(*drawn(measurement.path.numpy()).T)
    for line, curvature in zip(artists[6:8], (1 / condition, 1.0), strict=True):
        line.set_data(RATES, [shrink(convention, curvature, rate, beta) for rate in RATES])
    artists[8].set_xdata([lr, lr])
    for (name, height), line, letter in zip(
        MARKED.items(), artists[9:12], artists[12:], strict=True
    ):
        line.set_xdata([limit(name, beta)] * 2)
        letter.set_position((limit(name, beta), height))


def _sentence(
    measurement: Measurement,
    *,
    lr: float,
    beta: float,
    convention: str,
    noise: float,
    **_: object,
) -> str:
    along, across = measurement.shrinks
    quiet = ", were it not for the noise" if noise else ""
    fate = (
        "It diverges"
        if max(along, across) > 1
        else "So it falls to a tenth every "
        f"{math.ceil(math.log(10) / -math.log(max(along, across, 1e-9)))} steps{quiet}"
        if max(along, across) < 1
        else "It neither comes nearer nor leaves"
    )
    far = " (off the scale)" if limit("running mean", beta) > RATES[-1] else ""
    return (
        "In the long run a step multiplies the distance along the valley by "
        f"{along:.3f}, across it by {across:.3f}. {fate}. The rate is {lr:.2f}, and the limit "
        f"of this convention ({convention}) is {measurement.limit:.2f}; H, N and R mark the "
        "limits of the heavy ball "
        f"(and of the rate inside), of Nesterov and of the running mean{far}. Loss after "
        f"{STEPS} steps: {measurement.loss:.1e}."
    )
