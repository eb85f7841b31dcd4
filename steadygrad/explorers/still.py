"""What a widget leaves in a notebook: words and a picture for when its kernel is not there.

JupyterLab shows one form of an output, the widget, and where no kernel knows it an error.  So
what is left is an output of its own, behind the widget's.  Its style hides it as long as the
widget is live in the same cell, and hides the error where none is.
"""

import base64
import html

from anywidget import AnyWidget

DARK = "invert(0.933) hue-rotate(180deg)"  # white becomes JupyterLab's #111, blue stays blue


def hiding(left: str, live: str) -> str:
    """The style that shows either the class of what is left, or that of the live widget."""
    return f"""
:is(.jp-OutputArea, body:not([data-jp-theme-light])):has(.{live})
  .{left} {{ display: none; }}
.jp-OutputArea-child:has(> .jp-OutputArea-output:not([data-mime-type])):has(
  + .jp-OutputArea-child .{left}):not(:has(.{live})) {{ display: none; }}
"""


STYLE = hiding("steadygrad-still", "steadygrad-drawn") + (
    f"""\
.steadygrad-still {{ margin: 0; }}
.steadygrad-still img {{ max-width: 100%; height: auto; }}
body[data-jp-theme-light="false"] .steadygrad-still:not(.as-it-is) img {{ filter: {DARK}; }}
"""
)


def show(widget: AnyWidget, left: dict[str, str]) -> None:
    """Display a widget, and behind it what is left of it where no kernel is."""
    from IPython.display import display  # only a notebook needs it

    bundle = widget._repr_mimebundle_()
    data = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
    data.pop("text/plain", None)  # a notebook that is read is told by what is left
    display(data, raw=True)
    display(left, raw=True)


def page(picture: bytes, alt: str, sentence: str, width: int, *, inverts: bool = True) -> str:
    """HTML with a picture, its words for those who cannot see it, and what it shows.

    A picture on white is inverted in the dark theme; one that suits both is left as it is.
    """
    kind = "" if inverts else " as-it-is"
    data = base64.b64encode(picture).decode()
    return (
        f'<figure class="steadygrad-still{kind}"><style>{STYLE}</style>'
        f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" width="{width}">'
        f"<figcaption>{html.escape(sentence)} (Run this cell to move things.)</figcaption>"
        "</figure>"
    )
