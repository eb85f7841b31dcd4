"""Style: how every figure looks, and how a notebook shows it, in words too."""

import base64
import html
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad.checks import checked

Numbers = Sequence[float] | Shaped[np.ndarray, " n"] | Shaped[Tensor, " n"]

# Okabe & Ito (2008), without the yellow, which fades on white
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
STYLE = {
    "axes.prop_cycle": cycler(color=COLORS, linestyle=DASHES, marker=MARKERS),
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (6.4, 3.8),
    "font.size": 11,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "savefig.dpi": 120,
}


@checked
def use_style() -> None:
    """Draw everything from here on in the course's style."""
    plt.rcParams.update(STYLE)


@checked
def show(drawn: Axes | Figure, alt: str) -> None:
    """Display a figure together with what it shows in words, and close it.

    JupyterLab 4.6 and nbconvert's default template read no alternative text from a picture's
    metadata (jupyter/enhancement-proposals 120 asks for it; the classic template does), so the
    words also follow the picture as a text that only screen readers find.  The plain text is
    the same words: it does not change when the cell is run again, as "<Figure size ...>" may.

    Outside a notebook it only closes the figure.  Raises ValueError if the words are missing.
    """
    if not alt.strip():
        raise ValueError(
            f"show needs the figure in words, for readers who cannot see it, but got {alt!r}; "
            "write show(ax, alt='Loss over steps: Adam is below SGD from step 20 on.')."
        )
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    _display(figure, " ".join(alt.split()))
    plt.close(figure)


def _display(figure: Figure, alt: str) -> None:
    from IPython import get_ipython  # only a notebook needs it
    from IPython.display import display

    if get_ipython() is None:
        return
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})  # same data, same bytes
    png = base64.b64encode(picture.getvalue()).decode()
    metadata = {"image/png": {"alt": alt}}
    display({"image/png": png, "text/plain": alt}, raw=True, metadata=metadata)
    display({"text/html": hidden(alt), "text/plain": alt}, raw=True)


@checked
def hidden(text: str) -> str:
    """HTML that screen readers read out and nobody sees."""
    style = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
    return f'<p style="{style}">Figure: {html.escape(text)}</p>'


# ── What all figures start from ──────────────────────────────────────────────────────


@checked
def axes_for(ax: Axes | None, **options: object) -> Axes:
    """The Axes asked for, or new ones."""
    return plt.subplots(**options)[1] if ax is None else ax


@checked
def array(values: Numbers) -> np.ndarray:
    """What matplotlib can draw, wherever it was computed."""
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    return np.asarray(values, dtype=float)
