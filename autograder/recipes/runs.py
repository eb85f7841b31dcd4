"""What a training run is made of: parameters in groups, a schedule, and a loss to go down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from autograder.recipes.base import Recipe, build, each_tensor
from autograder.recipes.calls import OPTIMIZERS


@dataclass(frozen=True)
class Grouped(Recipe):
    """One of torch's optimizers over parameters of its own, one group for each rate."""

    name: str
    parameters: Sequence[Tensor]
    rates: Sequence[float]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(self, _beside: Mapping[str, Any]) -> torch.optim.Optimizer:
        groups = [
            {"params": [build(values).detach().requires_grad_()], "lr": rate}
            for values, rate in zip(self.parameters, self.rates, strict=True)
        ]
        return OPTIMIZERS[self.name](groups, **self.settings)

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Grouped":
        return replace(self, parameters=each_tensor(self.parameters, change))


@dataclass(frozen=True)
class Planned(Recipe):
    """A schedule that is written down number by number, and keeps to the last one."""

    factors: Sequence[float]

    def build(self, _beside: Mapping[str, Any]) -> Callable[[int], float]:
        return lambda t: self.factors[min(t, len(self.factors) - 1)]


class Walk:
    """A closure that notes where the parameters are whenever it is called."""

    def __init__(self, optimizer: torch.optim.Optimizer):
        self.optimizer, self.visited = optimizer, []

    def __call__(self) -> float:
        """The gradient of half the squared distance from 0, steeper from group to group."""
        self.visited.append(self.here())
        self.optimizer.zero_grad()
        with torch.enable_grad():
            loss = sum((k + 1) * (p**2).sum() / 2 for k, p in enumerate(self._parameters()))
        loss.backward()
        return loss.item()

    def here(self) -> Tensor:
        return torch.cat([p.detach().flatten() for p in self._parameters()])

    def held(self) -> list[Tensor]:
        """The parameters at each call, and in the end."""
        return [*self.visited, self.here()]

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]


@dataclass(frozen=True)
class Downhill(Recipe):
    """A closure that computes a loss and its gradient for the optimizer that is the input `of`.

    To be written into: what it holds afterwards is where the parameters have been.
    """

    of: str

    def build(self, beside: Mapping[str, Any]) -> Walk:
        return Walk(beside[self.of])

    def refers(self) -> bool:
        return True
