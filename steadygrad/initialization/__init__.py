"""Initialization: first weights that keep signals and gradients the same size at any depth.

One equation, Var(z) = fan_in · Var(w) · E[a²], and everything else from it.  Chapter 2
derives each formula in this order.

    scaling      fans, and one draw for LeCun, Glorot and He
    gains        what an activation takes away, forwards and backwards
    schemes      schemes by name, given to models and layers
    directions   orthogonal weights, and units that are copies
    from_data    biases from class counts, scales from a batch
"""

from steadygrad.initialization.directions import distinct_units, orthogonal_
from steadygrad.initialization.from_data import lsuv_, output_bias_from_counts
from steadygrad.initialization.gains import (
    backward_gain,
    gain_from_activation,
    leaky_relu_gain,
    mean_activation,
    rms_through_layers,
)
from steadygrad.initialization.scaling import (
    DISTRIBUTIONS,
    MODES,
    TRUNCATED_STD,
    fan_in_fan_out,
    variance_scaling_,
)
from steadygrad.initialization.schemes import (
    LAYERS,
    SCHEMES,
    HeConv2d,
    HeLinear,
    Scheme,
    initialize_,
)

__all__ = [
    "DISTRIBUTIONS",
    "LAYERS",
    "MODES",
    "SCHEMES",
    "TRUNCATED_STD",
    "HeConv2d",
    "HeLinear",
    "Scheme",
    "backward_gain",
    "distinct_units",
    "fan_in_fan_out",
    "gain_from_activation",
    "initialize_",
    "leaky_relu_gain",
    "lsuv_",
    "mean_activation",
    "orthogonal_",
    "output_bias_from_counts",
    "rms_through_layers",
    "variance_scaling_",
]
