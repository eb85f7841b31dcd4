"""Tiny networks with a norm, trained in batches of several sizes: chapter 4's explorer asks
how often each errs.

Six networks at once, of one hidden layer each, so that their average is smooth.  They take
half a second to train, and so are trained once; what evaluation makes of them is live.
"""

from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from jaxtyping import Float
from torch import Tensor

from steadygrad.data import Examples, xor
from steadygrad.normalization import batch_norm, group_norm, layer_norm

NORMS = ("batch norm", "group norm", "layer norm")
SIZES = (2, 4, 8, 32, 128)
NETS, HIDDEN, GROUPS, STEPS, RATE = 6, 24, 6, 40, 0.3


class Trained(NamedTuple):
    """The weights, and what batch norm measured in every step."""

    weights: tuple[Tensor, Tensor, Tensor]
    means: Float[Tensor, "steps channels"]
    variances: Float[Tensor, "steps channels"]


def errors(norm: str, *, momentum: float = 0.1, shift: float = 0.0) -> Float[Tensor, " sizes"]:
    """The share of new points that go wrong in evaluation, by the size of training's batches.

    Batch norm's running values are those of this momentum, begun at mean 0 and variance 1.
    `shift` moves the new points.
    """
    new, wrong = points(500, torch.Generator().manual_seed(1)), []
    for size in SIZES:
        weights, means, variances = train(norm, size)
        ages = torch.arange(STEPS - 1, -1, -1)
        shares = momentum * (1 - momentum) ** ages
        mean, var = shares @ means, shares @ variances + (1 - momentum) ** STEPS
        scores, *_ = forward(weights, new.x + shift, norm, (mean, var))
        wrong.append(((scores > 0) != (new.y == 1)[:, None]).double().mean())
    return torch.stack(wrong)


@cache
def train(norm: str, size: int) -> Trained:
    """Forty steps of plain gradient descent, in batches of this size."""
    rng = torch.Generator().manual_seed(0)
    w = torch.randn(2, NETS * HIDDEN, generator=rng)
    v = torch.randn(NETS, HIDDEN, generator=rng) / HIDDEN**0.5
    weights, seen, data = (w, v, torch.zeros(NETS)), [], points(STEPS * size, rng)
    for x, y in zip(data.x.split(size), data.y.split(size), strict=True):
        weights = tuple(p.requires_grad_() for p in weights)
        scores, mean, var = forward(weights, x, norm)
        target = y[:, None].to(scores.dtype).expand_as(scores)
        loss = NETS * F.binary_cross_entropy_with_logits(scores, target)
        slopes = torch.autograd.grad(loss, weights)
        weights = tuple((p - RATE * s).detach() for p, s in zip(weights, slopes, strict=True))
        seen.append((mean, var))
    return Trained(weights, *(torch.stack(values) for values in zip(*seen, strict=True)))


def points(n: int, rng: torch.Generator) -> Examples:
    """Four squares, two of each class, in a random order; no line separates them."""
    squares, order = xor(n, rng=rng), torch.randperm(n, generator=rng)
    return Examples(squares.x[order] / 3, squares.y[order])


def forward(
    weights: tuple[Tensor, Tensor, Tensor],
    x: Float[Tensor, "batch 2"],
    norm: str,
    running: tuple[Tensor, Tensor] | None = None,
) -> tuple[Float[Tensor, "batch nets"], Tensor, Tensor]:
    """Linear, norm, ReLU, linear, in each net; and the batch's statistics in training."""
    w, v, bias = weights
    z = x @ w  # the nets lie side by side, and each channel is normalized by itself
    mean, var = running or (torch.zeros(len(w[0])), torch.ones(len(w[0])))
    one, zero = torch.ones(HIDDEN), torch.zeros(HIDDEN)
    if norm == "batch norm":
        same = one.repeat(NETS), zero.repeat(NETS)
        z, mean, var = batch_norm(z, *same, mean, var, running is None, momentum=1.0)
    elif norm == "group norm":
        z = group_norm(z.view(-1, HIDDEN), GROUPS, one, zero).view(z.shape)
    else:
        z = layer_norm(z.view(-1, HIDDEN), one, zero).view(z.shape)
    h = z.relu().view(len(x), NETS, HIDDEN)
    return (h * v).sum(dim=2) + bias, mean, var
