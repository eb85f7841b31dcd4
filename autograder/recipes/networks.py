"""Models that a submission is handed: layers, and all the numbers that they hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from autograder.recipes.base import Recipe


class Witness(nn.Module):
    """Passes its input through, and remembers whether it was ever asked to build a graph."""

    def __init__(self):
        super().__init__()
        self.register_buffer("graph_built", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.graph_built.fill_(1)
        return x


class Turnstile(nn.Module):
    """Passes its input through, and remembers how many graphs led back through it at once."""

    def __init__(self):
        super().__init__()
        self.open = 0
        self.register_buffer("graphs_at_once", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        passed = x.view_as(x)
        if passed.requires_grad:
            self.open += 1
            self.graphs_at_once.clamp_(min=self.open)
            passed.register_hook(self._leave)
        return passed

    def _leave(self, _gradient: Tensor) -> None:
        self.open -= 1


MODULES = {
    module.__name__: module
    for module in (
        nn.Linear, nn.Conv1d, nn.Conv2d, nn.Flatten, nn.BatchNorm1d, nn.BatchNorm2d,
        nn.LayerNorm, nn.Embedding, nn.Dropout, nn.ReLU, nn.Sigmoid, nn.Tanh, Witness,
        Turnstile,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Network(Recipe):
    """A sequence of layers with the parameters, and the gradients, that they hold.

    `layers` names each module and its arguments: `("Linear", 3, 4)`; a last one that is a
    dictionary has those with names.  `("Sequential", …)` has layers for arguments.  Parameters
    that `gradients` does not name have none, buffers that `buffers` does not name stand as they
    were made.  Parameters named in `frozen` ask for no gradient.  Layers in `evaluating`, by
    their numbers, or "0.1" inside a block, are in evaluation mode while the rest trains.
    """

    layers: tuple[tuple, ...]
    parameters: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor] = field(default_factory=dict)
    training: bool = True
    buffers: Mapping[str, Tensor] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    evaluating: tuple[int | str, ...] = ()

    def shapes(self) -> dict[str, torch.Size]:
        """The shape of each parameter that these layers have."""
        with torch.device("meta"):
            return {name: value.shape for name, value in self._layers().named_parameters()}

    def build(self, _beside: Mapping | None = None) -> nn.Sequential:
        with torch.random.fork_rng(devices=[]):  # drawing weights must not move the caller's
            model = self._layers().train(self.training)
        for number in self.evaluating:
            model.get_submodule(str(number)).eval()
        for name, parameter in model.named_parameters():
            parameter.data = self.parameters[name].clone()
            parameter.requires_grad_(name not in self.frozen)
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

    def watched(self, built: nn.Module) -> dict[str, Any]:
        """Its numbers, its modes, what asks for gradients, and whether anyone listens in."""
        parameters = dict(built.named_parameters())
        buffers = {n: b for n, b in built.named_buffers() if n in self.buffers}
        return {
            "parameters": parameters,
            "gradients": {n: p.grad for n, p in parameters.items() if p.grad is not None},
            "buffers": buffers,
            "asks for gradients": {n: p.requires_grad for n, p in parameters.items()},
            "training": [built.training, *(child.training for child in built)],
            "hooks": any(m._forward_hooks or m._forward_pre_hooks for m in built.modules()),
        }


def _module(name: str, *how: Any) -> nn.Module:
    if name == "Sequential":
        return nn.Sequential(*(_module(*each) for each in how))
    if how and isinstance(how[-1], Mapping):
        return MODULES[name](*how[:-1], **how[-1])
    return MODULES[name](*how)


@dataclass(frozen=True)
class Lent(Network):
    """A network whose parameters themselves are to come back, not copies of them."""


@dataclass(frozen=True)
class Single(Network):
    """One layer by itself: the first of a network of one, and named as in it ("0.weight")."""

    def build(self, _beside: Mapping | None = None) -> nn.Module:
        return super().build(_beside)[0]

    def watched(self, built: nn.Module) -> dict[str, Any]:
        around = nn.Sequential(built)
        around.training = built.training
        return super().watched(around)
