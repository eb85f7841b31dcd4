"""Which of a notebook's answers counts: that of the marking cell's place, or a later one.

An exercise is asked when the cells before its marking cell have run, as in the learner's own
kernel.  What did not earn everything there is asked once more when all cells have run, if it
may have been mended further down.
"""

from collections.abc import Callable, Mapping
from functools import partial

from autograder.apart.sandbox import Sandbox
from autograder.asking import Loan, grade_with, loan, neighbours
from autograder.calling.outcome import Outcome
from autograder.exercises import EXERCISES
from autograder.grade import Run
from autograder.report import Report
from autograder.spec import Exercise

LATER = "What counts here is what your notebook holds at its end, below this cell."
UNFINISHED = (("missing", ""), ("not attempted", ""), ("raised", "NameError"))

Seeds = Callable[[Exercise], int]


def references() -> list[str]:
    """Every reference that a submission may call, by its place in the library."""
    return [exercise.reference for exercise in EXERCISES.values()]


def judge_all(
    sandbox: Sandbox, places: Mapping[Exercise, int], seeds: Seeds, **how
) -> dict[Exercise, Report]:
    """The report on each exercise; `places` has the number of cells before its marking cell."""
    reports: dict[Exercise, Report] = {}
    made: dict[Exercise, str] = {}  # where the answers were made that may stay as they are
    for exercise, place in sorted(places.items(), key=lambda each: each[1]):
        sandbox.go_on(place)
        reports[exercise], outcomes = _ask(sandbox, exercise, reports, seeds, **how)
        if not any(outcome.failure in UNFINISHED for outcome in outcomes):
            made[exercise] = sandbox.made(exercise.name)
    short = [exercise for exercise, report in reports.items() if not report.passed]
    if short:
        sandbox.go_on(len(sandbox.cells))
    for exercise in short:
        if made.get(exercise) != sandbox.made(exercise.name):
            later, _ = _ask(sandbox, exercise, reports, seeds, **how)
            if later.score > reports[exercise].score:
                reports[exercise] = later.noting(LATER)
    return reports


def _ask(
    sandbox: Sandbox,
    exercise: Exercise,
    reports: Mapping[Exercise, Report],
    seeds: Seeds,
    **how,
) -> tuple[Report, list[Outcome]]:
    """The report, and every outcome that it rests on."""
    heard: list[Outcome] = []

    def run(loan: Loan) -> Run:
        lend = [other.reference for other in loan.lent]
        ask = partial(sandbox.run, exercise.name, asks=exercise.reference, lend=lend)
        return lambda inputs: _noted(heard, ask(inputs))

    uses = sandbox.uses(exercise.name, list(neighbours(exercise)))
    lent = loan(exercise, uses, lambda other: other in reports and reports[other].passed)
    return grade_with(exercise, lent, run, seeds(exercise), **how), heard


def _noted(heard: list[Outcome], outcomes: list[Outcome]) -> list[Outcome]:
    heard += outcomes
    return outcomes
