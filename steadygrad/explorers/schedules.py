"""Chapter 8's explorer: bend a schedule's curve, and see what a small net makes of it."""

import time
import traceback
from collections.abc import Iterator, Mapping

import torch
import traitlets
from torch import Tensor

from steadygrad.explorers.drawn import HERE, Drawn, script
from steadygrad.explorers.plans import GRIPS, LOWEST, NAMES, PEAKS, STEPS, Settings, nudged
from steadygrad.explorers.schedules_still import LOSSES, still
from steadygrad.explorers.trials import EVERY, Measurement, smooth, train
from steadygrad.plots import human

SLICE = 3  # looks that are trained in one go: some 10 ms, so that other messages get in
WHILE_HELD = 0.02  # seconds for an answer: under a moving hand the curve comes first
CONSTANT = NAMES.index("constant")
ENDS = (0.25, 1.0)  # validation losses, in the list
TOPS = [digit * 10.0**power for power in (-2, -1, 0) for digit in (1, 2, 4)]
CHOICES = {  # what no handle sets: its label, its values, and which schedules need it
    "batch_size": ("Batch size", [2**power for power in range(9)], NAMES),
    "mult": ("Each cycle longer ×", [1, 2, 3], ("warm restarts",)),
    "gamma": ("Each drop ×", [0.03, 0.1, 0.2, 0.5, 0.8], ("plateau",)),
}
ALT = (
    "Above, the learning rate over 200 steps under ten schedules: the chosen one in colour "
    "with handles on its curve, the others grey. Below, on the same steps, the loss of a small "
    "network trained under each of them, on a logarithmic axis, and beside it each one's "
    "validation loss at the end."
)


def packed(seen: Measurement) -> dict[str, object]:
    """A run's numbers for the page: arrays of float32, row after row."""
    arrays = {
        "rates": seen.rates,
        "losses": seen.losses,
        "smooth": smooth(seen.losses),
        "ends": seen.validation,
    }
    finite = {name: array.nan_to_num(torch.nan, 1e9) for name, array in arrays.items()}
    return {"step": seen.step} | {n: array.numpy().tobytes() for n, array in finite.items()}


class Designer(Drawn):
    """Ten schedules, one of which is bent by its handles, and the runs under them.

    The page sends what was moved, and asks for the next steps as soon as it has drawn the last:
    so nothing runs in the kernel between two messages, and a page that is closed, or paused,
    trains nothing.
    """

    _esm = script("schedules_parts.js", "schedules.js")
    _css = Drawn._css + (HERE / "schedules.css").read_text(encoding="utf-8")
    constants = traitlets.Dict().tag(sync=True)
    front = traitlets.Unicode("warm-up cosine").tag(sync=True)
    now = traitlets.Dict().tag(sync=True)
    before = traitlets.Dict(None, allow_none=True).tag(sync=True)
    grips = traitlets.List().tag(sync=True)
    choices = traitlets.List().tag(sync=True)
    top = traitlets.Float(0.4).tag(sync=True)  # of the linear axis
    answered = traitlets.Int(0).tag(sync=True)  # the number of the last message

    def __init__(self):
        self._held = False
        self._earlier: Measurement | None = None
        self._begin(Settings())
        self._train(STEPS)
        constants = dict(names=NAMES, steps=STEPS, every=EVERY, lowest=LOWEST)
        super().__init__(alt=ALT, constants=constants | dict(losses=LOSSES, ends=ENDS))
        self.on_msg(self._receive)

    # ── The run ─────────────────────────────────────────────────────────────────────

    @property
    def settings(self) -> Settings:
        return self._seen.settings

    def _begin(self, settings: Settings) -> None:
        self._run: Iterator[Measurement] = train(settings)
        self._seen = next(self._run)

    def _train(self, steps: int) -> None:
        for _ in range(steps // EVERY):
            if self._seen.done:
                return
            self._seen = next(self._run)

    def _train_until(self, end: float) -> None:
        while time.perf_counter() < end and not self._seen.done:
            self._train(EVERY)

    def change(self, settings: Settings) -> None:
        """Train anew under other settings; these are always the latest, an older run ends."""
        if settings == self.settings:
            return
        if self._seen.done and not self._held:
            self._earlier = self._seen
        self._begin(settings)

    # ── What the page says ──────────────────────────────────────────────────────────

    def _receive(self, _widget: object, content: Mapping, _buffers: object) -> None:
        begun = time.perf_counter()
        with self._lock, self.hold_sync():
            self.answered, self.error = content["number"], ""  # in any case: the page waits
            try:
                for message in content["messages"]:
                    getattr(self, f"_on_{message['do']}")(message)
                if self._held:
                    self._train_until(begun + WHILE_HELD)
                self.redraw()
            except Exception:  # whatever it is: say so where it is seen
                self.error = traceback.format_exc(limit=-2)

    def _on_grab(self, _message: Mapping) -> None:
        if self._seen.done:
            self._earlier = self._seen
        self._held = True

    def _on_release(self, _message: Mapping) -> None:
        self._held = False

    def _on_drag(self, message: Mapping) -> None:
        grip = GRIPS[self.front].get(message["grip"])
        if grip:  # else it is of the schedule that was in front a moment ago
            self.change(grip.to(self.settings, message["step"], message["rate"]))

    def _on_nudge(self, message: Mapping) -> None:
        grip = GRIPS[self.front].get(message["grip"])
        if grip:
            self.change(nudged(self.settings, grip, message["across"], message["up"]))

    def _on_choose(self, message: Mapping) -> None:
        self.change(self.settings._replace(**{message["name"]: message["value"]}))

    def _on_front(self, message: Mapping) -> None:
        self.front = message["name"]

    def _on_train(self, _message: Mapping) -> None:
        self._train(SLICE * EVERY)

    def _on_again(self, _message: Mapping) -> None:
        self._begin(self.settings)

    # ── What the page is told ───────────────────────────────────────────────────────

    def redraw(self) -> None:
        """Send what is drawn: all of it, as arrays this small cost nothing."""
        self.now = packed(self._seen)
        self.before = self._earlier and packed(self._earlier)
        self.grips = [self._grip(name) for name in GRIPS[self.front]]
        self.choices = [
            {"name": n, "label": label, "values": v, "value": getattr(self.settings, n)}
            for n, (label, v, needs) in CHOICES.items()
            if self.front in needs
        ]
        if not self._held:  # an axis that moves under the hand cannot be aimed at
            self.top = min(top for top in TOPS if top >= 1.3 * self.settings.peak)
        if self._seen.done:  # numbers on the way would be read out all the time
            self.sentence = self._sentence()

    def _grip(self, name: str) -> dict[str, object]:
        grip = GRIPS[self.front][name]
        step, rate = grip.at(self.settings)
        words = {"x": f"step {step:g}", "y": f"rate {human(rate)}"}
        return {
            "name": name,
            "label": grip.label,
            "ways": grip.ways,
            "step": step,
            "rate": rate,
            "now": step if grip.ways == "x" else rate,
            "max": STEPS if grip.ways == "x" else PEAKS[1],
            "text": ", ".join(words[way] for way in reversed(grip.ways)),
        }

    def _sentence(self) -> str:
        ends = self._seen.validation.nan_to_num(torch.inf)
        row, lowest = NAMES.index(self.front), int(ends.argmin())
        said = [f"With {self.front} the validation loss ends at {_loss(ends[row])}"]
        if self._earlier:
            said.append(f"before the change it was {_loss(self._earlier.validation[row])}")
        if row != CONSTANT:
            rate = human(self.settings.peak)
            said.append(f"a constant rate of {rate} ends at {_loss(ends[CONSTANT])}")
        if _loss(ends[row]) == _loss(ends[lowest]):
            said.append("none of the ten ends lower")
        else:
            said.append(f"the lowest is {_loss(ends[lowest])}, with {NAMES[lowest]}")
        return f"{'; '.join(said)}. This is one net from one start: other batches, other ranks."

    def still(self) -> bytes:
        """Both panels as a PNG picture."""
        return still(self._seen, self.front, self.top)


def _loss(value: float | Tensor) -> str:
    """Two digits after the point, as in the page."""
    return f"{float(value):.2f}" if value < 100 else "more than 100"


def explorer() -> Designer:
    """A schedule with handles on its curve; all ten behind it, and what a net learns."""
    return Designer()
