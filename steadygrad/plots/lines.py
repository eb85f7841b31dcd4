"""Lines: losses over steps, sizes over layers, functions, and errors between asymptotes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from steadygrad.checks import checked
from steadygrad.plots.labels import label_lines
from steadygrad.plots.looks import DOTTED, looks
from steadygrad.plots.spreads import Spread
from steadygrad.plots.style import Numbers, array, axes_for, styled
from steadygrad.plots.written import plain_ticks

Lines = Mapping[str, Spread | Numbers]  # a spread is a line over its band
Bands = Mapping[str, tuple[Numbers, Numbers]]  # from low to high, under the line of that label


@checked
@styled
def curves(
    histories: Lines,
    ax: Axes | None = None,
    *,
    xlabel: str = "step",
    ylabel: str = "loss",
    log: bool = False,
    bands: Bands | None = None,
    strong: str | Sequence[str] = (),
    labels: bool = True,
) -> Axes:
    """One line per label over the step number, from 0; `log` for a logarithmic y axis.

    Those in `strong` stand out and the others are grey.  Lines are named at their ends,
    unless `labels` is False, for one panel of several to name the lines of all.
    """
    ax = axes_for(ax)
    _lines(ax, histories, 0, bands, strong)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    return _named(ax, labels, strong)


@checked
@styled
def layer_sizes(
    sizes: Lines,
    ax: Axes | None = None,
    *,
    ylabel: str,
    bands: Bands | None = None,
    strong: str | Sequence[str] = (),
    labels: bool = True,
) -> Axes:
    """One line per label over the layer number, from 1, on a logarithmic axis.

    A size of exactly 0 has no place on that axis: it becomes a triangle on the lower edge.
    """
    ax = axes_for(ax)
    lines = _lines(ax, sizes, 1, bands, strong)
    ax.set(xlabel="layer", ylabel=ylabel, yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    for line in lines:
        x, y = line.get_data()
        line.set_ydata(np.where(y == 0, np.nan, y))
        edge = {"transform": ax.get_xaxis_transform(), "clip_on": False, "linestyle": "none"}
        if (zero := x[y == 0]).size:
            ax.plot(zero, 0 * zero, marker="v", color=line.get_color(), **edge)
    ax.relim()
    return _named(ax, labels, strong)


@checked
@styled
def function(
    xs: Numbers,
    values: Lines,
    ax: Axes | None = None,
    *,
    xlabel: str = "z",
    ylabel: str = "value",
    bands: Bands | None = None,
    strong: str | Sequence[str] = (),
    labels: bool = True,
) -> Axes:
    """Functions of one number at the points xs, such as an activation and its slope."""
    ax = axes_for(ax)
    _lines(ax, values, array(xs), bands, strong)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return _named(ax, labels, strong)


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
    labels: bool = True,
) -> Axes:
    """The error of a finite difference over its step, between its two asymptotes.

        truncation · εᵒʳᵈᵉʳ  from the left        rounding / ε  from the right

    For a central difference order = 2, truncation = |f‴| / 6 and rounding = u |f|.
    """
    ax, steps = axes_for(ax), array(steps)
    for label, error in errors.items():
        ax.plot(steps, array(error), label=label, linestyle="none", markersize=3.5)
    limits = _positive_limits(ax)
    asymptotes = {
        f"truncation ∝ $ε^{order}$": truncation * steps**order,
        "rounding ∝ 1/ε": rounding / steps,
    }
    for (label, line), dash in zip(asymptotes.items(), ("--", ":"), strict=True):
        ax.plot(steps, line, label=label, color="0.4", linestyle=dash, marker="none", zorder=1)
    ax.set(xlabel="step ε", ylabel="error", xscale="log", yscale="log", ylim=limits)
    return _named(ax, labels)


# ── What they share ──────────────────────────────────────────────────────────────────


def _lines(
    ax: Axes,
    lines: Lines,
    at: int | np.ndarray,
    bands: Bands | None,
    strong: str | Sequence[str],
) -> list[Line2D]:
    """Each line at these points, or at the whole numbers from `at` on; bands underneath."""
    bands = {name: (v.low, v.high) for name, v in lines.items() if isinstance(v, Spread)} | {
        **(bands or {})
    }
    if unknown := set(bands) - set(lines):
        raise ValueError(
            f"A band lies under the line of its label, but there is no line "
            f"{sorted(unknown)!r}; the lines are {list(lines)!r}."
        )
    drawn = []
    for (label, values), look in zip(lines.items(), looks([*lines], strong), strict=True):
        ys = array(values.mean if isinstance(values, Spread) else values)
        xs = np.arange(at, at + len(ys)) if isinstance(at, int) else at
        look |= {"marker": "none"} if len(xs) > DOTTED else {}
        drawn += ax.plot(xs, ys, label=label, **look)
        if label in bands:
            low, high = map(array, bands[label])
            ax.fill_between(xs, low, high, color=drawn[-1].get_color(), alpha=0.2, linewidth=0)
    return drawn


def _named(ax: Axes, labels: bool, strong: str | Sequence[str] = ()) -> Axes:
    plain_ticks(ax)
    if not labels:
        return ax
    return label_lines(ax, 12) if strong else label_lines(ax)


def _positive_limits(ax: Axes) -> tuple[float, float]:
    """A decade's half around what is drawn, so that the asymptotes do not stretch the axis."""
    ys = np.concatenate([line.get_ydata() for line in ax.lines])
    ys = ys[ys > 0]
    return ys.min() / 3, ys.max() * 3
