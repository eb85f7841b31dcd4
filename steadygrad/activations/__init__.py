"""Activations: the function between two layers, its slope, and what both do to a network.

The functions in ACTIVATIONS have their slopes, derived by hand, beside them: `gelu` and
`gelu_slope`.  Both are right far out on either side, where e^x overflows.  Chapter 3 derives
them in this order.

    sigmoids          stable_sigmoid, tanh, softplus
    rectifiers        relu, leaky_relu, randomized_leaky_relu, prelu, elu
    selfnormalizing   gaussian_moments, next_moments, selu_constants, selu, alpha_dropout
    gates             gelu, quick_gelu, swish, silu, mish, swiglu
    cheap             hard_sigmoid, hard_tanh, hard_swish, squared_relu
    dead              dead_units, dead_unit_fraction, revived
"""

from typing import NamedTuple

from steadygrad.activations.cheap import (
    hard_sigmoid,
    hard_sigmoid_slope,
    hard_swish,
    hard_swish_slope,
    hard_tanh,
    hard_tanh_slope,
    squared_relu,
    squared_relu_slope,
)
from steadygrad.activations.dead import dead_unit_fraction, dead_units, revived
from steadygrad.activations.gates import (
    gelu,
    gelu_slope,
    mish,
    mish_slope,
    quick_gelu,
    silu,
    silu_slope,
    swiglu,
    swish,
    swish_beta_slope,
    swish_slope,
)
from steadygrad.activations.rectifiers import (
    elu,
    elu_slope,
    leaky_relu,
    leaky_relu_slope,
    prelu,
    prelu_backward,
    randomized_leaky_relu,
    relu,
    relu_slope,
)
from steadygrad.activations.selfnormalizing import (
    SELU,
    Elementwise,
    Moments,
    alpha_dropout,
    gaussian_moments,
    next_moments,
    selu,
    selu_constants,
    selu_slope,
)
from steadygrad.activations.sigmoids import (
    sigmoid_slope,
    softplus,
    softplus_slope,
    stable_sigmoid,
    tanh,
    tanh_slope,
)


class Activation(NamedTuple):
    """A function of one number, and its slope."""

    value: Elementwise
    slope: Elementwise


ACTIVATIONS: dict[str, Activation] = {  # in the chapter's order
    "sigmoid": Activation(stable_sigmoid, sigmoid_slope),
    "tanh": Activation(tanh, tanh_slope),
    "softplus": Activation(softplus, softplus_slope),
    "ReLU": Activation(relu, relu_slope),
    "leaky ReLU": Activation(leaky_relu, leaky_relu_slope),
    "ELU": Activation(elu, elu_slope),
    "SELU": Activation(selu, selu_slope),
    "GELU": Activation(gelu, gelu_slope),
    "SiLU": Activation(silu, silu_slope),
    "Mish": Activation(mish, mish_slope),
    "ReLU²": Activation(squared_relu, squared_relu_slope),
    "hard sigmoid": Activation(hard_sigmoid, hard_sigmoid_slope),
    "hard tanh": Activation(hard_tanh, hard_tanh_slope),
    "hard swish": Activation(hard_swish, hard_swish_slope),
}

__all__ = [
    "ACTIVATIONS",
    "SELU",
    "Activation",
    "Elementwise",
    "Moments",
    "alpha_dropout",
    "dead_unit_fraction",
    "dead_units",
    "elu",
    "elu_slope",
    "gaussian_moments",
    "gelu",
    "gelu_slope",
    "hard_sigmoid",
    "hard_sigmoid_slope",
    "hard_swish",
    "hard_swish_slope",
    "hard_tanh",
    "hard_tanh_slope",
    "leaky_relu",
    "leaky_relu_slope",
    "mish",
    "mish_slope",
    "next_moments",
    "prelu",
    "prelu_backward",
    "quick_gelu",
    "randomized_leaky_relu",
    "relu",
    "relu_slope",
    "revived",
    "selu",
    "selu_constants",
    "selu_slope",
    "sigmoid_slope",
    "silu",
    "silu_slope",
    "softplus",
    "softplus_slope",
    "squared_relu",
    "squared_relu_slope",
    "stable_sigmoid",
    "swiglu",
    "swish",
    "swish_beta_slope",
    "swish_slope",
    "tanh",
    "tanh_slope",
]
