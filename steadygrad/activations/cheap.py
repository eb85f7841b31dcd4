"""Cheap ones: built from comparisons, sums and products alone, for small machines."""

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import checked


@checked
def hard_sigmoid(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """(x + 3) / 6, held between 0 and 1 (as in MobileNetV3, Howard et al., 2019).

    Its slope is 1/6, the sigmoid's at zero is 1/4.  Elsewhere it may be x/5 + 1/2.
    """
    return ((x + 3) / 6).clamp(0, 1)


@checked
def hard_sigmoid_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """1/6 between −3 and 3, else 0."""
    return (x.abs() < 3).to(x.dtype) / 6


@checked
def hard_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x, held between −1 and 1 (Collobert, 2004)."""
    return x.clamp(-1, 1)


@checked
def hard_tanh_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """1 between −1 and 1, else 0."""
    return (x.abs() < 1).to(x.dtype)


@checked
def hard_swish(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x (x + 3) / 6 between −3 and 3, 0 on the left, x on the right (Howard et al., 2019)."""
    return x * hard_sigmoid(x)


@checked
def hard_swish_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """(2x + 3) / 6 between −3 and 3, else 0 on the left and 1 on the right."""
    return torch.where(x.abs() < 3, (2 * x + 3) / 6, (x > 0).to(x.dtype))


@checked
def squared_relu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """relu(x)² (So et al., 2021).  Its slope has no limit, so mind the scale of the weights."""
    return x.clamp(min=0).square()


@checked
def squared_relu_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """2 relu(x)."""
    return 2 * x.clamp(min=0)
