"""From Adam to SGD in the middle of a run."""

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.adaptive.squares import Vector
from steadygrad.checks import checked


@checked
def matching_rate(step: Vector, gradient: Vector) -> Float[Tensor, ""]:
    """The rate at which plain SGD would go as far along `step` (Keskar & Socher, 2017, eq. 2).

    rate = p · p / (p · g)        p = lr · direction, the step that the other rule takes

    SGD's own step, rate · g, then has exactly p as its projection onto p.  Negative where the
    two disagree about the way down, infinite where they are at right angles: average over
    steps, and leave those out.
    """
    return torch.dot(step, step) / torch.dot(step, gradient)
