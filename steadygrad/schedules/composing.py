"""Composing: schedules made of schedules, and rates made for other batch sizes."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

from steadygrad.checks import at_least, checked, not_negative, rule

Schedule = Callable[[int], float]  # step count -> rate, or a factor of one


@checked(base=rule("other than 0", lambda v: v != 0))
def as_factor(schedule: Schedule, base: float) -> Schedule:
    """What LambdaLR multiplies an optimizer's rate `base` with, to get the schedule's rates."""
    return lambda t: schedule(t) / base


@checked(steps_per_epoch=at_least(1))
def per_epoch(schedule: Schedule, steps_per_epoch: int) -> Schedule:
    """A schedule that counts epochs, asked once a step: constant within each epoch.

    f(⌊t / steps per epoch⌋)
    """
    return lambda t: schedule(t // steps_per_epoch)


@checked
def in_turn(schedules: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after the other, each counting from 0.  Twin: SequentialLR.

    Milestones are the steps at which the second, the third, … takes over, in rising order.
    Raises ValueError unless there is one milestone less than schedules.
    """
    if len(milestones) != len(schedules) - 1 or any(a > b for a, b in pairwise(milestones)):
        raise ValueError(
            f"{len(schedules)} schedules need {len(schedules) - 1} milestones in rising order, "
            f"but got {list(milestones)!r}; name the step at which each but the first begins."
        )

    def schedule(t: int) -> float:
        number = sum(t >= milestone for milestone in milestones)
        return schedules[number](t - (0, *milestones)[number])

    return schedule


@checked
def product(*factors: Schedule) -> Schedule:
    """All at once: their product at each step.  Twin: ChainedScheduler, of factors."""
    return lambda t: prod(factor(t) for factor in factors)


@checked(lr=not_negative, batch_size=at_least(1), reference=at_least(1))
def scaled_rate(lr: float, batch_size: int, reference: int, power: float = 1.0) -> float:
    """The rate for another batch size than the one `lr` was tuned for (Goyal et al., 2017).

        lr · (batch size / reference)^power

    Power 1 is the linear rule, made for SGD; ½ keeps the noise of a step instead, and is the
    rule for Adam (Malladi et al., 2022).  Either holds from a rate that was tuned, and only up
    to a batch size that depends on the problem.

    >>> scaled_rate(0.1, batch_size=256, reference=32)
    0.8
    """
    return lr * (batch_size / reference) ** power
