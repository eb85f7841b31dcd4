"""What a submission is lent while it is asked: the functions of other exercises that it calls.

The learner's own is used where it is right, the library's where not.  The same rules hold for
`mark` in a notebook and for a notebook that runs in a sandbox.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from autograder.cases import draw
from autograder.diagnose import answers
from autograder.exercises import EXERCISES
from autograder.grade import PRACTICE, Run, grade, rule
from autograder.report import Report
from autograder.spec import Exercise


@dataclass(frozen=True)
class Loan:
    """Other exercises that a submission calls: `lent` as the library has them, `own` ones.

    `replaces` says that something of the learner's gives way to what is lent.
    """

    lent: tuple[Exercise, ...] = ()
    own: tuple[Exercise, ...] = ()
    replaces: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        own, lent = _listed(self.own), _listed(self.lent)
        are = "are" if len(self.lent) > 1 else "is"
        return (
            *([f"It called your own {own}."] * bool(own)),
            *(
                [f"It called the course's own {lent}, because yours {are} not right yet."]
                * bool(lent)
            ),
        )


NOTHING = Loan()


def _listed(exercises: Iterable[Exercise]) -> str:
    return " and ".join(f"`{exercise.name}`" for exercise in exercises)


def neighbours(exercise: Exercise) -> dict[str, Exercise]:
    """The other exercises of its chapter, and those that it leans on, by name."""
    return {
        other.name: other
        for other in EXERCISES.values()
        if other is not exercise
        and (other.topic == exercise.topic or other.target in exercise.leans_on)
    }


def loan(
    exercise: Exercise, uses: Mapping[str, str], is_right: Callable[[Exercise], bool]
) -> Loan:
    """What to lend to a submission that uses these names, as `lending.uses` found them.

    What the learner imported stays, and so does a name that was given to no function, unless
    it is one that the exercise leans on.
    """
    lent, own, replaces = [], [], False
    for name, stands_for in uses.items():
        other = neighbours(exercise)[name]
        if stands_for == "other" or (
            stands_for == "thing" and other.target not in exercise.leans_on
        ):
            continue
        if stands_for == "own" and is_right(other):
            own.append(other)
        else:
            lent.append(other)
            replaces |= stands_for != "missing"
    return Loan(tuple(lent), tuple(own), replaces)


def grade_with(
    exercise: Exercise, loan: Loan, run: Callable[[Loan], Run], seed: int, **how
) -> Report:
    """The report on a submission with what it is lent; or without, where that earns more.

    A learner may have meant something else by a name than the exercise of that name.
    """
    report = grade(exercise, run(loan), seed, **how)
    if loan.replaces and not report.passed:
        without = grade(exercise, run(NOTHING), seed, **how)
        if without.score > report.score:
            return without
    return replace(report, remarks=(*report.remarks, *loan.remarks * report.attempted))


def is_right(exercise: Exercise, run: Run) -> bool:
    """Whether a submission passes every practice case; no more is asked than that takes."""
    each = zip(draw(exercise, PRACTICE), answers(exercise, PRACTICE), strict=True)
    return all(
        not rule(case, run([case.inputs])[0], right.result, exercise, PRACTICE, number)
        for number, (case, right) in enumerate(each)
    )
