"""Call a submission on some inputs and record what happened.  Never raises."""

import contextlib
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from autograder.calling.inputs import changed, seen
from autograder.calling.limits import TimeLimit, limited
from autograder.calling.plain import DEEPEST, contents, legible, parts, plain
from autograder.calling.remarks import message, on_leaving, on_names, remarks
from autograder.calling.streams import NO_PROMPT, Streams, caught, new_streams
from autograder.calling.withheld import WithheldError
from autograder.compare import INSTEAD, RAISED, RETURNED, afterwards, kind_of
from autograder.recipes import (
    Carried,
    Each,
    Lent,
    Network,
    Refused,
    Traced,
    Written,
    build_all,
)
from autograder.state import known_state
from autograder.state.of_python import builtins_again

Around = Callable[[], contextlib.AbstractContextManager]  # what surrounds each call
TIME = ("time", "")  # how it failed that ran too long
SHORT = 0.2  # seconds: still ten times a right answer
SECONDS = 5.0  # a reference answers in milliseconds; a busy machine must not cost points


class Outcome(NamedTuple):
    """What came back, or what went wrong; never both.

    `failure` names what went wrong so that two outcomes can be compared ("raised",
    "IndexError"); `error` says it in a sentence.  `changed` lists the inputs that were
    modified, `remarks` what deserves a word but costs no points.  `after` is what the inputs
    are by then, on its way to where that is judged.
    """

    result: Any = None
    failure: tuple[str, str] | None = None
    error: str = ""
    changed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    after: Any = None


class UnusableError(Exception):
    """What came back cannot be used as the call needs it; `kind` says in which way."""

    def __init__(self, kind: str, said: str):
        super().__init__(said)
        self.kind = kind


LEFT_BEHIND = (
    "left PyTorch's gradients switched off or on for all that comes after it: "
    "use `with torch.no_grad():`, which ends by itself"
)
NO_INPUT = Outcome(
    failure=("input", ""),
    error="asks for input, and nobody sits at a keyboard here",
)
NOT_ASKED = Outcome(
    failure=("ended", ""),
    error="was not asked here, since it did not come to an end in the first case",
)
NOT_ATTEMPTED = Outcome(failure=("not attempted", ""), error="is not written yet")


def handed_on(error: WithheldError) -> Outcome:
    """The submission did not do the work: it called the reference."""
    return Outcome(
        failure=("withheld", ""),
        error=f"hands the work to the course's own `{legible(str(error))}`, which is what you "
        "are asked to write",
    )


def too_long(seconds: float) -> Outcome:
    return Outcome(
        failure=TIME,
        error=f"ran longer than {seconds:g} seconds: look for a loop that never ends",
    )


def attempt_all(
    submission: Callable,
    inputs: list[Mapping[str, Any]],
    seconds: float = SECONDS,
    *,
    idle: bool = True,
    around: Around = contextlib.nullcontext,
) -> list[Outcome]:
    """Outcomes of all calls, in order; without `idle` only the time they compute counts."""
    outcomes: list[Outcome] = []
    for each in inputs:
        if endless(outcomes):
            outcomes.append(NOT_ASKED)
            continue
        limit = patience(outcomes, seconds)
        outcomes.append(attempt(submission, each, limit, idle=idle, around=around))
    return outcomes


def endless(so_far: list[Outcome]) -> bool:
    """Whether the first case, without which none counts, ran into the limit."""
    return bool(so_far) and so_far[0].failure == TIME


def patience(so_far: list[Outcome], seconds: float) -> float:
    """The limit for the next call.

    The first gets twice as much, since it may be the first to load a part of PyTorch; after
    one that ran into the limit all get less, for everyone's sake.
    """
    late = sum(outcome.failure == TIME for outcome in so_far)
    if late:
        return min(seconds, max(SHORT, seconds / (5 if late == 1 else 50)))
    return seconds if so_far else 2 * seconds


def attempt(
    submission: Callable,
    inputs: Mapping[str, Any],
    seconds: float = SECONDS,
    *,
    idle: bool = True,
    around: Around = contextlib.nullcontext,
) -> Outcome:
    """One call on fresh inputs: its output caught, its time limited, its inputs watched."""
    with known_state() as left:
        outcome = _observed(submission, inputs, (seconds, idle), around, left)
        return noticed(outcome, inputs)


def noticed(outcome: Outcome, inputs: Mapping[str, Any]) -> Outcome:
    """The outcome with the inputs that were changed, judged by what they were afterwards."""
    if outcome.failure:
        return outcome
    return outcome._replace(changed=changed(inputs, outcome.after), after=None)


def observe(
    submission: Callable,
    inputs: Mapping[str, Any],
    seconds: float = SECONDS,
    *,
    around: Around = contextlib.nullcontext,
    mend: Callable[[], None] = lambda: None,
) -> Outcome:
    """One call, and what the inputs are after it; whether that is as it was, others judge.

    `mend` runs as soon as the submission has: what it may have done to us is undone by it.
    """
    with known_state() as left:
        return _observed(submission, inputs, (seconds, True), around, left, mend)


def _observed(
    submission: Callable,
    inputs: Mapping[str, Any],
    limit: tuple[float, bool],
    around: Around,
    left: list[str],
    mend: Callable[[], None] = lambda: None,
) -> Outcome:
    streams = new_streams()
    with warnings.catch_warnings(record=True) as warned:
        mine = build_all(inputs)
        calls = _contained(submission, streams, left, mend)
        with caught(streams):  # also what an iterator prints that comes back
            outcome = _call(calls, inputs, mine, *limit, around)
    kind, of = outcome.failure or ("", "")
    if kind == "raised" and (streams[2].asked or of == NO_PROMPT):
        return NO_INPUT
    said = [*remarks(*streams, warned), *on_leaving(left), *on_names(submission)]
    return outcome._replace(remarks=tuple(said))


def _contained(
    submission: Callable, streams: Streams, left: list[str], mend: Callable[[], None]
) -> Callable:
    """The submission, of which nothing stays behind but what it returns."""

    def call(**mine):
        with known_state(anew=False) as over, caught(streams):
            warnings.simplefilter("always")
            try:
                result = submission(**mine)
            finally:
                if builtins_again(but="input"):  # the rest is at a loss without them
                    left.append("Python's own functions changed")
                mend()
            if not torch.is_grad_enabled():
                raise UnusableError("gradient mode", LEFT_BEHIND)
        left.extend(over)
        return result

    call.__wrapped__ = submission
    return call


def _call(
    submission: Callable,
    inputs: Mapping,
    mine: dict,
    seconds: float,
    idle: bool,
    around: Around,
) -> Outcome:
    held = tuple(mine.items())  # someone may find the dictionary
    try:
        with around(), limited(seconds, idle=idle):
            result = _result(submission, inputs, mine)
            return Outcome(result, after=seen(inputs, dict(held)) or None)
    except TimeLimit:
        return too_long(seconds)
    except WithheldError as error:
        return handed_on(error)
    except UnusableError as fault:
        return Outcome(failure=(fault.kind, ""), error=str(fault))
    except KeyboardInterrupt:  # the learner's own: it ends the marking, not one case
        raise
    except BaseException as error:
        if isinstance(error, NotImplementedError) and not error.args:
            return NOT_ATTEMPTED  # with a message it is torch that lacks something
        kind = legible(type(error).__name__)
        own = submission.__wrapped__
        return Outcome(failure=("raised", kind), error=_raised(error, kind, own))


def _result(submission: Callable, inputs: Mapping[str, Any], mine: dict[str, Any]) -> Any:
    """What came back, as data; with what the inputs to write into are afterwards."""
    written = {n: recipe.value for n, recipe in inputs.items() if isinstance(recipe, Written)}
    held = {name: list(mine[name]) if isinstance(mine[name], list) else mine[name]
            for name in written}  # fmt: skip
    refused = [recipe for recipe in inputs.values() if isinstance(recipe, Refused)]
    if refused:
        result = _whether_refused(submission, mine, refused[0].error)
    elif any(isinstance(recipe, Each) for recipe in inputs.values()):
        result = _in_turn(submission, inputs, mine)
    else:
        result = _differentiated(submission(**mine), inputs, mine)
    if not written:
        return result
    after = {afterwards(n): contents(value, held[n]) for n, value in written.items()}
    return {RETURNED: result, **after}


def _whether_refused(submission: Callable, mine: dict[str, Any], error: str) -> dict:
    """What was raised, by the name that is asked for if it is of that kind; or returned."""
    try:
        return {INSTEAD: plain(submission(**mine))}
    except (NotImplementedError, WithheldError, UnusableError):
        raise
    except Exception as raised:
        kinds = [kind.__name__ for kind in type(raised).__mro__]
        return {RAISED: error if error in kinds else legible(kinds[0])}


def _in_turn(submission: Callable, inputs: Mapping[str, Any], mine: dict[str, Any]) -> list:
    """One call after another, each with the state that the one before it returned."""
    each = {name: mine[name] for name, recipe in inputs.items() if isinstance(recipe, Each)}
    carried = [name for name, recipe in inputs.items() if isinstance(recipe, Carried)]
    state, results = {name: mine[name] for name in carried}, []
    for values in zip(*each.values(), strict=True):
        result = submission(**{**mine, **dict(zip(each, values, strict=True)), **state})
        for name in carried:
            if not isinstance(result, tuple) or len(result) < 2:
                raise UnusableError(
                    "no state",
                    f"returned {kind_of(plain(result))}; it should return a tuple, whose last "
                    f"part goes into the next call as `{name}`",
                )
            if isinstance(result[0], tuple | Mapping) and isinstance(result[-1], Tensor):
                raise UnusableError(
                    "order",
                    f"returned {kind_of(result[0])} before {kind_of(result[-1])}; what goes "
                    f"into the next call as `{name}` should be the last part",
                )
            *others, state[name] = result
            result = others[0] if len(others) == 1 else tuple(others)
        results.append(plain(result))  # at once: the next call may write over it
    return results


def _differentiated(result: Any, inputs: Mapping[str, Any], mine: Mapping[str, Any]) -> Any:
    """A result as data; where an input is traced, with the gradient with respect to it.

    The gradient is that of the sum of all entries of the result, each to the traced input's
    power.  Where models go in, one may come out.
    """
    _returned(result, inputs, mine)
    traced = {name: recipe for name, recipe in inputs.items() if isinstance(recipe, Traced)}
    outputs = list(_tensors(result)) if traced else []
    if not outputs:
        models = any(isinstance(recipe, Network) for recipe in inputs.values())
        return parts(result) if isinstance(result, nn.Module) and models else plain(result)
    if not any(output.requires_grad for output in outputs):
        raise UnusableError(
            "no gradient",
            "returned a tensor that has lost its way back to the input, so that PyTorch "
            "finds no gradient: use operations on tensors only, all the way",
        )
    power = max(recipe.power for recipe in traced.values())
    # of the sum: else torch imports sympy first, which a time limit may interrupt half-way
    total = sum((output**power).sum() for output in outputs if output.requires_grad)
    leaves = [mine[name] for name in traced]
    found = torch.autograd.grad(total, leaves, materialize_grads=True)
    named = {f"gradient with respect to {n}": g for n, g in zip(traced, found, strict=True)}
    return plain({"value": result, **named})


def _returned(result: Any, inputs: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuse copies where a model's own parameters are to come back."""
    for name, recipe in inputs.items():
        own = {id(p) for p in mine[name].parameters()} if isinstance(recipe, Lent) else None
        if own is not None and any(id(tensor) not in own for tensor in _tensors(result)):
            raise UnusableError(
                "copies",
                f"returned a tensor that is not one of `{name}`'s parameters; return the "
                "parameters themselves, for a step on a copy leaves the model as it is",
            )


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif depth < DEEPEST and isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part, depth + 1)
    elif depth < DEEPEST and isinstance(value, dict):
        yield from _tensors(list(value.values()), depth + 1)


def _raised(error: BaseException, kind: str, submission: Callable) -> str:
    """The exception, and the submission's own line that it came from."""
    text = message(error)
    said = f"raised {kind}: {text}" if text else f"raised {kind}"
    if isinstance(error, SystemExit):
        said = "called exit(), which ends Python; return a value instead"
    code = getattr(submission, "__code__", None)
    file = code.co_filename if isinstance(code, CodeType) else ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == file and frame.lineno:
            line = legible(linecache.getline(file, frame.lineno).strip())
            return f"{said} (in your line {frame.lineno}: {line})" if line else said
    return said
