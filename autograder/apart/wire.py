"""Plain data between two processes that do not trust each other.

A message is JSON, in which each tensor is a number, and the tensors themselves in
safetensors' format: nothing that is read can run.  Sizes are checked before anything is
allocated.
"""

import importlib
import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from autograder.compare import Foreign
from autograder.recipes import RECIPES, Recipe, spread

LENGTHS = struct.Struct("<QQ")  # of the JSON part, of the tensors
LARGEST = (16 * 2**20, 64 * 2**20)  # bytes; text takes many times its size once it is read
SENDABLE = {
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
}  # fmt: skip


class WireError(Exception):
    """What arrived is not a message."""


def send(stream: BinaryIO, value: Any) -> None:
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_packed(value, tensors)).encode()
    blob = safetensors.torch.save(tensors) if tensors else b""
    _measure(len(text), len(blob))
    stream.write(LENGTHS.pack(len(text), len(blob)) + text + blob)
    stream.flush()


def receive(stream: BinaryIO, *, trusted: bool = False) -> Any:
    """The next message.  Only a `trusted` sender may name recipes and types to build."""
    lengths = LENGTHS.unpack(_exactly(stream, LENGTHS.size))
    _measure(*lengths)
    text, blob = (_exactly(stream, length) for length in lengths)
    try:
        tensors = safetensors.torch.load(blob) if blob else {}
        return _unpacked(json.loads(text), tensors, trusted)
    except (
        ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError,
        RuntimeError, OverflowError, MemoryError, safetensors.SafetensorError,
    ) as error:  # fmt: skip
        raise WireError(f"not a message: {error}") from error


def _measure(*lengths: int) -> None:
    for length, most in zip(lengths, LARGEST, strict=True):
        if length > most:
            raise WireError(f"larger than {most // 2**20} MiB")


def _exactly(stream: BinaryIO, length: int) -> bytes:
    parts, missing = [], length
    while missing:
        part = stream.read(missing)
        if not part:
            raise EOFError
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _packed(value: Any, tensors: dict[str, Tensor]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        if value.dtype not in SENDABLE or value.is_sparse or value.is_meta:
            return {"foreign": f"a tensor of {value.dtype} on {value.device}"}
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name, "spread": not value.is_contiguous()}
    if isinstance(value, torch.Generator):
        return {"generator": _packed(value.get_state(), tensors)}
    if isinstance(value, Recipe):
        fields = {key: _packed(part, tensors) for key, part in vars(value).items()}
        return {"recipe": type(value).__name__, "fields": list(fields.items())}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(k, tensors), _packed(v, tensors)] for k, v in value.items()]}
    if isinstance(value, list):
        return [_packed(part, tensors) for part in value]
    if isinstance(value, tuple):
        parts = {"tuple": [_packed(part, tensors) for part in value]}
        if hasattr(value, "_fields"):
            parts["type"] = [type(value).__module__, type(value).__qualname__]
        return parts
    return {"foreign": value.kind if isinstance(value, Foreign) else type(value).__name__}


def _unpacked(value: Any, tensors: dict[str, Tensor], trusted: bool) -> Any:
    def each(parts):
        return [_unpacked(part, tensors, trusted) for part in parts]

    match value:
        case list():
            return each(value)
        case {"tensor": name, "spread": apart}:
            return spread(tensors[name]) if apart and trusted else tensors[name]
        case {"tuple": parts, "type": [module, name]} if trusted:
            return getattr(importlib.import_module(module), name)(*each(parts))
        case {"tuple": parts}:
            return tuple(each(parts))
        case {"dict": pairs}:
            return {key: part for key, part in map(each, pairs)}  # noqa: C416  (checks pairs)
        case {"recipe": name, "fields": fields} if trusted:
            return RECIPES[name](**{key: part for key, part in map(each, fields)})  # noqa: C416
        case {"generator": state} if trusted:
            generator = torch.Generator()
            generator.set_state(_unpacked(state, tensors, trusted))
            return generator
        case str() if not trusted:
            value.encode()  # half a character could be written to no file: a ValueError
            return value
        case {"foreign": str(kind)}:
            return Foreign(kind[:100])
        case dict():
            raise ValueError(f"unknown part {list(value)[:3]}")
        case _:
            return value
