"""Looks: what each line is drawn like, when all count the same and when some stand out."""

from collections.abc import Sequence

from steadygrad.checks import checked
from steadygrad.plots.style import COLORS, DASHES, MARKERS

DOTTED = 30  # points: more of them are a curve, and markers on it are noise
GREY = "0.66"


@checked
def looks(labels: Sequence[str], strong: str | Sequence[str] = ()) -> list[dict]:
    """For each line what matplotlib's plot is told: nothing, or strong colours beside grey.

    Raises ValueError if a strong line is not there.
    """
    strong = [strong] if isinstance(strong, str) else [*strong]
    if unknown := [label for label in strong if label not in labels]:
        raise ValueError(f"There is no line {unknown!r} to stand out; there are {labels!r}.")
    if not strong:
        return [{} for _ in labels]
    weak = dict(color=GREY, linestyle="-", marker="none", linewidth=1.0, zorder=1.8)
    return [_strong(strong.index(label)) if label in strong else dict(weak) for label in labels]


def _strong(number: int) -> dict:
    number %= len(COLORS)
    return dict(
        color=COLORS[number],
        linestyle=DASHES[number],
        marker=MARKERS[number],
        linewidth=2.4,
        zorder=3,
    )
