"""Decays: rates that only ever fall, smoothly, at given steps, or when nothing else helps."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from steadygrad.checks import (
    any_number,
    at_least,
    checked,
    fraction,
    not_negative,
    rule,
)

_STEPS = rule("steps, 0 or more", lambda v: all(step >= 0 for step in v))


@checked(base=not_negative, steps=at_least(1), power=not_negative)
def power_decay(t: int, base: float, steps: int, power: float = 1.0) -> float:
    """The base rate over a power of time (Robbins & Monro, 1951, for power 1).

        η(t) = base / (1 + t / steps)^power

    After `steps` steps it is base / 2^power, after three times as many base / 4^power: it
    falls ever more slowly, and never ends.  It falls at every step, not once in `steps`.

    >>> [power_decay(t, base=0.1, steps=10) for t in (0, 10, 30)]
    [0.1, 0.05, 0.025]
    """
    elapsed = t / steps
    return base / (1 + elapsed) ** power


@checked(base=not_negative, gamma=not_negative)
def exponential_decay(t: int, base: float, gamma: float) -> float:
    """The same share off at every step.  Twin: ExponentialLR.

        η(t) = base · γᵗ

    A γ that falls tenfold in s steps is 0.1^(1/s).

    >>> [exponential_decay(t, base=0.1, gamma=0.5) for t in (0, 1, 3)]
    [0.1, 0.05, 0.0125]
    """
    return base * gamma**t


@checked(base=not_negative, total=at_least(1), power=not_negative)
def polynomial_decay(t: int, base: float, total: int, power: float = 1.0) -> float:
    """Down to zero in `total` steps, and zero ever after.  Twin: PolynomialLR.

    η(t) = base · (1 − t / total)^power        power 1 is a straight line
    """
    return base * (1 - min(t, total) / total) ** power


@checked(base=not_negative, gamma=not_negative, milestones=_STEPS)
def step_decay(t: int, base: float, gamma: float, milestones: Sequence[int]) -> float:
    """Constant between milestones, and times γ at each of them.  Twin: MultiStepLR.

        η(t) = base · γ^(number of milestones m with m ≤ t)

    Step m is the first at the lower rate.  The milestones may come in any order, and one
    that is listed twice counts twice.  The milestones are not changed, and calling it again
    with the same t gives the same rate.

    >>> [step_decay(t, base=0.1, gamma=0.5, milestones=[3, 8]) for t in (0, 2, 3, 8, 99)]
    [0.1, 0.1, 0.05, 0.025, 0.025]
    """
    passed = sum(milestone <= t for milestone in milestones)
    return base * gamma**passed


@checked(base=not_negative, gamma=not_negative, every=at_least(1))
def staircase(t: int, base: float, gamma: float, every: int) -> float:
    """Times γ once in `every` steps.  Twin: StepLR.

    η(t) = base · γ^⌊t / every⌋
    """
    return base * gamma ** (t // every)


class Plateau(NamedTuple):
    """What `plateau` remembers: the present rate, the best metric, and how long ago it was."""

    lr: float
    best: float
    bad: int  # metrics in a row that were no better


@checked(
    metric=any_number,
    lr=not_negative,
    factor=fraction,
    threshold=not_negative,
    min_lr=not_negative,
)
def plateau(
    metric: float,
    state: Plateau | None,
    *,
    lr: float,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    min_lr: float = 0.0,
) -> tuple[float, Plateau]:
    """Lower the rate when the metric has not improved for a while.  Twin: ReduceLROnPlateau.

        better:  metric < best · (1 − threshold)        then best ← metric
        when more than `patience` metrics in a row were not better:
        rate ← max(rate · factor, min_lr), and counting begins again; a rate that lies
        below min_lr already stays where it is

    Small metrics are good ones.  `state` is None at first, when the rate is `lr` and nothing
    has been seen: any number is better than that.  After that it is the state that the last
    call returned, and the rate is the one it holds.  What counts is the best metric of all,
    not the last one; a lower rate does not make it forgotten.  NaN is never better.

    Of a negative metric (a log-likelihood, say) best · (1 − threshold) lies above the best,
    so a slightly worse one passes for better; PyTorch's relative threshold does the same.
    """
    rate, best, bad = state or (lr, math.inf, 0)
    if metric < best * (1 - threshold):
        best, bad = metric, 0
    else:
        bad += 1
    if bad > patience:
        rate, bad = min(rate, max(rate * factor, min_lr)), 0
    return rate, Plateau(rate, best, bad)
