"""Racing: any rule of chapter 7 on stacks of networks, each network at its own rate.

A rule that treats coordinates one by one does not mind how many networks lie end to end in
its vector.  So the weights of all networks are one vector, and the rule is asked once a step.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from steadygrad import initialization
from steadygrad.data import Examples
from steadygrad.initialization import SCHEMES
from steadygrad.models import mlp

Schedule = Callable[[float], float]  # the share of the steps that is done -> a factor

SCHEDULES: dict[str, Schedule] = {
    "constant": lambda _done: 1.0,
    "to zero": lambda done: 1.0 - done,
}


def network(widths: Sequence[int], seed: int) -> nn.Module:
    rng = torch.Generator().manual_seed(seed)
    return initialization.initialize_(mlp(widths), SCHEMES["He normal"], rng)


class Stack:
    """Networks of the same shapes, a seed for each; it is trained in one or several legs."""

    def __init__(self, models: Sequence[nn.Module], seeds: Sequence[int]):
        self.model, self.seeds = models[0], list(seeds)
        parameters, _ = stack_module_state(list(models))
        self.shapes = {name: p.shape[1:] for name, p in parameters.items()}
        self.theta = torch.cat([p.detach().flatten(1) for p in parameters.values()], dim=1)
        self.alive = torch.ones(len(self.seeds), dtype=torch.bool)

    def named(self, theta: Tensor) -> dict[str, Tensor]:
        """The weights of all networks by name, the network first."""
        sizes = [shape.numel() for shape in self.shapes.values()]
        return {
            name: part.unflatten(1, shape)
            for (name, shape), part in zip(
                self.shapes.items(), theta.split(sizes, dim=1), strict=True
            )
        }

    def scores(self, theta: Tensor, x: Tensor, each: int | None = None) -> Tensor:
        """What every network says about its own batch, or (each=None) all about one."""
        call = vmap(lambda p, x: functional_call(self.model, p, (x,)), in_dims=(0, each))
        return call(self.named(theta), x)

    def train(
        self,
        images: Examples,
        rule: Callable,
        rates: Sequence[float] | Tensor,
        *,
        epochs: int,
        batch: int,
        schedule: Schedule = SCHEDULES["constant"],
        after_step: Callable[[Tensor, Tensor], None] | None = None,
        shuffle: int = 0,
        **settings: Any,
    ) -> None:
        """A rate for each network.  One whose loss is infinite or NaN stays as it was."""
        rate, state = torch.as_tensor(rates)[:, None].float(), None
        order = list(_batches(len(images.x), [s + shuffle for s in self.seeds], epochs, batch))
        sees_theta = "theta" in inspect.signature(rule).parameters
        for step, chosen in enumerate(order):
            theta = self.theta.requires_grad_()
            scores = self.scores(theta, images.x[chosen], each=0)
            losses = F.cross_entropy(
                scores.transpose(1, 2), images.y[chosen], reduction="none"
            ).mean(dim=1)
            (gradient,) = torch.autograd.grad(losses.sum(), theta)
            theta = theta.detach()
            self.alive &= losses.detach().isfinite()
            gradient[~self.alive] = 0.0
            seen = (theta.flatten(),) if sees_theta else ()
            direction, state = rule(gradient.flatten(), state, *seen, **settings)
            moved = rate * schedule(step / len(order)) * direction.view_as(theta)
            moved = torch.where(self.alive[:, None], moved, 0.0)
            self.theta = theta - moved
            if after_step:
                after_step(moved, gradient)

    @torch.no_grad()
    def loss(self, images: Examples, worst: float) -> Tensor:
        """The mean loss of each network; what diverged, or is worse than guessing, guesses."""
        scores = self.scores(self.theta, images.x)
        losses = F.cross_entropy(
            scores.transpose(1, 2), images.y.expand(len(scores), -1), reduction="none"
        ).mean(dim=1)
        return losses.nan_to_num(worst, posinf=worst).clamp(max=worst)

    @torch.no_grad()
    def error(self, images: Examples) -> Tensor:
        """The share of wrong classes of each network, in per cent."""
        guessed = self.scores(self.theta, images.x).nan_to_num().argmax(dim=2)
        return 100 * (guessed != images.y).double().mean(dim=1)

    def only(self, kept: Sequence[int]) -> "Stack":
        """Some of the networks, as they are."""
        part = object.__new__(Stack)
        part.model, part.shapes = self.model, self.shapes
        part.seeds = [self.seeds[i] for i in kept]
        part.theta, part.alive = self.theta[list(kept)].clone(), self.alive[list(kept)].clone()
        return part


def _batches(count: int, seeds: Sequence[int], epochs: int, batch: int) -> Iterator[Tensor]:
    """Every epoch in an order of its own; networks of one seed see the same order."""
    generators = {seed: torch.Generator().manual_seed(seed) for seed in seeds}
    for _ in range(epochs):
        orders = {s: torch.randperm(count, generator=rng) for s, rng in generators.items()}
        yield from torch.stack([orders[seed] for seed in seeds]).split(batch, dim=1)
