"""Models: the plain networks that the chapters train, and one knob for their weights.

A network is a stack of layers ``h ← act(W h + b)``; the last layer has no
activation, because its outputs are scores (logits) that the loss turns into
probabilities.  How to choose the weights well is a chapter of its own; here they
have one knob, the gain.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import TypeVar

import torch
from torch import nn

from steadygrad.checks import checked

Model = TypeVar("Model", bound=nn.Module)

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "identity": nn.Identity,  # a deep linear network: depth without bending anything
}


@checked
def mlp(widths: Sequence[int], activation: str = "relu", *, bias: bool = True) -> nn.Sequential:
    """A multilayer perceptron: linear, activation, …, linear (Rosenblatt, 1961).

        h₀ = x      hᵢ = act(Wᵢ hᵢ₋₁ + bᵢ)      scores = W_L h_{L−1} + b_L

    `widths` names every level from the input to the scores, so L layers have L + 1
    widths, and there are L − 1 activations: none follows the last layer.

    >>> mlp([784, 100, 10], "tanh")
    Sequential(
      (0): Linear(in_features=784, out_features=100, bias=True)
      (1): Tanh()
      (2): Linear(in_features=100, out_features=10, bias=True)
    )

    PyTorch draws the first weights from its global generator; `redraw_` draws them again
    from yours. Raises ValueError for fewer than two widths, for a width below one and for
    an activation not in ACTIVATIONS.
    """
    _check(widths, activation)
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out, bias=bias), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


def _check(widths: Sequence[int], activation: str) -> None:
    if len(widths) < 2:
        raise ValueError(
            f"A network needs at least two widths, its inputs and its outputs, but got "
            f"{list(widths)!r}; write for example mlp([784, 100, 10])."
        )
    if min(widths) < 1:
        raise ValueError(
            f"Every width must be at least 1, but got {list(widths)!r}; leave a level out "
            "instead of making it empty."
        )
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"There is no activation {activation!r}; choose one of {', '.join(ACTIVATIONS)}."
        )


@checked
@torch.no_grad()
def redraw_(model: Model, gain: float, *, rng: torch.Generator) -> Model:
    """Draw every linear layer's weights again, in place, and set its biases to zero.

        W ~ N(0, gain² / fan_in)      b = 0

    fan_in is the number of inputs of one unit: a column count, because PyTorch stores W as
    (outputs, inputs). Gain 1 keeps the variance through a linear layer (LeCun et al., 1998,
    section 4.6), gain √2 through a relu layer (He et al., 2015, equation 10). Layers of
    other kinds are left alone.

    The numbers are drawn on the generator's device and then copied to the layer's, so a
    seed gives the same network on every accelerator. Returns the model it was given.
    Raises ValueError for a negative gain and for a model without a linear layer.
    """
    if not gain >= 0:
        raise ValueError(
            f"The gain must be zero or more, but got {gain!r}; sqrt(2) suits relu."
        )
    linears = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    if not linears:
        raise ValueError(
            f"{type(model).__name__} has no nn.Linear layer to redraw; build one with mlp(...)."
        )
    for layer in linears:
        _redraw(layer, gain / sqrt(layer.in_features), rng)
    return model


def _redraw(layer: nn.Linear, std: float, rng: torch.Generator) -> None:
    weight = layer.weight
    fresh = torch.randn(weight.shape, generator=rng, device=rng.device, dtype=weight.dtype)
    weight.copy_(std * fresh)
    if layer.bias is not None:
        layer.bias.zero_()


@checked
def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change; a tensor used twice counts once.

    >>> count_parameters(mlp([784, 100, 100, 10]))  # 87 of 100 are in the first layer's W
    89610
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
