"""One draw for all schemes: the fans of a weight, and weights of a given variance."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from steadygrad.checks import Rule, checked, rule

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("normal", "uniform", "truncated")
_of_a_weight = rule(
    "that of a weight: outputs, inputs, kernel", lambda v: len(v) >= 2 and min(v) >= 0
)


@checked(
    shape=_of_a_weight,
    groups=Rule("a divisor of the outputs", lambda v, g: v > 0 and g["shape"][0] % v == 0),
)
def fan_in_fan_out(shape: Sequence[int], groups: int = 1) -> tuple[int, int]:
    """How many inputs one unit adds up, and how many units one input goes to.

        dense         (out, in)                    fan_in = in         fan_out = out
        convolution   (out, in / groups, k₁, …)    fan_in = (in / groups) · k₁ · …
                                                   fan_out = (out / groups) · k₁ · …

    `shape` is that of a weight in PyTorch, outputs first, with any number of kernel sides.
    PyTorch has divided its second number by the groups already; the first it has not.
    fan_out is that of a stride of 1, away from the border.

    >>> fan_in_fan_out((64, 8, 3, 3), groups=4)
    (72, 144)
    """
    area = math.prod(shape[2:])
    fan_in = shape[1] * area
    fan_out = shape[0] // groups * area
    return fan_in, fan_out


# The deviation of a standard normal number that is drawn again while it is beyond ±2:
# its variance is 1 − 4 p(2) / (P(2) − P(−2)), p the density and P what lies below.
TRUNCATED_STD = math.sqrt(
    1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
)


@checked(
    groups=Rule("a divisor of the outputs", lambda v, given: v > 0 and len(given["w"]) % v == 0)
)
def variance_scaling_(
    w: Float[Tensor, "out in *kernel"],
    gain: float,
    mode: str,
    distribution: str,
    generator: torch.Generator | None = None,
    groups: int = 1,
) -> Float[Tensor, "out in *kernel"]:
    """Write new numbers of variance gain² / fan into the weight w, and return it.

        fan            by mode: "fan_in", "fan_out", or "fan_avg", the mean of the two
        σ = gain / √fan
        "normal"       N(0, σ²)
        "uniform"      evenly from −r to r, with r = √3 σ, so that the variance is σ²
        "truncated"    N(0, s²), drawn again while beyond ±2 s, with s = σ / TRUNCATED_STD,
                       because cutting the tails off leaves 0.8796 of a deviation

    LeCun et al. (1998) is gain 1 with fan_in; Glorot & Bengio (2010), equation 12, gain 1 with
    fan_avg; He et al. (2015), equation 10, gain √2 with fan_in.  `groups` are those of a
    convolution.  All randomness comes from `generator`.  A weight that asks for gradients goes
    on asking for them; what is written into it leaves no trace in a graph.

    Raises ValueError for a mode or a distribution that there is not.  In a weight without
    entries there is nothing to write.
    """
    if w.numel() == 0:
        return w
    fan_in, fan_out = fan_in_fan_out(w.shape, groups)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}.get(mode)
    if fan is None:
        raise ValueError(f"There is no mode {mode!r}; choose one of {MODES}.")
    std = gain / math.sqrt(fan)
    new = torch.empty_like(w, device=generator.device if generator else w.device)
    if distribution == "uniform":
        bound = math.sqrt(3) * std
        new.uniform_(-bound, bound, generator=generator)
    elif distribution == "truncated":
        wide = std / TRUNCATED_STD
        nn.init.trunc_normal_(new, std=wide, a=-2 * wide, b=2 * wide, generator=generator)
    elif distribution == "normal":
        new.normal_(0, std, generator=generator)
    else:
        raise ValueError(
            f"There is no distribution {distribution!r}; choose one of {DISTRIBUTIONS}."
        )
    with torch.no_grad():
        return w.copy_(new)
