"""What a constant could be: the numbers of a case, and what formulas make of them."""

import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from autograder.compare import number
from autograder.recipes import Each, Traced
from autograder.spec import Exercise


def quantities(exercise: Exercise, inputs: Mapping[str, Any]) -> dict[str, float]:
    """Every quantity of a case by its description; simple ones first, first names win."""
    found: dict[str, float] = {}
    settings = dict(_settings(exercise, inputs))
    counts = dict(_counts(exercise, inputs))
    for name, value in settings.items():
        _add(found, _forms(name, value))
    for name, count in counts.items():
        _add(found, _counted(name, count))
    for one, a in settings.items():
        for other, b in settings.items():
            if one < other:
                _add(found, [(f"{one} · {other}", a * b)])
            if one != other and b:
                _add(
                    found,
                    [(f"{one} / {other}", a / b), (f"(1 − {one}) · {other}", (1 - a) * b)],
                )
    return found


def _add(found: dict[str, float], more) -> None:
    for said, value in more:
        if math.isfinite(value) and value not in (0.0, 1.0, -1.0):
            found.setdefault(said, value)


def _forms(name: str, v: float) -> Iterator[tuple[str, float]]:
    yield name, v
    yield f"1 − {name}", 1 - v
    yield f"1 + {name}", 1 + v
    if v:
        yield f"1 / {name}", 1 / v
    if v not in (0, 1):
        yield f"1 / (1 − {name})", 1 / (1 - v)
    yield f"{name}²", v * v
    if v > 0:
        yield f"√{name}", math.sqrt(v)
        yield f"1 / √{name}", 1 / math.sqrt(v)
    yield f"2 {name}", 2 * v


def _counted(name: str, n: int) -> Iterator[tuple[str, float]]:
    if n < 2:
        return
    yield name, n
    yield f"1 / {name}", 1 / n
    yield f"√{name}", math.sqrt(n)
    yield f"1 / √{name}", 1 / math.sqrt(n)
    yield f"{name}²", n * n
    yield f"{name} − 1", n - 1
    yield f"1 / ({name} − 1)", 1 / (n - 1)
    yield f"n / (n − 1), where n is {name}", n / (n - 1)
    yield f"(n − 1) / n, where n is {name}", (n - 1) / n
    yield f"√(n / (n − 1)), where n is {name}", math.sqrt(n / (n - 1))
    yield f"√((n − 1) / n), where n is {name}", math.sqrt((n - 1) / n)


def _settings(exercise: Exercise, inputs: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """All plain numbers that a case sets, or leaves at their defaults."""
    for name, parameter in inspect.signature(exercise.target).parameters.items():
        value = inputs.get(name, parameter.default)
        if isinstance(value, tuple) and all(isinstance(part, float) for part in value):
            for place, part in zip(("first", "second", "third"), value, strict=False):
                yield f"the {place} of {name}", part
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value
        elif isinstance(value, Tensor) and value.dim() == 0:
            yield name, float(value)


def _counts(exercise: Exercise, inputs: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """How long tensors and lists are, by the names that the signature gives their axes."""
    parameters = inspect.signature(exercise.target).parameters
    for name, value in inputs.items():
        value = value.tensor if isinstance(value, Traced) else value
        value = value.values[0] if isinstance(value, Each) and len(value.values) else value
        if isinstance(value, Tensor) and value.dim():
            axes = str(getattr(parameters[name].annotation, "dim_str", "")).split()
            named = len(axes) == value.dim() and all(axis.isidentifier() for axis in axes)
            for axis, length in enumerate(value.shape):
                of = f"the {axes[axis]} axis" if named else f"{name} along axis {axis}"
                yield f"the length of {of}", length
            yield f"the number of entries of {name}", value.numel()
        elif isinstance(value, list | tuple) and value and not isinstance(value[0], float):
            yield f"the length of {name}", len(value)


def matching(found: list[dict[str, float]], constants: list[float]) -> str:
    """The quantity that is this constant in every case, "" if there is none."""
    pairs = list(zip(found, constants, strict=True))
    for said in found[0] if found else ():
        if all(said in of and math.isclose(of[said], c, rel_tol=1e-4) for of, c in pairs):
            return said
    return ""


def shown(constant: float) -> str:
    """A constant as it stands in a sentence."""
    return number(float(constant)).replace("-", "−")
