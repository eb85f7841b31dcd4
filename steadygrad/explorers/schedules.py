"""Chapter 8's explorer: design a schedule, and see at once what a small net makes of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad import schedules
from steadygrad.data import Examples, circle
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider, Stops
from steadygrad.explorers.live import LiveFigure
from steadygrad.explorers.quick import one_thread
from steadygrad.plots import COLORS, DASHES

STEPS, LOOKS, HIDDEN, MOMENTUM = 200, 50, 12, 0.9  # the loss is looked at 50 times
LOSSES = (0.08, 3.0)  # the axis never moves, so that two settings can be compared
RATES = (1e-3, 4.0)
NAMES = (
    "constant",
    "power",
    "exponential",
    "step",
    "plateau",
    "cosine",
    "warm-up cosine",
    "warm restarts",
    "1cycle",
    "warm-up, stable, decay",
)


class Measurement(NamedTuple):
    """For each schedule, in the order of NAMES: its rates, and the losses of its run."""

    rates: Float[Tensor, "schedules steps"]
    losses: Float[Tensor, "schedules looks"]  # on the whole set, after every few steps


@one_thread()
def measure(
    *,
    peak: float = 0.2,
    warmup: float = 0.1,
    final: float = 0.0,
    gamma: float = 0.1,
    cycle: float = 0.15,
    mult: int = 2,
    batch_size: int = 8,
    seed: int = 0,
) -> Measurement:
    """Train ten copies of one small net side by side, each under its own schedule.

    `warmup` and `cycle` (the first one, before a restart) are shares of all steps, `final` is
    a share of the peak rate; `gamma` is what step and plateau multiply the rate with, and
    what is left of it at the end of the exponential.  All nets see the same batches.
    """
    rng = torch.Generator().manual_seed(seed)
    data = circle(256, 1.0, rng=rng)
    weights = _weights(rng)
    speeds = [torch.zeros_like(weight) for weight in weights]
    rates, momenta = _planned(peak, warmup, final, gamma, cycle, mult)
    losses, state, every = [], None, STEPS // LOOKS
    for t in range(STEPS):
        chosen = torch.randint(256, (batch_size,), generator=rng)
        batch = Examples(data.x[chosen], data.y[chosen])
        slopes = torch.autograd.grad(_losses(weights, batch).sum(), weights)
        for weight, speed, slope in zip(weights, speeds, slopes, strict=True):
            speed.mul_(momenta[:, t, None, None]).add_(slope)
            weight.data -= rates[:, t, None, None] * speed
        if t % every == every - 1:
            with torch.no_grad():
                losses.append(_losses(weights, data))
            metric = losses[-1][NAMES.index("plateau")].item()
            rate, state = schedules.plateau(metric, state, lr=peak, factor=gamma, patience=5)
            rates[NAMES.index("plateau"), t + 1 :] = max(rate, final * peak)
    return Measurement(rates, torch.stack(losses, dim=1))


def _weights(rng: torch.Generator) -> list[Tensor]:
    """The same first weights for each schedule: two layers, biases in a row of their own."""
    shapes = {(3, HIDDEN): 2**-0.5, (HIDDEN + 1, 2): HIDDEN**-0.5}
    drawn = [std * torch.randn(shape, generator=rng) for shape, std in shapes.items()]
    return [one.repeat(len(NAMES), 1, 1).requires_grad_() for one in drawn]


def _losses(weights: Sequence[Tensor], batch: Examples) -> Float[Tensor, " schedules"]:
    ones = torch.ones(len(NAMES), len(batch.y), 1)
    x = batch.x.expand(len(NAMES), *batch.x.shape) / 5  # the set is about ten wide
    for weight in weights[:-1]:
        x = torch.tanh(torch.cat([x, ones], dim=2) @ weight)
    scores = torch.cat([x, ones], dim=2) @ weights[-1]
    each = F.cross_entropy(scores.flatten(0, 1), batch.y.repeat(len(NAMES)), reduction="none")
    return each.view(len(NAMES), -1).mean(dim=1)


def _planned(
    peak: float, warmup: float, final: float, gamma: float, cycle: float, mult: int
) -> tuple[Float[Tensor, "schedules steps"], Float[Tensor, "schedules steps"]]:
    """Rates and momenta of every step; the plateau's rates are only known while it runs."""
    low, up, first = final * peak, round(warmup * STEPS), max(1, round(cycle * STEPS))
    halves = [STEPS // 2, 3 * STEPS // 4]
    plan: Mapping[str, Callable[[int], float]] = {
        "constant": lambda _t: peak,
        "power": lambda t: schedules.power_decay(t, peak, STEPS // 10),
        "exponential": lambda t: schedules.exponential_decay(t, peak, gamma ** (1 / STEPS)),
        "step": lambda t: schedules.step_decay(t, peak, gamma, halves),
        "plateau": lambda _t: peak,
        "cosine": lambda t: schedules.cosine(t, peak, low, STEPS),
        "warm-up cosine": lambda t: schedules.warmup_cosine(t, peak, low, up, STEPS),
        "warm restarts": lambda t: schedules.cosine_warm_restarts(t, peak, low, first, mult),
        "1cycle": lambda t: schedules.one_cycle(t, peak, STEPS)[0],
        "warm-up, stable, decay": lambda t: schedules.warmup_stable_decay(
            t, peak, low, up, STEPS // 5, STEPS
        ),
    }
    rates = torch.tensor([[plan[name](t) for t in range(STEPS)] for name in NAMES])
    momenta = torch.full_like(rates, MOMENTUM)
    cycled = [schedules.one_cycle(t, peak, STEPS)[1] for t in range(STEPS)]
    momenta[NAMES.index("1cycle")] = torch.tensor(cycled)
    return rates, momenta


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """Eight controls; all schedules on one axis, and below it what a small net learns."""
    measured = lru_cache(maxsize=32)(measure)  # another one in front trains nothing anew

    def update(artists: Sequence[Artist], *, front: str, **settings: float) -> str:
        # a slider hands over 0.1500000002 for 0.15, and a rate that is off by that trains anew
        measurement = measured(**{name: round(value, 6) for name, value in settings.items()})
        _draw(artists, measurement, front)
        return _sentence(measurement, front)

    return LiveFigure(_build, update, _controls(), alt=ALT, figsize=(9, 6))


ALT = (
    "Above, over 200 steps, the learning rate of ten schedules on a logarithmic axis, the one "
    "in front drawn thick. Below, on the same steps, the loss of a small network that is "
    "trained under each of them, on a logarithmic axis."
)


def _controls() -> dict[str, Control]:
    def share(label: str, value: float, low: float, high: float, step: float) -> Slider:
        return Slider(label, value, min=low, max=high, step=step, form=".2f")

    return {
        "front": Choice("in front", "warm-up cosine", NAMES),
        "peak": LogSlider("peak rate", 10**-0.7, min=-2, max=0.5, step=0.05, form=".2g"),
        "warmup": share("warm-up", 0.1, 0, 0.5, 0.05),
        "final": share("final / peak", 0, 0, 0.5, 0.02),
        "gamma": share("γ", 0.1, 0.01, 0.9, 0.01),
        "cycle": share("first cycle", 0.15, 0.05, 1, 0.05),
        "mult": Slider("cycles grow ×", 2, min=1, max=3),
        "batch_size": Stops("batch size", 8, [2**power for power in range(9)]),
    }


def _build(figure: Figure) -> list[Artist]:
    """A line for each schedule in both panels."""
    above, below = figure.subplots(2, 1, sharex=True)
    lines = []
    for ax in (above, below):
        for number, name in enumerate(NAMES):
            look = dict(color=COLORS[number % len(COLORS)], marker="none", label=name)
            dash = DASHES[(number + number // len(COLORS)) % len(DASHES)]
            lines += ax.plot([], [], linestyle=dash, **look)
        ax.set(yscale="log")
        ax.minorticks_off()
    above.set(ylabel="rate", ylim=RATES, xlim=(0, STEPS))
    below.set(ylabel="loss on all points", xlabel="step", ylim=LOSSES)
    below.set_yticks([0.1, 0.3, 1, 3], labels=["0.1", "0.3", "1", "3"])
    figure.legend(handles=lines[: len(NAMES)], loc="outside right upper", fontsize=9)
    return lines


def _draw(artists: Sequence[Artist], measured: Measurement, front: str) -> None:
    every = STEPS // LOOKS
    axes = (np.arange(STEPS), np.arange(every, STEPS + 1, every))
    series = (measured.rates.clamp(*RATES), measured.losses.nan_to_num(1e9).clamp(*LOSSES))
    for panel, (x, values) in enumerate(zip(axes, series, strict=True)):
        for number, name in enumerate(NAMES):
            line = artists[panel * len(NAMES) + number]
            line.set_data(x, values[number].numpy())
            chosen = name == front
            line.set(linewidth=3 if chosen else 1.4, alpha=1.0 if chosen else 0.7)
            line.set_zorder(3 if chosen else 2)


def _sentence(measured: Measurement, front: str) -> str:
    ends = measured.losses[:, -5:].mean(dim=1).nan_to_num(torch.inf)
    lowest, own = int(ends.argmin()), ends[NAMES.index(front)].item()
    return (
        f"Over the last twenty steps the loss is {own:.3f} with {front}, and lowest with "
        f"{NAMES[lowest]}, {ends[lowest]:.3f}. This is one net from one start: with "
        "other batches the order changes. What is off the scale is drawn at its edge."
    )
