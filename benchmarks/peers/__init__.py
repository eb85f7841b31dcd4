"""What the benchmarks set side by side: for each topic its functions and PyTorch's own."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Size(NamedTuple):
    """A table of numbers, and the device that it lies on."""

    rows: int
    columns: int
    device: str = "cpu"

    def normal(self, *shape: int, grad: bool = True) -> Tensor:
        """Normal numbers, the same at every call; without a shape, rows by columns."""
        rng = torch.Generator(self.device).manual_seed(0)
        shape = shape or (self.rows, self.columns)
        return torch.randn(shape, generator=rng, device=self.device, requires_grad=grad)

    def ones(self, *shape: int) -> Tensor:
        return torch.ones(shape, device=self.device)


class Pair(NamedTuple):
    """One function of ours, and PyTorch's that returns the same for the same inputs.

    `because` says in one sentence why ours may exceed its topic's aim.  Without `grad` there is
    no backward pass to measure; without `same` the two return different things, such as random
    numbers of their own.
    """

    ours: Callable
    theirs: Callable
    inputs: Callable[[Size], tuple]
    because: str = ""
    grad: bool = True
    same: bool = True


class Topic(NamedTuple):
    """A module's pairs, by our function's name and its variant, and what has no counterpart."""

    aim: float  # the ratio not to exceed
    pairs: dict[str, Pair]
    alone: Iterable[str]


def layers(size: Size) -> tuple[Tensor, ...]:
    """A batch and three square weights, of 512 at most: matrix products are not to wait for."""
    width = min(size.columns, 512)
    return size.normal(size.rows, width), *(size.normal(width, width) for _ in range(3))
