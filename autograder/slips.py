"""A second, unrelated fault in one degenerate case, as a hurried person adds to a mistake."""

import random
from collections.abc import Callable
from typing import Any

from torch import Tensor

from autograder.calling.outcome import Outcome
from autograder.diagnose import answers, same
from autograder.diagnose.answering import cases
from autograder.diagnose.ground import FULL, grounds
from autograder.diagnose.leaves import each_leaf
from autograder.grade import Run
from autograder.spec import Exercise, Misconception


def with_a_slip(exercise: Exercise, wrong: Misconception, run: Run, seed: int) -> Run | None:
    """The same answers but for one that the mistake leaves right; None if there is none."""
    chance = random.Random(f"{exercise.id} {wrong.name} {seed}")
    of, right = cases(exercise, seed), answers(exercise, seed)
    theirs = answers(exercise, seed, wrong)
    spared = [
        number
        for number, ground in enumerate(grounds(exercise, seed))
        if ground.weight < FULL
        and not right[number].failure
        and same(of[number], theirs[number], right[number])
    ]
    for number in chance.sample(spared, len(spared)):
        for slip in chance.sample(SLIPS, len(SLIPS)):
            slipped = slip(right[number])
            if not same(of[number], slipped, right[number]):
                return _instead(run, number, slipped)
    return None


def _instead(run: Run, number: int, slipped: Outcome) -> Run:
    def slipping(inputs: Any) -> list[Outcome]:
        outcomes = list(run(inputs))
        return [*outcomes[:number], slipped, *outcomes[number + 1 :]]

    return slipping


def _each(change: Callable[[float | Tensor], Any]) -> Callable[[Outcome], Outcome]:
    """A slip that changes every number of the result."""

    def leaf(value: Any) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        real = isinstance(value, Tensor) and value.is_floating_point()
        return change(value) if number or real else value

    return lambda outcome: outcome._replace(result=each_leaf(outcome.result, leaf))


def _raises(_right: Outcome) -> Outcome:
    return Outcome(failure=("raised", "IndexError"), error="raised an IndexError")


SLIPS: list[Callable[[Outcome], Outcome]] = [
    _each(lambda value: 0 * value),
    _each(lambda value: value + 1),
    _each(lambda value: value * float("nan")),
    _raises,
]
