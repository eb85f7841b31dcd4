"""Schedules: how far to step, as a function of how many steps were taken.

    f(t) -> the rate of optimizer step t        t = 0, 1, 2, …, without an end

With a base of 1.0 a schedule returns a factor, and is what LambdaLR expects.  Chapter 8
derives them in this order.

    decays       power_decay, exponential_decay, polynomial_decay, step_decay, staircase,
                 plateau
    cosines      anneal, cosine, linear_warmup, warmup_cosine, cosine_warm_restarts
    cycles       one_cycle, warmup_stable_decay
    composing    as_factor, per_epoch, in_turn, product, scaled_rate
    running      run_with_schedule
    finding      lr_finder, suggest_lr
"""

from steadygrad.schedules.composing import (
    Schedule,
    as_factor,
    in_turn,
    per_epoch,
    product,
    scaled_rate,
)
from steadygrad.schedules.cosines import (
    anneal,
    cosine,
    cosine_warm_restarts,
    linear_warmup,
    warmup_cosine,
)
from steadygrad.schedules.cycles import one_cycle, warmup_stable_decay
from steadygrad.schedules.decays import (
    Plateau,
    exponential_decay,
    plateau,
    polynomial_decay,
    power_decay,
    staircase,
    step_decay,
)
from steadygrad.schedules.finding import lr_finder, suggest_lr
from steadygrad.schedules.running import run_with_schedule

__all__ = [
    "Plateau",
    "Schedule",
    "anneal",
    "as_factor",
    "cosine",
    "cosine_warm_restarts",
    "exponential_decay",
    "in_turn",
    "linear_warmup",
    "lr_finder",
    "one_cycle",
    "per_epoch",
    "plateau",
    "polynomial_decay",
    "power_decay",
    "product",
    "run_with_schedule",
    "scaled_rate",
    "staircase",
    "step_decay",
    "suggest_lr",
    "warmup_cosine",
    "warmup_stable_decay",
]
