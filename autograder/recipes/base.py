"""What a recipe is, and fresh inputs for one call: recipes built, everything else copied."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


class Recipe:
    """How to build one input, as data.  A frozen dataclass, whose fields cross the wire."""

    def build(self, beside: Mapping[str, Any]) -> Any:
        """The real thing, fresh; `beside` holds the inputs that were built before it."""
        raise NotImplementedError

    def each_tensor(self, _change: Callable[[Tensor], Tensor]) -> "Recipe":
        """The same recipe with every tensor in it replaced."""
        return self

    def watched(self, _built: Any) -> Any:
        """What of it has to be after a call as it was before; nothing, if it is to change."""
        return None

    def altered(self, built: Any) -> bool:
        """Whether what was built from this recipe no longer is what the recipe says."""
        now = self.watched(built)
        return now is not None and altered(self.watched(self.build({})), now)

    def refers(self) -> bool:
        """Whether it is made of another input, so that it has to be built after that one."""
        return False


def build_all(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of one call; those that refer to another are built from that very one."""
    built: dict[str, Any] = {}
    for name in sorted(inputs, key=lambda name: _refers(inputs[name])):
        built[name] = build(inputs[name], built)
    return built


def _refers(value: Any) -> bool:
    return isinstance(value, Recipe) and value.refers()


def build(value: Any, beside: Mapping[str, Any] | None = None) -> Any:
    """Recipes built, everything else copied."""
    if isinstance(value, Recipe):
        return value.build(beside or {})
    if isinstance(value, torch.Generator):
        copy = torch.Generator(value.device)
        copy.set_state(value.get_state())
        return copy
    if isinstance(value, Tensor):
        return spread(value) if not value.is_contiguous() else value.clone()
    if isinstance(value, Mapping):
        return {key: build(part, beside) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(build(part, beside) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(build(part, beside) for part in value)
    return value


def each_tensor(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same nested inputs with every tensor replaced."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Recipe):
        return value.each_tensor(change)
    if isinstance(value, Mapping):
        return {key: each_tensor(part, change) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(each_tensor(part, change) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(each_tensor(part, change) for part in value)
    return value


def spread(tensor: Tensor) -> Tensor:
    """The same values with a gap after each entry, so that they are not contiguous."""
    return torch.stack([tensor, torch.full_like(tensor, 7)], dim=-1)[..., 0]


def watched(value: Any, built: Any) -> Any:
    """What of an input has to be as it was: all of it, but for what recipes know better."""
    if isinstance(value, torch.Generator):  # drawing from it is the point
        return None
    if isinstance(value, Recipe):
        return value.watched(built)
    if isinstance(value, Mapping) and isinstance(built, Mapping):
        return {key: watched(value.get(key), part) for key, part in built.items()}
    nested = isinstance(value, list | tuple) and isinstance(built, list | tuple)
    if nested and len(value) == len(built):
        return [watched(*each) for each in zip(value, built, strict=True)]
    return built


def altered(before: Any, after: Any) -> bool:
    """Whether an input is no longer what it was when it was built."""
    if isinstance(before, torch.Generator):  # drawing from it is the point
        return False
    if isinstance(before, Recipe):
        return before.altered(after)
    if isinstance(before, Tensor):
        if not isinstance(after, Tensor) or before.shape != after.shape:
            return True
        same = (before == after) | ((before != before) & (after != after))
        return before.dtype != after.dtype or not bool(same.all())
    if isinstance(before, Mapping):
        if not isinstance(after, Mapping) or before.keys() != after.keys():
            return True
        return any(altered(before[key], after[key]) for key in before)
    if isinstance(before, list | tuple):
        if not isinstance(after, list | tuple) or len(before) != len(after):
            return True
        return any(map(altered, before, after))
    if type(before) is not type(after):
        return True
    return before != after and not (before != before and after != after)  # NaN is as it was
