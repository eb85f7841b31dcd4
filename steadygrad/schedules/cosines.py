"""Cosines: from one rate to another without a corner, after a warm-up, or again and again."""

import math

from steadygrad.checks import Rule, at_least, checked, fraction, not_negative

_ROOM = Rule("at most total", lambda v, given: 0 <= v <= given["total"])


@checked
def anneal(start: float, end: float, share: float) -> float:
    """Half a cosine wave from `start` (share 0) to `end` (share 1), level at both ends.

    end + ½ (start − end) (1 + cos(π share))
    """
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


@checked(max_lr=not_negative, min_lr=not_negative, total=at_least(1))
def cosine(t: int, max_lr: float, min_lr: float, total: int) -> float:
    """Half a cosine wave from max_lr down to min_lr (Loshchilov & Hutter, 2017, equation 5).

        η(t) = min_lr + ½ (max_lr − min_lr) (1 + cos(π t / total))        for t < total

    and min_lr from then on.  Its twin CosineAnnealingLR goes on with the wave instead: past
    T_max its rate rises again, and is back at the top after 2 T_max.
    """
    return anneal(max_lr, min_lr, min(t, total) / total)


@checked(base=not_negative, start=fraction)
def linear_warmup(t: int, base: float, warmup: int, start: float = 0.0) -> float:
    """A straight line from start · base to base in `warmup` steps, then base.  Twin: LinearLR.

    LinearLR refuses a start of zero, and so leaves out a first step that goes nowhere.
    """
    share = min(t / warmup, 1.0) if warmup else 1.0
    return base * (start + (1 - start) * share)


@checked(max_lr=not_negative, min_lr=not_negative, warmup=_ROOM, total=at_least(1))
def warmup_cosine(t: int, max_lr: float, min_lr: float, warmup: int, total: int) -> float:
    """A straight line up from zero, then half a cosine wave down (Goyal et al., 2017; above).

        t < warmup:           max_lr · t / warmup
        warmup ≤ t < total:   min_lr + ½ (max_lr − min_lr) (1 + cos(π s))
                              s = (t − warmup) / (total − warmup)
        total ≤ t:            min_lr

    `total` counts the warm-up's steps, too.  Step 0 has the rate zero if there is a warm-up,
    step `warmup` has max_lr, and step `total` is the first with min_lr.  Without a warm-up
    step 0 has max_lr.  With warmup = total no step has it: the line gets as far as
    max_lr · (total − 1) / total, and step `total` has min_lr.

    >>> [round(warmup_cosine(t, 1.0, 0.2, warmup=4, total=8), 3) for t in (0, 1, 4, 6, 8, 9)]
    [0.0, 0.25, 1.0, 0.6, 0.2, 0.2]
    """
    if t >= total:
        return min_lr
    if t < warmup:
        return max_lr * t / warmup
    share = (t - warmup) / (total - warmup)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * share)) / 2


@checked(max_lr=not_negative, min_lr=not_negative, t0=at_least(1), mult=at_least(1))
def cosine_warm_restarts(t: int, max_lr: float, min_lr: float, t0: int, mult: int = 1) -> float:
    """Half a cosine wave down, a jump back up, again and again (Loshchilov & Hutter, 2017).

    The first cycle has t0 steps, and each has mult times as many as the one before; mult is a
    whole number.  In every cycle the rate starts at max_lr, on the cycle's first step, and
    comes down along half a cosine wave that would reach min_lr one step after the cycle's last:
    that step is the first of the next cycle.  It has no end.

    The formula is yours to find: which cycle step t is in, when it began, how long it is.
    Twin: CosineAnnealingWarmRestarts.

    >>> [round(cosine_warm_restarts(t, 1.0, 0.0, t0=2, mult=2), 3) for t in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """
    # min_lr + ½ (max_lr − min_lr) (1 + cos(π c / n)), c steps into a cycle of n = t0 · multⁱ
    begun, length = 0, t0
    while t >= begun + length:
        begun += length
        length *= mult
    share = (t - begun) / length
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * share)) / 2
