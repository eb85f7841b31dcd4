"""Cycles: up once and down once, in rate and momentum, with or without a plateau between."""

from steadygrad.checks import Rule, at_least, checked, fraction, not_negative, positive
from steadygrad.schedules.cosines import anneal


@checked(
    max_lr=not_negative, total=at_least(1), pct_start=fraction, div=positive, final_div=positive
)
def one_cycle(
    t: int,
    max_lr: float,
    total: int,
    pct_start: float = 0.3,
    div: float = 25.0,
    final_div: float = 1e4,
) -> tuple[float, float]:
    """The rate up and far down again; momentum the other way (after Smith & Topin, 2018).

        rate      max_lr/div  →  max_lr  →  max_lr/div/final_div
        momentum  0.95        →  0.85    →  0.95

    Two phases along half cosine waves (`anneal`), as fastai has it; the paper takes straight
    lines and has a third phase.  The turn is at step p = pct_start · total − 1, which need not
    be a whole number, and the end at step total − 1.  From the end on both stay where they are.

    p = 0: step 0 has max_lr and 0.85, and the way down begins.  p < 0: the way down began −p
    steps before step 0, which already has less than max_lr.  pct_start = 1: the turn is the
    end, so the last step has max_lr and 0.85, and all later ones too; there is no way down.

    Twin: OneCycleLR, of which `three_phase=True` is nearer to the paper.  It has the same rates
    for p < 0 and for pct_start = 1, and divides by zero for p = 0.  Else it takes one step past
    its end, where its rate rises again, and raises a ValueError at the next.

    >>> [tuple(round(v, 3) for v in one_cycle(t, 1.0, 10)) for t in (0, 2, 9)]
    [(0.04, 0.95), (1.0, 0.85), (0.0, 0.95)]
    """
    turn, last = pct_start * total - 1, total - 1
    start, end = max_lr / div, max_lr / div / final_div
    if t < turn:
        share = t / turn
        return anneal(start, max_lr, share), anneal(0.95, 0.85, share)
    share = (min(t, last) - turn) / (last - turn) if last > turn else 0.0
    return anneal(max_lr, end, share), anneal(0.85, 0.95, share)


_ROOM = Rule("at most total − decay", lambda v, g: 0 <= v <= g["total"] - g["decay"])


@checked(max_lr=not_negative, min_lr=not_negative, warmup=_ROOM, total=at_least(1))
def warmup_stable_decay(
    t: int, max_lr: float, min_lr: float, warmup: int, decay: int, total: int
) -> float:
    """Up in `warmup` steps, level, and down in the last `decay` of `total` (Hu et al., 2024).

        t < warmup:                max_lr · t / warmup
        then, up to total − decay: max_lr
        then:                      a straight line to min_lr, and min_lr from `total` on

    While it is level nothing depends on `total`: one can go on, or come down, at any time.
    """
    if t < warmup:
        return max_lr * t / warmup
    left = total - t
    if left <= 0:
        return min_lr
    return min_lr + (max_lr - min_lr) * min(left / decay, 1) if decay else max_lr
