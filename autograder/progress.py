"""How far a learner has come in a chapter: what was marked since the kernel started.

Of each exercise the latest mark counts, as it would if the notebook were handed in now.
"""

from typing import NamedTuple

from autograder.exercises import CHAPTERS
from autograder.report import Practice, Report
from autograder.spec import Exercise

ENDS_IN = "Summary"  # the heading that every chapter has behind its last exercise


class Mark(NamedTuple):
    """The latest mark of one exercise."""

    score: float
    right: bool


_marks: dict[str, Mark] = {}  # by the exercise's id, since the kernel started


def note(exercise: Exercise, report: Report) -> None:
    """Remember a mark; one made before for the same exercise counts no more."""
    _marks[exercise.id] = Mark(report.score, report.passed)


def beside(exercise: Exercise, pace: str = "") -> Practice:
    """What is said beside a report on this exercise."""
    if not _right(exercise):
        return Practice(progress=so_far(exercise))
    return Practice(learned(exercise), pace, onward(exercise), so_far(exercise))


def so_far(exercise: Exercise) -> str:
    """The points of this exercise's chapter; those of bonus exercises apart."""
    chapter = _chapter(exercise)
    asked = [each for each in chapter if not each.bonus]
    right = sum(map(_right, asked))
    said = f"Marked so far in this chapter: {_points(asked)}; "
    said += f"{right} of {len(asked)} exercises right."
    bonus = [each for each in chapter if each.bonus]
    marked = any(each.id in _marks for each in bonus)
    return said + f" Bonus: {_points(bonus)}." * marked


def learned(exercise: Exercise) -> str:
    """The goal, once all exercises that lead to it are right; until then, how many are."""
    leading = [each for each in _chapter(exercise) if each.goal == exercise.goal]
    right = sum(map(_right, leading))
    if right == len(leading):
        return f"You can now {exercise.goal}."
    so_far = f"Right so far: {right} of the {len(leading)} exercises"
    return f"{so_far} after which you can {exercise.goal}."


def onward(exercise: Exercise) -> tuple[str, str]:
    """The next exercise that is not right yet, first those behind this one; else the end."""
    chapter = _chapter(exercise)
    here = chapter.index(exercise)
    for each in (*chapter[here + 1 :], *chapter[:here]):
        if not _right(each) and not each.bonus:
            return f"Next: `{each.name}`, under", each.section
    return "Every exercise of this chapter is right. Next:", ENDS_IN


def _chapter(exercise: Exercise) -> tuple[Exercise, ...]:
    return next(c.EXERCISES for c in CHAPTERS if exercise in c.EXERCISES)


def _right(exercise: Exercise) -> bool:
    return exercise.id in _marks and _marks[exercise.id].right


def _points(exercises: list[Exercise]) -> str:
    earned = sum(_marks[each.id].score for each in exercises if each.id in _marks)
    return f"{round(earned, 2):g} of {sum(each.points for each in exercises):g} points"
