"""Every exercise of the course, by id."""

from autograder.exercises import (
    activations,
    adaptive,
    gradients,
    initialization,
    loop,
    momentum,
    normalization,
    schedules,
)
from autograder.spec import Exercise

CHAPTERS = (
    gradients,
    initialization,
    activations,
    normalization,
    loop,
    momentum,
    adaptive,
    schedules,
)

EXERCISES = {exercise.id: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}
BY_GRADE_ID = {exercise.grade_id: exercise for exercise in EXERCISES.values()}


def find(exercise_id: str) -> Exercise:
    if exercise_id not in EXERCISES:
        raise LookupError(
            f"no exercise {exercise_id!r}; there are {', '.join(sorted(EXERCISES))}"
        )
    return EXERCISES[exercise_id]
