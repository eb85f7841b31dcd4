"""Chapter 8's explorer as a picture, for readers without a kernel."""

import io

import matplotlib as mpl
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from steadygrad.explorers.plans import GRIPS, NAMES, STEPS
from steadygrad.explorers.trials import EVERY, Measurement, smooth
from steadygrad.plots import COLORS, STYLE

LOSSES = (0.18, 2.2)  # the axis never moves, so that two settings can be compared
BESIDE = dict(textcoords="offset points", va="center", weight="bold", annotation_clip=False)


def still(seen: Measurement, front: str, top: float) -> bytes:
    """Both panels as a PNG picture, twice the pixels; `top` is where the rates' axis ends."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 6), dpi=200)
        FigureCanvasAgg(figure)
        above, below = figure.subplots(2, 1, sharex=True)
        steps = torch.arange(EVERY, STEPS + 1, EVERY)
        _lines(above, torch.arange(STEPS + 1), seen.rates, front)
        _lines(below, steps, smooth(seen.losses).clamp(*LOSSES), front)
        for grip in GRIPS[front].values():
            dot = dict(color=COLORS[0], markersize=11, markeredgecolor="white")
            above.plot(*grip.at(seen.settings), "o", clip_on=False, zorder=4, **dot)
        end = seen.validation[NAMES.index(front)].item()
        shown = min(max(end, LOSSES[0]), LOSSES[1])
        below.plot(STEPS + 4, shown, "D", color=COLORS[0], clip_on=False)
        words = dict(color=COLORS[0], **BESIDE)
        below.annotate(f"{end:.2f} validation", (STEPS + 4, shown), (8, 0), **words)
        above.set_title("Learning rate", loc="left", fontsize=11, fontweight="bold")
        above.set_title(f"{front}; the other nine in grey", loc="right", fontsize=11)
        below.set_title("Loss on the training points", loc="left", fontsize=11, weight="bold")
        above.set(xlim=(0, STEPS), ylim=(0, top))
        below.set(xlabel="step", yscale="log", ylim=LOSSES)
        below.set_yticks([0.2, 0.5, 1, 2], labels=["0.2", "0.5", "1", "2"])
        below.minorticks_off()
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=200, metadata={"Software": None})
    return picture.getvalue()


def _lines(ax: Axes, x: torch.Tensor, rows: torch.Tensor, front: str) -> None:
    """The chosen schedule's line on top of all others."""
    for name, row in zip(NAMES, rows, strict=True):
        own = dict(color=COLORS[0], linewidth=3, zorder=3)
        other = dict(color="0.78", linewidth=1.2, zorder=2)
        look = own if name == front else other
        ax.plot(x[: len(row)], row, marker="none", linestyle="-", **look)
