"""What a notebook calls: show the report, and make the score the value of the cell.

The module is not called `mark` so that `autograder.mark` is one thing, the function.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from autograder import last_run, progress
from autograder.absent import ABSENT, absent, named
from autograder.apart.lending import asked, scope_of, uses
from autograder.asking import Loan, grade_with, is_right, loan, neighbours
from autograder.calling.attempt import Around
from autograder.calling.patience import SECONDS
from autograder.compared import compared
from autograder.exercises import EXERCISES, find
from autograder.front_page import refresh
from autograder.grade import PRACTICE, Run, elsewhere, refused, run_here
from autograder.pace import pace
from autograder.report import TRIES_BEFORE_TRACE, Report, Score
from autograder.solution import Solution
from autograder.spec import Exercise

QUIET = 1.0  # seconds for a function that is asked only because another one calls it


def mark(
    submission: Callable | str, exercise: str | None = None, *, show: str = ""
) -> Score | Solution:
    """Grade a function written in this notebook; the value is the points it earns.

    It is given by its name, as in `mark("depth_limit")`, or itself.  The exercise is the one of
    that name; for a function of another name, say which by its id, as in `mark(mine,
    "gradients.depth_limit")`.  It runs right here and answers at once.  What counts is what
    nbgrader computes from cases of its own.  With `show="solution"` nothing is graded: the
    course's own function is shown, and the course remembers that it was.
    """
    chosen = find(exercise) if exercise else _exercise_of(submission)
    if show:
        return _shown(chosen, show)
    if isinstance(submission, str):
        submission = named(submission, sys._getframe(1).f_globals)
    return _told(_missing(chosen) if submission is ABSENT else _marked(chosen, submission))


def _told(report: Report) -> Score:
    if not _shows_html():
        print(report)
    return Score(report)


def _missing(exercise: Exercise) -> Report:
    """Why there is nothing to mark: a cell that failed, or none that was run."""
    failed = last_run.missing(exercise.name)
    return refused(exercise, failed) if failed else absent(exercise)


def _shown(exercise: Exercise, what: str) -> Solution:
    if what != "solution":
        raise ValueError(f'there is no show={what!r}; there is show="solution"')
    progress.note_shown(exercise)
    refresh()
    solution = Solution(exercise)
    if not _shows_html():
        print(solution)
    return solution


def _marked(chosen: Exercise, submission: Callable) -> Report:
    """The report on a function, noted in the learner's progress."""
    if stale := last_run.stale(submission, chosen.name):
        report, around = refused(chosen, stale), nullcontext
    else:
        report, around = _asked(chosen, submission)
    if report.passed and (remark := elsewhere(chosen, submission, around=around)):
        report = report.noting(remark)
    before = progress.note(chosen, report)
    refresh()
    if report.passed:
        beside = progress.beside(chosen, pace(chosen, submission), compared(chosen, submission))
        return replace(report, beside=beside)
    return replace(
        report,
        with_trace=progress.tries(chosen) >= TRIES_BEFORE_TRACE,
        beside=progress.beside(chosen, before=before),
    )


def _asked(exercise: Exercise, submission: Callable) -> tuple[Report, Around]:
    """The report on a function, and what surrounds its calls: see `autograder.asking`."""
    scope, borrowed = scope_of(submission), _loan(exercise, submission, frozenset())
    patience = iter([SECONDS])

    def run(lent: Loan) -> Run:  # a second time, without what is lent, it gets less
        limit = next(patience, QUIET)
        return run_here(submission, limit, around=_around(exercise, lent, scope))

    report = grade_with(
        exercise,
        borrowed,
        run,
        PRACTICE,
        practice=True,
    )
    return report, _around(exercise, borrowed, scope)


def _around(exercise: Exercise, lent: Loan, scope: dict) -> Around:
    functions = {other.name: other.target for other in lent.lent}
    return partial(asked, (exercise.target,), scope, functions)


def _loan(exercise: Exercise, submission: Callable, asking: frozenset[Exercise]) -> Loan:
    """What to lend to a function of this notebook, whose other functions are asked in turn."""
    scope = scope_of(submission)

    def right(other: Exercise) -> bool:
        if other in asking:  # two functions that call each other
            return False
        own = scope[other.name]
        lent = _loan(other, own, asking | {exercise})
        return is_right(other, run_here(own, QUIET, around=_around(other, lent, scope)))

    return loan(exercise, uses(submission, list(neighbours(exercise))), right)


def _exercise_of(submission: Any) -> Exercise:
    """The exercise that a function answers: by its own name, or by the notebook's for it."""
    by_name = {exercise.name: exercise for exercise in EXERCISES.values()}
    if isinstance(submission, str) and submission in EXERCISES:
        return EXERCISES[submission]
    names = [submission if isinstance(submission, str) else getattr(submission, "__name__", "")]
    names += [name for name, value in _notebook().items() if value is submission]
    for name in names:
        if name in by_name:
            return by_name[name]
    raise LookupError(
        f"no exercise asks for a function named {names[0] or submission!r}; "
        f"there are {', '.join(sorted(by_name))}. Define your function under one of these "
        "names, or pass the exercise's id as second argument."
    )


def watch_cells() -> None:
    """See from now on whether a function is still what its cell says."""
    last_run.watch(_shell())


def _shell():
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def _notebook() -> dict:
    shell = _shell()
    return shell.user_ns if shell else {}


def _shows_html() -> bool:
    """Whether someone looks at this through a notebook: a terminal would show only a number."""
    return hasattr(_shell(), "kernel")
