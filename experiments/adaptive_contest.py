"""Chapter 7: which optimizer is best at its own rate, and how much does the rate matter?

Ten rules on the same small network, 3200 small pictures of digits and 256 steps, once at a
constant rate and once with rates that fall to zero along a straight line.  Each is tried at
nine rates, a quarter of a power of ten apart, on three seeds that do nothing else; the rate is
chosen by the loss on 800 other pictures.  Ten seeds are then run at that rate, at a tenth of
it, at ten times it, and at 0.018, the same for all.  The test pictures are read at the chosen
rate only.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from experiments.comparing import below
from experiments.pictures import digits
from experiments.racing import SCHEDULES, Stack, network
from experiments.record import Numbers
from steadygrad import adaptive
from steadygrad.momentum import sgd

WIDTHS, BATCH, EPOCHS = [196, 32, 32, 10], 50, 4
TUNING = (200, 201, 202)  # seeds
COUNT = 9  # of the rates that each is tried at
SAME_RATE = 10**-1.75
WORST = float(np.log(10))  # guessing; what diverged counts as this
CONTESTANTS = {  # the rule, its settings, and the power of ten that its rates begin at
    "SGD": (sgd, {}, -1.5),
    "momentum": (sgd, {"momentum": 0.9}, -2.5),
    "Nesterov": (sgd, {"momentum": 0.9, "nesterov": True}, -2.5),
    "AdaGrad": (adaptive.adagrad, {}, -2.5),
    "RMSProp": (adaptive.rmsprop, {}, -3.5),
    "AdaDelta": (adaptive.adadelta, {}, -0.75),
    "Adam": (adaptive.adam, {}, -3.0),
    "AMSGrad": (adaptive.amsgrad, {}, -3.0),
    "NAdam": (adaptive.nadam, {}, -3.0),
    "Lion": (adaptive.lion, {}, -4.0),
}


def group(name: str, schedule: str = "constant") -> str:
    return f"{name}, {schedule}"


def trained(name: str, schedule: str, rates: list[float], seeds: Iterable[int]) -> Stack:
    """A network for each seed and rate, the rates of one seed side by side."""
    rule, settings, _ = CONTESTANTS[name]
    each = [seed for seed in seeds for _ in rates]
    stack = Stack([network(WIDTHS, seed) for seed in each], each)
    stack.train(
        digits()[0], rule, rates * (len(each) // len(rates)), epochs=EPOCHS, batch=BATCH,
        schedule=SCHEDULES[schedule], **settings,
    )  # fmt: skip
    return stack


def grid(name: str) -> list[float]:
    return [10.0 ** (CONTESTANTS[name][2] + place / 4) for place in range(COUNT)]


@lru_cache(maxsize=len(CONTESTANTS) * len(SCHEDULES))
def best(name: str, schedule: str) -> int:
    """The place in the grid where the mean validation loss of the tuning seeds is lowest."""
    losses = trained(name, schedule, grid(name), TUNING).loss(digits()[1], WORST)
    return int(losses.view(len(TUNING), COUNT).mean(dim=0).argmin())


def measure(seeds: Iterable[int]) -> Numbers:
    """Losses at the chosen rate and off it, and what the test images say at the first."""
    return {
        group(name, schedule): run(name, schedule, list(seeds))
        for name in CONTESTANTS
        for schedule in SCHEDULES
    }


def run(name: str, schedule: str, seeds: list[int]) -> dict[str, np.ndarray]:
    train, validation, test = digits()
    place = best(name, schedule)
    rate = grid(name)[place]
    rates = [rate / 10, rate, 10 * rate, SAME_RATE]
    stack = trained(name, schedule, rates, seeds)
    losses = stack.loss(validation, WORST).view(len(seeds), -1).numpy()
    chosen = stack.only(range(1, 4 * len(seeds), 4))
    return {
        "rate": np.full(len(seeds), rate),
        "place": np.full(len(seeds), place + 1.0),
        "a tenth, the rate, tenfold": losses[:, :3],
        "at 0.018": losses[:, 3],
        "training loss": chosen.loss(train, WORST).numpy(),
        "loss": chosen.loss(test, WORST).numpy(),
        "error": chosen.error(test).numpy(),
    }


def ahead(numbers: Numbers, a: str, b: str, schedule: str, what: str = "loss") -> bool:
    """Whether a's loss or error lies below b's, beyond what the choice of seeds explains."""
    return below(numbers[group(a, schedule)][what], numbers[group(b, schedule)][what])


def gains(numbers: Numbers, name: str) -> bool:
    """Whether the loss is lower where rates go to zero."""
    return below(numbers[group(name, "to zero")]["loss"], numbers[group(name)]["loss"])


def rates(numbers: Numbers, schedule: str) -> list[float]:
    return [float(numbers[group(name, schedule)]["rate"][0]) for name in CONTESTANTS]


def costs(run: dict[str, np.ndarray], factor: float, off: int = 0) -> bool:
    """Whether a tenth of the rate (or ten times it, off=2) multiplies the loss by more."""
    losses = run["a tenth, the rate, tenfold"].T
    return below(factor * losses[1], losses[off])


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "nobody's best rate is at the edge of its grid": lambda n: all(
        1 < run["place"].min() <= run["place"].max() < COUNT for run in n.values()
    ),
    "best rates lie more than a factor of a thousand apart": lambda n: all(
        max(rates(n, schedule)) > 1000 * min(rates(n, schedule)) for schedule in SCHEDULES
    ),
    "with rates to zero no best rate is smaller": lambda n: all(
        to_zero >= constant
        for constant, to_zero in zip(rates(n, "constant"), rates(n, "to zero"), strict=True)
    ),
    "a tenth of the rate multiplies everybody's loss by more than 1.2": lambda n: all(
        costs(run, 1.2) for run in n.values()
    ),
    "a tenth of its rate, or ten times it, multiplies Adam's loss by more than 1.5": lambda n: (
        costs(n[group("Adam")], 1.5) and costs(n[group("Adam")], 1.5, off=2)
    ),
    "at constant rates Lion is behind all but SGD": lambda n: all(
        ahead(n, name, "Lion", "constant")
        for name in CONTESTANTS
        if name not in ("SGD", "Lion")
    ),
    "at constant rates NAdam is ahead of AdaDelta": lambda n: ahead(
        n, "NAdam", "AdaDelta", "constant"
    ),
    "with rates to zero AdaGrad is behind all but Lion": lambda n: all(
        ahead(n, name, "AdaGrad", "to zero")
        for name in CONTESTANTS
        if name not in ("Lion", "AdaGrad")
    ),
    "and makes more errors than Lion": lambda n: ahead(
        n, "Lion", "AdaGrad", "to zero", "error"
    ),
    "AdaDelta, AMSGrad, NAdam and Lion gain by rates that go to zero": lambda n: all(
        gains(n, name) for name in ("AdaDelta", "AMSGrad", "NAdam", "Lion")
    ),
    "AdaGrad loses": lambda n: below(
        n[group("AdaGrad")]["loss"], n[group("AdaGrad", "to zero")]["loss"]
    ),
    "with rates to zero NAdam is ahead of SGD, momentum, AdaGrad, RMSProp and Lion": lambda n: (
        all(
            ahead(n, "NAdam", name, "to zero")
            for name in ("SGD", "momentum", "AdaGrad", "RMSProp", "Lion")
        )
    ),
    "at 0.018 for all and constant, momentum is ahead of RMSProp": lambda n: ahead(
        n, "momentum", "RMSProp", "constant", "at 0.018"
    ),
    "at 0.018 for all, to zero, Adam is ahead of momentum": lambda n: ahead(
        n, "Adam", "momentum", "to zero", "at 0.018"
    ),
}
