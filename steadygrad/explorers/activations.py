"""Chapter 3's explorer: what an activation does to a signal, in one layer and in a hundred."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad import activations
from steadygrad.activations import ACTIVATIONS, Activation, Moments, next_moments
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider
from steadygrad.explorers.live import LiveFigure, key, panels
from steadygrad.plots import COLORS, DASHES, human

LAYERS, UNITS, EXAMPLES = 100, 200, 200
FLAT = 0.01  # a slope below this share of the steepest counts as flat
Z = np.linspace(-5, 5, 201)
BINS = np.linspace(-3, 5, 65)
SIZES = (1e-6, 1e3)  # the axis never moves, so that two settings can be compared
SHAPED: dict[str, tuple[Callable, Callable]] = {  # value and slope take one more number
    "leaky ReLU": (activations.leaky_relu, activations.leaky_relu_slope),
    "ELU": (activations.elu, activations.elu_slope),
    "Swish": (activations.swish, activations.swish_slope),
    "softplus": (activations.softplus, activations.softplus_slope),
}
NAMES = ["SELU", "ReLU", "leaky ReLU", "ELU", "GELU", "Swish", "Mish", "softplus"]
NAMES += ["sigmoid", "tanh", "hard swish", "ReLU²"]


class Measurement(NamedTuple):
    """One random layer in numbers, and the road of a signal through many."""

    outputs: Float[Tensor, "examples units"]
    moments: Moments
    saturated: float  # share of entries where the slope is under 1 % of the steepest
    dead: float  # share of units that are flat for every example
    path: list[Moments]  # mean and mean square after each layer, predicted


def activation(name: str, shape: float) -> Activation:
    """The activation of this name, with `shape` as its slope, α or β where it has one."""
    if name in SHAPED:
        value, slope = SHAPED[name]
        return Activation(lambda z: value(z, shape), lambda z: slope(z, shape))
    return ACTIVATIONS[name]


def measure(
    name: str = "SELU",
    *,
    shape: float = 1.0,
    input_mean: float = 0.0,
    input_deviation: float = 1.0,
    weight_scale: float = 1.0,
    seed: int = 0,
) -> Measurement:
    """Send normal inputs through one layer, and their moments through a hundred.

        W ~ N(0, weight_scale² / UNITS)      x ~ N(input_mean, input_deviation²)

    Dead is a unit whose slope is flat for every example: no step of gradient descent moves it.
    """
    rng, chosen = torch.Generator().manual_seed(seed), activation(name, shape)
    x = input_mean + input_deviation * torch.randn(EXAMPLES, UNITS, generator=rng)
    weight = weight_scale / math.sqrt(UNITS) * torch.randn(UNITS, UNITS, generator=rng)
    z = x @ weight.T
    outputs, flat = chosen.value(z), _flat(chosen, z)
    moments = Moments(outputs.mean().item(), outputs.square().mean().item())
    path = [Moments(input_mean, input_mean**2 + input_deviation**2)]
    for _ in range(LAYERS):
        if not math.isfinite(path[-1].second):
            path.append(path[-1])  # it is lost already
            continue
        path.append(
            next_moments(chosen.value, path[-1], weight_variance=weight_scale**2, points=4801)
        )
    dead = flat.all(dim=0).double().mean().item()
    return Measurement(outputs, moments, flat.double().mean().item(), dead, path)


def _flat(chosen: Activation, z: Tensor) -> Tensor:
    steepest = chosen.slope(torch.from_numpy(Z)).abs().max()
    return chosen.slope(z).abs() < FLAT * steepest


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """An activation and five sliders; its curve, one layer's outputs, and a hundred layers."""
    measured = lru_cache(maxsize=1)(measure)
    return LiveFigure(
        _build, partial(_update, measured=measured), _controls(), alt=ALT, narrow=(4, 9)
    )


ALT = (
    "Left, an activation and its slope from −5 to 5. In the middle, a histogram of what one "
    "random layer puts out. Right, predicted root mean square and absolute mean of the signal "
    "over a hundred layers, on a logarithmic axis from 1e-6 to 1000."
)


def _controls() -> dict[str, Control]:
    powers = {"min": -1, "max": 1, "step": 0.05, "form": ".2f"}
    controls = {
        "name": Choice("activation", "SELU", NAMES),
        "shape": Slider("slope, α or β", 1.0, min=0.01, max=3.0, step=0.01, form=".2f"),
        "input_mean": Slider("input mean", 0.0, min=-3.0, max=3.0, step=0.1, form=".1f"),
        "input_deviation": LogSlider("input deviation", 1.0, **powers),
        "weight_scale": LogSlider("weights, × LeCun", 1.0, **powers),
    }
    ends = (controls["name"], "value"), (controls["shape"], "hidden")
    traitlets.dlink(*ends, lambda name: name not in SHAPED)
    return controls


def _build(figure: Figure) -> list[Artist]:
    """Two curves, a histogram, two roads."""
    curve, values, road = panels(figure, 1, 1, 1)
    looks = list(zip(COLORS, DASHES, strict=False))
    lines = [
        curve.plot([], [], color=color, linestyle=dash, marker="none", label=label)[0]
        for (color, dash), label in zip(looks, ("f(z)", "f′(z)"), strict=False)
    ]
    curve.set(xlim=(-5, 5), ylim=(-2, 5), xlabel="z", ylabel="value")
    key(curve)
    bars = values.stairs(0 * BINS[1:], BINS, fill=True, baseline=1e-5, color=COLORS[0])
    values.set(yscale="log", ylim=(1e-4, 1.5), xlim=(BINS[0], BINS[-1]))
    values.set(xlabel="output of one layer", ylabel="share of the outputs")
    roads = [
        road.plot([], [], color=color, linestyle=dash, marker="none", label=label)[0]
        for (color, dash), label in zip(looks, ("rms", "|mean|"), strict=False)
    ]
    road.set(
        yscale="log", ylim=SIZES, xlim=(0, LAYERS), xlabel="layer", ylabel="size of the signal"
    )
    road.axhline(1, color="0.5", linestyle=":", marker="none")
    key(road)
    return [*lines, bars, *roads]


def _update(artists: Sequence[Artist], *, measured: Callable, **settings: object) -> str:
    value, slope, bars, size, mean = artists
    chosen = activation(settings["name"], settings["shape"])
    for line, function in ((value, chosen.value), (slope, chosen.slope)):
        line.set_data(Z, function(torch.from_numpy(Z)).numpy())
    found = measured(**settings)
    outputs = found.outputs.flatten().nan_to_num().numpy()
    counts, _ = np.histogram(np.clip(outputs, BINS[0], BINS[-1]), BINS)
    bars.set_data(counts / len(outputs))
    layers = np.arange(LAYERS + 1)
    sizes = np.sqrt(np.nan_to_num([m.second for m in found.path], posinf=1e12, nan=1e12))
    means = np.abs(np.nan_to_num([m.mean for m in found.path], posinf=1e12, nan=1e12))
    size.set_data(layers, np.clip(sizes, *SIZES))
    mean.set_data(layers, np.clip(means, *SIZES))
    return (
        f"One layer: mean {found.moments.mean:.2f}, mean square {found.moments.second:.2f}, "
        f"flat for {found.saturated:.0%} of the entries, {found.dead:.0%} of the units dead. "
        f"After {LAYERS} layers: root mean square {human(found.path[-1].second ** 0.5)}, "
        f"|mean| {human(abs(found.path[-1].mean))}. What is off a scale is drawn at its edge."
    )
