"""Style: how every figure looks."""

from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad.checks import checked

Numbers = Sequence[float] | Shaped[np.ndarray, " n"] | Shaped[Tensor, " n"]

# Okabe & Ito (2008), without the yellow, which fades on white
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
STYLE = {
    "axes.prop_cycle": cycler(color=COLORS, linestyle=DASHES, marker=MARKERS),
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (7.0, 3.8),
    "font.size": 11,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}
WIDTHS = {1: 7.0, 2: 8.6}  # inches, by columns of panels; a notebook's page has room for 9
styled = mpl.rc_context(STYLE)  # decorates what draws: lines read the style when they are made
PHOTOGRAPH = "photograph"  # the name (gid) of Axes that no theme may turn dark


@checked
def use_style() -> None:
    """Draw everything from here on in the course's style."""
    plt.rcParams.update(STYLE)


# ── What all figures start from ──────────────────────────────────────────────────────


@checked
def panels(rows: int = 1, columns: int = 1, **options: object) -> Axes | np.ndarray:
    """New Axes in the course's style: one, or an array of them as from plt.subplots.

    Options are those of matplotlib's Figure (figsize) and of its subplots (sharex, sharey,
    width_ratios, ...).  The figure is `ax.figure`.  pyplot does not know it, so a notebook
    does not show it by itself at the end of a cell: `show` does.
    """
    width, height = WIDTHS.get(columns, 9.2), 3.8 if columns == 1 else 3.3
    figsize = options.pop("figsize", (width, height * rows))
    with mpl.rc_context(STYLE):
        return Figure(figsize=figsize).subplots(rows, columns, **options)


@checked
def axes_for(ax: Axes | None, **options: object) -> Axes:
    """The Axes asked for, or new ones."""
    return panels(**options) if ax is None else ax


@checked
def array(values: Numbers) -> np.ndarray:
    """What matplotlib can draw, wherever it was computed."""
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    return np.asarray(values, dtype=float)
