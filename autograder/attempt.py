"""Call a submission on some inputs and record what happened.  Never raises."""

import contextlib
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from types import CodeType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from autograder.compare import Foreign
from autograder.limits import TimeLimit, limited
from autograder.recipes import Network, Traced, altered, build

SECONDS = 5.0  # a reference answers in milliseconds; a busy machine must not cost points
SHOWN = 200  # characters of what a submission printed that a report repeats
DEEPEST = 20  # levels of nesting that a result may have
BITS = 1024  # of an int that a result may hold: no float reaches further


class Outcome(NamedTuple):
    """What came back, or what went wrong; never both.

    `failure` names what went wrong so that two outcomes can be compared ("raised",
    "IndexError"); `error` says it in a sentence.  `changed` lists the inputs that were
    modified, `remarks` what deserves a word but costs no points.
    """

    result: Any = None
    failure: tuple[str, str] | None = None
    error: str = ""
    changed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


NOT_ATTEMPTED = Outcome(failure=("not attempted", ""), error="is not written yet")


def too_long(seconds: float) -> Outcome:
    return Outcome(
        failure=("time", ""),
        error=f"ran longer than {seconds:g} seconds: look for a loop that never ends",
    )


class Sink(io.TextIOBase):
    """Takes whatever is printed and keeps the beginning, so that a flood fills no memory."""

    def __init__(self):
        self.kept, self.count = "", 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.count += len(text)
        self.kept += text[: max(0, SHOWN - len(self.kept))]
        return len(text)


def attempt_all(
    submission: Callable,
    inputs: list[Mapping[str, Any]],
    seconds: float = SECONDS,
    *,
    idle: bool = True,
) -> list[Outcome]:
    """Outcomes of all calls, in order; without `idle` only the time they compute counts."""
    outcomes: list[Outcome] = []
    for each in inputs:
        limit = patience(outcomes, seconds)
        outcomes.append(attempt(submission, each, limit, idle=idle))
    return outcomes


def patience(so_far: list[Outcome], seconds: float) -> float:
    """The limit for the next call.

    The first gets twice as much, since it may be the first to load a part of PyTorch; after
    two that ran into the limit all get less, for everyone's sake.
    """
    late = sum(outcome.failure == ("time", "") for outcome in so_far)
    return seconds / 5 if late >= 2 else seconds if so_far else 2 * seconds


def attempt(
    submission: Callable,
    inputs: Mapping[str, Any],
    seconds: float = SECONDS,
    *,
    idle: bool = True,
) -> Outcome:
    """One call on fresh inputs: its output caught, its time limited, its inputs watched."""
    mine = build(inputs)
    said, complained = Sink(), Sink()
    with (
        warnings.catch_warnings(record=True) as warned,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        warnings.simplefilter("always")
        outcome = _call(submission, inputs, mine, seconds, idle)
    if outcome.failure:
        return outcome._replace(remarks=_remarks(said, complained, warned))
    return outcome._replace(
        changed=tuple(name for name in inputs if altered(inputs[name], mine[name])),
        remarks=_remarks(said, complained, warned),
    )


def _call(
    submission: Callable, inputs: Mapping, mine: dict, seconds: float, idle: bool
) -> Outcome:
    try:
        with limited(seconds, idle=idle):
            return returned(submission(**mine), inputs, mine)
    except TimeLimit:
        return too_long(seconds)
    except KeyboardInterrupt:  # the learner's own: it ends the marking, not one case
        raise
    except BaseException as error:
        if isinstance(error, NotImplementedError) and not error.args:
            return NOT_ATTEMPTED  # with a message it is torch that lacks something
        kind = legible(type(error).__name__)
        return Outcome(failure=("raised", kind), error=_raised(error, kind, submission))


def returned(result: Any, inputs: Mapping[str, Any], mine: Mapping[str, Any]) -> Outcome:
    """What came back, as data; where an input is traced, with the gradient with respect to it.

    The gradient is that of the sum of all entries of the result, each to the traced input's
    power.  Where models go in, one may come out.
    """
    traced = {name: recipe for name, recipe in inputs.items() if isinstance(recipe, Traced)}
    outputs = list(_tensors(result))
    if not traced or not outputs:
        models = any(isinstance(recipe, Network) for recipe in inputs.values())
        return Outcome(
            _parts(result) if isinstance(result, nn.Module) and models else plain(result)
        )
    if not any(output.requires_grad for output in outputs):
        return Outcome(
            failure=("no gradient", ""),
            error="returned a tensor that has lost its way back to the input, so that PyTorch "
            "finds no gradient: use operations on tensors only, all the way",
        )
    power = max(recipe.power for recipe in traced.values())
    # of the sum: else torch imports sympy first, which a time limit may interrupt half-way
    total = sum((output**power).sum() for output in outputs if output.requires_grad)
    leaves = [mine[name] for name in traced]
    found = torch.autograd.grad(total, leaves, materialize_grads=True)
    named = {f"gradient with respect to {n}": g for n, g in zip(traced, found, strict=True)}
    return Outcome(plain({"value": result, **named}))


def _parts(model: nn.Module) -> dict[str, Any]:
    """A model as data: what its layers say of themselves, their modes, and all tensors."""
    layers = {name: m for name, m in model.named_modules() if not list(m.children())}
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    parts = {
        "layers": {n: f"{type(m).__name__}({m.extra_repr()})" for n, m in layers.items()},
        "training": {name: bool(m.training) for name, m in model.named_modules()},
        "tensors": {name: value.detach() for name, value in tensors.items()},
    }
    return plain(parts)


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif depth < DEEPEST and isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part, depth + 1)


def _raised(error: BaseException, kind: str, submission: Callable) -> str:
    """The exception, and the submission's own line that it came from."""
    message = _message(error)
    said = f"raised {kind}: {message}" if message else f"raised {kind}"
    if isinstance(error, SystemExit):
        said = "called exit(), which ends Python; return a value instead"
    code = getattr(submission, "__code__", None)
    file = code.co_filename if isinstance(code, CodeType) else ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == file and frame.lineno:
            line = legible(linecache.getline(file, frame.lineno).strip())
            return f"{said} (in your line {frame.lineno}: {line})" if line else said
    return said


def _message(error: BaseException | str) -> str:
    """The first line of what an exception says; a learner's own may fail to say anything."""
    try:
        return legible(str(error).strip().split("\n")[0])
    except Exception:
        return ""


def _remarks(said: Sink, complained: Sink, warned: list) -> tuple[str, ...]:
    remarks = []
    if said.count:
        remarks.append(
            f"It printed {_short(said.kept)}. Printing costs no points; "
            "take it out before you hand in."
        )
    if complained.count:
        remarks.append(
            f"It wrote {_short(complained.kept)} to the error stream, which costs no points."
        )
    for warning in warned[:1]:
        category = legible(warning.category.__name__)
        remarks.append(
            f"Python warned: {category}: {_message(warning.message)}. A warning costs no "
            "points, but find out what it wants."
        )
    return tuple(remarks)


def _short(text: str) -> str:
    line = text.strip().split("\n")[0]
    return repr(line if len(line) <= 60 else line[:57] + "...")


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
    if isinstance(value, Integral):
        whole = int(value)
        return whole if whole.bit_length() <= BITS else Foreign("an int of over 300 digits")
    if isinstance(value, Real):
        return float(value)
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
    return value.detach().clone().as_subclass(Tensor)


def _key(key: Any) -> str | int:
    if isinstance(key, str):
        return _writable(str.__str__(key))
    return int(key) if isinstance(key, int) else repr(key)
