"""A figure that follows its sliders.

Most of the time a figure takes to draw goes into text: ticks, labels, titles.  They stay
the same while a slider moves, so they are drawn once, kept as pixels, and only what
changes is drawn on top (blitting).  On a slow machine that is the difference between one
picture a second and ten.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from steadygrad.explorers.controls import Control
from steadygrad.explorers.drawn import Drawn, script
from steadygrad.plots import STYLE, plain_ticks

Build = Callable[[Figure], Sequence[Artist]]
Update = Callable[..., str]

DPI = 100  # where an inch of the figure is as wide as it was meant
NARROW = 560  # pixels of the page: with less room, panels stand one below the other
SHARPEST = 2.0  # pixels of the picture for one of the page, at most


def panels(figure: Figure, *widths: float) -> list[Axes]:
    """Axes side by side, as wide as told; in a narrow figure one below the other."""
    if is_narrow(figure):
        return list(figure.subplots(len(widths), 1, squeeze=False)[:, 0])
    return list(figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0])


def key(ax: Axes) -> None:
    """Which line is which, above the axes, where it hides nothing."""
    lines = ax.get_legend_handles_labels()[0]
    rows = (len(lines) + 1) // 2
    ax.set_title("\n".join(["X"] * rows), alpha=0)  # not seen: it keeps room for the key
    spacing = {"handlelength": 1.5, "columnspacing": 1, "borderpad": 0.1}
    legend = ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, **spacing)
    legend.set_in_layout(False)  # its width is nothing that axes must make room for


def is_narrow(figure: Figure) -> bool:
    return bool(figure.get_figwidth() * DPI < NARROW)


class LiveFigure(Drawn):
    """Controls, the picture they steer, and a sentence that says what it shows.

    `build(figure)` draws everything once and returns the artists that will change.
    `update(artists, **values)` sets their data for the controls' values, by name, and returns
    a sentence, which screen readers announce.  `alt` says what the figure is.

    An update that moves an axis' limits pays for a whole drawing; `redraw` is for one that
    changes anything else outside its artists.  An error in `update` is shown under the picture,
    because a widget's callback has nowhere else to raise it, and the last picture stays.

    The page says how much room it has and how fine its pixels are.  Where there is little,
    everything is built anew in `narrow` inches (`panels` puts its axes one below the other).

    `drag` names two controls that follow a drag on the first axes, across and up.
    """

    _esm = script("controls.js", "live.js")
    panel = traitlets.List().tag(sync=True)  # the controls, as the page needs them
    places = traitlets.Dict().tag(sync=True)  # where they stand
    room = traitlets.List([0, 1]).tag(sync=True)  # the page's width, pixels of one of its own
    picture = traitlets.Bytes().tag(sync=True)
    shown = traitlets.Int().tag(sync=True)  # its width in the page's pixels
    drag = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        build: Build,
        update: Update,
        controls: Mapping[str, Control],
        *,
        alt: str,
        figsize: tuple[float, float] = (9, 3.6),
        narrow: tuple[float, float] = (4, 6.4),
        drag: tuple[str, ...] = (),
    ):
        if not alt.strip():
            raise ValueError(
                f"A figure needs words for readers who cannot see it, but got alt={alt!r}; "
                "write what is drawn over what, in one sentence."
            )
        self.controls, self.build, self.update = dict(controls), build, update
        self._sizes, self._dragged = (figsize, narrow), drag
        self._held, self._fitted = False, None
        super().__init__(alt=alt)
        self._tell()
        for control in self.controls.values():
            control.observe(self._follow, "value")
            control.observe(self._tell)
        self.observe(self._moved, "places")
        self.observe(self._follow, "room")

    def values(self) -> dict[str, object]:
        """What the controls stand at."""
        return {name: control.value for name, control in self.controls.items()}

    def still(self) -> bytes:
        """The picture as it stands, small enough to be kept in a notebook."""
        small = io.BytesIO()
        picture = Image.open(io.BytesIO(self.picture))
        picture.quantize(128, dither=Image.Dither.NONE).save(small, "png", optimize=True)
        return small.getvalue()

    def redraw(self) -> None:
        """Draw everything again, ticks and titles included, then what changes."""
        with self._lock:
            values = self.values()
            self._fit()
            sentence = self.update(self._artists, **values)
            self._draw_background()
            self._show(sentence)
            self._redrawn = values

    # ── What the page says, and what it is told ─────────────────────────────────────

    def _tell(self, _change: object = None) -> None:
        """Describe the controls to the page, and where they stand."""
        if self._held:
            return
        with self._lock, self.hold_sync():
            self.panel = [
                {"name": name, **control.described()} for name, control in self.controls.items()
            ]
            self.places = {name: control.place for name, control in self.controls.items()}

    def _moved(self, change: Mapping[str, Any]) -> None:
        """Follow the page's controls, with one picture for all that moved."""
        with self._lock:
            self._held, before = True, self.values()
            try:
                for name, place in change["new"].items():
                    self.controls[name].place = place
            finally:
                self._held = False
            if self.values() != before:
                self._tell()
                self._follow()

    def _size(self) -> tuple[tuple[float, float], int, float]:
        """How many inches, pixels of the page across, and of the picture an inch, there are."""
        room, fineness = self.room
        wide, narrow = self._sizes
        inches, most = (narrow, 1.2) if 0 < room < NARROW else (wide, 1)
        shown = int(min(room or 1e9, most * inches[0] * DPI))
        return inches, shown, shown / inches[0] * min(fineness, SHARPEST)

    def _fit(self) -> None:
        """Make the figure fit its room, pixel by pixel."""
        inches, self.shown, dpi = self._size()
        if self._fitted is None or self._fitted[0] != inches:
            with mpl.rc_context(STYLE):
                self.figure = Figure(figsize=inches)
                self._canvas = FigureCanvasAgg(self.figure)
                self._artists = list(self.build(self.figure))
        self.figure.set_dpi(dpi)
        self.still_width = self.shown

    # ── Drawing ─────────────────────────────────────────────────────────────────────

    def _draw_background(self) -> None:
        for artist in self._artists:
            artist.set_animated(True)  # left out of an ordinary drawing
        for ax in self.figure.axes:
            plain_ticks(ax)
        with mpl.rc_context(STYLE):
            if self.figure.get_layout_engine():  # place the axes once: they must not jump later
                self._canvas.draw()
                self.figure.set_layout_engine("none")
            self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self.figure.bbox)
        self._limits, self._fitted = self._present_limits(), self._size()
        if self._dragged:
            box = self.figure.axes[0].get_position()
            edges = {"left": box.x0, "bottom": box.y0, "width": box.width, "height": box.height}
            self.drag = {"names": list(self._dragged), **edges}

    def _follow(self, _change: object = None) -> None:
        if not self._held:
            super()._follow(_change)

    def _redraw(self) -> None:
        values = self.values()  # another thread may change them meanwhile
        if self._size() != self._fitted:  # at the start, or in another room
            self.redraw()
        elif values != self._redrawn:
            sentence = self.update(self._artists, **values)
            if self._present_limits() != self._limits:
                self._draw_background()
            self._show(sentence)
            self._redrawn = values

    def _show(self, sentence: str) -> None:
        with self.hold_sync():  # one message
            self.picture, self.sentence = self._blit(), sentence

    def _present_limits(self) -> list[tuple[float, ...]]:
        return [(*ax.get_xlim(), *ax.get_ylim()) for ax in self.figure.axes]

    def _blit(self) -> bytes:
        self._canvas.restore_region(self._background)
        for artist in self._artists:
            artist.axes.draw_artist(artist)
        picture = io.BytesIO()
        pixels = np.asarray(self._canvas.buffer_rgba())[..., :3]
        Image.fromarray(pixels).save(picture, "png", compress_level=1)  # time matters, not size
        return picture.getvalue()
