"""Figures.  Every function takes data and an optional Axes, draws, and returns the Axes.

How figures look is decided in one place, STYLE.  Lines differ in colour, in dash and in
marker, so that no reader needs to tell colours apart; `show` wants the figure in words.
"""

import base64
import html
import io
import math
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from jaxtyping import Float, Int64, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from steadygrad.data import Examples

Numbers = Sequence[float] | Shaped[np.ndarray, " n"] | Shaped[Tensor, " n"]
Bands = Mapping[str, tuple[Numbers, Numbers]]  # from low to high, under the line of that label

# Okabe & Ito (2008), without the yellow, which fades on white
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
STYLE = {
    "axes.prop_cycle": cycler(color=COLORS, linestyle=DASHES, marker=MARKERS),
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (6.4, 3.8),
    "font.size": 11,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "savefig.dpi": 120,
}


def use_style() -> None:
    """Draw everything from here on in the course's style."""
    plt.rcParams.update(STYLE)


def show(drawn: Axes | Figure, alt: str) -> None:
    """Display a figure together with what it shows in words, and close it.

    JupyterLab 4.6 and nbconvert's default template read no alternative text from a picture's
    metadata (jupyter/enhancement-proposals 120 asks for it; the classic template does), so the
    words also follow the picture as a text that only screen readers find.  The plain text is
    the same words: it does not change when the cell is run again, as "<Figure size ...>" may.

    Outside a notebook it only closes the figure.  Raises ValueError if the words are missing.
    """
    if not alt.strip():
        raise ValueError(
            f"show needs the figure in words, for readers who cannot see it, but got {alt!r}; "
            "write show(ax, alt='Loss over steps: Adam is below SGD from step 20 on.')."
        )
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    _display(figure, " ".join(alt.split()))
    plt.close(figure)


def _display(figure: Figure, alt: str) -> None:
    from IPython import get_ipython  # only a notebook needs it
    from IPython.display import display

    if get_ipython() is None:
        return
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})  # same data, same bytes
    png = base64.b64encode(picture.getvalue()).decode()
    metadata = {"image/png": {"alt": alt}}
    display({"image/png": png, "text/plain": alt}, raw=True, metadata=metadata)
    display({"text/html": hidden(alt), "text/plain": alt}, raw=True)


def hidden(text: str) -> str:
    """HTML that screen readers read out and nobody sees."""
    style = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
    return f'<p style="{style}">Figure: {html.escape(text)}</p>'


# ── Lines ───────────────────────────────────────────────────────────────────────────


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
    ax = _lines(_axes(ax), histories, 0, bands)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    return _legend(ax)


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
    ax = _lines(_axes(ax), sizes, 1, bands)
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


def function(
    xs: Numbers,
    values: Mapping[str, Numbers],
    ax: Axes | None = None,
    *,
    xlabel: str = "z",
    ylabel: str = "value",
) -> Axes:
    """Functions of one number at the points xs, such as an activation and its slope."""
    ax, xs = _axes(ax), _array(xs)
    for label, ys in values.items():
        ax.plot(xs, _array(ys), label=label, markevery=_every(xs))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return _legend(ax)


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
    ax, steps = _axes(ax), _array(steps)
    for label, error in errors.items():
        ax.plot(steps, _array(error), label=label, linestyle="none")
    limits = _positive_limits(ax)
    asymptotes = {
        f"truncation ∝ $ε^{order}$": truncation * steps**order,
        "rounding ∝ 1/ε": rounding / steps,
    }
    for (label, line), dash in zip(asymptotes.items(), ("--", ":"), strict=True):
        ax.plot(steps, line, label=label, color="0.4", linestyle=dash, marker="none", zorder=1)
    ax.set(xlabel="step ε", ylabel="error", xscale="log", yscale="log", ylim=limits)
    return _legend(ax)


# ── Pictures and regions ────────────────────────────────────────────────────────────


def images(
    x: Float[Tensor, "n *shape"],
    y: Int64[Tensor, " n"] | None = None,
    ax: Axes | None = None,
    *,
    columns: int = 8,
) -> Axes:
    """Grey pictures in rows of `columns`, each with its class in the corner if y is given.

    Takes pictures as (n, height, width), (n, 1, height, width), or flat if they are square.
    """
    pictures = _square(x)
    rows = math.ceil(len(pictures) / columns)
    height, width = pictures.shape[1:]
    sheet = np.full((rows * (height + 1), columns * (width + 1)), pictures.min())
    ax = _axes(ax, figsize=(0.8 * columns, 0.8 * rows))
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = row * (height + 1), column * (width + 1)
        sheet[top : top + height, left : left + width] = picture
        if y is not None:
            ax.text(left + 1, top + 1, int(y[number]), color=COLORS[4], va="top")
    ax.imshow(sheet, cmap="gray")
    ax.set_axis_off()  # pixel numbers would say nothing
    return ax


def decision(
    predict: Callable[[Float[Tensor, "m 2"]], Shaped[Tensor, " m"]],
    examples: Examples,
    ax: Axes | None = None,
    *,
    resolution: int = 200,
) -> Axes:
    """Points of the plane by class, on the regions where `predict` answers each class.

    `predict` takes points, one a row, and returns class numbers.
    """
    ax, x, y = _axes(ax, figsize=(4.8, 4.2)), examples.x, examples.y
    margin = 0.1 * (x.amax(0) - x.amin(0)) + 1e-3
    (left, bottom), (right, top) = (x.amin(0) - margin).tolist(), (x.amax(0) + margin).tolist()
    ways = {"steps": resolution, "dtype": x.dtype, "device": x.device}
    across, up = torch.linspace(left, right, **ways), torch.linspace(bottom, top, **ways)
    points = torch.cartesian_prod(up, across).flip(1)
    with torch.no_grad():
        answers = _array(predict(points)).reshape(resolution, resolution)
    classes = max(int(y.max()), int(answers.max())) + 1
    shades = ListedColormap(COLORS[:classes])
    extent = (left, right, bottom, top)
    ax.imshow(
        answers,
        origin="lower",
        extent=extent,
        cmap=shades,
        vmin=0,
        vmax=classes - 1,
        alpha=0.25,
    )
    for number in range(classes):
        here = (x[y == number]).detach().cpu()
        ax.plot(
            *here.T,
            linestyle="none",
            marker=MARKERS[number],
            color=COLORS[number],
            markeredgecolor="white",
            markersize=7,
            label=f"class {number}",
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="auto")
    ax.grid(False)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=classes)  # not over the points
    return ax


# ── What they share ─────────────────────────────────────────────────────────────────


def chain(links: Sequence, start: Float[Tensor, ""], ax: Axes | None = None) -> Axes:
    """A chain of units with every factor: values on the way out, gradients on the way back.

    `links` come from `gradients.sigmoid_chain`, for a `start` that is a single number.
    """
    ax = ax or plt.subplots(figsize=(2.8 * len(links), 2.7))[1]
    ax.set(xlim=(-0.35, len(links) + 0.35), ylim=(-0.9, 0.6))
    ax.set_axis_off()
    there = {"ha": "center", "va": "center"}
    back = there | {"color": COLORS[1]}
    gradient = 1.0
    for layer in range(len(links), -1, -1):
        value = links[layer - 1].activation if layer else start
        circle = {"boxstyle": "circle", "facecolor": "white", "edgecolor": COLORS[0]}
        ax.text(layer, 0, f"$a_{layer}$\n{value:.3f}", bbox=circle, **there)
        at = rf"$\partial a_{len(links)}/\partial a_{layer}$"
        ax.text(layer, -0.75, f"{at}\n{gradient:.3f}", **back)
        if layer:
            gradient *= links[layer - 1].factor.item()
            _link(ax, layer, links[layer - 1], there, back)
    return ax


def _link(ax: Axes, layer: int, link, there: dict, back: dict) -> None:
    """The two arrows between a unit and the one before it, with what they multiply by."""
    left, middle, right = layer - 0.78, layer - 0.5, layer - 0.22
    ax.annotate("", (right, 0.12), (left, 0.12), arrowprops={"arrowstyle": "->"})
    ax.annotate("", (left, -0.12), (right, -0.12), arrowprops={"arrowstyle": "->"})
    ax.text(
        middle, 0.3, f"$w_{layer}$ = {link.weight:.1f}\n$z_{layer}$ = {link.z:.3f}", **there
    )
    factor = f"= {link.weight:.1f} × {link.slope:.3f}\n= {link.factor:.3f}"
    ax.text(middle, -0.38, f"$w_{layer}$ σ′($z_{layer}$)\n{factor}", **back)


def _axes(ax: Axes | None, **options: object) -> Axes:
    return plt.subplots(**options)[1] if ax is None else ax


def _array(values: Numbers) -> np.ndarray:
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    return np.asarray(values, dtype=float)


def _lines(ax: Axes, lines: Mapping[str, Numbers], first: int, bands: Bands | None) -> Axes:
    if unknown := set(bands or {}) - set(lines):
        raise ValueError(
            f"A band lies under the line of its label, but there is no line "
            f"{sorted(unknown)!r}; the lines are {list(lines)!r}."
        )
    for label, values in lines.items():
        ys = _array(values)
        xs = np.arange(first, first + len(ys))
        (line,) = ax.plot(xs, ys, label=label, markevery=_every(xs))
        if bands and label in bands:
            low, high = map(_array, bands[label])
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


def _square(x: Tensor) -> np.ndarray:
    """Pictures as (n, height, width)."""
    if x.dim() == 4 and x.shape[1] == 1:
        x = x[:, 0]
    side = math.isqrt(x.shape[1]) if x.dim() == 2 else 0
    if x.dim() == 2 and side**2 == x.shape[1]:
        x = x.unflatten(1, (side, side))
    if x.dim() != 3 or not len(x):
        raise ValueError(
            "images wants at least one picture, as (n, height, width), (n, 1, height, width) "
            f"or (n, pixels) with a square number of pixels, got the shape {tuple(x.shape)!r}."
        )
    return x.detach().cpu().numpy()
