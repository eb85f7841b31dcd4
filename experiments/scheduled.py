"""Scheduled: networks of one build, trained side by side, each at its own rate of each step.

As in stacks.py their weights lie on top of each other; here every network has a whole schedule
of rates, and the rule that steps may be heavy ball, Adam or schedule-free descent.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from experiments import pictures
from steadygrad.data import Examples, Images

Weights = dict[str, Tensor]  # the first axis of each is the network


class Rule(Protocol):
    """Takes a step: from weights, their gradients and the rate of each network."""

    def __call__(self, weights: Weights, gradients: Weights, rates: Tensor) -> None: ...


def small_digits() -> Images:
    """2500 to train on, 500 to choose by, 2000 to test on."""
    return pictures.small_digits(0.6, 1 / 6)


def steps_of(epochs: int, batch: int, count: int = 2500) -> int:
    """How many steps this many epochs take, to the nearest whole step."""
    return round(epochs * count / batch)


class HeavyBall:
    """v ← μ v + g, and a step along v; μ may change from step to step, for each network."""

    def __init__(self, momenta: float | Tensor = 0.0) -> None:
        self.momenta, self.t, self.velocities = torch.as_tensor(momenta), 0, {}

    def __call__(self, weights: Weights, gradients: Weights, rates: Tensor) -> None:
        momentum = self.momenta[:, self.t] if self.momenta.dim() else self.momenta
        self.t += 1
        for name, gradient in gradients.items():
            if name not in self.velocities:
                self.velocities[name] = torch.zeros_like(gradient)
            velocity = self.velocities[name].mul_(_like(momentum, gradient)).add_(gradient)
            weights[name].addcmul_(_like(rates, gradient), velocity, value=-1)


class Adam:
    """Adam at its usual β₁ = 0.9, β₂ = 0.999 and ε = 1e-8."""

    def __init__(self, b1: float = 0.9, b2: float = 0.999) -> None:
        self.b1, self.b2, self.t, self.m, self.v = b1, b2, 0, {}, {}

    def __call__(self, weights: Weights, gradients: Weights, rates: Tensor) -> None:
        self.t += 1
        for name, g in gradients.items():
            if self.t == 1:
                self.m[name], self.v[name] = torch.zeros_like(g), torch.zeros_like(g)
            m = self.m[name].lerp_(g, 1 - self.b1)
            v = self.v[name].lerp_(g.square(), 1 - self.b2)
            divisor = (v / (1 - self.b2**self.t)).sqrt_().add_(1e-8)
            direction = m / (1 - self.b1**self.t) / divisor
            weights[name].addcmul_(_like(rates, g), direction, value=-1)


class ScheduleFree:
    """Schedule-free SGD (Defazio et al., 2024): gradients at y, steps of z, and their mean x.

    y = (1 − β) z + β x      z ← z − η ∇L(y)      x ← the mean of all z

    While it trains the weights are y; `finish` puts x in their place.
    """

    def __init__(self, beta: float = 0.9) -> None:
        self.beta, self.t, self.x, self.z = beta, 0, {}, {}

    def __call__(self, weights: Weights, gradients: Weights, rates: Tensor) -> None:
        self.t += 1
        for name, g in gradients.items():
            if self.t == 1:
                self.x[name], self.z[name] = weights[name].clone(), weights[name].clone()
            z = self.z[name].addcmul_(_like(rates, g), g, value=-1)
            x = self.x[name].lerp_(z, 1 / self.t)
            weights[name].copy_(z.lerp(x, self.beta))

    def finish(self, weights: Weights) -> None:
        for name, x in self.x.items():
            weights[name].copy_(x)


def train(
    models: Sequence[nn.Module],
    images: Examples,
    seeds: Sequence[int],
    rates: Tensor,
    rule: Rule,
    *,
    batch: int,
    after: Callable[[int, Weights], object] = lambda _t, _weights: None,
) -> Tensor:
    """Train in place; `seeds` gives the order of images for each, `rates` one for each step.

    `after` is told the number of the step and the weights.  A network whose loss is infinite
    or NaN stays as it was.  Returns the loss of each network at each step.
    """
    weights, _ = stack_module_state(list(models))  # no build here has buffers

    def loss(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(models[0], weights, (x,)), y)

    alive, history = torch.ones(len(models), dtype=torch.bool), []
    chosen = _batches(len(images.x), seeds, batch)
    for t in range(rates.shape[1]):
        places = next(chosen)
        losses = vmap(loss)(weights, images.x[places], images.y[places])
        gradients = dict(
            zip(weights, torch.autograd.grad(losses.sum(), list(weights.values())), strict=True)
        )
        alive &= losses.detach().isfinite()
        with torch.no_grad():
            if not alive.all():
                for gradient in gradients.values():
                    gradient[~alive] = 0.0  # 0 · NaN would still be NaN
            rule(weights, gradients, rates[:, t] * alive)
            after(t, weights)
        history.append(losses.detach())
    with torch.no_grad():
        if isinstance(rule, ScheduleFree):
            rule.finish(weights)
        put_back(weights, models)
    return torch.stack(history, dim=1)


@torch.no_grad()
def put_back(weights: Weights, models: Sequence[nn.Module]) -> None:
    """Each network gets its own of the weights that lie on top of each other."""
    for name, values in weights.items():
        for model, value in zip(models, values, strict=True):
            model.get_parameter(name).copy_(value)


@torch.no_grad()
def errors(models: Sequence[nn.Module], images: Examples) -> np.ndarray:
    """The share of wrong classes of each; a network that is not a number guesses class 0."""
    scores = [model(images.x).nan_to_num() for model in models]
    return np.array([(s.argmax(1) != images.y).double().mean().item() for s in scores])


def _batches(count: int, seeds: Sequence[int], batch: int):
    """Places of the images in shuffled epochs; a batch may begin in one and end in the next."""
    generators = {seed: torch.Generator().manual_seed(seed) for seed in seeds}
    left = torch.empty(len(seeds), 0, dtype=torch.long)
    while True:
        orders = {s: torch.randperm(count, generator=rng) for s, rng in generators.items()}
        left = torch.cat([left, torch.stack([orders[seed] for seed in seeds])], dim=1)
        while left.shape[1] >= batch:
            yield left[:, :batch]
            left = left[:, batch:]


def _like(values: Tensor, weights: Tensor) -> Tensor:
    return values.view(-1, *[1] * (weights.dim() - 1)) if values.dim() else values
