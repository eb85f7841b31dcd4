"""Chapter 2's explorer: does a signal keep its size, and do all directions keep theirs?"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from steadygrad import initialization
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider
from steadygrad.explorers.live import LiveFigure, panels
from steadygrad.plots import COLORS, human

SIZES = (1e-16, 1e8)  # the axis never moves, so that two settings can be compared
EXAMPLES = 64
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "ReLU": torch.relu,
    "SELU": F.selu,
    "GELU": F.gelu,
}
FAMILIES = {  # the gain before the slider's factor, by activation
    "LeCun": lambda phi: 1.0,  # noqa: ARG005 - one signature
    "He": lambda phi: math.sqrt(2),  # noqa: ARG005
    "PyTorch's default": lambda phi: math.sqrt(1 / 3),  # noqa: ARG005
    "the activation's own": initialization.gain_from_activation,
}
DRAWS = (*initialization.DISTRIBUTIONS, "orthogonal")


class Measurement(NamedTuple):
    """One network on one batch: sizes of z by theory and in fact, and what a step is worth."""

    predicted: list[float]
    measured: list[float]
    singular_values: Float[Tensor, " width"]  # of all layers' product, slopes included


def measure(
    *,
    family: str = "He",
    distribution: str = "normal",
    gain: float = 1.0,
    depth: int = 10,
    width: int = 100,
    activation: str = "ReLU",
    seed: int = 0,
) -> Measurement:
    """Send normal inputs through `depth` square layers, with weights of the family's gain.

    The singular values are those of the Jacobian at the first example: by how much the
    network stretches a step in each direction.  `gain` multiplies the family's own.
    """
    phi, gain = ACTIVATIONS[activation], gain * FAMILIES[family](ACTIVATIONS[activation])
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(EXAMPLES, width, generator=rng, dtype=torch.float64)
    jacobian, measured = torch.eye(width, dtype=torch.float64), []
    for weight in _weights(distribution, gain, depth, width, rng):
        z = x @ weight.T
        measured.append(z.square().mean().sqrt().item())
        x, slope = phi(z), _slope(phi, z[0])
        jacobian = slope[:, None] * (weight @ jacobian)
    predicted = initialization.rms_through_layers(phi, weight_variance=gain**2, depth=depth)
    return Measurement(predicted, measured, torch.linalg.svdvals(jacobian))


def _weights(
    distribution: str, gain: float, depth: int, width: int, rng: torch.Generator
) -> Iterable[Tensor]:
    for _ in range(depth):
        w = torch.empty(width, width, dtype=torch.float64)
        if distribution == "orthogonal":
            yield initialization.orthogonal_(w, gain, rng)
        else:
            yield initialization.variance_scaling_(w, gain, "fan_in", distribution, rng)


def _slope(phi: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    with torch.enable_grad():
        z = z.clone().requires_grad_()
        return torch.autograd.grad(phi(z).sum(), z)[0]


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """Six controls, the signal's size in every layer, and the stretch of every direction."""

    def update(artists: Sequence[Artist], **settings: object) -> str:
        measurement = measure(**settings)
        _draw(artists, measurement)
        return _sentence(measurement)

    return LiveFigure(_build, update, _controls(), alt=ALT)


ALT = (
    "Left, over the layer number, the root mean square of each layer's sums z, predicted and "
    "measured, on a logarithmic axis from 1e-16 to 1e8. Right, the singular values of the "
    "product of all layers, largest first, on a logarithmic axis of the same range."
)


def _controls() -> dict[str, Control]:
    powers = {"base": 2, "min": -1, "max": 1, "step": 0.0625, "form": ".2f"}
    return {
        "family": Choice("gain of", "He", list(FAMILIES)),
        "gain": LogSlider("times", 1, **powers),
        "distribution": Choice("draw", "normal", list(DRAWS)),
        "activation": Choice("activation", "ReLU", list(ACTIVATIONS)),
        "depth": Slider("depth", 10, min=1, max=50),
        "width": Slider("width", 100, min=10, max=200, step=10),
    }


def _build(figure: Figure) -> list[Artist]:
    """Two lines of sizes, one of singular values."""
    sizes, stretch = panels(figure, 3, 2)
    lines = [
        sizes.plot(
            [], [], color=color, linestyle=dash, marker=marker, label=label, zorder=order
        )[0]
        for color, dash, marker, label, order in (
            ("black", "--", "none", "predicted", 3),
            (COLORS[0], "-", "o", "measured", 2),
        )
    ]
    (values,) = stretch.plot([], [], color=COLORS[2], marker=".", linestyle="none")
    for ax in (sizes, stretch):
        ax.set(yscale="log", ylim=SIZES)
        ax.set_yticks([10.0**power for power in range(-16, 9, 4)])
        ax.minorticks_off()
        ax.axhline(1, color="0.5", linestyle=":", marker="none", zorder=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    sizes.set(xlabel="layer", ylabel="root mean square of z")
    stretch.set(xlabel="direction, most stretched first", ylabel="stretched by all layers")
    figure.legend(handles=lines, loc="outside upper left", ncols=2)
    return [*lines, values]


def _draw(artists: Sequence[Artist], measurement: Measurement) -> None:
    *lines, values = artists
    number = np.arange(1, len(measurement.measured) + 1)
    for line, size in zip(lines, measurement[:2], strict=True):
        line.set_data(number, np.clip(size, *SIZES))
        line.set_markevery(max(1, len(number) // 10))
    lines[0].axes.set_xlim(0.5, len(number) + 0.5)
    stretch = measurement.singular_values.numpy()
    values.set_data(np.arange(1, len(stretch) + 1), np.clip(stretch, *SIZES))
    values.axes.set_xlim(0, len(stretch) + 1)


def _sentence(measurement: Measurement) -> str:
    predicted, measured, stretch = measurement
    kept = int((stretch >= 0.01 * stretch[0]).sum())
    most = human(stretch[0].item())
    return (
        f"Root mean square of z in the last layer: {human(measured[-1])}, predicted "
        f"{human(predicted[-1])}. The most stretched direction by {most}; {kept} of "
        f"{len(stretch)} directions by at least a hundredth of that. What is off the scale is "
        "drawn at its edge."
    )
