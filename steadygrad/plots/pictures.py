"""Pictures: images, the plane with a decision on it, and a chain of units."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor

from steadygrad.checks import checked
from steadygrad.data import Examples
from steadygrad.plots.style import COLORS, MARKERS, PHOTOGRAPH, array, axes_for, panels, styled


@checked
@styled
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
    if ax is None:  # they fill the figure: there is no paper to turn dark with the page
        ax = panels(figsize=(0.8 * columns, 0.8 * rows * (height + 1) / (width + 1)))
        ax.figure.set_layout_engine("none")
        ax.set_position((0, 0, 1, 1))
        ax.set_gid(PHOTOGRAPH)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = row * (height + 1), column * (width + 1)
        sheet[top : top + height, left : left + width] = picture
        if y is not None:
            ax.text(left + 1, top + 1, int(y[number]), color=COLORS[4], va="top")
    ax.imshow(sheet, cmap="gray")
    ax.set_axis_off()  # pixel numbers would say nothing
    return ax


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


@checked
@styled
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
    ax, x, y = axes_for(ax, figsize=(4.8, 4.2)), examples.x, examples.y
    margin = 0.1 * (x.amax(0) - x.amin(0)) + 1e-3
    (left, bottom), (right, top) = (x.amin(0) - margin).tolist(), (x.amax(0) + margin).tolist()
    ways = {"steps": resolution, "dtype": x.dtype, "device": x.device}
    across, up = torch.linspace(left, right, **ways), torch.linspace(bottom, top, **ways)
    points = torch.cartesian_prod(up, across).flip(1)
    with torch.no_grad():
        answers = array(predict(points)).reshape(resolution, resolution)
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


@checked
@styled
def chain(links: Sequence, start: Float[Tensor, ""], ax: Axes | None = None) -> Axes:
    """A chain of units with every factor: values on the way out, gradients on the way back.

    `links` come from `gradients.sigmoid_chain`, for a `start` that is a single number.
    """
    ax = axes_for(ax, figsize=(2.8 * len(links), 2.7))
    ax.set(xlim=(-0.35, len(links) + 0.35), ylim=(-0.9, 0.6))
    ax.set_axis_off()
    there = {"ha": "center", "va": "center"}
    back = there | {"color": COLORS[1]}
    gradient = 1.0
    for layer in range(len(links), -1, -1):
        value = links[layer - 1].activation if layer else start
        circle = {"boxstyle": "circle", "facecolor": "white", "edgecolor": COLORS[0]}
        ax.text(layer, 0, f"$a_{layer}$\n{_signed(value, 3)}", bbox=circle, **there)
        at = rf"$\partial a_{len(links)}/\partial a_{layer}$"
        ax.text(layer, -0.75, f"{at}\n{_signed(gradient, 3)}", **back)
        if layer:
            gradient *= links[layer - 1].factor.item()
            _link(ax, layer, links[layer - 1], there, back)
    return ax


def _link(ax: Axes, layer: int, link, there: dict, back: dict) -> None:
    """The two arrows between a unit and the one before it, with what they multiply by."""
    left, middle, right = layer - 0.78, layer - 0.5, layer - 0.22
    ax.annotate("", (right, 0.12), (left, 0.12), arrowprops={"arrowstyle": "->"})
    ax.annotate("", (left, -0.12), (right, -0.12), arrowprops={"arrowstyle": "->"})
    weight, z = _signed(link.weight, 1), _signed(link.z, 3)
    ax.text(middle, 0.3, f"$w_{layer}$ = {weight}\n$z_{layer}$ = {z}", **there)
    factor = f"= {weight} × {link.slope:.3f}\n= {_signed(link.factor, 3)}"
    ax.text(middle, -0.38, f"$w_{layer}$ σ′($z_{layer}$)\n{factor}", **back)


def _signed(value: float | Tensor, digits: int) -> str:
    """A number with a minus, as the axes have one, and not with a hyphen."""
    return f"{value:.{digits}f}".replace("-", "−")
