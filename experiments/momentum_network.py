"""Chapter 6: does momentum help on a network, once each rule has a rate of its own?

Plain descent, the heavy ball and Nesterov's rule on the same small network and the same 3200
pictures of digits.  All are tried at the same fourteen rates, a factor of √2 apart, with rates
that stay and with rates that fall to zero along a straight line, in small batches and in large
ones.  Each rule's rate is chosen by its mean loss on 800 other pictures, and the test pictures
are read at that rate only.  Ten seeds draw weights and batches.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import nn

from experiments import stacks
from experiments.comparing import below, level
from experiments.pictures import digits
from experiments.record import Numbers
from steadygrad import initialization
from steadygrad.data import Examples
from steadygrad.initialization import SCHEMES
from steadygrad.models import mlp

WIDTHS, BETA = [196, 32, 32, 10], 0.9
RATES = [0.01 * 2 ** (half / 2) for half in range(14)]  # 0.01 to 0.9
RULES: dict[str, dict[str, Any]] = {
    "plain": {},
    "heavy ball": {"momentum": BETA},
    "Nesterov": {"momentum": BETA, "nesterov": True},
}
BATCHES = {50: 5, 800: 25}  # the size of a batch, and the epochs
SCHEDULES: dict[str, Callable[[float], float] | None] = {
    "constant": None,
    "to zero": lambda done: 1 - done,
}
WORST = float(np.log(10))  # guessing; what diverged counts as this


def network(seed: int) -> nn.Module:
    return initialization.initialize_(
        mlp(WIDTHS), SCHEMES["He normal"], torch.Generator().manual_seed(seed)
    )


@torch.no_grad()
def judged(model: nn.Module, images: Examples) -> tuple[float, float]:
    """The mean loss and the share of wrong classes."""
    scores = model(images.x)
    loss = F.cross_entropy(scores, images.y).nan_to_num(WORST).clamp(max=WORST)
    return loss.item(), (scores.argmax(dim=1) != images.y).double().mean().item()


def measure(seeds: Iterable[int]) -> Numbers:
    """For each setting the loss on both sets, and the test error, by rate."""
    train, validation, test = digits()
    seeds, numbers = list(seeds), {}
    runs = [(seed, rate) for seed in seeds for rate in RATES]
    for name, rule, schedule, batch in settings():
        models = [network(seed) for seed, _ in runs]
        stacks.train(
            models, train, runs, epochs=BATCHES[batch], batch=batch,
            schedule=SCHEDULES[schedule], **RULES[rule],
        )  # fmt: skip
        grid = np.array([(*judged(m, validation), *judged(m, test)) for m in models])
        grid = grid.reshape(len(seeds), len(RATES), 4)
        numbers[name] = {
            "validation loss": grid[..., 0],
            "test loss": grid[..., 2],
            "test error": grid[..., 3],
        }
    return numbers


def settings() -> list[tuple[str, str, str, int]]:
    """Every group of the record: its name, and the rule, the schedule and the batch."""
    return [
        (group(rule, schedule, batch), rule, schedule, batch)
        for batch in BATCHES
        for schedule in SCHEDULES
        for rule in RULES
    ]


def group(rule: str, schedule: str, batch: int) -> str:
    return f"{rule}, {schedule}, batches of {batch}"


def best(numbers: Numbers, name: str) -> int:
    """The place in RATES at which the mean validation loss is lowest."""
    return int(numbers[name]["validation loss"].mean(axis=0).argmin())


def at_best(numbers: Numbers, name: str, quantity: str = "test loss") -> np.ndarray:
    """A quantity at the rate chosen on the validation pictures, one number a seed."""
    return numbers[name][quantity][:, best(numbers, name)]


def effective(numbers: Numbers, rule: str, schedule: str, batch: int) -> float:
    """The rate that was chosen, over 1 - momentum."""
    rate = RATES[best(numbers, group(rule, schedule, batch))]
    return rate / (1 - RULES[rule].get("momentum", 0.0))


def better(
    numbers: Numbers, quantity: str, one: str, other: str, schedule: str, batch: int
) -> bool:
    """Whether one rule comes out below another, each at the rate chosen for it."""
    a, b = (at_best(numbers, group(rule, schedule, batch), quantity) for rule in (one, other))
    return below(a, b)


def failed(numbers: Numbers, name: str) -> float:
    """The share of runs that at the highest rate lose half as much again as at the best."""
    losses = numbers[name]["validation loss"]
    return float((losses[:, -1] > 1.5 * losses.mean(axis=0).min()).mean())


def apart(numbers: Numbers, batch: int, until: float) -> float:
    """How far the heavy ball's mean loss lies from plain descent's at one effective rate."""
    plain, ball = (
        numbers[group(rule, "constant", batch)]["validation loss"].mean(axis=0)
        for rule in ("plain", "heavy ball")
    )
    rates = np.log(RATES)
    shared = rates[rates - np.log(1 - BETA) < np.log(until)]
    found = np.interp(shared - np.log(1 - BETA), rates, plain)
    return float(np.abs(ball[: len(shared)] - found).max())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "nobody's best rate is at the edge of the grid": lambda n: all(
        0 < best(n, name) < len(RATES) - 1 for name, *_ in settings()
    ),
    "in small batches the heavy ball and plain descent end level": lambda n: all(
        level(
            at_best(n, group("plain", schedule, 50)),
            at_best(n, group("heavy ball", schedule, 50)),
            within=0.04,
        )
        for schedule in SCHEDULES
    ),
    "at effective rates that differ by less than a factor of three": lambda n: all(
        1 / 3
        < effective(n, "heavy ball", schedule, 50) / effective(n, "plain", schedule, 50)
        < 3
        for schedule in SCHEDULES
    ),
    "up to an effective rate of 0.3 their losses are nearly the same, in batches of any size": (
        lambda n: all(0 < apart(n, batch, until=0.3) < 0.05 for batch in BATCHES)
    ),
    "at the highest rate many plain runs fail, in batches of any size": lambda n: all(
        failed(n, group("plain", "constant", batch)) >= 0.2 for batch in BATCHES
    ),
    "and in large ones the heavy ball's best effective rate is near that or above": lambda n: (
        all(effective(n, "heavy ball", schedule, 800) > 0.6 for schedule in SCHEDULES)
    ),
    "in large batches the heavy ball's error is lower than plain descent's": lambda n: all(
        better(n, "test error", "heavy ball", "plain", schedule, 800) for schedule in SCHEDULES
    ),
    "and with rates that go to zero so is its loss, and Nesterov's loss and error": lambda n: (
        better(n, "test loss", "heavy ball", "plain", "to zero", 800)
        and better(n, "test loss", "Nesterov", "plain", "to zero", 800)
        and better(n, "test error", "Nesterov", "plain", "to zero", 800)
    ),
}
