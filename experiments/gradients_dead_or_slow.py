"""Chapter 1: is a network that does not learn dead, or only slow?

Four networks train briefly on real digits at each of five learning rates.  A slow one
learns at some rate; a dead one at none.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import nn

from experiments.gradients_deep_networks import network
from experiments.record import Numbers
from steadygrad.data import Examples, load_images

RATES = [0.001, 0.01, 0.1, 1.0, 10.0]
NETWORKS = {  # activation, scale of the weights, hidden layers
    "3 sigmoid layers": ("sigmoid", "default", 3),
    "10 sigmoid layers": ("sigmoid", "default", 10),
    "10 relu layers": ("relu", "default", 10),
    "10 relu layers, He": ("relu", "He", 10),
}
EPOCHS, BATCH = 5, 50
CEILING = 10.0  # a loss beyond it, or none at all, has diverged: how far is of no interest


def losses(
    model: nn.Module, images: Examples, rate: float, seed: int, kind: type = torch.optim.SGD
) -> list[float]:
    """The loss of each step, until the end or NaN; by plain gradient descent if unsaid."""
    rng, values = torch.Generator().manual_seed(seed), []
    optimizer = kind(model.parameters(), lr=rate)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(images.x), generator=rng).split(BATCH):
            loss = F.cross_entropy(model(images.x[chosen]), images.y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            values.append(loss.item())
            if not math.isfinite(values[-1]):
                return values
    return values


def final(values: list[float]) -> float:
    """The mean over the last epoch's steps, but no more than CEILING."""
    mean = float(np.mean(values[-len(values) // EPOCHS :]))
    return min(mean, CEILING) if math.isfinite(mean) else CEILING


def measure(seeds: Iterable[int]) -> Numbers:
    """For each network the final loss, an array of (seeds, rates)."""
    images = load_images("mnist-5k").train
    return {
        name: {
            "loss": np.array(
                [
                    [final(losses(network(*kind[:2], seed, kind[2]), images, rate, seed))
                     for rate in RATES]
                    for seed in seeds
                ]
            )
        }
        for name, kind in NETWORKS.items()
    }  # fmt: skip


def all_but_unmoved(numbers: Numbers, name: str) -> bool:
    """No run at any rate ended noticeably below the loss of knowing nothing."""
    return bool(numbers[name]["loss"].min() > math.log(10) - 0.05)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "at rates up to 0.1 three sigmoid layers look as dead as ten": lambda n: bool(
        n["3 sigmoid layers"]["loss"][:, :3].min() > math.log(10) - 0.05
    ),
    "at rate 1 three sigmoid layers learn": lambda n: bool(
        n["3 sigmoid layers"]["loss"][:, 3].max() < 1.8
    ),
    "ten layers of sigmoid or relu in PyTorch's default learn at no rate": lambda n: (
        all_but_unmoved(n, "10 sigmoid layers") and all_but_unmoved(n, "10 relu layers")
    ),
    "ten relu layers with He's scale learn at 0.01 and 0.1, in every seed": lambda n: bool(
        n["10 relu layers, He"]["loss"][:, 1:3].max() < 0.5
    ),
    "and diverge at 1 and 10, in every seed": lambda n: bool(
        n["10 relu layers, He"]["loss"][:, 3:].min() > 3
    ),
}
