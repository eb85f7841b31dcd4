"""Chapter 7: what becomes of a run that begins with Adam and goes on with SGD?

The contest's network and digits, Adam for four epochs at its best rate of the contest, and four
more: with Adam at the same rate or with plain SGD at Adam's rate, at the rate that matches
Adam's last steps (Keskar & Socher, 2017), at a tenth of that, and at the best of nine rates.
Adam, and SGD at its best rate, also with rates that fall to zero in the second half.  SGD's
rates are chosen by the validation pictures on three seeds that do nothing else.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
import torch

from experiments import adaptive_contest as contest
from experiments.adaptive_contest import BATCH, EPOCHS, TUNING, WIDTHS, WORST
from experiments.comparing import below, level
from experiments.pictures import digits
from experiments.racing import SCHEDULES, Stack, network
from experiments.record import Numbers
from steadygrad import adaptive
from steadygrad.momentum import sgd

RATES = [10.0 ** (-2.0 + place / 4) for place in range(9)]  # of SGD's second half
LAST = 100  # steps whose rates are looked at


class Watch:
    """The rates at which SGD would go as far along each of another rule's steps."""

    def __init__(self):
        self.rates: list[torch.Tensor] = []

    def __call__(self, moved: torch.Tensor, gradient: torch.Tensor) -> None:
        self.rates.append(torch.func.vmap(adaptive.matching_rate)(moved, gradient))

    def rate(self) -> torch.Tensor:
        """For each network the middle one of those that go downhill."""
        last = torch.stack(self.rates[-LAST:])
        return torch.where(last > 0, last, torch.nan).nanmedian(dim=0).values


def adams_rate() -> float:
    return contest.grid("Adam")[contest.best("Adam", "constant")]


def first_half(seeds: list[int]) -> tuple[Stack, torch.Tensor]:
    """Networks after Adam's epochs, and for each the rate that matches its last steps."""
    stack, watch = Stack([network(WIDTHS, seed) for seed in seeds], seeds), Watch()
    stack.train(
        digits()[0], adaptive.adam, [adams_rate()] * len(seeds), epochs=EPOCHS, batch=BATCH,
        after_step=watch,
    )  # fmt: skip
    return stack, watch.rate()


def second_half(stack: Stack, rates: Iterable[float], schedule: str) -> Stack:
    """The same networks after as many epochs of plain SGD, at a rate for each."""
    stack = stack.only(range(len(stack.seeds)))
    stack.train(
        digits()[0], sgd, list(rates), epochs=EPOCHS, batch=BATCH,
        schedule=SCHEDULES[schedule], shuffle=1000,
    )  # fmt: skip
    return stack


def adam_throughout(seeds: list[int], schedule: str) -> Stack:
    """Both halves with one optimizer; the second at constant rates, or at rates to zero."""
    stack = Stack([network(WIDTHS, seed) for seed in seeds], seeds)
    factor = SCHEDULES[schedule]
    stack.train(
        digits()[0], adaptive.adam, [adams_rate()] * len(seeds), epochs=2 * EPOCHS, batch=BATCH,
        schedule=lambda done: factor(max(0.0, 2 * done - 1)),
    )  # fmt: skip
    return stack


@lru_cache(maxsize=2)
def best(schedule: str) -> int:
    """The place in the grid where the mean validation loss of the tuning seeds is lowest."""
    stack, _ = first_half(list(TUNING))
    ends = [second_half(stack, [rate] * len(TUNING), schedule) for rate in RATES]
    return int(np.argmin([end.loss(digits()[1], WORST).mean().item() for end in ends]))


ALONE, ALONE_DOWN = "Adam", "Adam, rates to zero"
SAME, MATCHING = "SGD at Adam's rate", "SGD at the matching rate"
TENTH, TUNED = "SGD at a tenth of that", "SGD at its best rate"
TUNED_DOWN = "SGD at its best rate, to zero"
RUNS = (ALONE, ALONE_DOWN, SAME, MATCHING, TENTH, TUNED, TUNED_DOWN)


def measure(seeds: Iterable[int]) -> Numbers:
    """What the test pictures say in the end, and at which rate the second half began."""
    seeds = list(seeds)
    stack, matching = first_half(seeds)
    same, count = torch.full_like(matching, adams_rate()), len(seeds)
    tuned = {s: torch.full_like(matching, RATES[best(s)]) for s in SCHEDULES}
    halves = {
        SAME: (same, "constant"),
        MATCHING: (matching, "constant"),
        TENTH: (matching / 10, "constant"),
        TUNED: (tuned["constant"], "constant"),
        TUNED_DOWN: (tuned["to zero"], "to zero"),
    }
    ends = {
        ALONE: (adam_throughout(seeds, "constant"), same),
        ALONE_DOWN: (adam_throughout(seeds, "to zero"), same),
    } | {
        name: (second_half(stack, rates.tolist(), schedule), rates)
        for name, (rates, schedule) in halves.items()
    }
    half_time = {
        "loss": stack.loss(digits()[2], WORST).numpy(),
        "error": stack.error(digits()[2]).numpy(),
        "best place": np.full(count, best("constant") + 1.0),
        "best place, to zero": np.full(count, best("to zero") + 1.0),
    }
    return {"half time": half_time} | {
        name: {
            "rate": rates.numpy(),
            "loss": end.loss(digits()[2], WORST).numpy(),
            "error": end.error(digits()[2]).numpy(),
        }
        for name, (end, rates) in ends.items()
    }


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "SGD's best rates are not at the edge of the grid": lambda n: all(
        1 < n["half time"][what].mean() < len(RATES)
        for what in ("best place", "best place, to zero")
    ),
    "SGD at its best rate ends below Adam at a constant rate": lambda n: below(
        n[TUNED]["loss"], n[ALONE]["loss"]
    ),
    "so does SGD at Adam's rate, and at a tenth of the matching rate": lambda n: all(
        below(n[name]["loss"], n[ALONE]["loss"]) for name in (SAME, TENTH)
    ),
    "so does Adam with rates that go to zero": lambda n: below(
        n[ALONE_DOWN]["loss"], n[ALONE]["loss"]
    ),
    "these two end within 0.02 of each other": lambda n: level(
        n[ALONE_DOWN]["loss"], n[TUNED]["loss"], within=0.02
    ),
    "the matching rate is more than five times the best": lambda n: below(
        5 * n[TUNED]["rate"], n[MATCHING]["rate"]
    ),
}
