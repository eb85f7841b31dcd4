"""Chapter 7's explorer: the race, from wherever you drag its start."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steadygrad import adaptive
from steadygrad.explorers.controls import Choice, Control, LogSlider, Slider
from steadygrad.explorers.live import LiveFigure, is_narrow, key, panels
from steadygrad.explorers.quick import drawn
from steadygrad.landscapes import LANDSCAPES, Rule, survey, walk
from steadygrad.plots import COLORS, DASHES, contours, human

STEPS = 150
RATES = torch.logspace(-4, 0, 17)[:, None]  # that a rival may choose from
DECAY = 0.1
DECAYS = ("none", "l2", "decoupled")
RIVALS = {"momentum": (0.9, 0), "RMSProp": (0, 0.9), "Adam": (0.9, 0.999)}  # as in figure 7.5
RIVAL = "0.35"  # a grey that can be told from the contours
RATE_RANGE, SHARE_RANGE = (1e-5, 1e3), (1e-12, 2.0)  # of the axes, which never move

Pair = Float[Tensor, "2"]


def heavy_ball(gradient: Tensor, state: Tensor | None, *, beta: float) -> tuple[Tensor, Tensor]:
    """Chapter 6's momentum: what a rule without a rate for each coordinate does."""
    velocity = gradient if state is None else beta * state + gradient
    return velocity, velocity


class Racer(NamedTuple):
    """A rule, which sliders it listens to, and what its denominator is made of.

    `root(state, betas)` is what eps is added to, for each coordinate.
    """

    rule: Rule
    settings: Callable[[float, float, float], dict[str, Any]]  # of beta 1, beta 2 and eps
    root: Callable[[Any, tuple[float, float]], Tensor] | None

    def asks_for(self, number: int) -> bool:
        """Whether beta 1, beta 2 or eps (0, 1 or 2) changes anything."""
        return self.settings(0, 0, 0) != self.settings(*(i == number for i in range(3)))


def _moments(b1: float, b2: float, eps: float) -> dict[str, Any]:
    return {"betas": (b1, b2), "eps": eps}


RACERS = {
    "momentum": Racer(heavy_ball, lambda b1, _b2, _eps: {"beta": b1}, None),
    "AdaGrad": Racer(
        adaptive.adagrad, lambda _b1, _b2, eps: {"eps": eps}, lambda s, _betas: s.v.sqrt()
    ),
    "RMSProp": Racer(
        adaptive.rmsprop,
        lambda _b1, b2, eps: {"alpha": b2, "eps": eps},
        lambda s, _betas: s.v.sqrt(),
    ),
    "Adam": Racer(
        adaptive.adam, _moments, lambda s, betas: (s.v / (1 - betas[1] ** s.t)).sqrt()
    ),
    "AMSGrad": Racer(
        adaptive.amsgrad, _moments, lambda s, betas: (s.peak / (1 - betas[1] ** s.t)).sqrt()
    ),
    "NAdam": Racer(
        adaptive.nadam, _moments, lambda s, betas: (s.v / (1 - betas[1] ** s.t)).sqrt()
    ),
}


class Race(NamedTuple):
    """One rule's walk with its inner workings, and its rivals', each at its best rate."""

    points: Float[Tensor, "stops 2"]
    rates: Float[Tensor, "steps 2"]  # lr / (root + eps), by coordinate
    shares: Float[Tensor, "steps 2"]  # eps / (root + eps)
    rivals: Mapping[str, Float[Tensor, "stops 2"]]


def measure(
    *,
    place: str = "ravine",
    rule: str = "Adam",
    lr: float = 0.3,
    beta1: float = 0.9,
    beta2: float = 0.99,
    eps: float = 1e-8,
    decay: str = "none",
    across: float = 0.07,
    up: float = 0.75,
) -> Race:
    """Walk 150 steps with one rule, and let three others do the same at their best rates.

    `across` and `up` place the start: shares of the landscape's width and height.
    """
    landscape, racer = LANDSCAPES[place], RACERS[rule]
    start, settings = starting_point(place, across, up), racer.settings(beta1, beta2, eps)
    seen = survey(
        _decaying(racer.rule, decay), landscape, start, lr, STEPS,
        noise=landscape.noise, rng=_seeded(), **settings,
    )  # fmt: skip
    if racer.root is None:
        roots, eps = torch.ones(STEPS, 2), 0.0
    else:
        roots = torch.stack([racer.root(state, (beta1, beta2)) for state in seen.states])
    return Race(
        seen.points, lr / (roots + eps), eps / (roots + eps), _rivals(place, across, up)
    )


def starting_point(place: str, across: float, up: float) -> Pair:
    left, right, bottom, top = LANDSCAPES[place].view
    return torch.tensor([left + across * (right - left), bottom + up * (top - bottom)])


def _decaying(rule: Rule, decay: str) -> Rule:
    """The rule with an l2 penalty in its gradient, or a share of the weights beside it."""
    in_gradient, beside = DECAY * (decay == "l2"), DECAY * (decay == "decoupled")

    def decaying(gradient: Tensor, state: Any, theta: Tensor, **settings: Any) -> tuple:
        direction, state = rule(gradient + in_gradient * theta, state, **settings)
        return direction + beside * theta, state

    return decaying


@lru_cache(maxsize=256)  # dragging another slider leaves them where they are
def _rivals(place: str, across: float, up: float) -> dict[str, Tensor]:
    landscape, start, paths = LANDSCAPES[place], starting_point(place, across, up), {}
    for name, betas in RIVALS.items():
        racer = RACERS[name]
        walks = walk(
            racer.rule, landscape, start, RATES, STEPS,
            noise=landscape.noise, rng=_seeded(), **racer.settings(*betas, 1e-8),
        )  # fmt: skip
        late = landscape(walks[STEPS // 2 :]).mean(dim=0)  # an end alone may be luck
        ends = late.nan_to_num(torch.inf)
        paths[name] = walks[:, ends.argmin()]
    return paths


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


# ── The picture ─────────────────────────────────────────────────────────────────────


def explorer() -> LiveFigure:
    """Nine controls, the walks, and the chosen rule's rates and shares of eps."""
    shown = {}

    def build(figure: Figure) -> list[Artist]:
        shown.pop("place", None)  # it is not drawn here yet
        shown["figure"], artists = figure, _build(figure)
        return artists

    def update(artists: Sequence[Artist], **settings: Any) -> str:
        if shown.get("place") != settings["place"]:
            shown["place"] = settings["place"]
            _draw_landscape(shown["figure"].axes[0], settings["place"])
        race = measure(**settings)
        _draw(artists, race)
        return _sentence(race, settings["place"])

    return LiveFigure(
        build,
        update,
        _controls(),
        alt=ALT,
        figsize=(9, 5),
        narrow=(4, 9.5),
        drag=("across", "up"),
    )


ALT = (
    "The chosen rule's walk on the contours of a loss with two parameters, thick, and three "
    "rivals at their best rates, thin and grey. Beside it, the chosen rule's rate for each "
    "coordinate over the steps, logarithmic from 1e-5 to 1000, and the share of eps in its "
    "denominator, logarithmic from 1e-12 to 1."
)


def _controls() -> dict[str, Control]:
    """The start has sliders, too: a drag on the landscape is nothing for a keyboard."""
    share = {"min": 0, "max": 1, "step": 0.01, "form": ".2f", "aside": True}
    controls = {
        "place": Choice("landscape", "ravine", list(LANDSCAPES)),
        "rule": Choice("rule", "Adam", list(RACERS)),
        "lr": LogSlider("rate", 10**-0.5, min=-4, max=1, step=0.125, write=human),
        "beta1": Slider("β₁", 0.9, min=0, max=0.99, step=0.01, form=".2f"),
        "beta2": Slider("β₂", 0.99, min=0, max=0.999, step=0.001, form=".3f"),
        "eps": LogSlider("ε", 1e-8, min=-12, max=0, step=0.5, write=human),
        "decay": Choice("decay 0.1", "none", list(DECAYS), aside=True),
        "across": Slider("start across", 0.07, **share),
        "up": Slider("start up", 0.75, **share),
    }
    for number, name in enumerate(("beta1", "beta2", "eps")):
        ends = (controls["rule"], "value"), (controls[name], "hidden")
        traitlets.dlink(*ends, lambda rule, number=number: not RACERS[rule].asks_for(number))
    return controls


def _build(figure: Figure) -> list[Artist]:
    ground, rates, shares = _three(figure)
    walks = [
        ground.plot(
            [], [], color=color, linestyle=dash, marker="none", label=label,
            linewidth=1.6 if thin else 2.6, zorder=3 if thin else 4,
        )[0]
        for color, dash, label, thin in zip(
            (RIVAL, RIVAL, RIVAL, COLORS[0]),
            (*DASHES[1:4], "-"),
            (*(f"rival {name}" for name in RIVALS), "the chosen rule"),
            (True, True, True, False),
            strict=True,
        )
    ]  # fmt: skip
    (start,) = ground.plot(
        [], [], marker="o", markersize=10, color="black", linestyle="none",
        markerfacecolor="white", zorder=5, clip_on=False, label="start",
    )  # fmt: skip
    inner = [
        ax.plot([], [], color=color, linestyle=dash, marker="none", label=label)[0]
        for ax in (rates, shares)
        for color, dash, label in zip(COLORS[4:6], DASHES, ("$θ_1$", "$θ_2$"), strict=False)
    ]
    ground.yaxis.set_label_coords(-0.1, 0.5)
    rates.set(yscale="log", ylim=RATE_RANGE, xlim=(0, STEPS), xlabel="step",
              ylabel="rate / (root + ε)")  # fmt: skip
    shares.set(yscale="log", ylim=SHARE_RANGE, xlim=(0, STEPS), xlabel="step",
               ylabel="share of ε")  # fmt: skip
    key(rates)
    figure.legend(handles=[start, *walks], loc="outside upper left",
                  ncols=2 if is_narrow(figure) else 5)  # fmt: skip
    return [*walks, start, *inner]


def _three(figure: Figure) -> list[Axes]:
    """The landscape, and beside it what goes on inside: rates over shares."""
    if is_narrow(figure):
        return panels(figure, 1, 1, 1)
    return list(figure.subplot_mosaic("ab;ac", width_ratios=(3, 2)).values())


def _draw_landscape(ax: Any, place: str) -> None:
    """The contours of another place, in place of the old."""
    for artist in [*ax.collections, *(line for line in ax.lines if not line.get_animated())]:
        if artist.get_zorder() < 3:
            artist.remove()
    landscape = LANDSCAPES[place]
    contours(landscape, ax, view=landscape.view, minima=landscape.minima)


def _draw(artists: Sequence[Artist], race: Race) -> None:
    *walks, start, rate1, rate2, share1, share2 = artists
    paths = [*(race.rivals[name] for name in RIVALS), race.points]
    for line, path in zip(walks, paths, strict=True):
        line.set_data(*drawn(path.numpy()).T)
    start.set_data(*race.points[:1].T.numpy())
    steps = np.arange(1, len(race.rates) + 1)
    for lines, values, limits in (
        ((rate1, rate2), race.rates, RATE_RANGE),
        ((share1, share2), race.shares, SHARE_RANGE),
    ):
        for line, column in zip(lines, values.T.numpy(), strict=True):
            shown = np.clip(column, *limits) if column.any() else np.full_like(column, np.nan)
            line.set_data(steps, shown)


def _sentence(race: Race, place: str) -> str:
    height = LANDSCAPES[place]

    def end(points: Tensor) -> str:
        last = height(points[-1]).item()
        return human(last) if np.isfinite(last) else "not a number: it diverged"

    (x, y), (rate1, rate2) = race.points[0].tolist(), race.rates[-1].tolist()
    rivals = ", ".join(f"{name} {end(path)}" for name, path in race.rivals.items())
    most = 100 * race.shares.max().item()
    eps = f"eps makes up at most {human(most)} %"
    eps = f"{eps} of its denominator" if most else "it has no denominator"
    return (
        f"From ({x:.2f}, {y:.2f}) the chosen rule ends {STEPS} steps later at height "
        f"{end(race.points)}; its last rates are {human(rate1)} and {human(rate2)}, and {eps}. "
        f"The rivals, each with the settings of figure 7.5 and at its best rate: {rivals}. "
        "What is off a scale is drawn at its edge."
    )
