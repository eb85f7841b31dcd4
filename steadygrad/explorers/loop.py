"""Chapter 5's explorer: a loss with a wall, and what clipping does to a walk on it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from torch import Tensor

from steadygrad import loop
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider
from steadygrad.explorers.live import LiveFigure, is_narrow, panels
from steadygrad.loop import Step
from steadygrad.plots import COLORS, DASHES, MARKERS, human

W, B = (2.5, 7.5), (-4.0, 0.5)  # the window on the weights never moves
CELLS = 100  # of the picture of the loss, in each direction
START, WALK = (5.0, -2.0), 100
LOSSES = (1e-4, 0.5)
LENGTHS = (0.3, 1.2)  # of an arrow, where the step is shorter or longer than that


class Measurement(NamedTuple):
    """The loss over the window, one walk on it, and which of its steps was the steepest."""

    landscape: Float[Tensor, "b w"]
    path: list[Step]
    steepest: int
    agreement: float  # cosine of the steepest gradient before and after clipping


def measure(
    *, clip: str = "by norm", threshold: float = 0.1, time_steps: int = 50, lr: float = 1.0
) -> Measurement:
    """Walk `WALK` steps from START; the recurrent unit feeds itself `time_steps` times."""
    start = torch.tensor(START, dtype=torch.float64)
    path = loop.descend(
        start, clip=clip, threshold=threshold, lr=lr, walk=WALK, steps=time_steps
    )
    steepest = max(range(WALK), key=lambda step: path[step].gradient.norm())
    step = path[steepest]
    agreement = loop.cosine([step.gradient], [step.clipped])
    return Measurement(_landscape(time_steps), path, steepest, agreement)


@lru_cache(maxsize=50)  # other sliders leave it as it is, and it takes a third of the time
def _landscape(time_steps: int) -> Float[Tensor, "b w"]:
    w, b = (torch.linspace(*ends, CELLS, dtype=torch.float64) for ends in (W, B))
    window = torch.stack(torch.meshgrid(w, b, indexing="xy"))
    return loop.cliff(window, steps=time_steps)


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """Four controls, the walk over the loss, its steepest gradient, and its loss."""

    def update(artists: Sequence[Artist], **settings: object) -> str:
        measurement = measure(**settings)
        _draw(artists, measurement, settings["lr"])
        return _sentence(measurement)

    return LiveFigure(_build, update, _controls(), alt=ALT)


ALT = (
    "Left, the loss over weight and bias as shades, dark where it is small, with the walk as a "
    "line from a white dot and two arrows where it was steepest: the step before and after "
    "clipping. Right, the loss over the steps of the walk, on a logarithmic axis."
)


def _controls() -> dict[str, Control]:
    controls = {
        "clip": Choice("clip", "by norm", list(loop.CLIPS)),
        "threshold": LogSlider("threshold", 0.1, min=-2, max=2, step=0.25, write=human),
        "time_steps": Slider("time steps", 50, min=1, max=50),
        "lr": LogSlider("learning rate", 1, min=-2, max=0.5, step=0.25, write=human),
    }
    ends = (controls["clip"], "value"), (controls["threshold"], "hidden")
    traitlets.dlink(*ends, lambda clip: clip == "none")
    return controls


def _build(figure: Figure) -> list[Artist]:
    """The shades, the walk, two arrows, and the losses."""
    window, losses = panels(figure, 1, 1)
    shades = window.imshow(
        np.full((CELLS, CELLS), LOSSES[1]), extent=(*W, *B), origin="lower", aspect="auto",
        norm=LogNorm(*LOSSES), cmap="gray", interpolation="nearest",
    )  # fmt: skip
    figure.colorbar(shades, ax=window, label="loss", pad=0.02, aspect=30)
    (walk,) = window.plot([], [], color=COLORS[0], marker=".", markersize=4, linewidth=1)
    walk.set(linestyle="-", label="walk")
    edge = {"markerfacecolor": "white", "markeredgecolor": "black", "zorder": 4}
    (start,) = window.plot(*START, marker="o", markersize=9, linestyle="none", **edge)
    start.set(label="start")
    arrows = [
        window.add_patch(
            FancyArrowPatch(
                *(START, START),
                arrowstyle="-|>",
                shrinkA=0,
                shrinkB=0,
                zorder=3,
                color=color,
                linewidth=width,
                mutation_scale=6 + 3 * width,
            )
        )
        for color, width in ((COLORS[1], 4), (COLORS[2], 2))
    ]
    named = [
        Line2D([], [], color=color, linestyle="-", marker=">", label=label)
        for color, label in ((COLORS[1], "steepest step"), (COLORS[2], "the same, clipped"))
    ]
    (loss,) = losses.plot([], [], color=COLORS[0], linestyle=DASHES[0], marker=MARKERS[0])
    loss.set(markersize=3)
    window.set(xlim=W, ylim=B, xlabel="weight w", ylabel="bias b")
    losses.set(yscale="log", xlim=(-1, WALK), ylim=(1e-6, 1), xlabel="step", ylabel="loss")
    window.grid(visible=False)
    figure.legend(
        handles=[start, walk, *named],
        loc="outside upper left",
        ncols=2 if is_narrow(figure) else 4,
    )
    return [shades, walk, *arrows, start, loss]


def _draw(artists: Sequence[Artist], measurement: Measurement, lr: float) -> None:
    shades, walk, before, after, _, loss = artists
    landscape, path, steepest, _ = measurement
    shades.set_data(landscape.clamp(*LOSSES).numpy())
    walk.set_data(*torch.stack([step.theta for step in path]).T.numpy())
    here = path[steepest]
    for arrow, gradient in ((before, here.gradient), (after, here.clipped)):
        step = -lr * gradient
        length = max(step.norm().item(), 1e-30)
        end = here.theta + step * (float(np.clip(length, *LENGTHS)) / length)
        arrow.set_positions(tuple(here.theta.tolist()), tuple(end.tolist()))
    loss.set_data(np.arange(len(path)), np.clip([step.loss for step in path], 1e-6, 1))


def _sentence(measurement: Measurement) -> str:
    _, path, steepest, agreement = measurement
    here = path[steepest]
    long, short = here.gradient.norm().item(), here.clipped.norm().item()
    clipped = f"clipped to {human(short)} (cosine between the two: {agreement:.2f})"
    first, last = human(path[0].loss), human(path[-1].loss)
    lowest = human(min(step.loss for step in path))
    return (
        f"Steepest at step {steepest}: a gradient of {human(long)}, "
        f"{clipped if short < long else 'which is not clipped'}. Loss at the start {first}, "
        f"smallest {lowest}, at the end {last}. An arrow is drawn {LENGTHS[0]} long at least "
        f"and {LENGTHS[1]} at most, and what is off the scale of the losses at its edge."
    )
