"""Showing: a figure in a notebook, with its number, its takeaway, and itself in words."""

import base64
import html
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from steadygrad.checks import checked
from steadygrad.plots.style import PHOTOGRAPH, STYLE
from steadygrad.plots.written import plain_ticks

# What is drawn on white turns dark with the page, and hues stay what they are.  White becomes
# 0.07, which is JupyterLab's own dark.  Put PAPER on the picture, DARK once beside it.
PAPER = "steadygrad-paper"
DARK = (
    f'<style>body[data-jp-theme-light="false"] .{PAPER},html[data-theme="dark"] .{PAPER}'
    "{filter:invert(.93) hue-rotate(180deg)}</style>"
)
NARROWEST = 0.62  # of its width: a narrow page scrolls it rather than shrink its words more
PIXELS = 2  # of the picture for each of the page: screens of today show two

# In the tags: JupyterLab keeps them in a notebook that it does not trust, but drops DARK
FIGURE = "margin:0.5em 0 1em;max-width:{width}px;overflow-x:auto"
PICTURE = "display:block;margin:0;max-width:100%;min-width:{least}px;height:auto"
WORDS = "margin-top:0.4em;line-height:1.4;position:sticky;left:0"


OLDER = (
    "show wants a number, a figure, a caption and alt. If you did not write this cell, your "
    "notebook is of an older version of the course: rename it, run `make lab` again, and the "
    "new one is laid beside it."
)


@checked
def show(
    number: str | Axes | Figure,
    drawn: Axes | Figure | None = None,
    *,
    caption: str = "",
    alt: str = "",
) -> None:
    """Display a figure over its caption, "Figure 1.3 · takeaway", and close it.

    `number` is the chapter's and the figure's, "1.3".  The caption is one sentence, with the
    thing to take away; it may hold `code`.  `alt` says in words what is drawn: it is the
    picture's alternative text, and with the caption all that a text terminal shows.

    Outside a notebook it only closes the figure.  Raises ValueError if words are missing, and
    says where to get the new notebook if one of an older version calls it as it was then.
    """
    if drawn is None or not isinstance(number, str):
        raise ValueError(OLDER)
    number, caption, alt = number.strip(), " ".join(caption.split()), " ".join(alt.split())
    _refuse_missing(number, caption, alt)
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    _display(figure, f"Figure {number} · {caption}", alt)
    plt.close(figure)  # where pyplot made it; other figures are nobody's but the caller's


def _refuse_missing(number: str, caption: str, alt: str) -> None:
    example = (
        "write show('1.3', ax, caption='Adam is ahead from step 20 on.', "
        "alt='Loss over steps: Adam is below SGD from step 20 on.')."
    )
    if not re.fullmatch(r"\d+\.\d+", number):
        raise ValueError(
            f"show wants a figure's number as chapter.figure, got {number!r}; {example}"
        )
    if not caption:
        raise ValueError(
            f"show wants a caption, for what to take away from figure {number}; {example}"
        )
    if "$" in caption:
        raise ValueError(
            f"The caption of figure {number} holds mathematics, which is not set there: "
            f"{caption!r}; write it in words or in Unicode, such as θ₁ or σ′."
        )
    if not alt:
        raise ValueError(
            f"show needs figure {number} in words, for readers who cannot see it, but got no "
            f"alt; {example}"
        )


def _display(figure: Figure, caption: str, alt: str) -> None:
    from IPython import get_ipython  # only a notebook needs it
    from IPython.display import display

    if get_ipython() is None:
        return
    text = f"{caption}\n{alt}"
    display({"text/html": framed(figure, caption, alt), "text/plain": text}, raw=True)


@checked
def framed(figure: Figure, caption: str, alt: str) -> str:
    """A figure as HTML: the picture with its words, and the caption below it."""
    picture = png(figure)
    width = Image.open(io.BytesIO(picture)).width // PIXELS
    kind = "" if _is_photograph(figure) else f'class="{PAPER}" '
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(caption))
    picture_style = PICTURE.format(least=round(NARROWEST * width))
    return (  # what may scroll can be reached by keyboard
        f'<figure tabindex="0" style="{FIGURE.format(width=width)}">{DARK}'
        f'<img {kind}alt="{html.escape(alt)}" width="{width}" style="{picture_style}" '
        f'src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        f'<figcaption style="{WORDS}">{words}</figcaption></figure>'
    )


@checked
def png(figure: Figure) -> bytes:
    """A figure as PNG, sharp on screens of twice the pixels: same data, same bytes.

    Of 256 colours: nobody sees a difference, and it takes half the bytes.
    """
    drawing, picture = io.BytesIO(), io.BytesIO()
    for ax in figure.axes:
        plain_ticks(ax)
    with mpl.rc_context(STYLE):  # some of it is read while drawing
        dots = PIXELS * STYLE["figure.dpi"]
        figure.savefig(drawing, format="png", dpi=dots, pil_kwargs={"compress_level": 0})
    drawn = Image.open(drawing).convert("RGB")
    drawn.quantize(256, dither=Image.Dither.NONE).save(picture, "png")
    return picture.getvalue()


def _is_photograph(figure: Figure) -> bool:
    """Whether there are only pictures of things in it, which no theme may turn dark."""
    return bool(figure.axes) and all(ax.get_gid() == PHOTOGRAPH for ax in figure.axes)
