"""A value in few letters, as it is written in a worked example."""

from typing import Any

from torch import Tensor

from autograder.calling.plain import SHOWN
from autograder.compare import RETURNED, kind_of, number


def shown(value: Any) -> str:
    """A small value, as it is written in a worked example; of a large one, the beginning."""
    text = _written(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _written(value: Any) -> str:
    if isinstance(value, Tensor):
        return _written(value.tolist())
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        value = numbers_in(value)
        return "{" + ", ".join(f"{key}: {_written(part)}" for key, part in value.items()) + "}"
    if value is None or isinstance(value, int | str | bool):
        return repr(value)
    return getattr(value, "name", None) or kind_of(value)


def numbers_in(held: dict) -> dict:
    """Of what was written into, the numbers; and a result only if it is something else."""
    if "hooks" in held and isinstance(held.get("tensors"), dict):
        return held["tensors"]
    if "asks for gradients" in held:
        return {key: held[key] for key in ("values", "gradient") if held.get(key) is not None}
    written = [part.get("values") for part in held.values() if isinstance(part, dict)]
    result = held.get(RETURNED)
    again = any(_equal(result, values) for values in written)
    return {k: v for k, v in held.items() if k != RETURNED or not (again or v is None)}


def _equal(one: Any, other: Any) -> bool:
    tensors = isinstance(one, Tensor) and isinstance(other, Tensor)
    return tensors and one.dtype == other.dtype and one.equal(other)
