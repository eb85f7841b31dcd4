"""Finding: a rate to start from, by trying all of them in one short run."""

import copy
from collections.abc import Iterable
from itertools import cycle

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad.checks import Rule, at_least, below_one, checked, filled, positive, rule

_ABOVE = Rule("above lr_min", lambda v, given: v > given["lr_min"])
_FINITE = rule("finite and not empty", lambda v: v.numel() > 0 and bool(v.isfinite().all()))
_rising = rule("above 0 and rising", lambda v: bool((v > 0).all() and (v.diff() > 0).all()))
Batch = tuple[Float[Tensor, "_ ..."], Int64[Tensor, " _"]]  # batches may differ in size


@checked(lr_min=positive, lr_max=_ABOVE, steps=at_least(2), beta=below_one, loader=filled)
def lr_finder(
    model: nn.Module,
    loader: Iterable[Batch],
    lr_min: float,
    lr_max: float,
    steps: int,
    beta: float = 0.98,
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Train by plain SGD while the rate grows, and write down the loss (after Smith, 2017).

        rate of step t    ηₜ = lr_min · (lr_max / lr_min)^(t / (steps − 1)),  t = 0 … steps − 1
        loss, smoothed    aₜ = β aₜ₋₁ + (1 − β) lossₜ,  a₋₁ = 0,  and aₜ / (1 − β^(t+1)) is kept

    lossₜ is the mean cross-entropy on the next batch, measured before step t; after the last
    batch the first comes again.  Returns the rates and the smoothed losses, as tensors of the
    loss's dtype.  It stops early, before writing anything down, at a loss that is infinite or
    NaN.  In the end, also of an interrupted search, the model has the weights and buffers that
    it came with, and no gradients.  `steps` is at least two.

    Smith raises the rate along a straight line and plots the accuracy; the geometric rates and
    the smoothed loss are fastai's.
    """
    before = copy.deepcopy(model.state_dict())
    optimizer, batches = torch.optim.SGD(model.parameters(), lr=lr_min), cycle(loader)
    rates, losses, average = [], [], 0.0
    try:
        for t in range(steps):
            x, y = next(batches)
            loss = F.cross_entropy(model(x), y)
            if not loss.isfinite():
                break
            rates.append(lr_min * (lr_max / lr_min) ** (t / (steps - 1)))
            average = beta * average + (1 - beta) * loss.item()
            losses.append(average / (1 - beta ** (t + 1)))
            optimizer.param_groups[0]["lr"] = rates[t]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    except StopIteration:
        raise ValueError("The loader held no batch; give at least one.") from None
    finally:  # also when it is interrupted
        model.load_state_dict(before)
        model.zero_grad()
    return loss.new_tensor(rates), loss.new_tensor(losses)


@checked(lrs=_rising, losses=_FINITE)
def suggest_lr(lrs: Float[Tensor, " n"], losses: Float[Tensor, " n"]) -> float:
    """Where the loss falls most steeply over the logarithm of the rate, as fastai reads it.

        slope between neighbours    (lossᵢ₊₁ − lossᵢ) / (log lrᵢ₊₁ − log lrᵢ)

    Returns the rate half-way, on the log axis, across the steepest fall, √(lrᵢ lrᵢ₊₁).  Only
    the way down to the lowest loss counts, its last fall included: beyond it the run
    diverges, and a loss that comes down from there says nothing.  The rates rise, but need
    not be evenly spaced.

    Raises ValueError when the first loss is the lowest: then there is no fall.

    >>> lrs = torch.tensor([0.001, 0.01, 0.1, 1.0])
    >>> round(suggest_lr(lrs, torch.tensor([2.3, 2.2, 1.0, 5.0])), 4)
    0.0316
    """
    lowest = int(losses.argmin())
    if lowest == 0:
        raise ValueError("The loss never falls; look again from a smaller rate.")
    heights, logs = losses[: lowest + 1], lrs[: lowest + 1].log()
    slopes = heights.diff() / logs.diff()
    steepest = int(slopes.argmin())
    return logs[steepest : steepest + 2].mean().exp().item()
