"""What an explorer leaves in a notebook: a picture that is there when its kernel is not.

JupyterLab shows one form of an output, the widget, and where no kernel knows it an error.  So
the still picture is an output of its own, behind the widget's.  Its style hides it as long as
a drawing is live in the same cell, and hides the error where none is.
"""

import base64
import html

DARK = "invert(0.933) hue-rotate(180deg)"  # white becomes JupyterLab's #111, blue stays blue
STYLE = f"""
:is(.jp-OutputArea, body:not([data-jp-theme-light])):has(.steadygrad-drawn)
  .steadygrad-still {{ display: none; }}
.jp-OutputArea-child:has(> .jp-OutputArea-output:not([data-mime-type])):has(
  + .jp-OutputArea-child .steadygrad-still):not(:has(.steadygrad-drawn)) {{ display: none; }}
.steadygrad-still {{ margin: 0; }}
.steadygrad-still img {{ max-width: 100%; height: auto; }}
body[data-jp-theme-light="false"] .steadygrad-still img {{ filter: {DARK}; }}
"""


def page(picture: bytes, alt: str, sentence: str, width: int) -> str:
    """HTML with a picture, its words for those who cannot see it, and what it shows."""
    data = base64.b64encode(picture).decode()
    return (
        f'<figure class="steadygrad-still"><style>{STYLE}</style>'
        f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" width="{width}">'
        f"<figcaption>{html.escape(sentence)} (Run this cell to move things.)</figcaption>"
        "</figure>"
    )
