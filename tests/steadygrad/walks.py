"""What the tests of Descent walk with: a small network, rules, and a run of some steps."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from steadygrad.momentum import sgd
from steadygrad.training import Descent


class Moments(NamedTuple):
    t: int
    m: Tensor
    v: Tensor


def adam(gradient, state, *, betas=(0.9, 0.999), eps=1e-8):
    """A rule with a count and two vectors, as chapter 7 will have many."""
    b1, b2 = betas
    zeros = torch.zeros_like(gradient)
    t, m, v = Moments(0, zeros, zeros) if state is None else state
    t, m, v = t + 1, b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
    direction = (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)
    return direction, Moments(t, m, v)


def network(seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    layers = (nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(48, 5), nn.Tanh(), nn.Linear(5, 2))
    return nn.Sequential(*layers).to(dtype)


X = torch.randn(8, 1, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def descend(model, optimizer, steps=5, scheduler=None):
    for _ in range(steps):
        optimizer.zero_grad()
        (model(X.to(model[0].weight.dtype)) ** 2).sum().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return [p.detach().clone() for p in model.parameters()]


def same(left, right):
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def near(left, right, within=1e-12):
    for a, b in zip(left, right, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=within)


def pair(rule=sgd, peer=torch.optim.SGD, *, lr=0.01, **settings):
    """A network and a Descent, and the same with torch's own optimizer."""
    ours, theirs = network(), network()
    return (
        (ours, Descent(ours.parameters(), rule, lr=lr, **settings)),
        (theirs, peer(theirs.parameters(), lr=lr, **settings)),
    )


RULES = {
    "plain": (sgd, torch.optim.SGD, {}),
    "momentum": (sgd, torch.optim.SGD, {"momentum": 0.9}),
    "dampened": (sgd, torch.optim.SGD, {"momentum": 0.8, "dampening": 0.3}),
    "nesterov": (sgd, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "l2": (sgd, torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    "adam": (adam, torch.optim.Adam, {"betas": (0.7, 0.95), "eps": 1e-3}),
}
