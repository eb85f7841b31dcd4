"""What came back from a submission, as data that can be compared and sent."""

from collections.abc import Iterator
from itertools import islice
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from autograder.compare import Foreign
from autograder.recipes import Leaf, OnceThrough, Walk

SHOWN = 200  # characters of a text that a report repeats
DEEPEST = 20  # levels of nesting that a result may have
MOST = 1000  # values that are taken from an iterator
ENTRIES = 10_000_000  # of a tensor: an expanded one has billions, and its copy fills the memory
BITS = 1024  # of an int that a result may hold: no float reaches further


def contents(recipe: Any, built: Any) -> Any:
    """What something that was to be written into holds now."""
    if isinstance(built, nn.Module):
        parameters = dict(built.named_parameters())
        asking = {name: parameter.requires_grad for name, parameter in parameters.items()}
        gradients = {name: parameter.grad for name, parameter in parameters.items()}
        hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in built.modules())
        trained = {"asks for gradients": asking, "gradients": plain(gradients)}
        return {**parts(built), **trained, "hooks": hooks}
    if isinstance(built, torch.optim.Optimizer):
        stored = built.state_dict()
        return plain({"settings": stored["param_groups"], "state": stored["state"]})
    if isinstance(recipe, Leaf):
        leaf = {"values": built, "asks for gradients": built.requires_grad}
        return plain({**leaf, "gradient": built.grad})
    if isinstance(built, OnceThrough):
        built = built.held
    if isinstance(built, Walk):
        return plain(built.held())
    if isinstance(built, list | tuple):
        inside = getattr(recipe, "values", recipe)
        return [contents(*each) for each in zip(inside, built, strict=True)]
    return plain(built)


def parts(model: nn.Module) -> dict[str, Any]:
    """A model as data: what its layers say of themselves, their modes, and all tensors."""
    layers = {name: m for name, m in model.named_modules() if not list(m.children())}
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return plain(
        {
            "layers": {n: f"{type(m).__name__}({m.extra_repr()})" for n, m in layers.items()},
            "training": {name: bool(m.training) for name, m in model.named_modules()},
            "tensors": {name: value.detach() for name, value in tensors.items()},
        }
    )


def legible(text: str) -> str:
    """The beginning of a text, as a file can hold it."""
    return _writable(text[:SHOWN])


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # no half characters


def plain(value: Any, depth: int = 0) -> Any:
    """A result as data: tensors without graph, numbers, text and nests of them, all copied.

    What is none of these becomes a `Foreign` that remembers only its type.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):  # of a class of its own, it would compare as it likes
        return _writable(str.__str__(value))
    if isinstance(value, Tensor):
        with torch._C.DisableTorchFunctionSubclass():
            return _dense(value)
    if isinstance(value, np.ndarray) and np.ndim(value) == 0 and value.dtype.kind in "biuf":
        value = np.ndarray.item(value)  # what np.where gives for a number is a number
        if isinstance(value, bool):
            return value
    if isinstance(value, Integral):
        whole = int(value)
        return whole if whole.bit_length() <= BITS else Foreign("an int of over 300 digits")
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Iterator) and depth == 0:
        return [plain(part, 1) for part in islice(value, MOST)]
    if depth < DEEPEST and isinstance(value, list | tuple | dict):
        if isinstance(value, dict):
            return {_key(key): plain(part, depth + 1) for key, part in value.items()}
        parts = [plain(part, depth + 1) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    return Foreign(
        legible(
            f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        )
    )


def _dense(value: Tensor) -> Tensor | Foreign:
    if value.is_nested or value.is_quantized or value.layout != torch.strided:
        return Foreign("a tensor that is sparse, nested or quantized")
    if value.numel() > ENTRIES:
        return Foreign("a tensor of over 10 million entries")
    return value.detach().clone().as_subclass(Tensor)


def _key(key: Any) -> str | int:
    if isinstance(key, str):
        return _writable(str.__str__(key))
    return int(key) if isinstance(key, int) else repr(key)
