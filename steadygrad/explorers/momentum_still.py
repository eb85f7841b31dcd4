"""Chapter 6's explorer where no kernel is: the same numbers, drawn by matplotlib."""

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, PathPatch
from matplotlib.path import Path

from steadygrad.explorers import valley
from steadygrad.plots import COLORS, STYLE

TICKS = [0, 0.5, 0.8, 0.9, 0.95, 0.99]
PLAIN = {"color": "0.5", "linestyle": "--", "linewidth": 1.2, "marker": "none"}
CHOSEN = {"color": COLORS[1], "linestyle": "-", "linewidth": 1.2}


def picture(of: Any) -> bytes:
    """A PNG picture of an explorer as it stands, without its handles."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 6.6))
        grid = figure.add_gridspec(2, 2, height_ratios=(5, 3), width_ratios=(5, 4))
        _walk(of, figure.add_subplot(grid[0, 0]))
        _map(of, figure.add_subplot(grid[0, 1]))
        _losses(of, figure.add_subplot(grid[1, :]))
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=200, metadata={"Software": None})
    return picture.getvalue()


def _walk(of: Any, ax: Axes) -> None:
    for width, height in reversed(of.rings):
        ring = Ellipse((0, 0), 2 * width, 2 * height, angle=valley.ANGLE, facecolor="black")
        ax.add_patch(ring).set(alpha=0.04, edgecolor="black")
    ax.plot(*np.transpose(of.plain["path"]), **PLAIN | {"linestyle": "-", "alpha": 0.5})
    ax.plot(*np.transpose(of.walk["path"]), **CHOSEN, marker="o", markersize=3)
    ax.plot(0, 0, "k+", markersize=12, markeredgewidth=2)
    ax.plot(*of.start, "o", color="white", markeredgecolor="black", markersize=10)
    for place, name in (((0, 0), "minimum"), (of.start, "start")):
        ax.annotate(name, place, (6, -16), textcoords="offset points")
    kappa = f"κ = {of.condition:.3g}: curved {of.condition:.3g} times as much across"
    ax.set(xlim=valley.VIEW[:2], ylim=valley.VIEW[2:], aspect="equal", xticks=[], yticks=[])
    ax.set(title="The walk", xlabel=f"{valley.CONVENTIONS[of.convention]}\n{kappa}")


def _map(of: Any, ax: Axes) -> None:
    ax.set_facecolor("0.9")
    for deep, region in enumerate(of.chart["regions"]):
        outlines = [
            np.c_[o[:, 0], 1 / (1 - o[:, 1])] for o in map(np.array, region["outlines"])
        ]
        shape = Path.make_compound_path(*map(Path, outlines))
        ax.add_patch(PathPatch(shape, color=COLORS[0], alpha=1 - 0.83 ** max(1, deep), lw=0))
        if region["steps"]:
            rate, mu = region["tip"]
            ax.annotate(
                str(region["steps"]),
                (rate, 1 / (1 - mu)),
                (4, 4),
                textcoords="offset points",
            )
    lr, mu = of.chart["best"]
    ax.plot(lr, 1 / (1 - mu), "kx", markeredgewidth=2)
    ax.annotate(
        f"best: {of.chart['steps']}",
        (lr, 1 / (1 - mu)),
        (8, -4),
        textcoords="offset points",
    )
    ax.plot(of.lr, 1 / (1 - of.mu), "o", color=COLORS[1], markeredgecolor="white")
    ax.text(0.97, 0.03, "diverges", transform=ax.transAxes, ha="right")
    ax.set(
        xscale="log",
        yscale="log",
        xlim=valley.RATES,
        ylim=[1 / (1 - mu) for mu in valley.MOMENTA],
    )
    ax.set_yticks([1 / (1 - mu) for mu in TICKS], TICKS, minor=False)
    ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    ax.minorticks_off()
    ax.set(xlabel="learning rate η", ylabel="momentum μ")
    ax.set_title("Steps for a tenfold fall of the loss")
    ax.grid(visible=False)


def _losses(of: Any, ax: Axes) -> None:
    ax.semilogy(of.plain["loss"], **PLAIN, label=_named("plain descent", of.plain))
    ax.semilogy(of.walk["loss"], **CHOSEN, marker="none", label=_named("this setting", of.walk))
    ax.axhline(valley.GOAL, color="0.4", linestyle=":", linewidth=1, marker="none")
    ax.set_yticks([1, 1e-2, 1e-4, valley.GOAL], ["1", "1/100", "1/10,000", "a millionth"])
    ax.minorticks_off()
    ax.set(xlim=(0, of.plain["steps"]), ylim=(1e-7, 10), xlabel="steps")
    ax.set_title("The loss, as a part of the loss at the start")
    ax.legend(loc="upper right")


def _named(name: str, walk: dict) -> str:
    return f"{name}: {walk['needs']} steps" if walk["needs"] else name
