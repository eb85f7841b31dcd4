"""What goes into a function and comes out of it, in words for one who unfolds a case.

A small tensor is written out, of a large one its first entries and what they are like; a
model, a schedule and whatever else a recipe builds is told in a sentence.
"""

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor

from autograder import recipes
from autograder.compare import number
from autograder.report.entries import WHOLE, entries, kind, tensor
from autograder.report.shown import numbers_in, shown

NEW_LINE = "\n"
LINES = 12  # of a model's tensors, of a list's parts: enough to see what it is about
LONGEST = 600  # characters of one value


def keyed(key: int | str, text: str) -> str:
    """One part of a value with its number or name; below the name what takes several lines."""
    name = f"[{key}]" if isinstance(key, int) else f"{key}:"
    return f"{name}{NEW_LINE if NEW_LINE in text and isinstance(key, str) else ' '}{text}"


DEEP = (Tensor, Mapping, list, tuple)


def lines(parts: Iterable[str]) -> str:
    """The first of some parts, each on a line of its own, and how many more there are."""
    parts = list(parts)
    more = [f"and {len(parts) - LINES} more"] * (len(parts) > LINES)
    return "\n".join([*parts[:LINES], *more])


def cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


@singledispatch
def described(value: Any) -> str:
    """One input or result in words and numbers."""
    return shown(value)


@described.register
def _(value: Tensor) -> str:
    return tensor(value)


@described.register
def _(_value: torch.Generator) -> str:
    return "a generator of random numbers"


@described.register(Mapping)
def _(value: Mapping) -> str:
    return lines(keyed(k, described(part)) for k, part in numbers_in(value).items())


@described.register(list)
@described.register(tuple)
def _(value: list | tuple) -> str:
    keys = getattr(value, "_fields", range(len(value)))
    if not any(isinstance(part, (*DEEP, recipes.Recipe)) for part in value):
        return shown(value)
    kinds = {kind(part) if _is_row(part) else "" for part in value}
    if len(value) > 1 and len(kinds) == 1 and kinds != {""}:  # say once what all of them are
        return f"each {kinds.pop()}\n" + lines(map(keyed, keys, map(entries, value)))
    return lines(map(keyed, keys, map(described, value)))


def _is_row(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() == 1 and value.numel() <= WHOLE


@described.register
def _(value: recipes.Function) -> str:
    times = "" if value.factor == 1 else f"{number(value.factor)} times "
    return f"the function “{times}{value.name}”"


@described.register
def _(value: recipes.Network) -> str:
    """Layers by name; the numbers that they hold by their shapes."""
    mode = "training" if value.training else "evaluation"
    layers = ", ".join(map(_layer, value.layers))
    said = [f"a model in {mode} mode: {layers}"]
    said += [f"layer {number} is in evaluation mode" for number in value.evaluating]
    said += [f"{name} is frozen" for name in value.frozen]
    held = {**value.parameters, **{f"gradient of {n}": g for n, g in value.gradients.items()}}
    return lines([*said, *(f"{name}: {tensor(held[name])}" for name in held)])


def _layer(how: tuple) -> str:
    name, *arguments = how
    if name == "Sequential":
        return f"({', '.join(map(_layer, arguments))})"
    said = []
    for each in arguments:
        named = isinstance(each, Mapping)
        said += [f"{k}={v}" for k, v in each.items()] if named else [str(each)]
    return f"{name}({', '.join(said)})"


@described.register
def _(value: recipes.Traced) -> str:
    return f"{tensor(value.tensor)}\n(the gradient with respect to it is judged as well)"


@described.register
def _(value: recipes.Leaf) -> str:
    gradient = "none" if value.gradient is None else tensor(value.gradient)
    return f"a parameter: {tensor(value.tensor)}\nits gradient: {gradient}"


@described.register
def _(value: recipes.Written) -> str:
    return f"{described(value.value)}\n(to be written into)"


def _settings(settings: Mapping[str, Any]) -> str:
    return "".join(f", {name}={shown(value)}" for name, value in settings.items())


@described.register
def _(value: recipes.Stepper) -> str:
    return f"{value.name} for `{value.of}`{_settings(value.settings)}"


@described.register
def _(value: recipes.Grouped) -> str:
    rates = ", ".join(map(number, value.rates))
    return f"{value.name} over groups with the rates {rates}{_settings(value.settings)}"


@described.register
def _(value: recipes.Each) -> str:
    return "one for each call:\n" + described(list(value.values))


@described.register
def _(value: recipes.Refused) -> str:
    return f"{described(value.value)}\n(to be refused by a {value.error})"


@described.register
def _(value: recipes.Carried) -> str:
    return f"at first {described(value.first)}, then what the last call returned"


@described.register
def _(value: recipes.Once) -> str:
    return "an iterator, to be run through once, over\n" + described(list(value.values))


@described.register
def _(value: recipes.Planned) -> str:
    return f"a schedule that gives {shown(list(value.factors))}"


@described.register
def _(value: recipes.Downhill) -> str:
    return f"computes the loss and its gradient for `{value.of}`"
