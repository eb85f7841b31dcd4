"""From Adam to SGD in the middle of a run."""

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.adaptive.squares import Vector
from steadygrad.checks import checked


@checked
def matching_rate(step: Vector, gradient: Vector) -> Float[Tensor, ""]:
    """The rate at which plain SGD would go as far along another rule's step.

    `step` is lr · direction, what the other rule subtracts from the parameters, and `gradient`
    is the gradient g at that place.  SGD's own step is rate · g.  Returned is the one rate,
    a tensor without dimensions, at which the part of SGD's step along `step` is `step` itself,
    no more and no less (Keskar & Socher, 2017).

    It is negative where the two rules disagree about the way down, and infinite where their
    steps are at right angles: take the median over many steps, and leave those out.
    """
    # (rate g) · p / ‖p‖ = ‖p‖, so rate = p · p / (p · g)
    return torch.dot(step, step) / torch.dot(step, gradient)
