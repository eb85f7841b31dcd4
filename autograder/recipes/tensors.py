"""Tensors that take part in differentiation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from autograder.recipes.base import Recipe, build


@dataclass(frozen=True)
class Traced(Recipe):
    """A tensor with respect to which the result is to be differentiated as well.

    Whoever answers a case with such an input is judged by a value and its gradient: of the sum
    of the result's entries, each to this power.  Normalized values sum to a constant, so that
    there only a higher power tells.
    """

    tensor: Tensor
    power: int = 1

    def build(self, _beside: Mapping | None = None) -> Tensor:
        return build(self.tensor).detach().requires_grad_()

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Traced":
        return replace(self, tensor=change(self.tensor))

    def watched(self, built: Tensor) -> Tensor:
        return built.detach()


@dataclass(frozen=True)
class Leaf(Recipe):
    """A parameter by itself: it asks for gradients, and may hold one already."""

    tensor: Tensor
    gradient: Tensor | None = None

    def build(self, _beside: Mapping | None = None) -> Tensor:
        leaf = build(self.tensor).detach().requires_grad_()
        leaf.grad = None if self.gradient is None else build(self.gradient)
        return leaf

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Leaf":
        gradient = None if self.gradient is None else change(self.gradient)
        return replace(self, tensor=change(self.tensor), gradient=gradient)

    def watched(self, built: Tensor) -> tuple[Tensor, Tensor | None]:
        return built.detach(), built.grad
