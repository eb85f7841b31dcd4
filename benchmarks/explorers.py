"""How long a slider waits for its picture: a live figure against drawing everything anew.

The peer does what `interact` with `plt.show()` does for each move: it builds the figure, draws
it and encodes it as PNG, cropped, as Jupyter's inline backend does by default.  Both show the
same lines from the same measurement.  The two take turns within one run, so that a busy
machine slows both.

    python benchmarks/explorers.py [rounds]
"""

import io
import sys
from functools import partial
from statistics import median

import matplotlib as mpl
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from turns import take_turns

from steadygrad.explorers import activations
from steadygrad.plots import STYLE

SETTINGS = {
    "one pixel for one": [900, 1],
    "two for one (HiDPI)": [900, 2],
}


def draw_anew(dpi: int, settings: dict[str, object], measured: object) -> bytes:
    """The peer: the explorer's picture from nothing, at the explorer's size."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), dpi=dpi)
        FigureCanvasAgg(figure)
        artists = activations._build(figure)
        activations._update(artists, measured=lambda **_: measured, **settings)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=dpi, bbox_inches="tight")
    return picture.getvalue()


def compare(room: list[float], rounds: int) -> dict[str, list[float]]:
    """Times in seconds of measuring, of drawing live and of drawing anew, in turns."""
    live = activations.explorer()
    live.room = room
    settings = live.values()
    found = activations.measure(**settings)
    # the shape of SELU is no number to choose: moving it draws, and measures nothing new
    live.update = partial(activations._update, measured=lambda **_: found)
    shape = live.controls["shape"]
    peers = {
        "measure": lambda _: activations.measure(**settings),
        "live": lambda turn: setattr(shape, "value", 1 + turn % 2),
        "anew": lambda _: draw_anew(100 * room[1], settings, found),
    }
    return take_turns(peers, rounds)


def main(rounds: int) -> None:
    print(f"Medians of {rounds} turns, in ms; torch {torch.__version__}, mpl {mpl.__version__}")
    print(f"{'':28}{'measure':>9}{'live':>7}{'anew':>7}{'drawing':>9}{'in all':>8}")
    for name, room in SETTINGS.items():
        times = {key: 1e3 * median(values) for key, values in compare(room, rounds).items()}
        measure, live, anew = times["measure"], times["live"], times["anew"]
        ratios = f"{live / anew:>9.2f}{(measure + live) / (measure + anew):>8.2f}"
        print(f"{name:28}{measure:>9.0f}{live:>7.0f}{anew:>7.0f}{ratios}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
