"""Evaluation: on which device, in which batches, and how good a model is on a set."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad.checks import at_least, checked
from steadygrad.data import Examples

IGNORED = -100  # the class that cross-entropy passes over
Loss = Callable[[Tensor, Tensor], Tensor]  # (scores, classes) -> the batch's mean


class Evaluation(NamedTuple):
    """How good a model is on a set: its mean loss, and its share of right classes."""

    loss: float
    accuracy: float


@checked
def pick_device(name: str | None = None) -> torch.device:
    """The accelerator (CUDA, MPS, …) if this machine has one, else the CPU.

    Raises ValueError for a device that this machine lacks.
    """
    here = ["cpu"]
    if torch.accelerator.is_available():
        here.insert(0, torch.accelerator.current_accelerator().type)
    device = torch.device(name or here[0])
    if device.type not in here:
        raise ValueError(f"This machine has no {name!r}; choose one of {', '.join(here)}.")
    return device


@checked(batch_size=at_least(1))
def batches(
    examples: Examples,
    batch_size: int,
    *,
    rng: torch.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[Examples]:
    """One epoch of mini-batches: every example once, in a fresh order from `rng`.

    Without `rng` the order is the set's own. The last batch is smaller when the size does
    not divide the set; `drop_last` leaves it out (batch normalization cannot learn from a
    batch of one).

    >>> four = Examples(torch.eye(4), torch.arange(4))
    >>> [batch.y.tolist() for batch in batches(four, 3)]
    [[0, 1, 2], [3]]

    Raises ValueError for a size below one and when there would be no batch at all.
    """
    n = len(examples.y)
    if batch_size < 1 or n < (batch_size if drop_last else 1):
        raise ValueError(
            f"{n} examples in batches of {batch_size} (drop_last={drop_last}) make no batch; "
            "choose a size between 1 and the number of examples."
        )
    chunks = _order(n, rng).to(examples.x.device).split(batch_size)
    if drop_last and n % batch_size:
        chunks = chunks[:-1]
    return (Examples(examples.x[chunk], examples.y[chunk]) for chunk in chunks)


def _order(n: int, rng: torch.Generator | None) -> Int64[Tensor, " n"]:
    return (
        torch.arange(n) if rng is None else torch.randperm(n, generator=rng, device=rng.device)
    )


@checked(batch_size=at_least(1))
def evaluate(
    model: nn.Module,
    examples: Examples,
    *,
    loss: Loss = F.cross_entropy,
    batch_size: int = 1000,
) -> Evaluation:
    """The mean loss and the share of right classes, measured in eval mode.

    Batches of unequal size are weighted by their size, so `batch_size` changes only memory
    and speed. Classes of −100 count for nothing, as in cross-entropy. Leaves gradients,
    running statistics and every layer's mode as they were.
    """
    lost, right, n, device = 0.0, 0, 0, device_of(model)
    with mode(model, training=False), torch.no_grad():
        for x, y in batches(examples, batch_size):
            scores, y = model(x.to(device)), y.to(device)
            if kept := int((y != IGNORED).sum()):  # the mean of none would be NaN
                lost += loss(scores, y).item() * kept
                right += int((scores.argmax(dim=1) == y).sum())
                n += kept
    return Evaluation(lost / n, right / n) if n else Evaluation(math.nan, math.nan)


@checked
def device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter is; the CPU for a model without any."""
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@checked
@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Every layer in one mode, and afterwards each in its own: some may be frozen."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before.items():
            module.training = was_training
