"""Chapter 4's explorer: one channel of batch norm, its running values, and what they miss; and
how often small networks with three norms err, by the size of their batches."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad.explorers import tiny_norms
from steadygrad.explorers.controls import Control, LogSlider, Slider, Stops
from steadygrad.explorers.live import LiveFigure, is_narrow, key, panels
from steadygrad.normalization import batch_norm
from steadygrad.plots import COLORS, human

MEAN, DEVIATION, STEPS = 2.0, 1.5, 100  # the channel before it is normalized
SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512)
BINS = np.linspace(-6, 10, 81)
RANGE = (-1.0, 7.0)  # of means and variances
SHARES = (0.15, 0.4, 1.05)  # where the histograms' axis may end


class Measurement(NamedTuple):
    """A channel's statistics step by step, and its values before and after."""

    batch_mean: Float[Tensor, " steps"]
    batch_var: Float[Tensor, " steps"]
    running_mean: Float[Tensor, " steps"]
    running_var: Float[Tensor, " steps"]
    before: Float[Tensor, " n"]  # new values, shifted
    after: Float[Tensor, " n"]  # the same through batch norm in evaluation
    company: Float[Tensor, " sizes"]  # rms change of an output with its batch, by batch size
    errors: dict[str, Float[Tensor, " few"]]  # of small networks in evaluation, by batch size


def measure(
    *,
    batch_size: int = 32,
    gamma: float = 1.0,
    beta: float = 0.0,
    eps: float = 1e-5,
    momentum: float = 0.1,
    shift: float = 0.0,
    seed: int = 0,
) -> Measurement:
    """Train one channel's statistics for 100 steps, then evaluate it on shifted values.

        x ~ N(2, 1.5²) in training        x + shift in evaluation

    A batch of one has no variance: its output is β, and the running variance fades towards 0.
    The networks whose errors are counted have this momentum, and the shift in deviations.
    The same arguments give the same numbers, and no generator but its own is touched.
    """
    rng = torch.Generator().manual_seed(seed)
    weights = (torch.tensor([gamma]), torch.tensor([beta]))
    mean, var, rows = torch.zeros(1), torch.ones(1), []
    for _ in range(STEPS):
        x = MEAN + DEVIATION * torch.randn(batch_size, 1, generator=rng)
        new_var = x.var(dim=0, correction=0)
        if batch_size == 1:
            mean, var = mean + momentum * (x[0] - mean), (1 - momentum) * var
        else:
            _, mean, var = batch_norm(x, *weights, mean, var, True, momentum, eps)
        rows.append(torch.cat([x.mean(dim=0), new_var, mean, var]))
    before = MEAN + DEVIATION * torch.randn(4096, 1, generator=rng) + shift
    after, *_ = batch_norm(before, *weights, mean, var, False, eps=eps)
    columns = torch.stack(rows).unbind(dim=1)
    errors = {
        norm: tiny_norms.errors(norm, momentum=momentum, shift=shift / DEVIATION)
        for norm in tiny_norms.NORMS
    }
    return Measurement(*columns, before[:, 0], after[:, 0], _company(weights, eps, rng), errors)


def _company(
    weights: tuple[Tensor, Tensor], eps: float, rng: torch.Generator
) -> Float[Tensor, " sizes"]:
    """How far training outputs lie from those of the whole population's statistics."""
    x = MEAN + DEVIATION * torch.randn(4096, generator=rng)
    gamma, beta = weights
    settled = gamma * (x - MEAN) / (DEVIATION**2 + eps) ** 0.5 + beta
    changes = []
    for size in SIZES:
        batches = x.view(-1, size)  # a column of the transpose is a batch of this size
        state = (torch.zeros(len(batches)), torch.ones(len(batches)))
        alike = (gamma.expand(len(batches)), beta.expand(len(batches)))
        y, *_ = batch_norm(batches.T, *alike, *state, True, eps=eps)
        changes.append((y.T.flatten() - settled).square().mean().sqrt())
    return torch.stack(changes)


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """Six sliders; running statistics, values before and after, and what a batch size does."""
    return LiveFigure(_build, _update, _controls(), alt=ALT, figsize=(9, 6), narrow=(4, 12))


ALT = (
    "Top left, over 100 training steps, the mean and the variance of each batch as dots, and "
    "their running values as lines that settle towards the true 2 and 2.25. Top right, "
    "histograms of new values before and after batch norm in evaluation. Bottom left, on log "
    "axes over batch sizes 2 to 512, how far an output depends on its batch: a falling line. "
    "Bottom right, the error of small networks in evaluation over the batch size of their "
    "training: with batch norm half at 2, as by guessing, then falling; with group and layer "
    "norm it is low throughout, and their lines lie on top of each other."
)


def _controls() -> dict[str, Control]:
    return {
        "batch_size": Stops("batch size", 32, [2**power for power in range(10)]),
        "momentum": Slider("momentum", 0.1, min=0.01, max=1, step=0.01, form=".2f"),
        "shift": Slider("new data, shifted by", 0.0, min=-4, max=4, step=0.25, form=".2f"),
        "gamma": Slider("γ", 1.0, min=-3, max=3, step=0.25, form=".2f"),
        "beta": Slider("β", 0.0, min=-3, max=3, step=0.25, form=".2f"),
        "eps": LogSlider("ε", 1e-5, min=-8, max=1, step=0.5, write=human),
    }


def _build(figure: Figure) -> list[Artist]:
    """Two clouds of dots, two lines, two histograms, and four lines over batch sizes."""
    steps, values, company, errors = _four(figure)
    dots = [
        steps.plot([], [], linestyle="none", marker=mark, markersize=3, color=color, alpha=0.5)[
            0
        ]
        for mark, color in (("o", COLORS[0]), ("s", COLORS[1]))
    ]
    lines = [
        steps.plot([], [], marker="none", linestyle=dash, color=color, label=label)[0]
        for dash, color, label in (("-", COLORS[0], "mean"), ("--", COLORS[1], "variance"))
    ]
    for true in (MEAN, DEVIATION**2):
        steps.axhline(true, color="0.5", linestyle=":", marker="none", linewidth=1)
    steps.set(xlim=(0, STEPS), ylim=RANGE, xlabel="step", ylabel="of batches, running")
    key(steps)
    (line,) = company.plot(
        [], [], color=COLORS[0], linestyle="-", marker="o", label="batch norm"
    )
    company.set(xscale="log", yscale="log", xlim=(1.5, 700), ylim=(1e-3, 10))
    company.set(xlabel="batch size", ylabel="change of an output (rms)")
    rates = [
        errors.plot([], [], color=color, linestyle=dash, marker=mark, label=norm)[0]
        for norm, color, dash, mark in zip(
            tiny_norms.NORMS, COLORS, ("-", "--", ":"), ("o", "s", "^"), strict=False
        )
    ]
    errors.axhline(0.5, color="0.5", linestyle=":", marker="none", linewidth=1)
    errors.text(128, 0.51, "a guess", ha="right", va="bottom", color="0.35")
    errors.set(xscale="log", xlim=(1.5, 200), ylim=(0, 1), xlabel="batch size in training")
    errors.set(ylabel="error in evaluation")
    key(errors)
    for axes, ticks in ((company, [2, 16, 128]), (errors, tiny_norms.SIZES)):
        axes.set_xticks(ticks, labels=ticks)
        axes.minorticks_off()
    bars = [
        values.stairs(
            0 * BINS[1:],
            BINS,
            baseline=0,
            color=color,
            linestyle=dash,
            label=label,
            linewidth=1.8,
        )
        for color, dash, label in (
            (COLORS[4], "--", "new values"),
            (COLORS[2], "-", "after batch norm"),
        )
    ]
    values.set(xlim=(BINS[0], BINS[-1]), ylim=(0, SHARES[0]), xlabel="value", ylabel="share")
    key(values)
    return [*dots, *lines, line, *bars, *rates]


def _four(figure: Figure) -> list[Axes]:
    if is_narrow(figure):
        return panels(figure, 1, 1, 1, 1)
    return list(figure.subplots(2, 2).flat)


def _update(artists: Sequence[Artist], **settings: object) -> str:
    measured, number = measure(**settings), np.arange(1, STEPS + 1)
    for artist, series in zip(artists[:4], measured[:4], strict=True):
        artist.set_data(number, series.clamp(*RANGE).numpy())
    artists[4].set_data(SIZES, measured.company.clamp(min=1e-3).numpy())
    for line, errors in zip(artists[7:], measured.errors.values(), strict=True):
        line.set_data(tiny_norms.SIZES, errors.numpy())
    highest = 0.0
    for bars, values in zip(artists[5:7], (measured.before, measured.after), strict=True):
        clipped = np.clip(values.numpy(), BINS[0], BINS[-1])
        shares = np.histogram(clipped, BINS)[0] / len(clipped)
        bars.set_data(shares)
        highest = max(highest, shares.max())
    bars.axes.set_ylim(0, next(end for end in SHARES if end >= highest))
    return _sentence(measured, settings["batch_size"])


def _sentence(measured: Measurement, batch_size: int) -> str:
    mean, deviation = measured.after.mean().item(), measured.after.std().item()
    by_batch = ", ".join(f"{e[0]:.0%} with {norm}" for norm, e in measured.errors.items())
    one = " PyTorch refuses to train on a batch of one: its output is always β."
    return (
        f"Running mean {measured.running_mean[-1]:.2f} (true {MEAN:.0f}), running variance "
        f"{measured.running_var[-1]:.2f} (true {DEVIATION**2:.2f}). New values come out with "
        f"mean {mean:.2f} and deviation {deviation:.2f}. Trained in batches of 2, small "
        f"networks err on {by_batch}; layer and group norm give an example the same output in "
        f"any batch.{one if batch_size == 1 else ''} What is off a scale is drawn at its edge."
    )
