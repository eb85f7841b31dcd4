"""Call a submission on some inputs and record what happened.  Never raises."""

import contextlib
import linecache
import traceback
import warnings
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

import torch

from autograder.calling.inputs import changed, seen
from autograder.calling.limits import TimeLimit, limited
from autograder.calling.outcome import (
    NO_INPUT,
    NOT_ASKED,
    NOT_ATTEMPTED,
    Outcome,
    handed_on,
    too_long,
)
from autograder.calling.patience import SECONDS, endless, patience
from autograder.calling.plain import legible
from autograder.calling.remarks import message, on_leaving, on_names, remarks
from autograder.calling.results import UnusableError, result_of
from autograder.calling.streams import NO_PROMPT, Streams, caught, new_streams
from autograder.calling.withheld import WithheldError
from autograder.recipes import build_all
from autograder.state import known_state
from autograder.state.of_python import builtins_again

Around = Callable[[], contextlib.AbstractContextManager]  # what surrounds each call
LEFT_BEHIND = (
    "left PyTorch's gradients switched off or on for all that comes after it: "
    "use `with torch.no_grad():`, which ends by itself"
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
            result = result_of(submission, inputs, mine)
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
