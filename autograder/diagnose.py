"""Which misconception gives these wrong answers?

Every misconception can be run, so its wrong answers are known.  A submission whose answers
are the same, case by case, holds it; else two misconceptions at once are tried; else the one
that explains the typical case and most of the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from autograder.attempt import Outcome, attempt_all
from autograder.cases import draw, properties
from autograder.spec import Case, Exercise, Misconception

VARIANT_SECONDS = 0.5  # some misconceptions never return; waiting longer tells nothing more


@dataclass(frozen=True)
class Diagnosis:
    """The misconceptions whose wrong answers are these wrong answers.

    Not `certain` when they do not explain every case.  `evidence` says what they explain,
    `rest` what they do not; `relation` what the answer is to the right one where no
    misconception explains it.
    """

    misconceptions: tuple[Misconception, ...]
    certain: bool = True
    evidence: str = ""
    rest: str = ""
    relation: str = ""

    @property
    def name(self) -> str:
        return " and ".join(wrong.name for wrong in self.misconceptions) or self.relation


def diagnose(exercise: Exercise, seed: int, outcomes: Sequence[Outcome]) -> Diagnosis | None:
    """The misconception behind the outcomes of the cases of this seed, if any is recognised."""
    cases = draw(exercise, seed)
    right = answers(exercise, seed)
    singles = {
        wrong: theirs
        for wrong in exercise.misconceptions
        if _differs(cases, theirs := answers(exercise, seed, wrong), right)
    }
    matching = [wrong for wrong, theirs in singles.items() if _alike(cases, outcomes, theirs)]
    if matching:
        return Diagnosis(tuple(matching[:1]), certain=len(matching) == 1)
    telling = next(
        (n for n, each in enumerate(_agreements(cases, outcomes, right)) if not each), 0
    )
    return _pair(exercise, seed, cases, outcomes, singles, telling) or _nearest(
        cases, outcomes, right, singles
    )


@lru_cache(maxsize=4096)  # a learner asks again and again with the one practice seed
def answers(exercise: Exercise, seed: int, *wrong: Misconception) -> tuple[Outcome, ...]:
    """What the reference, or someone with these misconceptions, answers to the cases."""
    function = exercise.variant(*wrong) if wrong else exercise.target
    inputs = list(_inputs(exercise, seed))
    if not wrong:
        return tuple(attempt_all(function, inputs))
    # a busy machine must not make a misconception look like one that never ends
    return tuple(attempt_all(function, inputs, VARIANT_SECONDS, idle=False))


@lru_cache(maxsize=4096)
def answer(exercise: Exercise, seed: int, number: int, *wrong: Misconception) -> Outcome:
    """What someone with these misconceptions answers to one case."""
    inputs = [_inputs(exercise, seed)[number]]
    (outcome,) = attempt_all(exercise.variant(*wrong), inputs, VARIANT_SECONDS, idle=False)
    return outcome


@lru_cache(maxsize=64)  # drawing all cases takes longer than answering one
def _inputs(exercise: Exercise, seed: int) -> tuple[Mapping[str, Any], ...]:
    return tuple(case.inputs for case in draw(exercise, seed))


def same(case: Case, outcome: Outcome, other: Outcome) -> bool:
    """Whether two outcomes are alike as far as the case can tell."""
    if ("ended", "") in (outcome.failure, other.failure):
        return True  # nobody knows what it would have been
    if outcome.failure or other.failure:
        return outcome.failure == other.failure
    return outcome.changed == other.changed and not case.judge(outcome.result, other.result)


def _agreements(cases, outcomes, others) -> list[bool]:
    return [same(*each) for each in zip(cases, outcomes, others, strict=True)]


def _alike(cases, outcomes, others) -> bool:
    return all(same(*each) for each in zip(cases, outcomes, others, strict=True))


def _differs(cases, outcomes, right) -> bool:
    return not _alike(cases, outcomes, right)


def _pair(exercise, seed, cases, outcomes, singles, telling) -> Diagnosis | None:
    """Two misconceptions at once; several pairs with one in common name that one.

    There are hundreds of pairs: only those that explain the `telling` case, one that went
    wrong, are tried on all.
    """
    ends = [
        wrong
        for wrong, theirs in singles.items()
        if not any(each.failure == ("time", "") for each in theirs)
    ]
    matching = []
    for pair in combinations(ends, 2):
        try:
            once = answer(exercise, seed, telling, *pair)
        except LookupError:  # both edit the same place
            continue
        if same(cases[telling], outcomes[telling], once) and _alike(
            cases, outcomes, answers(exercise, seed, *pair)
        ):
            matching.append(pair)
    if not matching:
        return None
    common = tuple(wrong for wrong in matching[0] if all(wrong in pair for pair in matching))
    return Diagnosis(common or matching[0], certain=len(matching) == 1)


def _nearest(cases, outcomes, right, singles) -> Diagnosis | None:
    """The one misconception that explains every wrong value, whatever else went wrong.

    A value that it explains differently speaks against it, since a symptom that is not there
    would be told; but for the properties, where another fault (a dtype lost) may show.  So do
    errors that it does not explain, if they are most of what there is.
    """
    own = len(cases) - len(list(properties(cases[0])))
    explained = {}
    for wrong, theirs in singles.items():
        agrees = _agreements(cases, outcomes, theirs)
        contradicted = any(
            not a and not o.failure for a, o in zip(agrees[:own], outcomes[:own], strict=True)
        )
        too_little = 2 * sum(agrees[:own]) < own
        value_seen = any(  # two functions that merely raise the same error are not alike
            a and not o.failure and not same(case, o, r)
            for a, case, o, r in zip(agrees, cases, outcomes, right, strict=True)
        )
        if value_seen and not contradicted and not too_little:
            explained[wrong] = sum(agrees)
    if not explained:
        return None
    return Diagnosis((max(explained, key=explained.get),), certain=False)
