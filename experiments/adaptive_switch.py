"""Chapter 7: what becomes of a run that begins with Adam and goes on with SGD?

The contest's network and digits, twenty epochs.  Adam and momentum all the way, at their best
rates of the contest; Adam for the first half, then plain SGD: at Adam's own rate, at the
rate that matches Adam's last steps (Keskar & Socher, 2017), and at a tenth of that.  Ten seeds.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from experiments.adaptive_contest import BATCH, WIDTHS, digits
from experiments.record import Numbers
from steadygrad import adaptive, initialization, training
from steadygrad.initialization import SCHEMES
from steadygrad.models import mlp
from steadygrad.momentum import sgd

HALF = 10  # epochs
ADAM, MOMENTUM = 0.01, 10**-1.5  # their rates


class Watch:
    """The rate at which SGD would go as far along each of another rule's steps."""

    def __init__(self, model: nn.Module):
        self.before, self.rates = self.place(model), []

    def place(self, model: nn.Module) -> torch.Tensor:
        return parameters_to_vector(model.parameters()).detach().clone()

    def __call__(self, _step: int, model: nn.Module, _loss: float) -> None:
        now = self.place(model)
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
        self.rates.append(adaptive.matching_rate(self.before - now, gradient).item())
        self.before = now

    def rate(self, last: int = 100) -> float:
        """The middle one of those that go downhill; a mean would be ruled by the largest."""
        return float(np.median([rate for rate in self.rates[-last:] if rate > 0]))


RUNS: dict[str, Callable[[Watch], float] | None] = {  # the rate of SGD, where it takes over
    "Adam": None,
    "momentum": None,
    "Adam, then SGD at the same rate": lambda _watch: ADAM,
    "Adam, then SGD at the matching rate": lambda watch: watch.rate(),
    "Adam, then SGD at a tenth of that": lambda watch: watch.rate() / 10,
}


def run(name: str, seed: int) -> dict[str, float]:
    """Losses of both halves, the share of test pictures right, and the second half's rate."""
    train, test = digits()
    model = initialization.initialize_(
        mlp(WIDTHS), SCHEMES["He normal"], torch.Generator().manual_seed(seed)
    )
    watch = Watch(model)

    def half(optimizer: torch.optim.Optimizer, shuffle: int) -> float:
        return training.fit(
            model, train, epochs=HALF, batch_size=BATCH, optimizer=optimizer, seed=shuffle,
            progress=False, after_step=watch,
        ).train_loss[-1]  # fmt: skip

    if name == "momentum":
        first = training.Descent(model.parameters(), sgd, lr=MOMENTUM, momentum=0.9)
    else:
        first = training.Descent(model.parameters(), adaptive.adam, lr=ADAM)
    middle, second = half(first, seed), first
    if rate := RUNS[name]:
        second = training.Descent(model.parameters(), sgd, lr=rate(watch))
    end = half(second, seed + 1000)
    return {
        "loss at half time": middle,
        "loss": end,
        "accuracy": training.evaluate(model, test).accuracy,
        "rate of the second half": second.param_groups[0]["lr"],
    }


def measure(seeds: Iterable[int]) -> Numbers:
    """What `run` says, for each way to spend twenty epochs."""
    seeds = list(seeds)
    numbers = {}
    for name in RUNS:
        runs = [run(name, seed) for seed in seeds]
        numbers[name] = {what: np.array([r[what] for r in runs]) for what in runs[0]}
    return numbers


def mean(numbers: Numbers, name: str, what: str = "loss") -> float:
    return float(numbers[name][what].mean())


SAME, MATCHING, TENTH = list(RUNS)[2:]
CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "nobody's loss ends below Adam's all the way": lambda n: all(
        mean(n, "Adam") < mean(n, name) for name in RUNS if name != "Adam"
    ),
    "at Adam's own rate SGD goes down, but slowly": lambda n: (
        3 * mean(n, "Adam") < mean(n, SAME) < mean(n, SAME, "loss at half time")
    ),
    "the matching rate is too large here: the loss goes up again": lambda n: (
        mean(n, MATCHING) > 1.5 * mean(n, MATCHING, "loss at half time")
    ),
    "a tenth of it does better than Adam's own rate": lambda n: mean(n, TENTH) < mean(n, SAME),
    "the accuracies of the others are within one per cent of each other": lambda n: (
        0 < np.ptp([mean(n, name, "accuracy") for name in RUNS if name != MATCHING]) < 0.01
    ),
}
