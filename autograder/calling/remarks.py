"""What deserves a word about a call, though it costs no points."""

import dis
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType

import numpy as np
import torch

from autograder.calling.plain import legible
from autograder.calling.streams import NO_KEYBOARD, Silence, Sink
from autograder.state.of_python import BUILTINS

SHADOWED = "In your notebook"  # how a remark begins that matters only where something is wrong
TRIGGERED = " (Triggered internally at "  # behind it a place in PyTorch's own C++
LIBRARIES = {"torch": torch, "numpy": np, "math": math}


def remarks(said: Sink, complained: Sink, keyboard: Silence, warned: list) -> Iterator[str]:
    """On what was printed, asked and warned of."""
    if said.count:
        yield (
            f"It printed {_short(said.kept)}. Printing costs no points; "
            "take it out when you are done."
        )
    if complained.count:
        yield f"It wrote {_short(complained.kept)} to the error stream, which costs no points."
    if keyboard.asked:
        yield f"Note that {NO_KEYBOARD}."
    for warning in warned[:1]:
        category = legible(warning.category.__name__)
        said_by_it = message(warning.message).partition(TRIGGERED)[0].rstrip(".")
        yield (
            f"Python warned: {category}: {said_by_it}. A warning costs no "
            "points, but find out what it wants."
        )


def on_leaving(left: list[str]) -> Iterator[str]:
    """On the settings that a call has left changed."""
    if left:
        yield (
            f"It left {_listed([*dict.fromkeys(left)])}. This was put back and costs no "
            "points; a function should leave such settings as they were."
        )


def on_names(submission: Callable) -> Iterator[str]:
    """On names that a function uses and that one library has taken from another.

    After `from torch import *` and `from numpy import *` many a name is not what it seems.
    """
    if not isinstance(submission, FunctionType):
        return
    held, used = submission.__globals__, _names(submission.__code__)
    everything = held.get("is_tensor") is torch.is_tensor  # nobody imports that one by itself
    taken = [said for name in used if (said := _taken(name, held.get(name), everything))]
    if taken:
        yield (
            f"{SHADOWED} {_listed(taken[:3])}. If that is not what you meant, say whose you "
            "mean, as in `torch.sum`, and import no library with `*`."
        )


def _taken(name: str, value: object, everything: bool) -> str:
    """Whose a name is that one expects to be Python's, or torch's after `import *`."""
    of = next((of for of, lib in LIBRARIES.items() if getattr(lib, name, None) is value), "")
    if not callable(value) or not of:
        return ""
    if name in BUILTINS:
        return f"`{name}` is {of}'s, not Python's own"
    other = everything and of != "torch" and hasattr(torch, name)
    return f"`{name}` is {of}'s, not torch's" if other else ""


@lru_cache(maxsize=64)  # it takes as long as a call
def _names(code: CodeType) -> tuple[str, ...]:
    """The global names that a function uses, and the functions that are defined in it."""
    own = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    inside = [_names(each) for each in code.co_consts if isinstance(each, CodeType)]
    return tuple(sorted(own.union(*inside)))


def message(error: BaseException | str) -> str:
    """The first line of what an exception says; a learner's own may fail to say anything."""
    try:
        return legible(str(error).strip().split("\n")[0])
    except Exception:
        return ""


def _short(text: str) -> str:
    line = text.strip().split("\n")[0]
    return repr(line if len(line) <= 60 else line[:57] + "...")


def _listed(parts: list[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last
