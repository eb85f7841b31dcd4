"""Things that cannot be sent, written down as data that says how to build them.

A case is data, so that it can cross to the process that runs a submission.  Where an
exercise takes a function or a model, its case holds a recipe; the real thing is built
from it right before the call, on either side.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

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

MODULES = {
    module.__name__: module
    for module in (
        nn.Linear, nn.Conv2d, nn.Flatten, nn.BatchNorm1d, nn.BatchNorm2d, nn.Dropout,
        nn.ReLU, nn.Sigmoid, nn.Tanh,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A function of one tensor: it returns a single number, or works entry by entry."""

    name: str
    factor: float = 1.0  # of what it returns

    def build(self) -> Callable[[Tensor], Tensor]:
        function = (FUNCTIONS | ENTRYWISE)[self.name]
        return function if self.factor == 1 else lambda x: self.factor * function(x)

    def each_tensor(self, _change: Callable[[Tensor], Tensor]) -> "Function":
        return self

    def altered(self, _built: Callable) -> bool:
        return False


@dataclass(frozen=True)
class Network:
    """A sequence of layers with the parameters, and the gradients, that they hold.

    `layers` names each module and its arguments: `("Linear", 3, 4)`; a last one that is a
    dictionary has those with names.  Parameters that `gradients` does not name have none,
    buffers that `buffers` does not name stand as they were made.
    """

    layers: tuple[tuple, ...]
    parameters: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor] = field(default_factory=dict)
    training: bool = True
    buffers: Mapping[str, Tensor] = field(default_factory=dict)

    def shapes(self) -> dict[str, torch.Size]:
        """The shape of each parameter that these layers have."""
        with torch.device("meta"):
            return {name: value.shape for name, value in self._layers().named_parameters()}

    def build(self) -> nn.Sequential:
        with torch.random.fork_rng(devices=[]):  # drawing weights must not move the caller's
            model = self._layers().train(self.training)
        for name, parameter in model.named_parameters():
            parameter.data = self.parameters[name].clone()
            if name in self.gradients:
                parameter.grad = self.gradients[name].clone()
        for name, buffer in model.named_buffers():
            if name in self.buffers:
                buffer.data = self.buffers[name].clone()
        return model

    def _layers(self) -> nn.Sequential:
        return nn.Sequential(*(_module(*how) for how in self.layers))

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Network":
        return replace(
            self,
            parameters={name: change(value) for name, value in self.parameters.items()},
            gradients={name: change(value) for name, value in self.gradients.items()},
            buffers={name: change(value) for name, value in self.buffers.items()},
        )

    def altered(self, built: nn.Module) -> bool:
        """Whether a model built from this recipe no longer is what the recipe says."""
        parameters = dict(built.named_parameters())
        if parameters.keys() != self.parameters.keys() or built.training != self.training:
            return True
        if any(
            module._forward_hooks or module._forward_pre_hooks for module in built.modules()
        ):
            return True
        gradients = {n: p.grad for n, p in parameters.items() if p.grad is not None}
        buffers = {n: b for n, b in built.named_buffers() if n in self.buffers}
        return (
            altered(self.parameters, parameters)
            or altered(self.gradients, gradients)
            or altered(self.buffers, buffers)
        )


def _module(name: str, *how: Any) -> nn.Module:
    if how and isinstance(how[-1], Mapping):
        return MODULES[name](*how[:-1], **how[-1])
    return MODULES[name](*how)


@dataclass(frozen=True)
class Single(Network):
    """One layer by itself: the first of a network of one, and named as in it ("0.weight")."""

    def build(self) -> nn.Module:
        return super().build()[0]

    def altered(self, built: nn.Module) -> bool:
        around = nn.Sequential(built)
        around.training = built.training
        return super().altered(around)


@dataclass(frozen=True)
class Traced:
    """A tensor with respect to which the result is to be differentiated as well.

    Whoever answers a case with such an input is judged by a value and its gradient: of the sum
    of the result's entries, each to this power.  Normalized values sum to a constant, so that
    there only a higher power tells.
    """

    tensor: Tensor
    power: int = 1

    def build(self) -> Tensor:
        return build(self.tensor).detach().requires_grad_()

    def each_tensor(self, change: Callable[[Tensor], Tensor]) -> "Traced":
        return replace(self, tensor=change(self.tensor))

    def altered(self, built: Tensor) -> bool:
        return altered(self.tensor, built.detach())


Recipe = Function | Network | Traced
RECIPES: dict[str, type] = {r.__name__: r for r in (Function, Network, Single, Traced)}


def each_tensor(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same nested inputs with every tensor replaced."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Recipe):
        return value.each_tensor(change)
    if isinstance(value, Mapping):
        return {key: each_tensor(part, change) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(each_tensor(part, change) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(each_tensor(part, change) for part in value)
    return value


def build(value: Any) -> Any:
    """Fresh inputs for one call: recipes built, everything else copied."""
    if isinstance(value, Recipe):
        return value.build()
    if isinstance(value, torch.Generator):
        copy = torch.Generator(value.device)
        copy.set_state(value.get_state())
        return copy
    if isinstance(value, Tensor):
        return spread(value) if not value.is_contiguous() else value.clone()
    if isinstance(value, Mapping):
        return {key: build(part) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(build, value))
    if isinstance(value, list | tuple):
        return type(value)(map(build, value))
    return value


def spread(tensor: Tensor) -> Tensor:
    """The same values with a gap after each entry, so that they are not contiguous."""
    return torch.stack([tensor, torch.full_like(tensor, 7)], dim=-1)[..., 0]


def altered(before: Any, after: Any) -> bool:
    """Whether an input is no longer what it was when it was built."""
    if isinstance(before, torch.Generator):  # drawing from it is the point
        return False
    if isinstance(before, Recipe):
        return before.altered(after)
    if isinstance(before, Tensor):
        if not isinstance(after, Tensor) or before.shape != after.shape:
            return True
        same = (before == after) | ((before != before) & (after != after))
        return before.dtype != after.dtype or not bool(same.all())
    if isinstance(before, Mapping):
        if not isinstance(after, Mapping) or before.keys() != after.keys():
            return True
        return any(altered(before[key], after[key]) for key in before)
    if isinstance(before, list | tuple):
        if not isinstance(after, list | tuple) or len(before) != len(after):
            return True
        return any(map(altered, before, after))
    return type(before) is not type(after) or before != after
