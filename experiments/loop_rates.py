"""Chapter 5: what the loss looks like at five learning rates, from absurd to timid.

A network of three sigmoid units on the circle, trained by plain SGD in batches of ten.  Ten
seeds draw points, weights and batches.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from experiments.comparing import below
from experiments.record import Numbers
from steadygrad import training
from steadygrad.data import Examples, circle
from steadygrad.models import mlp

RATES = (100.0, 10.0, 1.0, 0.2, 0.001)
POINTS, BATCH, EPOCHS, UNITS = 200, 10, 100, 3
POINT = 20  # steps that one point of a stored curve averages over: one epoch


def loss(score: Tensor, y: Tensor) -> Tensor:
    """The cross-entropy of a single sigmoid output."""
    return F.binary_cross_entropy_with_logits(score[:, 0], y.to(score.dtype))


def network(seed: int, units: int = UNITS) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # PyTorch's own first draw takes no generator
        return mlp([2, units, 1], "sigmoid")


def points(seed: int) -> Examples:
    return circle(POINTS, rng=torch.Generator().manual_seed(seed))


def losses(rate: float, seed: int) -> list[float]:
    """The loss of every step."""
    model, (x, y), seen = network(seed), points(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    rng = torch.Generator().manual_seed(seed)
    for _ in range(EPOCHS):
        for batch in training.batches(Examples(x, y), BATCH, rng=rng):
            optimizer.zero_grad()
            value = loss(model(batch.x), batch.y)
            value.backward()
            optimizer.step()
            seen.append(value.item())
    return seen


def measure(seeds: Iterable[int]) -> Numbers:
    """For each rate every epoch's mean loss, and the largest single loss of the last ten."""
    numbers, seeds = {}, list(seeds)
    for rate in RATES:
        runs = together(rate, seeds)
        numbers[f"rate {rate:g}"] = {
            "loss": runs.reshape(len(runs), -1, POINT).mean(axis=2),
            "worst": runs[:, -10 * POINT :].max(axis=1),
        }
    return numbers


def together(rate: float, seeds: list[int]) -> np.ndarray:
    """What `losses` gives for every seed, all networks in one go."""
    models = [network(seed) for seed in seeds]
    parameters, _ = stack_module_state(models)
    x, y = (torch.stack(each) for each in zip(*map(points, seeds), strict=True))
    orders = torch.stack([_order(seed) for seed in seeds], dim=1)  # (steps, seeds, batch)
    rows, seen = torch.arange(len(seeds))[:, None], []

    def one(parameters: dict, x: Tensor, y: Tensor) -> Tensor:
        return loss(functional_call(models[0], (parameters,), (x,)), y)

    for chosen in orders:
        values = vmap(one)(parameters, x[rows, chosen], y[rows, chosen])
        gradients = torch.autograd.grad(values.sum(), list(parameters.values()))
        with torch.no_grad():
            for p, gradient in zip(parameters.values(), gradients, strict=True):
                p.sub_(rate * gradient)
        seen.append(values.detach())
    return torch.stack(seen, dim=1).numpy()


def _order(seed: int) -> Tensor:
    """Which points each batch takes, as `losses` draws them."""
    rng, places = torch.Generator().manual_seed(seed), torch.arange(POINTS)
    return torch.stack(
        [
            batch.y
            for _ in range(EPOCHS)
            for batch in training.batches(Examples(places.float(), places), BATCH, rng=rng)
        ]
    )


def last(numbers: Numbers, rate: float) -> np.ndarray:
    """The mean loss of the last ten epochs, seed by seed."""
    return numbers[f"rate {rate:g}"]["loss"][:, -10:].mean(axis=1)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "at 100 the loss is several times that of knowing nothing, in every seed": lambda n: bool(
        last(n, 100).min() > 3 * np.log(2)
    ),
    "at 10 it falls, but jumps above where it began, in every seed": lambda n: bool(
        last(n, 10).max() < np.log(2) < n["rate 10"]["worst"].min()
    ),
    "at 1 it falls furthest": lambda n: all(
        below(np.log(last(n, 1)), np.log(last(n, rate))) for rate in (100, 10, 0.2, 0.001)
    ),
    "at 0.2 it rests on a plateau first, and then falls": lambda n: (
        below(last(n, 0.2), n["rate 0.2"]["loss"][:, 10], by=0.2)
        and bool(n["rate 0.2"]["loss"][:, 10].mean() > 0.6)
    ),
    "at 0.001 it stays where it began, within a tenth": lambda n: bool(
        np.abs(last(n, 0.001) - np.log(2)).max() < 0.1 * np.log(2)
    ),
}
