"""How long a slider waits for its picture: a live figure against drawing everything anew.

The peer does what `interact` with `plt.show()` does for each move: it builds the figure, draws
it and encodes it as PNG, cropped, as Jupyter's inline backend does by default.  Both show the
same lines from the same measurement.  The two take turns within one run, so that a busy
machine slows both.

    python benchmarks/explorers.py [rounds]
"""

import io
import sys
from statistics import median

import matplotlib as mpl
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from turns import take_turns

from steadygrad.data import Examples, load_images
from steadygrad.explorers import gradients
from steadygrad.plots import STYLE

SETTINGS = {
    "10 layers of 100 (default)": {"depth": 10, "width": 100},
    "50 layers of 500 (largest)": {"depth": 50, "width": 500},
}


def draw_anew(measurement: gradients.Measurement) -> bytes:
    """The peer: the explorer's picture from nothing, at the explorer's size."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), dpi=100)
        FigureCanvasAgg(figure)
        artists = gradients._build(figure)
        gradients._draw_sizes(artists, measurement.readings)
        gradients._draw_layer(artists, measurement, 1)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=100, bbox_inches="tight")
    return picture.getvalue()


def compare(settings: dict[str, int], rounds: int) -> dict[str, list[float]]:
    """Times in seconds of measuring, of drawing live and of drawing anew, in turns."""
    train = load_images("mnist-5k").train
    examples = Examples(train.x[:64], train.y[:64])
    live = gradients.explorer(examples)
    for name, value in settings.items():
        live.controls[name].value = value
    scales = [2.0 ** (0.125 * (1 + turn)) for turn in range(8)]  # so that pictures differ
    measured = [gradients.measure(examples, **settings, weight_scale=scale) for scale in scales]
    layer = live.controls["layer"]
    peers = {
        "measure": lambda _: gradients.measure(examples, **settings),
        "live": lambda turn: setattr(layer, "value", 1 + turn % 2),
        "anew": lambda turn: draw_anew(measured[turn % 8]),
    }
    return take_turns(peers, rounds)


def main(rounds: int) -> None:
    print(f"Medians of {rounds} turns, in ms; torch {torch.__version__}, mpl {mpl.__version__}")
    print(f"{'':28}{'measure':>9}{'live':>7}{'anew':>7}{'drawing':>9}{'in all':>8}")
    for name, settings in SETTINGS.items():
        times = {key: 1e3 * median(values) for key, values in compare(settings, rounds).items()}
        measure, live, anew = times["measure"], times["live"], times["anew"]
        ratios = f"{live / anew:>9.2f}{(measure + live) / (measure + anew):>8.2f}"
        print(f"{name:28}{measure:>9.0f}{live:>7.0f}{anew:>7.0f}{ratios}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
