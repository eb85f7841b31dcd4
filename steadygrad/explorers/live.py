"""A figure that follows its sliders.

Most of the time a figure takes to draw goes into text: ticks, labels, titles.  They stay
the same while a slider moves, so they are drawn once, kept as pixels, and only what
changes is drawn on top (blitting).  On a slow machine that is the difference between one
picture a second and ten.
"""

import base64
import html
import io
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets
import matplotlib as mpl
import numpy as np
import traitlets
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from steadygrad.plots import STYLE

Build = Callable[[Figure], Sequence[Artist]]
Update = Callable[..., str]


class Picture(widgets.Image):
    """An image whose tooltip works: it is what screen readers call the picture.

    ipywidgets 8.1 gives images no alternative text, and its front end fails to draw a widget
    that has a tooltip but no description.
    """

    description = traitlets.Unicode("").tag(sync=True)


class LiveFigure(widgets.VBox):
    """Controls, the picture they steer, and a sentence that says what it shows.

    `build(figure)` draws everything once and returns the artists that will change.
    `update(artists, **values)` sets their data for the controls' values, by name, and returns
    a sentence for the caption, which screen readers announce.  `alt` says what the figure is.

    An update that moves an axis' limits pays for a whole drawing; `redraw` is for one that
    changes anything else outside its artists.  An error in `update` is shown under the picture,
    because a widget's callback has nowhere else to raise it, and the last picture stays.

    A notebook that is only read, without a kernel, shows the picture of the first values.
    """

    def __init__(
        self,
        build: Build,
        update: Update,
        controls: Mapping[str, widgets.ValueWidget],
        *,
        alt: str,
        figsize: tuple[float, float] = (9, 3.6),
        dpi: int = 100,
    ):
        if not alt.strip():
            raise ValueError(
                f"A figure needs words for readers who cannot see it, but got alt={alt!r}; "
                "write what is drawn over what, in one sentence."
            )
        self.alt, self.controls, self.update = alt, dict(controls), update
        # JupyterLab may move two sliders in two threads (subshells), but there is one canvas
        self._canvas_lock = threading.RLock()
        with mpl.rc_context(STYLE):
            self.figure = Figure(figsize=figsize, dpi=dpi)
            self._canvas = FigureCanvasAgg(self.figure)
            self._artists = list(build(self.figure))
        width = f"{int(figsize[0] * dpi)}px"
        self.picture = Picture(
            format="png", tooltip=alt, layout={"width": "100%", "max_width": width}
        )
        self.caption, self.error = widgets.HTML(), widgets.HTML()
        row = widgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"})
        super().__init__([row, self.picture, self.caption, self.error])
        self.update(self._artists, **self.values())  # an error in the first one ends the cell
        self.redraw()
        for control in self.controls.values():
            control.observe(self._follow, "value")

    def values(self) -> dict[str, object]:
        """What the controls stand at."""
        return {name: control.value for name, control in self.controls.items()}

    def redraw(self) -> None:
        """Draw everything again, ticks and titles included, then what changes."""
        with self._canvas_lock:
            self._draw_background()
            self._follow()

    def _draw_background(self) -> None:
        for artist in self._artists:
            artist.set_animated(True)  # left out of an ordinary drawing
        with mpl.rc_context(STYLE):
            if self.figure.get_layout_engine():  # place the axes once: they must not jump later
                self._canvas.draw()
                self.figure.set_layout_engine("none")
            self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self.figure.bbox)
        self._limits = self._present_limits()

    def _follow(self, _change: object = None) -> None:
        with self._canvas_lock:  # values are read inside: the last to enter sees all changes
            self._draw()

    def _draw(self) -> None:
        try:
            sentence = self.update(self._artists, **self.values())
        except Exception:  # the update's own fault, whatever it is: say so where it is seen
            self.error.value = _alert(traceback.format_exc(limit=-2))
            return
        self.error.value = ""
        if self._present_limits() != self._limits:
            self.redraw()
            return
        self.picture.value = self._blit()
        self.caption.value = _status(sentence)

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

    def _repr_mimebundle_(self, **options: object) -> tuple[dict, dict]:
        """The widget, and for readers without a kernel the picture and what it shows."""
        bundle = super()._repr_mimebundle_(**options)
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/png"] = base64.b64encode(self.picture.value).decode()
        data["text/plain"] = f"{self.alt} (Run this cell to move the sliders.)"
        return data, {"image/png": {"alt": self.alt}}


def _status(sentence: str) -> str:
    return f'<p role="status" style="line-height:1.4;margin:0">{html.escape(sentence)}</p>'


def _alert(text: str) -> str:
    return f'<pre role="alert">{html.escape(text)}</pre>'
