"""Chapter 7: Muon as it is used, for hidden matrices, with AdamW for all the rest.

A network of four layers, the contest's digits, rates that fall to zero.  AdamW for everything,
or Muon for the two hidden matrices and AdamW for the first and the last layer and all biases.
Muon's direction is scaled by 0.2 √max(rows, columns), so that its entries are about as large as
AdamW's and one rate serves both (Liu et al., 2025).  Nine rates each, chosen by the validation
pictures on three seeds that do nothing else.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from experiments.adaptive_contest import BATCH, COUNT, EPOCHS, TUNING, WORST
from experiments.comparing import level
from experiments.pictures import digits
from experiments.racing import SCHEDULES, Stack, network
from experiments.record import Numbers
from steadygrad import adaptive

WIDTHS = [196, 64, 64, 64, 10]
HIDDEN = ("2.weight", "4.weight")  # of the names that nn.Sequential gives
BEGIN = -3.0  # the power of ten that the rates begin at


def with_muon(stack: Stack) -> Callable:
    """AdamW, but for the hidden matrices, on the vector of all networks."""

    def rule(gradient: Tensor, state: tuple | None, theta: Tensor) -> tuple[Tensor, tuple]:
        rest, headings = state or (None, {})
        direction, rest = adaptive.adamw(gradient, rest, theta)
        ours = stack.named(direction.view_as(stack.theta))  # windows on `direction`
        slopes = stack.named(gradient.view_as(stack.theta))
        weights = stack.named(theta.view_as(stack.theta))
        for name in HIDDEN:
            m = headings.get(name, torch.zeros_like(slopes[name]))
            muon = torch.func.vmap(lambda g, m: adaptive.muon(g, adaptive.Heading(m)))
            turned, heading = muon(slopes[name], m)
            rows, columns = turned.shape[1:]
            turned = turned / max(1, rows / columns) ** 0.5 * 0.2 * sqrt(max(rows, columns))
            ours[name].copy_(turned + 0.01 * weights[name])
            headings = headings | {name: heading.m}
        return direction, (rest, headings)

    return rule


RULES: dict[str, Callable[[Stack], Callable]] = {
    "AdamW": lambda _stack: adaptive.adamw,
    "Muon and AdamW": with_muon,
}
RATES = [10.0 ** (BEGIN + place / 4) for place in range(COUNT)]


def trained(name: str, rates: list[float], seeds: Iterable[int]) -> Stack:
    """A network for each seed and rate, the rates of one seed side by side."""
    each = [seed for seed in seeds for _ in rates]
    stack = Stack([network(WIDTHS, seed) for seed in each], each)
    stack.train(
        digits()[0], RULES[name](stack), rates * (len(each) // len(rates)), epochs=EPOCHS,
        batch=BATCH, schedule=SCHEDULES["to zero"],
    )  # fmt: skip
    return stack


@lru_cache(maxsize=2)
def best(name: str) -> int:
    """The place in the grid where the mean validation loss of the tuning seeds is lowest."""
    losses = trained(name, RATES, TUNING).loss(digits()[1], WORST)
    return int(losses.view(len(TUNING), COUNT).mean(dim=0).argmin())


def measure(seeds: Iterable[int]) -> Numbers:
    seeds, numbers = list(seeds), {}
    train, _, test = digits()
    for name in RULES:
        stack = trained(name, [RATES[best(name)]], seeds)
        numbers[name] = {
            "rate": np.full(len(seeds), RATES[best(name)]),
            "place": np.full(len(seeds), best(name) + 1.0),
            "training loss": stack.loss(train, WORST).numpy(),
            "loss": stack.loss(test, WORST).numpy(),
            "error": stack.error(test).numpy(),
        }
    return numbers


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "no best rate is at the edge of the grid": lambda n: all(
        1 < run["place"].min() <= run["place"].max() < COUNT for run in n.values()
    ),
    "both do about equally well on the test pictures": lambda n: level(
        n["AdamW"]["loss"], n["Muon and AdamW"]["loss"], within=0.04
    ),
}
