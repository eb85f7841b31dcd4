"""Trials: one small net, trained under all of chapter 8's schedules side by side."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad import schedules
from steadygrad.data import Examples, circle
from steadygrad.explorers.plans import NAMES, STEPS, Settings, planned
from steadygrad.explorers.quick import one_thread

EVERY, HIDDEN = 4, 12  # the loss is looked at after every few steps
LOOKS, RECENT = STEPS // EVERY, 5
TRAIN, VALIDATION = 256, 1000
PLATEAU = NAMES.index("plateau")


class Measurement(NamedTuple):
    """For each schedule, in the order of NAMES, what was seen of a run that may go on."""

    settings: Settings
    step: int  # how many were taken
    rates: Float[Tensor, "schedules moments"]  # of each step, and of the one after the last
    losses: Float[Tensor, "schedules looks"]  # on all training points
    validation: Float[Tensor, " schedules"]  # on others, mean of the last five looks; or NaN

    @property
    def done(self) -> bool:
        return self.step == STEPS


def train(settings: Settings, *, seed: int = 0) -> Iterator[Measurement]:
    """Train ten copies of one net, and tell what was seen: at first, then at every look.

    Plain SGD with momentum, which only 1cycle moves.  All nets see the same batches.
    """
    rng = torch.Generator().manual_seed(seed)
    with one_thread():
        data, others = circle(TRAIN, 1.0, rng=rng), _others(seed)
    weights = _weights(rng)
    speeds = [torch.zeros_like(weight) for weight in weights]
    rates, momenta = planned(settings)
    losses, unseen, state = [], [], None
    unknown = torch.full((len(NAMES),), torch.nan)
    yield Measurement(settings, 0, rates, torch.empty(len(NAMES), 0), unknown)
    for look in range(1, LOOKS + 1):
        with one_thread():
            for t in range((look - 1) * EVERY, look * EVERY):
                chosen = torch.randint(TRAIN, (settings.batch_size,), generator=rng)
                batch = Examples(data.x[chosen], data.y[chosen])
                _descend(weights, speeds, batch, rates[:, t], momenta[:, t])
            losses.append(_losses(weights, data).detach())
            if look > LOOKS - RECENT:
                unseen.append(_losses(weights, others).detach())
        metric = losses[-1][PLATEAU].item()
        rate, state = schedules.plateau(
            metric, state, lr=settings.peak, factor=settings.gamma, patience=5
        )
        rates = rates.clone()  # what was handed out stays as it was
        rates[PLATEAU, look * EVERY :] = max(rate, settings.floor * settings.peak)
        ends = unknown if look < LOOKS else torch.stack(unseen).mean(dim=0)
        yield Measurement(settings, look * EVERY, rates, torch.stack(losses, dim=1), ends)


def smooth(losses: Float[Tensor, "schedules looks"]) -> Float[Tensor, "schedules looks"]:
    """At each look the mean of the last five, or of as many as there are."""
    known = losses.nan_to_num(torch.inf).clamp(max=1e9)  # a loss that exploded stays so
    total = F.pad(known.double().cumsum(dim=1), (RECENT, 0))
    seen = torch.arange(1, known.shape[1] + 1).clamp(max=RECENT)
    return ((total[:, RECENT:] - total[:, :-RECENT]) / seen).float()


@cache
def _others(seed: int) -> Examples:
    """Points that no net has seen."""
    return circle(VALIDATION, 1.0, rng=torch.Generator().manual_seed(10_000 + seed))


def _weights(rng: torch.Generator) -> list[Tensor]:
    """The same first weights for each schedule: two layers, biases in a row of their own."""
    shapes = {(3, HIDDEN): 2**-0.5, (HIDDEN + 1, 2): HIDDEN**-0.5}
    drawn = [std * torch.randn(shape, generator=rng) for shape, std in shapes.items()]
    return [one.repeat(len(NAMES), 1, 1).requires_grad_() for one in drawn]


def _descend(
    weights: Sequence[Tensor],
    speeds: Sequence[Tensor],
    batch: Examples,
    rates: Float[Tensor, " schedules"],
    momenta: Float[Tensor, " schedules"],
) -> None:
    slopes = torch.autograd.grad(_losses(weights, batch).sum(), weights)
    for weight, speed, slope in zip(weights, speeds, slopes, strict=True):
        speed.mul_(momenta[:, None, None]).add_(slope)
        weight.data -= rates[:, None, None] * speed


def _losses(weights: Sequence[Tensor], batch: Examples) -> Float[Tensor, " schedules"]:
    ones = torch.ones(len(NAMES), len(batch.y), 1)
    x = batch.x.expand(len(NAMES), *batch.x.shape) / 5  # the set is about ten wide
    for weight in weights[:-1]:
        x = torch.tanh(torch.cat([x, ones], dim=2) @ weight)
    scores = torch.cat([x, ones], dim=2) @ weights[-1]
    each = F.cross_entropy(scores.flatten(0, 1), batch.y.repeat(len(NAMES)), reduction="none")
    return each.view(len(NAMES), -1).mean(dim=1)
