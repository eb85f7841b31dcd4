"""Chapter 6's explorer: a start and a ball to drag, and a map to choose its pace on."""

import math
from collections.abc import Callable

import numpy as np
import traitlets

from steadygrad.explorers import momentum_still, valley
from steadygrad.explorers.drawn import HERE, Drawn, script
from steadygrad.explorers.valley import CONVENTIONS, MOMENTA, RATES, START, VIEW
from steadygrad.plots import human

NEAREST = 0.5  # a start on the minimum would leave nothing to see
FRAME = {  # what the page draws and never changes
    "view": VIEW,
    "rates": RATES,
    "momenta": MOMENTA,
    "angle": valley.ANGLE,
    "goal": valley.GOAL,
    "conventions": CONVENTIONS,
}


def explorer() -> "Momentum":
    """A start to drag, the walk from there, and rate and momentum on a map of convergence."""
    return Momentum()


ALT = (
    "Three panels. Left, a slanted quadratic valley in level lines, its minimum marked, with "
    "the walk of a ball from a start that can be dragged and, in grey, plain descent's. Right, "
    "a map over learning rate and momentum: the darker, the fewer steps for a tenfold fall of "
    "the loss; where the walk diverges it is hatched, and a ring that can be dragged marks the "
    "setting in use. Below, both losses over steps, on a logarithmic axis."
)

PARTS = ("momentum_parts", "momentum_valley", "momentum_map", "momentum_losses", "momentum")


class Momentum(Drawn):
    """What is set, and what the page draws of it: each part is sent when it changes."""

    _esm = script(*(f"{part}.js" for part in PARTS))
    _css = Drawn._css + (HERE / "momentum.css").read_text(encoding="utf-8")
    lr = traitlets.Float(1.0, min=RATES[0], max=RATES[1]).tag(sync=True, moved=True)
    mu = traitlets.Float(0.9, min=MOMENTA[0], max=MOMENTA[1]).tag(sync=True, moved=True)
    convention = traitlets.Enum([*CONVENTIONS], "heavy ball").tag(sync=True, moved=True)
    condition = traitlets.Float(100.0, min=1.0, max=1000.0).tag(sync=True, moved=True)
    noise = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True, moved=True)
    start = traitlets.List(traitlets.Float(), list(START)).tag(sync=True, moved=True)
    frame = traitlets.Dict(FRAME).tag(sync=True)
    rings = traitlets.List().tag(sync=True)
    chart = traitlets.Dict().tag(sync=True)
    walk = traitlets.Dict().tag(sync=True)
    plain = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        self._made_of: dict[str, object] = {}
        super().__init__(alt=ALT)

    @traitlets.validate("start")
    def _apart(self, proposal: dict) -> list[float]:
        """A start in view, and not on the minimum."""
        x, y = (
            min(max(value, low), high)
            for value, low, high in zip(proposal["value"], VIEW[::2], VIEW[1::2], strict=True)
        )
        distance = math.hypot(x, y)
        if distance >= NEAREST:
            return [x, y]
        return [x / distance * NEAREST, y / distance * NEAREST] if distance else [-NEAREST, 0.0]

    def redraw(self) -> None:
        self._part("rings", self._rings, of=self.condition)
        self._part("chart", self._chart, of=(self.convention, self.condition))
        place = (self.condition, self.noise, tuple(self.start))
        # among noise, plain descent's best rate would amplify it most: compare like with like
        best = valley.best_plain(self.condition)
        rate = self.lr if self.noise and self.lr < valley.limit("heavy ball", 0.0) else best
        steps = valley.LENGTHS[0] if self.noise else valley.length(self.condition)
        self._part("plain", self._plain, steps, rate, of=place)
        self._part("walk", self._walk, steps, of=(*place, self.lr, self.mu, self.convention))
        self.sentence = sentence(self)

    def _part(self, name: str, make: Callable[..., object], *given: object, of: object) -> None:
        """Make a part anew where what it is made of has changed."""
        if self._made_of.get(name) != (given, of):
            self._made_of[name] = given, of
            setattr(self, name, make(*given))

    def _rings(self) -> list[list[float]]:
        across = np.array([1.0, 2.4, 3.8, 5.2, 6.6])
        return np.c_[across * math.sqrt(self.condition), across].round(2).tolist()

    def _chart(self) -> dict:
        lr, mu = valley.chart(self.convention, self.condition).best
        shrinks = max(valley.both(self.convention, self.condition, lr, mu))
        shapes = valley.regions(self.convention, self.condition)
        tips = _tips([outlines for _, outlines in shapes])
        return {
            "regions": [_region(*shape, tip) for shape, tip in zip(shapes, tips, strict=True)],
            "best": [lr, mu],
            "steps": valley.whole(valley.tenfold(shrinks)),
        }

    def _plain(self, steps: int, rate: float) -> dict:
        best = rate == valley.best_plain(self.condition)
        return {
            "rate": rate,
            "best": best,
            "steps": steps,
            **self._measured(steps, lr=rate, mu=0.0),
        }

    def _walk(self, steps: int) -> dict:
        return self._measured(steps, lr=self.lr, mu=self.mu, convention=self.convention)

    def _measured(self, steps: int, **setting: object) -> dict:
        found = valley.measure(
            condition=self.condition, noise=self.noise, start=tuple(self.start),
            steps=steps, **setting,
        )  # fmt: skip
        loss = np.maximum(found.loss, 1e-12)  # below every axis
        return {
            "path": found.path.round(3).tolist(),
            "loss": [float(f"{value:.4g}") for value in loss],
            "needs": found.needs,
        }

    def still(self) -> bytes:
        return momentum_still.picture(self)


def _region(steps: float, outlines: list[np.ndarray], tip: list[float]) -> dict:
    """What the page fills, and where it writes the number."""
    return {
        "steps": steps if math.isfinite(steps) else None,
        "tip": tip,
        "outlines": [outline.round(4).tolist() for outline in outlines],
    }


def _tips(bands: list[list[np.ndarray]]) -> list[list[float]]:
    """Of each band and all in it the lowest rate, and there the lowest momentum."""
    tips = []
    points = np.empty((0, 2))
    for outlines in reversed(bands):
        points = np.vstack([points, *outlines])
        left = points[points[:, 0] <= points[:, 0].min() * 1.001]
        tips.append(left[left[:, 1].argmin()].tolist())
    return tips[::-1]


NAMES = {
    "heavy ball": "the heavy ball",
    "Nesterov": "Nesterov's rule",
    "rate inside": "the ball with the rate inside",
    "running mean": "the running mean",
}


def sentence(of: Momentum) -> str:
    """What is to be seen, in numbers that need no scale."""
    factors = valley.both(of.convention, of.condition, of.lr, of.mu)
    who, setting = NAMES[of.convention], f"rate {of.lr:.3g} and momentum {of.mu:.2f}"
    which = "its best" if of.plain["best"] else "the same"
    rate = f"plain descent at {which} rate {of.plain['rate']:.3g}"
    if max(factors) > 1:
        most = valley.limit(of.convention, of.mu)
        return (
            f"At {setting} {who} diverges: with this momentum the rate must stay below "
            f"{most:.3g}. Beside it, in grey: {rate}."
        )
    if max(factors) == 1:
        return f"At {setting} {who} neither comes nearer nor leaves: this is the limit."
    along, across = (_every(factor) for factor in factors)
    slow = along if along == across else f"{along} along the valley and {across} across it"
    if of.noise:
        return (
            f"Noise keeps the loss up. In the later half of its walk {who}, at {setting}, has "
            f"a loss {_level(of.walk)}; {rate} one {_level(of.plain)}. Without noise the loss "
            f"would fall tenfold {slow}."
        )
    return (
        f"{rate[0].upper()}{rate[1:]} {_need(of.plain)} to bring the loss to a millionth; "
        f"{who} at {setting} {_need(of.walk)}. In the long run its loss falls tenfold {slow}. "
        f"At the best point of the map: {_steps(of.chart['steps'])}."
    )


def _steps(count: int) -> str:
    return f"{count:,} step{'s' * (count != 1)}"


def _every(factor: float) -> str:
    count = valley.whole(valley.tenfold(factor))
    return "in one step" if count == 1 else f"every {_steps(count)}"


def _need(walk: dict) -> str:
    if walk["needs"] is None:
        return f"needs more than {_steps(len(walk['loss']) - 1)}"
    return f"needs {_steps(walk['needs'])}"


def _level(walk: dict) -> str:
    """The later losses' mean beside the first one."""
    part = float(np.mean(walk["loss"][len(walk["loss"]) // 2 :]))
    if part < 1:
        return f"{human(1 / part)} times smaller than at the start"
    return f"{human(part)} times as large as at the start"
