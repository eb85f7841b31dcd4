"""Slips that need no list: what goes wrong with any function that has settings.

A setting that is ignored, a default of one's own, two arguments exchanged, everything in
float32: each is the reference, or a misconception, called with other inputs than were given.
"""

import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from autograder.cases import draw
from autograder.compare import number
from autograder.diagnose.made_up import (
    ABSENT,
    Fault,
    alike,
    always,
    fault,
    in_every_case,
    replacing,
)
from autograder.recipes import Carried, Each, Recipe, each_tensor
from autograder.spec import Exercise

TINY = (0.0, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
SHARES = (0.0, 1.0, 0.9, 0.5, 0.1, 0.99, 0.999, 0.01)
LARGE = (0.0, 1.0, 2.0, 0.5, 0.1, 0.01, 10.0)
FEW = (0.0, 1.0)  # where one answer takes a training run


@lru_cache(maxsize=256)
def faults(exercise: Exercise, few: bool = False) -> tuple[Fault, ...]:
    """Every derived fault of an exercise, the plainest first; `few` leaves out the unusual."""
    parameters = inspect.signature(exercise.target).parameters
    drawn = [case.inputs for case in draw(exercise, 0)]
    found: list[Fault] = []
    for name, parameter in parameters.items():
        given = [inputs[name] for inputs in drawn if name in inputs]
        default = parameter.default
        default = ABSENT if default is inspect.Parameter.empty else default
        found += ignored(name, given, default, few)
        if default is not ABSENT and len(given) < len(drawn):
            found += other_defaults(name, default, few)
        found += miscounted(name, given, few)
        found += not_carried(name, given)
    found += exchanged(list(parameters), drawn)
    return (*found, *narrow(drawn))


def ignored(name: str, given: list, default: Any, few: bool) -> Iterator[Fault]:
    """The setting's default, or a usual constant, in place of what is given."""
    plain = [value for value in given if not isinstance(value, Recipe)]
    if default is not ABSENT and any(not alike(value, default) for value in plain):
        yield fault(
            f"{name} ignored",
            f"Your answer is the same whatever {name} is: it is what comes out with {shown(default)}, "
            "the default.",
            f"Use the argument {name} wherever the formula has it, as it was given.",
            **replacing(name, default),
        )
    if all(isinstance(value, bool) for value in plain) and plain:
        yield fault(
            f"{name} the other way round",
            f"You do with {name} what belongs to the case without it, and the reverse.",
            f"Try both values of {name} by hand, and look at which branch each one takes.",
            change=lambda inputs: {**inputs, name: not inputs.get(name, default)},
            touches=in_every_case,
        )
        for constant in (True, False):
            if constant is not default and not all(value is constant for value in plain):
                yield fault(
                    f"{name} ignored",
                    f"Your answer is the same whatever {name} is: it is the one for {constant}.",
                    f"Look where {name} has to make a difference.",
                    **replacing(name, constant),
                )
    elif plain and all(isinstance(value, Real) for value in plain):
        for constant in usual(plain, default, few):
            if alike(constant, default) or all(alike(value, constant) for value in plain):
                continue
            whole = all(isinstance(value, int) for value in plain)
            if whole and constant != int(constant):
                continue
            yield fault(
                f"{name} taken as {number(constant)}",
                f"Your answer is what comes out with {name} = {number(constant)}, whatever is "
                "given.",
                f"Use the argument {name} wherever the formula has it, as it was given.",
                **always(name, int(constant) if whole else constant, default),
            )
    elif plain and all(
        isinstance(value, Tensor) and value.is_floating_point() for value in plain
    ):
        yield from blank(name)
    elif plain and all(isinstance(value, tuple) and len(value) == 2 for value in plain):
        yield from halves(name, default)


def usual(given: list, default: Any, few: bool) -> tuple[float, ...]:
    """What people write for a number of this size without thinking."""
    sizes = [abs(value) for value in (*given, default) if isinstance(value, Real)]
    if few:
        return FEW
    if isinstance(default, float) and 0 < default < 0.005:
        return TINY
    return SHARES if max(sizes, default=0) <= 1 else LARGE


def blank(name: str) -> Iterator[Fault]:
    """A tensor left out of the formula: as if it were all ones, or all zeros."""
    for fill, said in ((torch.ones_like, "ones"), (torch.zeros_like, "zeros")):
        yield fault(
            f"{name} left out",
            f"Your answer is what comes out where {name} is all {said}, whatever is given.",
            f"Find the place of {name} in the formula, and use it there.",
            change=lambda inputs, fill=fill: {**inputs, name: fill(inputs[name])},
            touches=lambda inputs: isinstance(inputs.get(name), Tensor),
        )


def halves(name: str, default: Any) -> Iterator[Fault]:
    """A setting that is two numbers: exchanged, or one of them ignored."""
    yield fault(
        f"the two {name} exchanged",
        f"Your answer is what comes out with the two numbers of {name} exchanged.",
        f"Look up which of the two {name} belongs to which mean.",
        change=lambda inputs: {**inputs, name: tuple(inputs.get(name, default))[::-1]},
        touches=in_every_case,
    )
    for which, place in enumerate(("first", "second")):

        def with_one(inputs: Mapping, value: float, which: int = which) -> tuple:
            pair = list(inputs.get(name, default))
            pair[which] = value
            return tuple(pair)

        def both(inputs: Mapping, which: int = which) -> tuple:
            return (tuple(inputs.get(name, default))[which],) * 2

        yield fault(
            f"the {place} of {name} for both",
            f"Your answer is what comes out with the {place} number of {name} in both places.",
            f"There are two numbers in {name}, and each has a place of its own.",
            change=lambda inputs, both=both: {**inputs, name: both(inputs)},
            touches=in_every_case,
        )
        usual = (default[which], 0.0) if isinstance(default, tuple) else (0.0,)
        for value in usual:
            yield fault(
                f"the {place} of {name} taken as {number(value)}",
                f"Your answer is what comes out with {number(value)} for the {place} number of "
                f"{name}, whatever is given.",
                f"Use both numbers of {name}, as they were given.",
                change=lambda inputs, w=with_one, v=value: {**inputs, name: w(inputs, v)},
                touches=in_every_case,
            )


def other_defaults(name: str, default: Any, few: bool) -> Iterator[Fault]:
    """Another value than the signature's where none is given."""
    if isinstance(default, bool):
        others: tuple = (not default,)
    elif isinstance(default, Real):
        others = usual([], default, few)
        if isinstance(default, int):
            others = tuple(int(other) for other in others if other == int(other))
    else:
        return
    for other in others:
        if not alike(other, default):
            yield fault(
                f"another default for {name}",
                f"Where {name} is not given, yours computes with {shown(other)}; the default is "
                f"{shown(default)}.",
                "Keep the first line of the function as the exercise has it, with its defaults.",
                change=lambda inputs, other=other: {name: other, **inputs},
                touches=lambda inputs: name not in inputs,
            )


def miscounted(name: str, given: list, few: bool) -> Iterator[Fault]:
    """A whole number that is one more, or one less, than it should be."""
    values = [v for g in given for v in (g.values if isinstance(g, Each) else [g])]
    if few or not values or not all(type(value) is int for value in values):
        return
    for step, said in ((1, "one more"), (-1, "one less")):
        yield fault(
            f"{said} than {name}",
            f"Your answer is what comes out with {name} {'+' if step > 0 else '−'} 1 in place of {name}.",
            f"Find the place where you count: it is off by one. Try the smallest {name} by hand.",
            change=lambda inputs, step=step: {**inputs, name: inputs[name] + step},
            touches=lambda inputs: name in inputs,
        )


def not_carried(name: str, given: list) -> Iterator[Fault]:
    if given and all(isinstance(value, Carried) for value in given):
        yield fault(
            f"{name} not used",
            "Each of your steps is a first step: nothing is left of the steps before it.",
            f"What the last step returned comes in as {name}: compute with it, and return what "
            "the next step needs.",
            change=lambda inputs: {**inputs, name: None},
            touches=in_every_case,
        )


def exchanged(names: list[str], drawn: list[Mapping]) -> Iterator[Fault]:
    """Two arguments of one kind in each other's place."""
    for one, other in combinations(names, 2):
        both = [(inputs[one], inputs[other]) for inputs in drawn
                if one in inputs and other in inputs]  # fmt: skip
        if both and all(interchangeable(*pair) for pair in both):
            yield fault(
                f"{one} and {other} exchanged",
                f"Your answer is what comes out with {one} and {other} exchanged.",
                f"Look at each place where {one} or {other} stands, and ask which belongs there.",
                change=lambda inputs, a=one, b=other: {**inputs, a: inputs[b], b: inputs[a]},
                touches=lambda inputs, a=one, b=other: a in inputs and b in inputs,
            )


def narrow(drawn: list[Mapping]) -> Iterator[Fault]:
    """Everything in float32, whatever came in."""
    if not any(_floats(inputs) for inputs in drawn):
        return
    yield fault(
        "float32 whatever came in",
        "Your answer is in float32, with the digits of float32, whatever dtype came in.",
        "Compute in the dtype of the inputs: leave out what turns them into float32.",
        change=lambda inputs: each_tensor(inputs, _narrowed),
        touches=lambda inputs: torch.float32 not in _floats(inputs) and bool(_floats(inputs)),
    )


def _narrowed(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _floats(inputs: Mapping) -> set[torch.dtype]:
    seen: set[torch.dtype] = set()

    def note(tensor: Tensor) -> Tensor:
        seen.add(tensor.dtype)
        return tensor

    each_tensor({n: v for n, v in inputs.items() if not _model(v)}, note)
    return {dtype for dtype in seen if dtype.is_floating_point}


def _model(value: Any) -> bool:
    return isinstance(value, Recipe) and not isinstance(value, Each | Carried)


def interchangeable(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and one.dtype == other.dtype
    numbers = (float, int)
    return type(one) is type(other) and type(one) in numbers


def shown(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)
