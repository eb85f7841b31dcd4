"""The models and batches that this chapter's cases are made of."""

from dataclasses import replace

import torch
from torch import Tensor

from autograder.recipes import Network

SMALL = (("Linear", 4, 5), ("Tanh",), ("Linear", 5, 3))
NORMED = (("Linear", 4, 5), ("BatchNorm1d", 5), ("ReLU",), ("Linear", 5, 3))


def drawn(rng: torch.Generator, layers: tuple = SMALL, *, stale=False, **options) -> Network:
    """A network with drawn weights; `stale` leaves gradients of an earlier step in it."""
    blank = Network(layers, {}, **options)
    shapes = blank.shapes()
    weights = {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}
    old = {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}
    return replace(blank, parameters=weights, gradients=old if stale else {})


def batch(rng: torch.Generator, n: int, *, features: int = 4) -> tuple[Tensor, Tensor]:
    """Inputs, and one of three classes for each."""
    x = torch.randn(n, features, generator=rng)
    return x, torch.randint(3, (n,), generator=rng)
