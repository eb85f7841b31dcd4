"""Places: where a line ends, how labels keep apart, and how dark they are to be read."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from steadygrad.checks import checked

READABLE = 4.5  # contrast of text with white, by WCAG 2


@checked
def line_end(line: Line2D) -> tuple[float, float] | None:
    """Where a line is last seen in its Axes, in pixels; None for one that is nowhere."""
    box = line.axes.bbox.padded(0.5)
    with np.errstate(all="ignore"):
        xy = np.ma.filled(line.get_transform().transform(line.get_xydata()), np.nan)
    finite = np.isfinite(xy).all(axis=1)
    inside = finite & (xy >= box.min).all(axis=1) & (xy <= box.max).all(axis=1)
    if not inside.any():
        return None
    last = int(np.flatnonzero(inside)[-1])
    x, y = xy[last]
    if last + 1 < len(xy) and finite[last + 1] and line.get_linestyle() != "None":
        way = xy[last + 1] - xy[last]
        edge = np.where(way > 0, box.max, box.min)
        with np.errstate(all="ignore"):
            share = np.nanmin(np.where(way == 0, np.inf, (edge - xy[last]) / way))
        x, y = xy[last] + min(1.0, share) * way
    return float(x), float(y)


@checked
def spread_apart(
    wanted: Sequence[float], heights: Sequence[float], between: tuple[float, float]
) -> list[float]:
    """Middles as near to the wanted ones, given in rising order, as heights allow.

    Least squares: less its distance from the first, each middle is at least the one before,
    so those that would overlap share their mean (isotonic regression).

    >>> spread_apart([1.0, 1.0, 9.0], [2.0, 2.0, 2.0], (0.0, 10.0))
    [0.0, 2.0, 9.0]
    """
    steps = [(a + b) / 2 for a, b in itertools.pairwise(heights)]
    offsets = np.cumsum([0.0, *steps])
    blocks: list[list[float]] = []
    for value in np.asarray(wanted) - offsets:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    middles = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    low, high = between
    return (np.clip(middles, low, max(low, high - offsets[-1])) + offsets).tolist()


@checked
def readable(color: object) -> tuple[float, float, float]:
    """A colour dark enough for text on white."""
    rgb = np.array(to_rgb(color))
    while 1.05 / (_luminance(rgb) + 0.05) < READABLE:
        rgb *= 0.95
    return tuple(rgb.tolist())


def _luminance(rgb: np.ndarray) -> float:
    """Relative luminance by WCAG 2."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
