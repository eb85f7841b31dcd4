"""How long a reader who moves something waits for Python.

A live figure is set beside its peer, which does what `interact` with `plt.show()` does for each
move: it builds the figure, draws it and encodes it as PNG, cropped, as Jupyter's inline backend
does by default.  Both show the same lines from the same measurement.  The two take turns within
one run, so that a busy machine slows both.

An explorer that is drawn in the page only measures, and hands over numbers.

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

from steadygrad.data import Examples, load_images
from steadygrad.explorers import activations, gradients
from steadygrad.plots import STYLE

SETTINGS = {
    "one pixel for one": [900, 1],
    "two for one (HiDPI)": [900, 2],
}
NETWORKS = {
    "10 layers of 100": {"depth": 10, "width": 100},
    "20 layers of 100 (at first)": {"depth": 20, "width": 100},
    "50 layers of 500 (largest)": {"depth": 50, "width": 500},
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


def live(room: list[float], rounds: int) -> dict[str, list[float]]:
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


def drawn(settings: dict[str, int], rounds: int) -> dict[str, list[float]]:
    """Times in seconds of measuring, of a moved weight scale, of another layer chosen."""
    train = load_images("mnist-5k").train
    examples = Examples(train.x[:64], train.y[:64])
    network = gradients.explorer(examples)
    for name, value in settings.items():
        setattr(network, name, value)
    scales = [2.0 ** (turn / 8) for turn in range(8)]
    peers = {
        "measure": lambda turn: gradients.measure(
            examples, **settings, weight_scale=scales[turn % 8]
        ),
        "moved": lambda turn: setattr(network, "weight_scale", scales[(turn + 1) % 8]),
        "layer": lambda turn: setattr(network, "layer", 1 + turn % 2),
    }
    return take_turns(peers, rounds)


def medians(times: dict[str, list[float]]) -> list[float]:
    return [1e3 * median(values) for values in times.values()]


def main(rounds: int) -> None:
    print(f"Medians of {rounds} turns, in ms; torch {torch.__version__}, mpl {mpl.__version__}")
    print(f"{'a live figure (chapter 3)':28}{'measure':>9}{'live':>7}{'anew':>7}{'in all':>8}")
    for name, room in SETTINGS.items():
        measure, moved, anew = medians(live(room, rounds))
        ratio = (measure + moved) / (measure + anew)
        print(f"{name:28}{measure:>9.0f}{moved:>7.0f}{anew:>7.0f}{ratio:>8.2f}")
    print(f"\n{'drawn in the page (chapter 1)':28}{'measure':>8}{'moved':>7}{'layer':>7}")
    for name, settings in NETWORKS.items():
        measure, moved, layer = medians(drawn(settings, rounds))
        print(f"{name:28}{measure:>9.0f}{moved:>7.0f}{layer:>7.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
