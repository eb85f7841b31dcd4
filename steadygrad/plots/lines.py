"""Lines: losses over steps, sizes over layers, functions, and errors between asymptotes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from steadygrad.checks import checked
from steadygrad.plots.style import Numbers, array, axes_for, styled

Bands = Mapping[str, tuple[Numbers, Numbers]]  # from low to high, under the line of that label


@checked
@styled
def curves(
    histories: Mapping[str, Numbers],
    ax: Axes | None = None,
    *,
    xlabel: str = "step",
    ylabel: str = "loss",
    log: bool = False,
    bands: Bands | None = None,
) -> Axes:
    """One line per label over the step number, from 0; `log` for a logarithmic y axis."""
    ax = _lines(axes_for(ax), histories, 0, bands)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    return _legend(ax)


@checked
@styled
def layer_sizes(
    sizes: Mapping[str, Numbers],
    ax: Axes | None = None,
    *,
    ylabel: str,
    bands: Bands | None = None,
) -> Axes:
    """One line per label over the layer number, from 1, on a logarithmic axis.

    A size of exactly 0 has no place on that axis: it becomes a triangle on the lower edge.
    """
    ax = _lines(axes_for(ax), sizes, 1, bands)
    ax.set(xlabel="layer", ylabel=ylabel, yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    for line in list(ax.lines):
        x, y = line.get_data()
        line.set_ydata(np.where(y == 0, np.nan, y))
        edge = {"transform": ax.get_xaxis_transform(), "clip_on": False, "linestyle": "none"}
        if (zero := x[y == 0]).size:
            ax.plot(zero, 0 * zero, marker="v", color=line.get_color(), **edge)
    ax.relim()
    return _legend(ax)


@checked
@styled
def function(
    xs: Numbers,
    values: Mapping[str, Numbers],
    ax: Axes | None = None,
    *,
    xlabel: str = "z",
    ylabel: str = "value",
    bands: Bands | None = None,
) -> Axes:
    """Functions of one number at the points xs, such as an activation and its slope."""
    ax = _lines(axes_for(ax), values, array(xs), bands)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return _legend(ax)


@checked
@styled
def error_over_step(
    steps: Numbers,
    errors: Mapping[str, Numbers],
    ax: Axes | None = None,
    *,
    truncation: float,
    rounding: float,
    order: int = 2,
) -> Axes:
    """The error of a finite difference over its step, between its two asymptotes.

        truncation · εᵒʳᵈᵉʳ  from the left        rounding / ε  from the right

    For a central difference order = 2, truncation = |f‴| / 6 and rounding = u |f|.
    """
    ax, steps = axes_for(ax), array(steps)
    for label, error in errors.items():
        ax.plot(steps, array(error), label=label, linestyle="none")
    limits = _positive_limits(ax)
    asymptotes = {
        f"truncation ∝ $ε^{order}$": truncation * steps**order,
        "rounding ∝ 1/ε": rounding / steps,
    }
    for (label, line), dash in zip(asymptotes.items(), ("--", ":"), strict=True):
        ax.plot(steps, line, label=label, color="0.4", linestyle=dash, marker="none", zorder=1)
    ax.set(xlabel="step ε", ylabel="error", xscale="log", yscale="log", ylim=limits)
    return _legend(ax)


# ── What they share ──────────────────────────────────────────────────────────────────


def _lines(
    ax: Axes, lines: Mapping[str, Numbers], at: int | np.ndarray, bands: Bands | None
) -> Axes:
    """Each line at these points, or at the whole numbers from `at` on; bands underneath."""
    if unknown := set(bands or {}) - set(lines):
        raise ValueError(
            f"A band lies under the line of its label, but there is no line "
            f"{sorted(unknown)!r}; the lines are {list(lines)!r}."
        )
    for label, values in lines.items():
        ys = array(values)
        xs = np.arange(at, at + len(ys)) if isinstance(at, int) else at
        (line,) = ax.plot(xs, ys, label=label, markevery=_every(xs))
        if bands and label in bands:
            low, high = map(array, bands[label])
            ax.fill_between(xs, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    return ax


def _every(xs: Sequence[float] | np.ndarray) -> int:
    """Every how many points a marker is drawn: about twelve of them tell a line."""
    return max(1, len(xs) // 12)


def _legend(ax: Axes) -> Axes:
    if len(ax.get_legend_handles_labels()[1]) > 1 or ax.get_legend():
        ax.legend()
    return ax


def _positive_limits(ax: Axes) -> tuple[float, float]:
    """A decade's half around what is drawn, so that the asymptotes do not stretch the axis."""
    ys = np.concatenate([line.get_ydata() for line in ax.lines])
    ys = ys[ys > 0]
    return ys.min() / 3, ys.max() * 3
