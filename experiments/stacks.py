"""Stacks: networks of one build, trained side by side in one go.

A small network spends its time in calling kernels, not in what they do.  Ten seeds at six
rates are sixty networks of the same shapes: their weights lie on top of each other, and each
kernel is called once for all.  Each sees its own batches and steps at its own rate, as if it
were alone.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from steadygrad.data import Examples


def train(
    models: Sequence[nn.Module],
    images: Examples,
    runs: Sequence[tuple[int, float]],
    *,
    epochs: int,
    batch: int,
    momentum: float = 0.0,
    nesterov: bool = False,
    schedule: Callable[[float], float] | None = None,
) -> None:
    """Gradient descent with momentum, in place, in shuffled batches.

    `runs` has a seed and a learning rate for each model; the seed gives the order of the
    images.  `schedule` turns the share of the steps that are done into a factor of all rates.
    A model whose loss is infinite or NaN stays as it was before that step.
    """
    parameters, buffers = stack_module_state(list(models))
    velocities = [torch.zeros_like(p) for p in parameters.values()]
    seeds, rates = zip(*runs, strict=True)
    rate = torch.tensor(rates, dtype=velocities[0].dtype)
    alive = torch.ones(len(models), dtype=torch.bool)

    def loss(parameters: dict, buffers: dict, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(models[0], (parameters, buffers), (x,)), y)

    batches = list(_batches(len(images.x), seeds, epochs, batch))
    for number, chosen in enumerate(batches):
        losses = vmap(loss)(parameters, buffers, images.x[chosen], images.y[chosen])
        gradients = torch.autograd.grad(losses.sum(), list(parameters.values()))
        alive &= losses.isfinite()
        now = rate * alive * (schedule(number / len(batches)) if schedule else 1.0)
        _step(parameters, gradients, velocities, now, alive, momentum, nesterov)
    with torch.no_grad():
        for name, values in (parameters | buffers).items():
            for model, value in zip(models, values, strict=True):
                model.state_dict()[name].copy_(value)


@torch.no_grad()
def error(model: nn.Module, images: Examples) -> float:
    """The share of wrong classes in per cent; a network that is not a number guesses 0."""
    scores = model(images.x).nan_to_num()
    return 100 * (scores.argmax(dim=1) != images.y).double().mean().item()


@torch.no_grad()
def _step(parameters, gradients, velocities, rate, alive, momentum, nesterov):
    for p, gradient, velocity in zip(parameters.values(), gradients, velocities, strict=True):
        if not alive.all():
            gradient[~alive] = 0.0  # 0 · NaN would still be NaN
        velocity.mul_(momentum).add_(gradient)
        direction = gradient + momentum * velocity if nesterov else velocity
        p.sub_(rate.view(-1, *[1] * (p.dim() - 1)) * direction)


def _batches(count: int, seeds: Sequence[int], epochs: int, batch: int):
    generators = {seed: torch.Generator().manual_seed(seed) for seed in seeds}
    for _ in range(epochs):
        orders = {s: torch.randperm(count, generator=rng) for s, rng in generators.items()}
        for chosen in torch.stack([orders[seed] for seed in seeds]).split(batch, dim=1):
            if chosen.shape[1] > 1:  # batch norm cannot learn from one
                yield chosen
