"""Sliders and choices of an explorer: what they stand at, and the places they may stand at.

The page draws them as the browser's own inputs, which have names for screen readers, and obey
mouse, touch and keyboard.  A control there is a number of a place: what a place is worth, and
how that is written, is said here.
"""

from collections.abc import Callable, Sequence
from typing import Any

import traitlets


class Control(traitlets.HasTraits):
    """A value out of a list of them, with a name.  A value in between becomes the nearest."""

    kind = "range"  # of the page's input
    label = traitlets.Unicode()
    value = traitlets.Any()
    disabled = traitlets.Bool(False)
    hidden = traitlets.Bool(False)
    aside = traitlets.Bool(False)  # folded away until a reader asks for more

    def places(self) -> list[Any]:
        """Every value that it may stand at, in order."""
        raise NotImplementedError

    def written(self, value: Any) -> str:
        """The value as a reader sees it."""
        return str(value)

    def described(self) -> dict[str, Any]:
        """What the page needs to draw it."""
        return {
            "kind": self.kind,
            "label": self.label,
            "texts": [self.written(value) for value in self.places()],
            "disabled": self.disabled,
            "hidden": self.hidden,
            "aside": self.aside,
        }

    @property
    def place(self) -> int:
        return self.places().index(self.value)

    @place.setter
    def place(self, number: int) -> None:
        places = self.places()
        self.value = places[min(number, len(places) - 1)]

    @traitlets.validate("value")
    def _nearest(self, proposal: Any) -> Any:
        return min(self.places(), key=lambda place: abs(place - proposal["value"]))


class Slider(Control):
    """Numbers in even steps, written in Python's `form`, as ".2f", or as `write` does."""

    min, max, step = traitlets.Any(0), traitlets.Any(1), traitlets.Any(1)

    def __init__(
        self,
        label: str,
        value: float,
        *,
        form: str = "",
        write: Callable[[float], str] | None = None,
        **options: Any,
    ):
        self._write = write or (lambda value: f"{value:{form}}".replace("-", "−"))
        super().__init__(label=label, **options)
        self.value = value

    def places(self) -> list[float]:
        return [self._at(number) for number in range(self._steps() + 1)]

    def written(self, value: float) -> str:
        return self._write(value)

    def _steps(self) -> int:
        return round((self.max - self.min) / self.step)

    def _at(self, number: int) -> float:
        return round(self.min + number * self.step, 10)

    @traitlets.observe("min", "max", "step")
    def _stay_inside(self, _change: object) -> None:
        if self.value is not None:
            self.value = self.value  # looked at again, and taken to the nearest


class LogSlider(Slider):
    """Powers of `base` in even steps of their exponents, from `min` to `max`."""

    base = traitlets.Any(10)

    def _at(self, number: int) -> float:
        return float(self.base) ** super()._at(number)


class Choice(Control):
    """One of a few things: a list to unfold, of `options` by their names."""

    kind = "choice"
    options = traitlets.List()

    def __init__(self, label: str, value: Any, options: Sequence[Any], **traits: Any):
        super().__init__(label=label, options=list(options), **traits)
        self.value = value

    def places(self) -> list[Any]:
        return self.options

    @traitlets.validate("value")
    def _one_of_them(self, proposal: Any) -> Any:
        if proposal["value"] not in self.options:
            raise ValueError(
                f"{self.label!r} can be one of {self.options!r}, but not {proposal['value']!r}."
            )
        return proposal["value"]


class Stops(Choice):
    """One of a few numbers, as a slider."""

    kind = "range"
