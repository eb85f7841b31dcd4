"""Clipped: one training by plain SGD under a bound on the gradient's norm, watched closely."""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import nn

from steadygrad import loop, training
from steadygrad.data import Examples


class Run(NamedTuple):
    """A trained network, the loss of every step, and the norms before clipping."""

    model: nn.Module
    losses: list[float]
    norms: list[float]

    def untouched(self, bound: float) -> float:
        """The share of steps whose gradient was short enough."""
        return float(np.mean([norm <= bound for norm in self.norms]))

    def accuracy(self, images: Examples) -> float:
        """A network that is no number any more says 0 to everything: a tenth."""
        return max(training.evaluate(self.model, images).accuracy, 0.001)


def train(
    model: nn.Module,
    examples: Examples,
    *,
    rate: float,
    bound: float,
    epochs: int,
    batch: int,
    rng: torch.Generator,
) -> Run:
    """A loss that is no number ends the run."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    losses, norms = [], []
    for _ in range(epochs):
        for x, y in training.batches(examples, batch, rng=rng):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                return Run(model, losses, norms)
            norms.append(loop.clip_grad_norm_(model.parameters(), bound).item())
            optimizer.step()
    return Run(model, losses, norms)
