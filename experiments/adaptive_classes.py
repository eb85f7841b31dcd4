"""Chapter 7: why Adam is ahead where a few classes are common and most are rare.

A hundred classes, softmax regression on 32 features, all 4000 examples in every step, so that
no gradient is noisy.  Once class k has a share in proportion to 1/k, as words do (Zipf's law),
once all classes are alike.  Momentum and Adam, each at nine rates a quarter of a power of ten
apart, the best by the loss on eight other draws (after Kunstner et al., 2024).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from experiments.comparing import below
from experiments.record import Numbers
from steadygrad import adaptive
from steadygrad.momentum import sgd

CLASSES, FEATURES, EXAMPLES, STEPS = 100, 32, 4000, 80
TUNING = range(200, 208)  # seeds
COUNT = 9  # of the rates that each is tried at
RULES = {"momentum": partial(sgd, momentum=0.9), "Adam": adaptive.adam}
SHARES = {
    "1/k": 1 / torch.arange(1.0, CLASSES + 1),
    "alike": torch.ones(CLASSES),
}
BEGIN = {  # the power of ten that the rates begin at
    ("momentum", "1/k"): -2.0,
    ("momentum", "alike"): -1.0,
    ("Adam", "1/k"): -2.0,
    ("Adam", "alike"): -2.5,
}
COMMON, RARE = 5, 30  # classes before the one, and from the other on


def draw(shares: str, seed: int) -> tuple[Tensor, Tensor]:
    """Clouds that overlap, one for each class; their features have a mean, as behind a ReLU."""
    rng = torch.Generator().manual_seed(seed)
    middles = 2 + torch.randn(CLASSES, FEATURES, generator=rng)
    y = torch.multinomial(SHARES[shares], EXAMPLES, replacement=True, generator=rng)
    return middles[y] + 2 * torch.randn(EXAMPLES, FEATURES, generator=rng), y


def losses(rule: Callable, shares: str, seed: int, rates: Iterable[float]) -> np.ndarray:
    """Of all examples, and of common and of rare classes, at the end; a row for each rate."""
    x, y = draw(shares, seed)
    x = torch.cat([x, torch.ones(EXAMPLES, 1)], dim=1)  # the last weight is a bias
    rate = torch.tensor(list(rates))[:, None, None]
    theta, state = torch.zeros(len(rate), CLASSES, FEATURES + 1), None
    target = torch.nn.functional.one_hot(y, CLASSES).float()
    for _ in range(STEPS):
        gradient = ((x @ theta.mT).softmax(dim=2) - target).mT @ x / EXAMPLES
        direction, state = rule(gradient.flatten(), state)
        theta = theta - rate * direction.view_as(theta)
    each = -(x @ theta.mT).log_softmax(dim=2)[:, torch.arange(EXAMPLES), y]
    parts = each, each[:, y < COMMON], each[:, y >= RARE]
    return torch.stack([part.mean(dim=1) for part in parts], dim=1).nan_to_num(99.0).numpy()


def grid(name: str, shares: str) -> list[float]:
    return [10.0 ** (BEGIN[name, shares] + place / 4) for place in range(COUNT)]


@lru_cache(maxsize=4)
def best(name: str, shares: str) -> int:
    """The place in the grid where the mean loss of the tuning draws is lowest."""
    runs = [losses(RULES[name], shares, seed, grid(name, shares))[:, 0] for seed in TUNING]
    return int(np.mean(runs, axis=0).argmin())


def group(name: str, shares: str) -> str:
    return f"{name}, {shares}"


def measure(seeds: Iterable[int]) -> Numbers:
    seeds, numbers = list(seeds), {}
    for shares in SHARES:
        for name, rule in RULES.items():
            place = best(name, shares)
            rate = grid(name, shares)[place]
            ends = np.concatenate([losses(rule, shares, seed, [rate]) for seed in seeds])
            numbers[group(name, shares)] = {
                "rate": np.full(len(seeds), rate),
                "place": np.full(len(seeds), place + 1.0),
                **{part: ends[:, i] for i, part in enumerate(("all", "common", "rare"))},
            }
    return numbers


def differences(numbers: Numbers, shares: str, part: str = "all") -> np.ndarray:
    """How much lower Adam's loss is, draw by draw."""
    return numbers[group("momentum", shares)][part] - numbers[group("Adam", shares)][part]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "no best rate is at the edge of its grid": lambda n: all(
        1 < run["place"].min() <= run["place"].max() < COUNT for run in n.values()
    ),
    "where classes are alike, the median difference is below 0.05": lambda n: (
        abs(np.median(differences(n, "alike"))) < 0.05
    ),
    "where shares go as 1/k, Adam's loss is lower by more than 0.1": lambda n: below(
        n[group("Adam", "1/k")]["all"], n[group("momentum", "1/k")]["all"], by=0.1
    ),
    "that of rare classes by more than 0.4": lambda n: below(
        n[group("Adam", "1/k")]["rare"], n[group("momentum", "1/k")]["rare"], by=0.4
    ),
    "that of the five most frequent by less than 0.1 (median)": lambda n: (
        np.median(differences(n, "1/k", "common")) < 0.1
    ),
    "momentum's best rate is then more than five times smaller, Adam's is not": lambda n: (
        5 * n[group("momentum", "1/k")]["rate"][0] < n[group("momentum", "alike")]["rate"][0]
        and n[group("Adam", "1/k")]["rate"][0] > n[group("Adam", "alike")]["rate"][0]
    ),
}
