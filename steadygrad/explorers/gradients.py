"""Chapter 1's explorer: how large signals and gradients are in every layer of a network."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from steadygrad.data import Examples, load_images
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider
from steadygrad.explorers.live import LiveFigure
from steadygrad.explorers.quick import one_thread, tiny_is_zero
from steadygrad.models import mlp, redraw_
from steadygrad.plots import COLORS, DASHES, MARKERS
from steadygrad.probes import LayerReading, by_layer, read_layers

HE = math.sqrt(2)  # the gain that keeps a ReLU network's signals level (He et al., 2015)
SIZES = (1e-14, 1e6)  # the axis never moves, so that two settings can be compared
BINS = np.linspace(-3, 3, 61)
LINES = {
    "activation": "rms",
    "activation gradient": "activation_gradient_rms",
    "weight gradient": "weight_gradient_rms",
}


class Measurement(NamedTuple):
    """One network on one batch: a reading and the outputs of every layer, input to scores."""

    readings: list[LayerReading]
    outputs: list[Float[Tensor, "batch _"]]  # after the activation; the last are the scores


def measure(
    examples: Examples,
    *,
    depth: int = 10,
    width: int = 100,
    activation: str = "relu",
    weight_scale: float = 1.0,
    input_scale: float = 1.0,
    seed: int = 0,
) -> Measurement:
    """Read a fresh network: `depth` hidden layers of `width` units, and the scores.

        W ~ N(0, (weight_scale · √2)² / fan_in)      b = 0      x ← input_scale · x

    The same arguments give the same numbers, and no generator but its own is touched.
    """
    rng = torch.Generator().manual_seed(seed)
    x, widths = input_scale * examples.x, [examples.x.shape[1], *[width] * depth, 10]
    with torch.device("meta"):  # no memory and no first draw: redraw_ brings the weights
        blank = mlp(widths, activation)
    with one_thread(), tiny_is_zero():
        model = redraw_(blank.to_empty(device="cpu"), weight_scale * HE, rng=rng)
        return Measurement(by_layer(read_layers(model, x, examples.y)), _outputs(model, x))


@torch.no_grad()
def _outputs(model: torch.nn.Sequential, x: Tensor) -> list[Tensor]:
    """After every activation, and after the last layer, which has none."""
    outputs = [x := module(x) for module in model]
    return [*outputs[1::2], outputs[-1]]


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer(examples: Examples | None = None) -> LiveFigure:
    """Six sliders, every layer's sizes, and the values of one layer.

    The sizes are absolute, on an axis that stays. A ratio would hide a dead network: with
    weights ten times too small, signals shrink forwards and gradients backwards, and the two
    multiply to weight gradients of the same size in every layer, first to last about 1.

    By default the network sees 64 digits of the embedded MNIST images.
    """
    if examples is None:
        train = load_images("mnist-5k").train
        examples = Examples(train.x[:64], train.y[:64])

    @lru_cache(maxsize=1)  # choosing another layer needs no new measurement
    def measured(**settings: object) -> Measurement:
        return measure(examples, **settings)

    def update(artists: Sequence[Artist], layer: int, **settings: object) -> str:
        measurement = measured(**settings)
        layer = min(layer, settings["depth"])  # until its slider has followed the depth's
        _draw_sizes(artists, measurement.readings)
        _draw_layer(artists, measurement, layer)
        return _sentence(measurement, layer)

    return LiveFigure(_build, update, _controls(), alt=ALT)


ALT = (
    "Left, over the layer number, the root mean square of every layer's activations, of the "
    "loss's gradient with respect to them, and of its weight gradient, on a logarithmic axis "
    "from 1e-14 to 1e6. Right, a histogram of the activations of one layer."
)


def _controls() -> dict[str, Control]:
    powers = {"base": 10, "min": -2, "max": 2, "step": 0.125, "form": ".2f"}
    controls = {
        "depth": Slider("depth", 10, min=1, max=50),
        "width": Slider("width", 100, min=10, max=500, step=10),
        "weight_scale": LogSlider("weights, × He", 1, **powers | {"base": 2}),
        "input_scale": LogSlider("inputs, ×", 1, **powers),
        "layer": Slider("layer shown", 10, min=1, max=10),
        "activation": Choice("activation", "relu", ["sigmoid", "tanh", "relu"]),
    }
    traitlets.dlink((controls["depth"], "value"), (controls["layer"], "max"))
    return controls


def _build(figure: Figure) -> list[Artist]:
    """Three lines, the values off their scale, a histogram and its title."""
    sizes, values = figure.subplots(1, 2, width_ratios=(3, 2))
    looks = zip(LINES, COLORS, DASHES, MARKERS, strict=False)
    lines = [
        sizes.plot([], [], color=color, linestyle=dash, marker=marker, label=label)[0]
        for label, color, dash, marker in looks
    ]
    off = {"linestyle": "none", "color": "black", "clip_on": False, "markersize": 6}
    (below,) = sizes.plot([], [], marker="v", label="off the scale", **off)
    (above,) = sizes.plot([], [], marker="^", **off)
    sizes.set(yscale="log", ylim=SIZES, xlabel="layer (the last: scores)", ylabel="rms")
    sizes.set_yticks([10.0**power for power in range(-14, 7, 4)])
    sizes.minorticks_off()
    sizes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(handles=[*lines, below], loc="outside upper left", ncols=4, columnspacing=1.2)
    bars = values.stairs(0 * BINS[1:], BINS, fill=True, baseline=1e-5, color=COLORS[0])
    values.set(yscale="log", ylim=(1e-4, 1.5), xlim=(BINS[0], BINS[-1]))
    values.set(xlabel="activation", ylabel="share of its values")
    return [*lines, below, above, bars, values.set_title("layer 10", fontsize="medium")]


def _draw_sizes(artists: Sequence[Artist], readings: Sequence[LayerReading]) -> None:
    *lines, below, above = artists[:5]
    number = np.arange(1, len(readings) + 1)
    sizes = {label: _sizes(readings, field) for label, field in LINES.items()}
    for line, size in zip(lines, sizes.values(), strict=True):
        line.set_data(number, np.clip(size, *SIZES))
        line.set_markevery(max(1, len(number) // 10))
    for edge, off in ((below, lambda s: s < SIZES[0]), (above, lambda s: ~(s <= SIZES[1]))):
        found = np.concatenate([number[off(size)] for size in sizes.values()])
        edge.set_data(found, np.full(len(found), SIZES[0] if edge is below else SIZES[1]))
    below.axes.set_xlim(0.5, len(readings) + 0.5)


def _sizes(readings: Sequence[LayerReading], field: str) -> np.ndarray:
    """NaN, which stands for numbers too large to be told, becomes inf."""
    return np.nan_to_num([getattr(r, field) for r in readings], nan=np.inf, posinf=np.inf)


def _draw_layer(artists: Sequence[Artist], measurement: Measurement, layer: int) -> None:
    *_, bars, title = artists
    values = measurement.outputs[layer - 1].flatten().nan_to_num().numpy()
    counts, _ = np.histogram(np.clip(values, BINS[0], BINS[-1]), BINS)
    bars.set_data(counts / len(values))
    title.set_text(f"layer {layer}")


def _sentence(measurement: Measurement, layer: int) -> str:
    hidden, values = measurement.readings[:-1], measurement.outputs[layer - 1]
    ends = [
        f"{label} {_sizes(hidden, field)[0]:.1e} to {_sizes(hidden, field)[-1]:.1e}"
        for label, field in LINES.items()
    ]
    flat, beyond = hidden[layer - 1].saturation, (values.abs() > BINS[-1]).float().mean().item()
    return (
        f"Root mean squares, first to last hidden layer: {', '.join(ends)}. "
        f"In layer {layer} the activation is flat for {flat:.0%} of the values; {beyond:.0%} "
        "are beyond ±3 and counted in the outermost bars. Triangles mark sizes off the scale."
    )
