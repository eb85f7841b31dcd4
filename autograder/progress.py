"""How far a learner has come in a chapter, across kernels: see `autograder.progress_file`.

Of each exercise the latest mark counts, as it would if the notebook were handed in now.
"""

from datetime import datetime

from autograder.exercises import CHAPTERS
from autograder.marks import Mark, read_marks
from autograder.progress_file import keep, recall
from autograder.report import NOT_COMPARED, Practice, Report
from autograder.spec import Exercise

ENDS_IN = "Summary"  # the heading that every chapter has behind its last exercise
MARKS, TRIES, SHOWN = "marks", "tries", "shown"  # kinds of the progress file, by exercise id
MOST_TRIES = 10_000  # what a damaged file may claim


def note(exercise: Exercise, report: Report) -> Mark | None:
    """Remember a mark, and a try that failed; an older mark counts no more, and is returned.

    Where nothing was attempted, as when a whole notebook is run, nobody was at work: there is
    nothing to remember but that an older mark counts no more.
    """
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    before = marks().get(exercise.id)
    if not report.attempted:
        if before is None:
            return None
        when = before.when
    mark = {"score": report.score, "right": report.passed, "when": when}
    keep(MARKS, exercise.id, mark)
    if report.attempted and not report.passed:
        keep(TRIES, exercise.id, tries(exercise) + 1)
    return before


def note_shown(exercise: Exercise) -> None:
    """Remember that the solution was shown."""
    keep(SHOWN, exercise.id, True)


def tries(exercise: Exercise) -> int:
    """How many attempts at an exercise have failed."""
    found = recall(TRIES).get(exercise.id)
    sound = isinstance(found, int) and not isinstance(found, bool)
    return found if sound and 0 <= found <= MOST_TRIES else 0


def was_shown(exercise: Exercise) -> bool:
    return recall(SHOWN).get(exercise.id) is True


def marks() -> dict[str, Mark]:
    """The latest mark of each exercise that was marked, as far as the file tells."""
    every = (each for chapter in CHAPTERS for each in chapter.EXERCISES)
    return read_marks(recall(MARKS), {each.id: each.points for each in every})


def beside(
    exercise: Exercise,
    pace: str = "",
    compared: tuple[str, str, str] = NOT_COMPARED,
    *,
    before: Mark | None = None,
) -> Practice:
    """What is said beside a report on this exercise; `before` is the mark that it had."""
    made = marks()
    if not _right(exercise, made):
        progress = so_far(exercise, made)
        if before and exercise.id in made and before.score > made[exercise.id].score:
            progress += f" `{exercise.name}` had earned {before.score:g} before."
        return Practice(progress=progress, tries=tries(exercise))
    return Practice(learned(exercise, made), pace, onward(exercise, made), compared=compared)


def so_far(exercise: Exercise, made: dict[str, Mark] | None = None) -> str:
    """The points of this exercise's chapter; those of bonus exercises apart."""
    made = marks() if made is None else made
    chapter = _chapter(exercise)
    said = f"{_points([each for each in chapter if not each.bonus], made)} in this chapter"
    bonus = [each for each in chapter if each.bonus]
    if any(each.id in made for each in bonus):
        said += f", and {_points(bonus, made)} of bonus"
    shown = [each for each in chapter if was_shown(each) and each.id in made]
    if shown:
        said += f"; of {_listed(shown)} you have seen the solution"
    return f"{said}."


def learned(exercise: Exercise, made: dict[str, Mark] | None = None) -> str:
    """The goal, once all exercises that lead to it are right; until then, how many are."""
    made = marks() if made is None else made
    leading = [each for each in _chapter(exercise) if each.goal == exercise.goal]
    right = sum(_right(each, made) for each in leading)
    if right == len(leading):
        return f"You can now {exercise.goal}."
    so_far = f"Right so far: {right} of the {len(leading)} exercises"
    return f"{so_far} after which you can {exercise.goal}."


def onward(exercise: Exercise, made: dict[str, Mark] | None = None) -> tuple[str, str]:
    """How far one is, and the heading of what comes next.

    That is the next exercise that is not right yet, first of those behind this one; else the
    chapter's end.
    """
    made = marks() if made is None else made
    chapter = _chapter(exercise)
    here = chapter.index(exercise)
    others = (*chapter[here + 1 :], *chapter[:here])
    next_one = next(
        (each for each in others if not _right(each, made) and not each.bonus), None
    )
    begin = so_far(exercise, made).removesuffix(".")
    return f"{begin} · next:", next_one.heading if next_one else ENDS_IN


def _chapter(exercise: Exercise) -> tuple[Exercise, ...]:
    return next(c.EXERCISES for c in CHAPTERS if exercise in c.EXERCISES)


def _right(exercise: Exercise, made: dict[str, Mark]) -> bool:
    return exercise.id in made and made[exercise.id].right


def _points(exercises: list[Exercise], made: dict[str, Mark]) -> str:
    earned = sum(made[each.id].score for each in exercises if each.id in made)
    return f"{round(earned, 2):g} of {sum(each.points for each in exercises):g} points"


def _listed(exercises: list[Exercise]) -> str:
    return ", ".join(f"`{each.name}`" for each in exercises)
