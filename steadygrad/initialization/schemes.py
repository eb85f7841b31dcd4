"""Schemes by name, and models and layers to give them to."""

import math
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from steadygrad.checks import checked
from steadygrad.initialization.gains import leaky_relu_gain
from steadygrad.initialization.scaling import variance_scaling_

Model = TypeVar("Model", bound=nn.Module)
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)  # what is given new weights


class Scheme(NamedTuple):
    """A way to draw first weights: the arguments of `variance_scaling_`."""

    gain: float
    mode: str
    distribution: str


SCHEMES = {
    "LeCun normal": Scheme(1.0, "fan_in", "normal"),
    "LeCun uniform": Scheme(1.0, "fan_in", "uniform"),
    "Glorot normal": Scheme(1.0, "fan_avg", "normal"),
    "Glorot uniform": Scheme(1.0, "fan_avg", "uniform"),
    "He normal": Scheme(math.sqrt(2), "fan_in", "normal"),
    "He uniform": Scheme(math.sqrt(2), "fan_in", "uniform"),
    # what nn.Linear and nn.Conv draw: kaiming_uniform_ with a = √5, so r = 1 / √fan_in
    "PyTorch's default": Scheme(math.sqrt(1 / 3), "fan_in", "uniform"),
}


@checked
def initialize_(
    model: Model, scheme: Scheme, generator: torch.Generator | None = None
) -> Model:
    """Give every linear and convolutional layer of a model new weights, and biases of zero.

    In place; returns the model.  Other layers are left alone, transposed convolutions too: in
    their weights the inputs stand first.  Raises ValueError for a model without any layer to
    draw, which would otherwise keep its weights without a word.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, LAYERS)]
    if not layers:
        raise ValueError(
            f"{type(model).__name__} has no linear and no convolutional layer to draw."
        )
    for layer in layers:
        variance_scaling_(layer.weight, *scheme, generator, groups=getattr(layer, "groups", 1))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model


class HeLinear(nn.Linear):
    """A linear layer that starts as He et al. (2015) would have it for a (leaky) ReLU.

    nn.Linear calls `reset_parameters` at the end of its own `__init__`, so what it needs has
    to be there before.  Who calls `reset_parameters` again gets He's weights again.
    """

    def __init__(self, in_features: int, out_features: int, *, slope: float = 0.0, **options):
        self.slope = slope
        super().__init__(in_features, out_features, **options)

    def reset_parameters(self) -> None:
        initialize_(self, Scheme(leaky_relu_gain(self.slope), "fan_in", "normal"))


class HeConv2d(nn.Conv2d):
    """A convolution that starts as He et al. (2015) would have it for a (leaky) ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, *, slope: float = 0.0, **options
    ):
        self.slope = slope
        super().__init__(in_channels, out_channels, kernel_size, **options)

    def reset_parameters(self) -> None:
        initialize_(self, Scheme(leaky_relu_gain(self.slope), "fan_in", "normal"))
