"""The README's figure: one network, three scales of its first weights, three fates.

Run `python docs/make_figure.py` from anywhere; it writes docs/figure.png.
"""

from math import sqrt
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from experiments.record import band
from steadygrad import plots
from steadygrad.data import load_images
from steadygrad.models import mlp, redraw_
from steadygrad.probes import by_layer, read_layers

DEPTH, SEEDS = 30, range(10)
FATES = {"explode": 1.5 * sqrt(2), "stay steady": sqrt(2), "vanish": 2 / 3 * sqrt(2)}
NOTES = {
    "explode": "weights half as large again",
    "stay steady": "weights of the right size",
    "vanish": "weights a third too small",
}


def gradient_sizes(gain: float) -> np.ndarray:
    """The gradient at each hidden layer's output, as (seeds, layers)."""
    train = load_images("mnist-5k").train
    x, y, sizes = train.x[:256], train.y[:256], []
    for seed in SEEDS:
        rng = torch.Generator().manual_seed(seed)
        model = redraw_(mlp([784, *[100] * DEPTH, 10]), gain, rng=rng)
        readings = by_layer(read_layers(model, x, y))[:-1]
        sizes.append([reading.activation_gradient_rms for reading in readings])
    return np.array(sizes)


def figure() -> plt.Axes:
    """Three lines with bands, each named where it ends."""
    _, ax = plt.subplots(figsize=(8, 4))
    bands = {fate: band(gradient_sizes(gain)) for fate, gain in FATES.items()}
    plots.layer_sizes(
        {fate: values.middle for fate, values in bands.items()},
        ax,
        ylabel="size of the gradient",
        bands={fate: (values.low, values.high) for fate, values in bands.items()},
    )
    ax.get_legend().remove()
    for (fate, values), line in zip(bands.items(), ax.lines, strict=True):
        text = f"gradients {fate}:\n{NOTES[fate]}"
        height = values.middle[0]
        ax.text(0.4, height, text, color=line.get_color(), ha="right", va="center")
    ax.set(
        xlim=(0.5, DEPTH + 0.5),
        xlabel="layer of a 30-layer ReLU network (the loss is on the right)",
    )
    ax.yaxis.tick_right()
    ax.yaxis.set_label_position("right")
    ax.spines[["left", "right"]].set_visible(False)
    return ax


if __name__ == "__main__":
    plots.use_style()
    target = Path(__file__).with_name("figure.png")
    figure().figure.savefig(target, metadata={"Software": None})  # same data, same bytes
