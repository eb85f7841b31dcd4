"""Which inputs a call has changed: read where it ran, judged where nothing can be forged."""

from collections.abc import Mapping
from typing import Any

from autograder.calling.plain import plain
from autograder.compare import Foreign
from autograder.recipes import altered, build_all, watched

UNREADABLE = Foreign("what cannot be read")


def seen(inputs: Mapping[str, Any], built: Mapping[str, Any]) -> dict[str, Any]:
    """What of these inputs has to be as it was, as data."""
    return {name: _seen(value, built[name]) for name, value in inputs.items()}


def _seen(value: Any, built: Any) -> Any:
    try:
        return plain(watched(value, built))
    except Exception:  # someone has put an odd thing into it
        return UNREADABLE


def changed(inputs: Mapping[str, Any], after: Any) -> tuple[str, ...]:
    """The names of the inputs that are not what they were, by what was seen of them after.

    They are built once more here, so that whoever called on the others can have held no part
    of these.
    """
    after = after if isinstance(after, Mapping) else {}
    before = seen(inputs, build_all(inputs))
    return tuple(name for name in inputs if altered(before[name], after.get(name, UNREADABLE)))
