"""Chapter 1's explorer as a picture, for readers without a kernel."""

import io
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from steadygrad.plots import COLORS, DASHES, STYLE

NIGHT = "#101018"  # what glows needs the dark
GREY = "#767676"  # to be read on white and on black
LOOK = STYLE | {
    "figure.constrained_layout.use": False,
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": GREY,
    **{f"{what}color": GREY for what in ("text.", "axes.label", "xtick.", "ytick.")},
}
ROWS = {"activation": "forward → activations", "activation gradient": "← backward: gradient"}


def still(shown: Mapping, detail: Mapping, scale: Mapping) -> bytes:
    """The network, its sizes and one layer's values as a PNG picture."""
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(9, 4.6), dpi=200)  # twice the pixels of a page
        FigureCanvasAgg(figure)
        network = figure.add_axes((0.09, 0.55, 0.5, 0.43))
        _draw_network(network, shown, scale)
        _draw_sizes(figure.add_axes((0.09, 0.11, 0.5, 0.39), sharex=network), shown, scale)
        _draw_layer(figure.add_axes((0.81, 0.6, 0.18, 0.32)), detail, scale)
        for ax in figure.axes[:2]:
            ax.axvline(detail["layer"], color="0.6", linewidth=0.8, zorder=0)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=200, metadata={"Software": None})
    return picture.getvalue()


def _draw_network(ax: Axes, shown: Mapping, scale: Mapping) -> None:
    """A column of dots a layer: activations above, gradients below."""
    glow = {"cmap": ListedColormap(scale["ramp"]), "norm": LogNorm(scale["low"], scale["high"])}
    size = min(24, 900 / len(shown["dots"]))
    for middle, (label, words) in zip((11.5, 0.0), ROWS.items(), strict=True):
        ax.text(0, middle + 4.6, words, color="#e4e4ea", fontsize=9, ha="left")
        for layer, (rms, dots) in enumerate(
            zip(shown["lines"][label]["sizes"], shown["dots"], strict=True)
        ):
            if rms is not None:
                y = middle + np.arange(dots) - (dots - 1) / 2
                ax.scatter(0 * y + layer, y, c=0 * y + rms, s=size, **glow)
    ax.set(facecolor=NIGHT, xlim=(-0.7, len(shown["dots"]) - 0.3), ylim=(-4.7, 17.5), yticks=[])
    ax.tick_params(bottom=False, labelbottom=False)
    ax.grid(False)
    ax.spines[:].set_visible(False)


def _draw_sizes(ax: Axes, shown: Mapping, scale: Mapping) -> None:
    """The three lines, each with its name at its end, and marks where one leaves the scale."""
    ax.set(yscale="log", ylim=(scale["low"], scale["high"]), ylabel="size (rms) and glow")
    looks = zip(shown["lines"].items(), COLORS, DASHES, strict=False)
    ends = {}
    for row, ((label, line), color, dash) in enumerate(looks):
        sizes, off = np.array(line["sizes"], dtype=float), np.array(line["off"])
        at = np.arange(len(sizes))
        ax.plot(at, np.where(off, np.nan, sizes), color=color, linestyle=dash, marker="none")
        for way, triangle in ((-1, "v"), (1, "^")):
            edge = np.full((off == way).sum(), (way > 0) + 0.03 * (row + 0.5))
            where = {"transform": ax.get_xaxis_transform(), "clip_on": False, "markersize": 3}
            ax.plot(at[off == way], edge, triangle, color=color, **where)
        ends[label] = ax.transAxes.inverted().transform(ax.transData.transform((0, sizes[-1])))
    _name_lines(ax, {label: end[1] for label, end in ends.items()})
    ax.set_yticks(*zip(*scale["ticks"], strict=True))
    ax.tick_params("y", pad=8, length=0)
    ax.minorticks_off()
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("layer (0: input, last: scores)")
    key = ax.inset_axes((-0.016, 0, 0.014, 1))  # the axis is the glow's key
    ramp = np.arange(len(scale["ramp"]))[:, None]
    key.imshow(ramp, cmap=ListedColormap(scale["ramp"]), aspect="auto", origin="lower")
    key.set_axis_off()


def _name_lines(ax: Axes, heights: Mapping[str, float]) -> None:
    """At the lines' ends, from the top down, moved where they would meet."""
    free = 1.0
    for label in sorted(heights, key=heights.get, reverse=True):
        y = min(heights[label], free)
        color = COLORS[list(heights).index(label)]
        ax.text(1.01, y, label, color=color, fontsize=9, va="center", transform=ax.transAxes)
        free = y - 0.09


def _draw_layer(ax: Axes, detail: Mapping, scale: Mapping) -> None:
    """The histogram of its values, and its numbers beneath."""
    bins = np.array(scale["bins"])
    ax.stairs(detail["shares"], bins, fill=True, baseline=1e-5, color=COLORS[0])
    ax.set(yscale="log", ylim=(1e-4, 1), xlim=(bins[0], bins[-1]), xlabel="activation")
    ax.set_yticks([1e-4, 1e-2, 1], ["0.01 %", "1 %", "100 %"])
    ax.minorticks_off()
    ax.set_title(detail["name"], fontsize=10)
    for row, (name, text) in enumerate(detail["numbers"].items()):
        y, where = -0.55 - 0.17 * row, {"transform": ax.transAxes, "fontsize": 9}
        ax.text(-0.35, y, name, ha="left", **where)
        ax.text(1, y, text, ha="right", **where)
