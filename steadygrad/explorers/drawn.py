"""An explorer that is drawn in the page itself, so that parts of the drawing can be dragged.

What is drawn are numbers that Python computed: the page knows scales and shapes, no formula.
"""

import threading
import traceback
from pathlib import Path

import anywidget
import traitlets

from steadygrad.explorers import still
from steadygrad.explorers.modules import ELEMENTS, module

HERE = Path(__file__).parent


def script(*names: str) -> str:
    """One ES module: what all drawings share, then the drawing's own parts."""
    return module(ELEMENTS, *(HERE / name for name in ("drawn.js", *names)))


class Drawn(anywidget.AnyWidget):
    """A drawing with words for those who cannot see it, and a picture where no kernel is.

    A subclass sets `_esm = script("its.js")`, holds what the page needs in synchronised traits,
    and answers `still`.  `alt` says what is drawn, `sentence` what it shows at present: screen
    readers announce it when it changes.

    What the reader moves are traits tagged `moved=True`.  After each change, and once at the
    start, `redraw` sets the other traits from them, and the page gets them in one message.
    An error in it is shown in the page, because a widget's callback has nowhere else to raise
    it; an error at the start ends the cell.
    """

    _css = (HERE / "drawn.css").read_text(encoding="utf-8")
    still_width = 900  # of the still picture, in the page's pixels
    still_inverts = True  # in the dark theme: it is drawn on white
    alt = traitlets.Unicode().tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: object):
        # JupyterLab may move two things in two threads (subshells)
        self._lock, self._redrawn = threading.RLock(), None
        super().__init__(**traits)
        self._redraw()
        if moved := self.trait_names(moved=True):
            self.observe(self._follow, moved)

    def values(self) -> dict[str, object]:
        """Where the things stand that the reader moves."""
        return {name: getattr(self, name) for name in self.trait_names(moved=True)}

    def redraw(self) -> None:
        """Set what the page draws."""

    def still(self) -> bytes:
        """The drawing as a PNG picture, as it stands."""
        raise NotImplementedError

    def _follow(self, _change: object) -> None:
        with self._lock:  # values are read inside: the last to enter sees all changes
            try:
                self._redraw()
            except Exception:  # whatever it is: say so where it is seen
                self.error = traceback.format_exc(limit=-2)
            else:
                self.error = ""

    def _redraw(self) -> None:
        """Once for several things that were moved together, though each of them says so."""
        if (values := self.values()) != self._redrawn:
            with self.hold_sync():
                self.redraw()
            self._redrawn = values

    def _ipython_display_(self) -> None:
        """The widget, and behind it what is left of it where no kernel is."""
        still.show(self, self._left_behind())

    def _left_behind(self) -> dict[str, str]:
        inverts = {"inverts": self.still_inverts}
        page = still.page(self.still(), self.alt, self.sentence, self.still_width, **inverts)
        text = f"{self.alt} {self.sentence} (Run this cell to move things.)"
        return {"text/html": page, "text/plain": text}
