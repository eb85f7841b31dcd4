"""The pair that every set of the course is made of."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Device = torch.device | str


class Examples(NamedTuple):
    """Inputs, one a row, and the class of each."""

    x: Float[Tensor, "n *shape"]
    y: Int64[Tensor, " n"]
