"""The diagnosis: a name only where the evidence bears it."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.attempt import Outcome
from autograder.diagnose.evidence import Trial
from autograder.diagnose.search import GOOD, Explanation, explanations
from autograder.spec import Exercise, Misconception

LIKELY = 0.5  # least score that is worth a name
AHEAD = 0.1  # by which the best has to be ahead of what says something else
ENOUGH = 1.0  # numbers that could not be anything, at least


@dataclass(frozen=True)
class Diagnosis:
    """The mistakes whose wrong answers these are, or what the answer is to the right one.

    Not `certain` when they do not explain most of it, or something else would as well.
    `evidence` says what they explain, `rest` what they do not; `relation` stands where no
    mistake is known, and `title` is its name in short.
    """

    misconceptions: tuple[Misconception, ...]
    certain: bool = True
    evidence: str = ""
    rest: str = ""
    relation: str = ""
    title: str = ""

    @property
    def name(self) -> str:
        names = dict.fromkeys(wrong.name for wrong in self.misconceptions)
        return " and ".join(names) or self.title


def diagnose(exercise: Exercise, seed: int, outcomes: Sequence[Outcome]) -> Diagnosis | None:
    """The mistake behind the outcomes of the cases of this seed, if any is recognised."""
    trial = Trial(exercise, seed, outcomes)
    if not trial.telling:
        return None
    return named(trial, explanations(trial))


def named(trial: Trial, found: list[Explanation]) -> Diagnosis | None:
    """The best explanation, if it explains enough and is ahead of all others."""
    if not found:
        return None
    best = found[0]
    rivals = [each for each in found[1:] if not _related(each, best)]
    ahead = not rivals or rivals[0].rank < best.rank - AHEAD
    if best.exact:
        return Diagnosis(best.wrong, certain=not any(each.exact for each in found[1:]))
    if best.score < LIKELY or best.proof < ENOUGH or not ahead:
        return None
    return Diagnosis(best.wrong, certain=sure(trial, best))


def sure(trial: Trial, best: Explanation) -> bool:
    full = [number for number in trial.telling if trial.full(number)]
    return bool(full) and all(best.tally(number).mean >= GOOD for number in full)


def _related(one: Explanation, other: Explanation) -> bool:
    """Whether the two have a mistake in common."""
    return bool(set(one.wrong) & set(other.wrong))
