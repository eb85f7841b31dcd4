"""Chapter 1's explorer: how large signals and gradients are in every layer of a network."""

import math
from functools import lru_cache
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.colors import to_hex
from torch import Tensor

from steadygrad.data import Examples, load_images
from steadygrad.explorers.drawn import HERE, Drawn, script
from steadygrad.explorers.gradients_still import still
from steadygrad.explorers.quick import one_thread, tiny_is_zero
from steadygrad.models import mlp, redraw_
from steadygrad.plots import human, percent
from steadygrad.probes import LayerReading, by_layer, read_layers, rms

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


# ── The drawing ─────────────────────────────────────────────────────────────────────


def explorer(examples: Examples | None = None) -> "Network":
    """A network whose layers glow with the size of the signal and of the gradient in them.

    The sizes are absolute, on a scale that stays. A ratio would hide a dead network: with
    weights ten times too small, signals shrink forwards and gradients backwards, and the two
    multiply to weight gradients of the same size in every layer, first to last about 1.

    By default the network sees 64 digits of the embedded MNIST images.
    """
    if examples is None:
        train = load_images("mnist-5k").train
        examples = Examples(train.x[:64], train.y[:64])
    return Network(examples)


ALT = (
    "A network drawn twice, as columns of units from the input to the scores. In the upper row "
    "each layer glows with the size of its activations, in the lower row with the size of the "
    "loss's gradient there, and the links with that of the weights' gradient. Below, the same "
    "three root mean squares over the layers, on a logarithmic axis from 10⁻¹⁴ to 10⁶. "
    "Beside them, a histogram of the activations of one layer."
)
PRESETS = {
    "sigmoid, default weights": {"activation": "sigmoid", "weight_scale": 0.41, "depth": 20},
    "ReLU, He’s weights": {"activation": "relu", "weight_scale": 1.0, "depth": 20},
    "ReLU, twice He’s": {"activation": "relu", "weight_scale": 2.0, "depth": 20},
    "ReLU, half of He’s": {"activation": "relu", "weight_scale": 0.5, "depth": 20},
    "tanh, large weights": {"activation": "tanh", "weight_scale": 4.0, "depth": 20},
}
SCALE = {
    "low": SIZES[0],
    "high": SIZES[1],
    "ticks": [(size, human(size)) for size in (1e-12, 1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6)],
    # brighter is larger in this map, whatever colours an eye can tell apart
    "ramp": [to_hex(color) for color in mpl.colormaps["inferno"](np.linspace(0.06, 0.98, 64))],
    "bins": BINS.tolist(),
}


def _moved(trait: traitlets.TraitType) -> traitlets.TraitType:
    return trait.tag(sync=True, moved=True)


class Network(Drawn):
    """The drawing: what its reader moves, and the numbers that the page draws."""

    _esm = script("gradients_controls.js", "gradients.js")
    still_inverts = False
    _css = Drawn._css + (HERE / "gradients.css").read_text(encoding="utf-8")
    depth = _moved(traitlets.Int(20, min=1, max=50))
    width = _moved(traitlets.Int(100, min=10, max=500))
    activation = _moved(traitlets.Enum(["sigmoid", "tanh", "relu"], "relu"))
    weight_scale = _moved(traitlets.Float(1.0, min=0.25, max=4.0))
    input_scale = _moved(traitlets.Float(1.0, min=0.01, max=100.0))
    layer = _moved(traitlets.Int(10, min=1, max=51))  # the one whose values are shown
    scale = traitlets.Dict(SCALE).tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)

    def __init__(self, examples: Examples):
        self._examples = examples
        # choosing another layer needs no new measurement
        self._measured = lru_cache(maxsize=1)(lambda **at: measure(examples, **at))
        super().__init__(alt=ALT)

    def redraw(self) -> None:
        at = self.values()
        layer = min(at.pop("layer"), at["depth"] + 1)
        measurement = self._measured(**at)
        inputs = rms(at["input_scale"] * self._examples.x)
        dots = [8, *[min(8, round(math.log2(at["width"])))] * at["depth"], 3]
        lines = _lines_to_draw(measurement.readings, inputs)
        self.shown = {"depth": at["depth"], "dots": dots, "lines": lines}
        self.detail = _layer_to_draw(measurement, layer)
        self.sentence = sentence(measurement.readings)

    def still(self) -> bytes:
        return still(self.shown, self.detail, SCALE)


def _lines_to_draw(readings: list[LayerReading], inputs: float) -> dict[str, dict]:
    """Per line its sizes, moved to the scale's edge where they lie beyond (`off` says so)."""
    lines = {}
    for label, field in LINES.items():
        first = inputs if label == "activation" else math.nan  # inputs have no gradient here
        sizes = np.array([first, *_sizes(readings, field)])
        off = (sizes > SIZES[1]).astype(int) - (sizes < SIZES[0])
        clipped = [None if math.isnan(s) else s for s in np.clip(sizes, *SIZES).tolist()]
        lines[label] = {"sizes": clipped, "off": off.tolist()}
    return lines


def _said(size: float) -> str:
    return human(float(size)) if math.isfinite(size) else "beyond all numbers"


def _sizes(readings: list[LayerReading], field: str) -> np.ndarray:
    """NaN, which stands for numbers too large to be told, becomes inf."""
    return np.nan_to_num([getattr(r, field) for r in readings], nan=np.inf, posinf=np.inf)


def _layer_to_draw(measurement: Measurement, layer: int) -> dict:
    """One layer's name, its numbers in words, and its values as shares of a histogram."""
    reading, depth = measurement.readings[layer - 1], len(measurement.readings) - 1
    values = measurement.outputs[layer - 1].flatten().nan_to_num().numpy()
    counts, _ = np.histogram(np.clip(values, BINS[0], BINS[-1]), BINS)
    numbers = {label: _said(_sizes([reading], field).item()) for label, field in LINES.items()}
    if reading.saturation is not None:
        numbers["activation flat for"] = percent(reading.saturation)
    numbers["values beyond ±3"] = percent((np.abs(values) > BINS[-1]).mean())
    return {
        "layer": layer,
        "name": f"layer {layer} of {depth}" if layer <= depth else "the scores",
        "shares": (counts / len(values)).tolist(),
        "numbers": numbers,
    }


# ── What it says ────────────────────────────────────────────────────────────────────


def sentence(readings: list[LayerReading]) -> str:
    """What happens to the three sizes between the first and the last hidden layer."""
    hidden, sizes = readings[:-1], {}
    for label, field in LINES.items():
        sizes[label] = _sizes(hidden, field)[[0, -1]].tolist()
    signal, gradient = sizes["activation"], sizes["activation gradient"][::-1]
    first, last = sizes["weight gradient"]
    if len(hidden) == 1:
        return (
            f"One hidden layer: its activations have the size {_said(signal[0])}, the gradient "
            f"there {_said(gradient[0])}, its weights’ gradient {_said(first)}."
        )
    flat = sum(r.saturation for r in hidden) / len(hidden)
    stuck = f" The activation is flat for {percent(flat)} of all values." if flat > 0.01 else ""
    return (
        f"Forwards, from layer 1 to layer {len(hidden)}, {_change('activations', *signal)}. "
        f"Backwards, from layer {len(hidden)} to layer 1, {_change('gradient', *gradient)}. "
        f"The weights’ gradient is {_said(first)} in layer 1 and {_said(last)} in layer "
        f"{len(hidden)}.{stuck}"
    )


WORDS = (  # by how much a size grows at most, and what it is said to do
    (0.01, "vanishes", "vanish"),
    (0.3, "shrinks", "shrink"),
    (3.0, "keeps its size", "keep their size"),
    (100.0, "grows", "grow"),
    (math.inf, "explodes", "explode"),
)


def _change(what: str, start: float, end: float) -> str:
    """What becomes of a size on its way, in a word and two numbers."""
    many = what.endswith("s")
    if start in (0, math.inf):
        all_the_way = "zero all the way" if start == end == 0 else _said(start)
        return f"the {what} {'are' if many else 'is'} {all_the_way}"
    word = next(words[many] for most, *words in WORDS if end / start <= most)
    return f"the {what} {word} ({_said(start)} to {_said(end)})"
