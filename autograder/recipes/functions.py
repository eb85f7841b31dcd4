"""Functions that a submission is handed, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.recipes.base import Recipe

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum of cubes": lambda x: (x**3).sum(),
    "sum of sines": lambda x: x.sin().sum(),
    # every coordinate's slope depends on every other coordinate
    "square of the sum of squares": lambda x: (x**2).sum() ** 2,
    "product": lambda x: x.prod(),
    "exponential of the mean": lambda x: x.mean().exp(),
    "cubes of the row sums": lambda x: (x.sum(dim=-1) ** 3).sum(),  # needs the shape of x
}

ENTRYWISE: dict[str, Callable[[Tensor], Tensor]] = {  # activations, and what could be one
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky relu with slope 0.3": lambda z: torch.where(z > 0, z, 0.3 * z),
    "softplus": torch.nn.functional.softplus,
    "absolute value": torch.abs,
    "two times": lambda z: 2 * z,
}

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # (outputs, targets) -> their mean
    "cross-entropy": torch.nn.functional.cross_entropy,
    "mean squared error": torch.nn.functional.mse_loss,
}


@dataclass(frozen=True)
class Function(Recipe):
    """A function of one tensor, to a number or entry by entry; or a loss, which takes two."""

    name: str
    factor: float = 1.0  # of what it returns

    def build(self, _beside: Mapping | None = None) -> Callable[..., Tensor]:
        function = (FUNCTIONS | ENTRYWISE | LOSSES)[self.name]
        return function if self.factor == 1 else lambda *x: self.factor * function(*x)
