"""Walks: the points that optimizers visit, on the landscape that they walk on."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from steadygrad.checks import checked
from steadygrad.plots.style import axes_for, styled

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
    ax.contourf(x, y, shades, levels=20, cmap="Greys", alpha=0.5, zorder=0)
    ax.contour(x, y, shades, levels=12, colors="0.6", linewidths=0.5, zorder=1)
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
    """One line per label over the contours, with a dot where each of them ends.

    What leaves the view, or is not finite, is not shown.
    """
    ax = contours(height, ax, view=view, minima=minima)
    for label, points in paths.items():
        xy = points.detach().cpu().numpy()
        xy = xy[np.isfinite(xy).all(axis=1)]
        (line,) = ax.plot(xy[:, 0], xy[:, 1], label=label, markevery=max(1, len(xy) // 12))
        line.set(markersize=3.5, linewidth=1.4)
        ax.plot(*xy[-1], marker="o", markersize=7, color=line.get_color(), linestyle="none")
    if len(paths) > 1:
        ax.legend(fontsize=9)
    return ax
