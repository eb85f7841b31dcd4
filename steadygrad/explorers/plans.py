"""Plans: chapter 8's schedules over one run, and where one can take hold of their curves."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad import schedules
from steadygrad.checks import unchecked

STEPS, MOMENTUM = 200, 0.9
LOWEST = 1e-3  # where a logarithmic axis ends; a rate that is moved down to here is zero
PEAKS = (0.01, 3.0)
KEY = 10**0.02  # what an arrow key multiplies a rate with: not quite 5 %


class Settings(NamedTuple):
    """All that the ten schedules are set by; steps count from 0, shares are of the peak."""

    peak: float = 0.2
    floor: float = 0.0  # a share: what the cosines and the level one come down to
    warmup: int = 20
    gamma: float = 0.1  # each drop's factor, and what is left at the end of the exponential
    drops: tuple[int, int] = (100, 150)
    half: int = 20  # power: the step with half the rate
    cycle: int = 30  # the first cycle's length, before a restart
    mult: int = 2  # what a cycle is longer than the one before
    turn: int = 59  # 1cycle: its highest step
    start: float = 0.04  # a share: 1cycle's first rate
    level_until: int = 160
    batch_size: int = 8


# the settings are in range, whatever is moved: nothing has to be checked again at each step
_power, _exponential = unchecked(schedules.power_decay), unchecked(schedules.exponential_decay)
_step, _cosine = unchecked(schedules.step_decay), unchecked(schedules.cosine)
_warmup = unchecked(schedules.warmup_cosine)
_restarts = unchecked(schedules.cosine_warm_restarts)
_cycle, _level = unchecked(schedules.one_cycle), unchecked(schedules.warmup_stable_decay)


def _cycled(s: Settings, t: int) -> tuple[float, float]:
    return _cycle(t, s.peak, STEPS, (s.turn + 1) / STEPS, 1 / s.start)


def _low(s: Settings) -> float:
    return s.floor * s.peak


_PLANS: Mapping[str, Callable[[Settings, int], float]] = {
    "constant": lambda s, _t: s.peak,
    "power": lambda s, t: _power(t, s.peak, s.half),
    "exponential": lambda s, t: _exponential(t, s.peak, s.gamma ** (1 / STEPS)),
    "step": lambda s, t: _step(t, s.peak, s.gamma, s.drops),
    "plateau": lambda s, _t: s.peak,
    "cosine": lambda s, t: _cosine(t, s.peak, _low(s), STEPS),
    "warm-up cosine": lambda s, t: _warmup(t, s.peak, _low(s), s.warmup, STEPS),
    "warm restarts": lambda s, t: _restarts(t, s.peak, _low(s), s.cycle, s.mult),
    "1cycle": lambda s, _t: s.peak,  # it moves the momentum as well, so see `planned`
    "warm-up, stable, decay": lambda s, t: _level(
        t, s.peak, _low(s), s.warmup, STEPS - s.level_until, STEPS
    ),
}
NAMES = tuple(_PLANS)


def planned(
    settings: Settings,
) -> tuple[Float[Tensor, "schedules moments"], Float[Tensor, "schedules moments"]]:
    """Rates and momenta of each step, and of the one after the last.

    A plateau's rates are its peak here: what they become is only known while it trains.
    """
    cycled = torch.tensor([_cycled(settings, t) for t in range(STEPS + 1)])
    rates = torch.tensor(
        [[plan(settings, t) for t in range(STEPS + 1)] for plan in _PLANS.values()]
    )
    momenta = torch.full_like(rates, MOMENTUM)
    rates[NAMES.index("1cycle")], momenta[NAMES.index("1cycle")] = cycled.unbind(dim=1)
    return rates, momenta


# ── Where to take hold of a curve ───────────────────────────────────────────────────


class Grip(NamedTuple):
    """A point of a curve that can be moved: sideways, up and down, or both ways."""

    label: str
    ways: str  # "x", "y" or "xy"
    at: Callable[[Settings], tuple[float, float]]  # its step and rate
    to: Callable[[Settings, float, float], Settings]  # the settings that bring it there


def _whole(value: float, low: int, high: int) -> int:
    return round(min(max(value, low), high))


def _short(value: float, low: float, high: float) -> float:
    return float(f"{min(max(value, low), high):.3g}")


def _share(s: Settings, rate: float, low: float) -> float:
    return 0.0 if rate <= LOWEST and low == 0 else _short(rate / s.peak, low, 1)


def _peak(s: Settings, rate: float) -> Settings:
    return s._replace(peak=_short(rate, *PEAKS))


def _first_drop(s: Settings, t: float, rate: float) -> Settings:
    first = _whole(t, 1, s.drops[1] - 1)
    return s._replace(drops=(first, s.drops[1]), gamma=_share(s, rate, 0.01))


def _second_drop(s: Settings, t: float, rate: float) -> Settings:
    second = _whole(t, s.drops[0] + 1, STEPS - 1)
    return s._replace(
        drops=(s.drops[0], second), gamma=_short(sqrt(max(rate, 0) / s.peak), 0.01, 1)
    )


_PEAK = Grip("Peak rate", "y", lambda s: (0, s.peak), lambda s, _t, rate: _peak(s, rate))
_FLOOR = Grip(
    "Final rate",
    "y",
    lambda s: (STEPS, s.floor * s.peak),
    lambda s, _t, rate: s._replace(floor=_share(s, rate, 0)),
)
_WARM = Grip(
    "Peak rate, and where the warm-up ends",
    "xy",
    lambda s: (s.warmup, s.peak),
    lambda s, t, rate: _peak(s, rate)._replace(warmup=_whole(t, 0, STEPS // 2)),
)
GRIPS: Mapping[str, Mapping[str, Grip]] = {
    "constant": {
        "peak": _PEAK._replace(label="Rate", at=lambda s: (STEPS / 2, s.peak)),
    },
    "power": {
        "peak": _PEAK,
        "half": Grip(
            "Where the rate is halved",
            "x",
            lambda s: (s.half, s.peak / 2),
            lambda s, t, _rate: s._replace(half=_whole(t, 1, STEPS)),
        ),
    },
    "exponential": {
        "peak": _PEAK,
        "gamma": Grip(
            "Final rate",
            "y",
            lambda s: (STEPS, s.gamma * s.peak),
            lambda s, _t, rate: s._replace(gamma=_share(s, rate, 0.01)),
        ),
    },
    "step": {
        "peak": _PEAK,
        "first": Grip(
            "First drop", "xy", lambda s: (s.drops[0], s.peak * s.gamma), _first_drop
        ),
        "second": Grip(
            "Second drop", "xy", lambda s: (s.drops[1], s.peak * s.gamma**2), _second_drop
        ),
    },
    "plateau": {"peak": _PEAK},
    "cosine": {"peak": _PEAK, "floor": _FLOOR},
    "warm-up cosine": {"warmup": _WARM, "floor": _FLOOR},
    "warm restarts": {
        "peak": _PEAK,
        "cycle": Grip(
            "Where the first cycle ends, and its lowest rate",
            "xy",
            lambda s: (s.cycle, s.floor * s.peak),
            lambda s, t, rate: s._replace(cycle=_whole(t, 5, STEPS), floor=_share(s, rate, 0)),
        ),
    },
    "1cycle": {
        "start": Grip(
            "First rate",
            "y",
            lambda s: (0, s.start * s.peak),
            lambda s, _t, rate: s._replace(start=_share(s, rate, 0.01)),
        ),
        "turn": Grip(
            "Peak rate, and where it turns",
            "xy",
            lambda s: (s.turn, s.peak),
            lambda s, t, rate: _peak(s, rate)._replace(turn=_whole(t, 1, STEPS - 20)),
        ),
    },
    "warm-up, stable, decay": {
        "warmup": _WARM,
        "level_until": Grip(
            "Where the decay begins",
            "x",
            lambda s: (s.level_until, s.peak),
            lambda s, t, _rate: s._replace(level_until=_whole(t, STEPS // 2, STEPS - 1)),
        ),
        "floor": _FLOOR,
    },
}


def nudged(settings: Settings, grip: Grip, across: int, up: int) -> Settings:
    """The settings after arrow keys: a step sideways, not quite 5 % up or down, for each."""
    t, rate = grip.at(settings)
    if up:
        rate = max(rate, LOWEST) * KEY**up
    return grip.to(settings, t + across, rate)
