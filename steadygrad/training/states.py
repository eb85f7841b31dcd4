"""States: what a rule remembers, as a tree of tensors and numbers that can be saved.

A rule may return any state it likes.  What has to be done to it from outside (cut it, move
it, write it to disk) is done here, to the leaves of tuples, lists, dictionaries, NamedTuples
and dataclasses.
"""

import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor

State = Any
LEAVES = (Tensor, int, float, str, type(None))


def mapped(change: Callable[[Any], Any], state: State) -> State:
    """The same tree with every leaf changed."""
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return type(state)(*[mapped(change, part) for part in state])
    if isinstance(state, list | tuple):
        return type(state)([mapped(change, part) for part in state])
    if isinstance(state, dict):
        return {key: mapped(change, part) for key, part in state.items()}
    if is_dataclass(state) and not isinstance(state, type):
        named = {f.name: getattr(state, f.name) for f in fields(state)}
        return type(state)(**{name: mapped(change, part) for name, part in named.items()})
    return change(state)


def packed(state: State) -> Any:
    """A state in dictionaries, lists, tensors and numbers: what `torch.load` trusts.

    Tensors are copied, so that what was saved stays as it was.  Raises TypeError for anything
    that could not be read back.
    """
    if isinstance(state, Tensor):
        return state.detach().clone()
    if type(state) in LEAVES or isinstance(state, bool):
        return state
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return {"class": _name(type(state)), "fields": _packed_fields(state._asdict())}
    if is_dataclass(state) and not isinstance(state, type):
        named = {f.name: getattr(state, f.name) for f in fields(state)}
        return {"class": _name(type(state)), "fields": _packed_fields(named)}
    if type(state) in (list, tuple):
        return {type(state).__name__: [packed(part) for part in state]}
    if type(state) is dict:
        return {"dict": [[packed(key), packed(part)] for key, part in state.items()]}
    raise TypeError(
        f"A rule's state holds a {type(state).__name__}, which cannot be saved; keep tensors, "
        "numbers, strings, tuples, lists, dictionaries, NamedTuples and dataclasses in it."
    )


def unpacked(stored: Any) -> State:
    """The state that `packed` was given, with tensors of its own.

    Runs no code from the file: a class is looked up among the modules that are already
    imported, and must have the very fields that were stored.  Raises LookupError if not.
    """
    if isinstance(stored, Tensor):
        return stored.detach().clone()
    if not isinstance(stored, dict):
        return stored
    if "class" in stored:
        values = {name: unpacked(part) for name, part in stored["fields"].items()}
        return _found(stored["class"], list(values))(**values)
    ((kind, parts),) = stored.items()
    if kind == "dict":
        return {unpacked(key): unpacked(part) for key, part in parts}
    return {"list": list, "tuple": tuple}[kind](map(unpacked, parts))


def _packed_fields(named: dict[str, Any]) -> dict[str, Any]:
    return {name: packed(part) for name, part in named.items()}


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _found(name: str, names: list[str]) -> type:
    module, _, path = name.partition(":")
    cls: Any = sys.modules.get(module)
    for part in path.split("."):
        cls = getattr(cls, part, None)
    if isinstance(cls, type):
        known = getattr(cls, "_fields", None) if issubclass(cls, tuple) else None
        if is_dataclass(cls):
            known = [f.name for f in fields(cls)]
        if known is not None and list(known) == names:
            return cls
    raise LookupError(
        f"The saved state is a {path!r} with the fields {', '.join(names)} from the module "
        f"{module!r}, and there is none here; import the rule that it was saved with first."
    )
