"""Labels: the names of lines at their ends, where the eye is when it asks for them."""

import textwrap
from collections.abc import Iterable
from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from steadygrad.checks import at_least, checked
from steadygrad.plots.places import line_end, readable, spread_apart
from steadygrad.plots.style import styled

GAP, LEADER = 5.0, 14.0  # points between an end and its label, without and with a line to it
LONGEST = 24  # letters of a label's line


@checked(most=at_least(1))
@styled
def label_lines(ax: Axes, most: int = 6) -> Axes:
    """Name each line with a label at its right end; more than `most` in a legend beside them.

    Call it again after drawing more lines.  A line alone is what its y axis says it is.
    """
    lines = named(ax)
    for old in [artist for artist in ax.artists if isinstance(artist, EndLabels)]:
        old.remove()
    if ax.get_legend():
        ax.get_legend().remove()
    if len(lines) > most:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), fontsize=10)
    elif len(lines) > 1:
        ax.add_artist(EndLabels())
    return ax


@checked
def named(ax: Axes) -> list[Line2D]:
    """The lines of an Axes that have a name of their own."""
    return [line for line in ax.lines if not str(line.get_label()).startswith("_")]


class Label(NamedTuple):
    """A name, where its line ends, and how far right of there it may begin; in pixels."""

    text: Text
    end: tuple[float, float]
    box: Bbox


class EndLabels(Artist):
    """Places the labels whenever the Axes is drawn, for limits and sizes to be the last ones.

    Axes reserve room for them as for any artist.
    """

    def __init__(self):
        super().__init__()
        self.set_clip_on(False)
        self.set_zorder(4)

    def draw(self, renderer: RendererBase) -> None:
        for artist in self._placed(renderer):
            artist.draw(renderer)

    def get_tightbbox(self, renderer: RendererBase | None = None) -> Bbox:
        renderer = renderer or self.get_figure(root=True).canvas.get_renderer()
        texts = [artist for artist in self._placed(renderer) if isinstance(artist, Text)]
        return Bbox.union([text.get_window_extent(renderer) for text in texts])

    def labels(self, renderer: RendererBase) -> list[Text]:
        """The texts where they are drawn."""
        return [artist for artist in self._placed(renderer) if isinstance(artist, Text)]

    def _placed(self, renderer: RendererBase) -> list[Artist]:
        point = renderer.points_to_pixels(1.0)
        found = [self._at_end(line, renderer, point) for line in named(self.axes)]
        artists = []
        for group in _side_by_side([label for label in found if label]):
            ys = spread_apart(
                [label.end[1] for label in group],
                [label.box.height + point for label in group],
                (self.axes.bbox.y0 + 8 * point, self.axes.bbox.y1),  # not over the x axis
            )
            moved = [
                abs(y - lb.end[1]) > lb.box.height / 3 for lb, y in zip(group, ys, strict=True)
            ]
            gap = point * (LEADER if any(moved) else GAP)
            for label, y, far in zip(group, ys, moved, strict=True):
                x = label.box.x0 + gap
                label.text.set_position((x, y))
                artists.append(label.text)
                if far:
                    artists.append(self._leader(label, (x - point, y), point))
        return artists

    def _at_end(self, line: Line2D, renderer: RendererBase, point: float) -> Label | None:
        end = line_end(line)
        if end is None:
            return None
        name = str(line.get_label())
        text = Text(
            *end,
            name if "$" in name else textwrap.fill(name, LONGEST, break_long_words=False),
            color=readable(line.get_color()),
            size=10,
            va="center",
            linespacing=1.0,
            transform=IdentityTransform(),
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )
        text.set_figure(self.get_figure(root=False))
        size = text.get_window_extent(renderer)
        right = self.axes.bbox.x1
        start = right if end[0] > right - 12 * point else end[0] + 2 * point
        return Label(text, end, Bbox.from_bounds(start, end[1], size.width, size.height))

    def _leader(self, label: Label, to: tuple[float, float], point: float) -> Line2D:
        start = (label.end[0] + 3 * point, label.end[1])
        leader = Line2D(
            *zip(start, to, strict=True),
            color=label.text.get_color(),
            linewidth=0.7,
            linestyle="-",
            marker="none",
            transform=IdentityTransform(),
        )
        leader.set_figure(self.get_figure(root=False))
        return leader


def _side_by_side(labels: Iterable[Label]) -> list[list[Label]]:
    """Labels in groups that share no place from left to right, each from the bottom up."""
    groups: list[list[Label]] = []
    for label in sorted(labels, key=lambda label: label.box.x0):
        if groups and label.box.x0 < max(other.box.x1 for other in groups[-1]):
            groups[-1].append(label)
        else:
            groups.append([label])
    return [sorted(group, key=lambda label: label.end[1]) for group in groups]
