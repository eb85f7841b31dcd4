"""An explorer that is drawn in the page itself, so that parts of the drawing can be dragged.

What is drawn are numbers that Python computed: the page knows scales and shapes, no formula.
"""

import base64
from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


def script(name: str) -> str:
    """One ES module: what all drawings share, then the drawing's own part.

    A widget's module cannot import a second file without a server for it.
    """
    return "\n".join((HERE / f).read_text(encoding="utf-8") for f in ("drawn.js", name))


class Drawn(anywidget.AnyWidget):
    """A drawing with words for those who cannot see it, and a picture where no kernel is.

    A subclass sets `_esm = script("its.js")`, holds what the page needs in synchronised traits,
    and answers `still`.  `alt` says what is drawn, `sentence` what it shows at present: screen
    readers announce it when it changes.
    """

    _css = (HERE / "drawn.css").read_text(encoding="utf-8")
    alt = traitlets.Unicode().tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)

    def still(self) -> bytes:
        """The drawing as a PNG picture, as it stands."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: object) -> tuple[dict, dict]:
        """The widget, and for readers without a kernel the picture and what it shows."""
        bundle = super()._repr_mimebundle_(**options)
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/png"] = base64.b64encode(self.still()).decode()
        data["text/plain"] = f"{self.alt} (Run this cell to move things.)"
        return data, {"image/png": {"alt": self.alt}}
