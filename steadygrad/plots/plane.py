"""Walks: the points that optimizers visit, on the landscape that they walk on."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from steadygrad.checks import checked
from steadygrad.plots.style import COLORS, DASHES, MARKERS, axes_for, panels, styled

View = tuple[float, float, float, float]  # left, right, bottom, top
STEPS = 120  # of the grid that contours are drawn from, in each direction


@checked
@styled
def contours(
    height: Callable[[Float[Tensor, "*grid 2"]], Float[Tensor, "*grid"]],
    ax: Axes | None = None,
    *,
    view: View,
    minima: Iterable[tuple[float, float]] = (),
) -> Axes:
    """A loss with two parameters as shades and lines, close together near its lowest point.

    Shades are even in the logarithm, for a valley's floor and its walls to show at once.
    Minima become stars.
    """
    ax = axes_for(ax, figsize=(5.6, 4.2))
    left, right, bottom, top = view
    across, up = torch.linspace(left, right, STEPS), torch.linspace(bottom, top, STEPS)
    x, y = torch.meshgrid(across, up, indexing="xy")
    heights = height(torch.stack([x, y], dim=-1)).numpy()
    above = heights - heights.min()
    shades = np.log10(above + 1e-3 * above.max())
    ax.contourf(x, y, shades, levels=20, cmap="Greys", alpha=0.22, zorder=0)
    ax.contour(x, y, shades, levels=12, colors="0.8", linewidths=0.5, zorder=1)
    for minimum in minima:
        ax.plot(*minimum, marker="*", markersize=13, color="black", linestyle="none", zorder=2)
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel="$θ_1$", ylabel="$θ_2$")
    ax.grid(False)
    return ax


@checked
@styled
def walks(
    height: Callable[[Float[Tensor, "*grid 2"]], Float[Tensor, "*grid"]],
    paths: Mapping[str, Float[Tensor, "_ 2"]],
    ax: Axes | None = None,
    *,
    view: View,
    minima: Iterable[tuple[float, float]] = (),
) -> Axes:
    """One line per label over the contours: a ring where it starts, a dot where it ends.

    What leaves the view, or is not finite, is not shown.  More than three walks hide each
    other: `walk_panels` gives each a panel.
    """
    ax = contours(height, ax, view=view, minima=minima)
    for number, (label, points) in enumerate(paths.items()):
        _walk(ax, points, number % len(COLORS), label)
    if len(paths) > 1:  # they end at one place, so no label can stand there
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), fontsize=10)
    return ax


@checked
@styled
def walk_panels(
    height: Callable[[Float[Tensor, "*grid 2"]], Float[Tensor, "*grid"]],
    paths: Mapping[str, Float[Tensor, "_ 2"]],
    *,
    view: View,
    minima: Iterable[tuple[float, float]] = (),
    columns: int = 4,
) -> np.ndarray:
    """One panel per walk, on the same contours and with its name as title; returns the Axes."""
    columns, minima = min(columns, len(paths)), [*minima]
    rows = -(-len(paths) // columns)
    size = (9.2, 0.5 + rows * 9.2 / max(columns, 3) * 0.95)
    axes = panels(rows, columns, sharex=True, sharey=True, squeeze=False, figsize=size)
    for ax in axes.flat[len(paths) :]:
        ax.remove()
    for ax, (label, points) in zip(axes.flat, paths.items(), strict=False):
        contours(height, ax, view=view, minima=minima)
        _walk(ax, points, 0, label)
        ax.set_title(label)
        ax.label_outer()
    return axes.ravel()[: len(paths)]


def _walk(ax: Axes, points: Tensor, number: int, label: str) -> None:
    xy = points.detach().cpu().numpy()
    xy = xy[np.isfinite(xy).all(axis=1)]
    look = dict(color=COLORS[number], zorder=3)
    ax.plot(
        *xy.T,
        label=label,
        marker=MARKERS[number],
        linestyle=DASHES[number],
        markevery=max(1, len(xy) // 12),
        markersize=3,
        linewidth=1.6,
        **look,
    )
    ax.plot(*xy[0], marker="o", markersize=8, markerfacecolor="white", linestyle="none", **look)
    ax.plot(*xy[-1], marker="o", markersize=7, linestyle="none", **look)
