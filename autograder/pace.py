"""How long a right answer takes beside the reference: said in practice, never graded."""

import ast
import contextlib
import inspect
import io
import os
import textwrap
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch

from autograder.calling.limits import TimeLimit, limited
from autograder.cases import draw
from autograder.recipes import Recipe, build_all
from autograder.spec import Exercise
from autograder.state import known_state
from steadygrad.checks import unchecked

SWITCH = "AUTOGRADER_PACE"  # this environment variable set to 0 leaves the comparison out
BUDGET = 0.03  # seconds, after which no call begins; a call is given up after half as many more
FEWEST = 3  # rounds, of which the first only warms up: one call alone may be interrupted
ROUNDS = 25  # the best of some calls is what a call takes; the others were interrupted
SHORTEST = 5e-6  # seconds: below, calling and reading the clock are most of it
ALIKE = 1.15  # a smaller ratio comes and goes from one measurement to the next


@known_state()
def pace(exercise: Exercise, submission: Callable, budget: float = BUDGET) -> str:
    """The submission's time beside the reference's, where the exercise allows to compare.

    Both are called in turns on the typical practice case.  Inputs that are built anew, or
    drawn from, take other times in other calls, and a copy of the reference tells nothing.
    The reference runs without the checks of its arguments, which nobody asks of a submission.
    """
    if os.environ.get(SWITCH) == "0":  # a notebook that is built shows the same every time
        return ""
    typical = draw(exercise, seed=0)[0].inputs
    if not _comparable(typical) or _copied(submission, exercise):
        return ""
    rounds: list[list[float]] = []
    try:
        with _quietly(), limited(1.5 * budget):
            _take_turns((submission, unchecked(exercise.target)), typical, rounds, budget)
    except TimeLimit:
        pass  # the rounds before it tell enough
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever it raises now and did not before costs nothing
        return ""
    if len(rounds) < FEWEST:
        return ""
    yours, its = map(min, zip(*rounds[1:], strict=True))
    return _sentence(yours, its) if min(yours, its) >= SHORTEST else ""


def _comparable(inputs: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, Recipe | torch.Generator) for value in inputs.values())


def _copied(submission: Callable, exercise: Exercise) -> bool:
    """Whether it is the reference itself, word by word but for docstring and comments."""
    try:
        source = inspect.getsource(submission)
    except (OSError, TypeError):  # it was typed nowhere that Python remembers
        return submission is exercise.target
    return submission is exercise.target or _words(source) == _words(exercise.source)


def _words(source: str) -> str:
    try:
        function = ast.parse(textwrap.dedent(source)).body[0]
    except SyntaxError:  # a lambda in the middle of a line
        return source
    if isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    return ast.dump(function)


def _take_turns(functions: tuple, inputs: Mapping, rounds: list, budget: float) -> None:
    """Call each once a round, and note how long it took."""
    end = time.perf_counter() + budget
    while len(rounds) <= ROUNDS and time.perf_counter() < end:
        rounds.append([_seconds(each, inputs) for each in functions])


def _seconds(function: Callable, inputs: Mapping) -> float:
    fresh = build_all(inputs)
    begin = time.perf_counter()
    function(**fresh)
    return time.perf_counter() - begin


@contextlib.contextmanager
def _quietly():
    recording = torch.is_grad_enabled()
    nowhere = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_grad_enabled(recording)


def _sentence(yours: float, its: float) -> str:
    ratio = yours / its
    if 1 / ALIKE < ratio < ALIKE:
        return f"It takes about as long as the reference ({_time(its)})."
    times = f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"
    return (
        f"It takes {times} times as long as the reference "
        f"({_time(yours)} against {_time(its)})."
    )


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:.2g} ms"
