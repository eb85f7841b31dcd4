"""What the reference answers, and what someone with certain mistakes in mind would answer."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from autograder.calling.attempt import attempt, attempt_all
from autograder.calling.outcome import Outcome
from autograder.cases import draw
from autograder.diagnose.made_up import Fault
from autograder.recipes import (
    Downhill,
    Grouped,
    Lent,
    Network,
    Planned,
    Single,
    Stepper,
    Written,
)
from autograder.spec import Case, Exercise, Misconception

VARIANT_SECONDS = 0.5  # some misconceptions never return; waiting longer tells nothing more
LONG, SHORT = 0.2, 0.1  # twenty times a right answer, with a model to train and without
IMPATIENT = 0.1  # for one that has run late before; a slow one must not seem endless

_late: Counter[tuple[Exercise, tuple[Misconception, ...]]] = Counter()


def variant(exercise: Exercise, *wrong: Misconception) -> Callable:
    """The reference as someone would write it who makes all these mistakes.

    Raises LookupError when two of them edit the same place.
    """
    listed = [each for each in wrong if not isinstance(each, Fault)]
    function = exercise.variant(*listed) if listed else exercise.target
    for fault in wrong:
        if isinstance(fault, Fault):
            function = fault.wrapped(function)
    return function


@lru_cache(maxsize=4096)  # a learner asks again and again with the one practice seed
def answers(exercise: Exercise, seed: int, *wrong: Misconception) -> tuple[Outcome, ...]:
    """What the reference, or someone with these misconceptions, answers to the cases."""
    if not wrong:
        return tuple(attempt_all(exercise.target, list(inputs(exercise, seed))))
    count = len(inputs(exercise, seed))
    return tuple(answer(exercise, seed, number, *wrong) for number in range(count))


@lru_cache(maxsize=16384)
def answer(exercise: Exercise, seed: int, number: int, *wrong: Misconception) -> Outcome:
    """What someone with these misconceptions answers to one case.

    A fault that this case does not bring out changes nothing, and is not run.
    """
    of_case = inputs(exercise, seed)[number]
    felt = tuple(w for w in wrong if not isinstance(w, Fault) or w.touches(of_case))
    if felt != wrong:
        return answer(exercise, seed, number, *felt)
    if not wrong:
        return answers(exercise, seed)[number]
    # a busy machine must not make a misconception look like one that never ends: idle=False
    function, limit = variant(exercise, *wrong), patience(exercise, of_case, wrong)
    outcome = attempt(function, of_case, limit, idle=False)
    _late[exercise, wrong] += outcome.failure == ("time", "")
    return outcome


def in_order(exercise: Exercise, seed: int, wrong: Misconception) -> Iterator[Outcome]:
    """The answers to all cases, one after the other: some mistakes keep a state in between."""
    function = exercise.compiled(exercise.edited(wrong), f"{exercise.id} with {wrong.name}")
    for of_case in inputs(exercise, seed):
        limit = patience(exercise, of_case, (wrong,))
        yield attempt(function, of_case, limit, idle=False)


def patience(exercise: Exercise, of_case: Mapping[str, Any], wrong: tuple) -> float:
    """How long an answer may take: some misconceptions never return."""
    if any(builds(value) for value in of_case.values()):
        return LONG
    ended = not any(_late[exercise, (each,)] for each in wrong) and not _late[exercise, wrong]
    made_up = any(isinstance(each, Fault) for each in wrong)
    return SHORT if ended and not made_up else IMPATIENT


def builds(value: Any) -> bool:
    """Whether an input is a model or a training run, so that an answer takes long."""
    inside = value.value if isinstance(value, Written) else value
    return isinstance(inside, Network | Lent | Single | Stepper | Grouped | Planned | Downhill)


@lru_cache(maxsize=64)  # drawing all cases takes longer than answering one
def cases(exercise: Exercise, seed: int) -> tuple[Case, ...]:
    return tuple(draw(exercise, seed))


def inputs(exercise: Exercise, seed: int) -> tuple[Mapping[str, Any], ...]:
    return tuple(case.inputs for case in cases(exercise, seed))


def same(case: Case, outcome: Outcome, other: Outcome) -> bool:
    """Whether two outcomes are alike as far as the case can tell."""
    if ("ended", "") in (outcome.failure, other.failure):
        return True  # nobody knows what it would have been
    if outcome.failure or other.failure:
        return outcome.failure == other.failure
    return outcome.changed == other.changed and not case.judge(outcome.result, other.result)
