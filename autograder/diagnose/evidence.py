"""How much of what is wrong do certain mistakes explain?  Entry by entry, over all cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograder.calling.outcome import Outcome
from autograder.diagnose.answering import answer
from autograder.diagnose.ground import FULL, Ground, grounds
from autograder.diagnose.readings import (
    WEAK,
    Reading,
    alike,
    entry_weights,
    read,
    same_failure,
)
from autograder.spec import Exercise, Misconception

MOSTLY = 0.6  # share of what is wrong in a part that counts as an explanation of it

Wrong = tuple[Misconception, ...]


class Match(NamedTuple):
    """One answer beside a submission's, for each entry of a case.

    `fits`: wrong in the same way.  `off`: wrong at all, in the answer that is held beside it.
    `moot`: off by so little that it says nothing.  `proof` is what a fit proves where both
    failed.
    """

    fits: np.ndarray
    off: np.ndarray
    moot: np.ndarray
    proof: float = 1.0


class Tally(NamedTuple):
    """One case summed up by component: the explained share of what is or should be wrong."""

    share: np.ndarray  # NaN where nothing is wrong and nothing should be
    proof: float

    @property
    def mean(self) -> float:
        known = self.share[~np.isnan(self.share)]
        return float(known.mean()) if len(known) else 1.0

    @property
    def silent(self) -> bool:
        """Whether nothing is wrong, and nothing should be."""
        return bool(np.isnan(self.share).all())


@dataclass(eq=False)
class Trial:
    """The outcomes of one submission, ready to be held against everybody's."""

    exercise: Exercise
    seed: int
    outcomes: Sequence[Outcome]
    _matches: dict[tuple[int, Wrong], Match] = field(default_factory=dict)

    def __post_init__(self):
        self.grounds = grounds(self.exercise, self.seed)
        self.readings: list[Reading] = [
            read(ground, outcome, judged=True)
            for ground, outcome in zip(self.grounds, self.outcomes, strict=True)
        ]
        self.weights = [
            entry_weights(ground, reading)
            for ground, reading in zip(self.grounds, self.readings, strict=True)
        ]
        self.known = [
            number for number, each in enumerate(self.outcomes) if each.failure != ("ended", "")
        ]
        wrong = [number for number in self.known if self.readings[number].wrong.any()]
        # the heaviest first; of equals the one that comes first
        self.telling = sorted(wrong, key=lambda number: -self.grounds[number].weight)

    def match(self, number: int, wrong: Wrong) -> Match:
        """What these mistakes explain of one case.  Raises LookupError if they exclude another."""
        key = number, wrong
        if key not in self._matches:
            theirs = answer(self.exercise, self.seed, number, *wrong)
            self._matches[key] = self._held(number, theirs, wrong)
        return self._matches[key]

    def _held(self, number: int, theirs: Outcome, wrong: Wrong) -> Match:
        mine, ground = self.readings[number], self.grounds[number]
        if theirs is ground.right:
            none = np.zeros(len(mine.wrong), bool)
            return Match(none, none, none)
        other = _reading(self.exercise, self.seed, number, wrong)
        if ground.loose and not mine.whole and not other.whole:
            return self._loosely(ground, mine, other)
        if mine.whole or other.whole:
            proof = same_failure(mine.outcome, theirs)
            fits = np.full(len(mine.wrong), proof > 0)
            return Match(fits, other.wrong, np.zeros(len(fits), bool), proof)
        same = alike(ground, mine, other)
        return Match(same & other.wrong, other.wrong, same & ~other.wrong)

    def _loosely(self, ground: Ground, mine: Reading, other: Reading) -> Match:
        """Where answers can only be compared as a whole."""
        same = not ground.case.judge(mine.outcome.result, other.outcome.result)
        same = same and mine.outcome.changed == other.outcome.changed
        return Match(mine.wrong & same, other.wrong, np.zeros(len(mine.wrong), bool))

    def together(self, number: int, wrong: Wrong) -> Match:
        """Several mistakes, each in its own places: no entry is expected to show two."""
        matches = [self.match(number, (each,)) for each in wrong]
        fits = np.logical_or.reduce([match.fits for match in matches])
        off = np.logical_or.reduce([match.off for match in matches])
        moot = np.logical_and.reduce([match.moot for match in matches])
        return Match(fits, off, moot, max(match.proof for match in matches))

    def tally(self, number: int, match: Match) -> Tally:
        """The case summed up by component."""
        ground, mine = self.grounds[number], self.readings[number]
        weights, proof = self.weights[number]
        if mine.whole:
            share = np.array([1.0 if match.fits.all() else 0.0])
            return Tally(share, match.proof * WEAK if match.fits.all() else 0.0)
        of = self.component_of(ground)
        concerned = (mine.wrong & ~match.moot) | match.off
        total = np.bincount(of, weights * concerned)
        explained = np.bincount(of, weights * (mine.wrong & match.fits))
        with np.errstate(all="ignore"):
            share = explained / total
        return Tally(share, float((proof * (mine.wrong & match.fits)).sum()))

    @staticmethod
    def component_of(ground: Ground) -> np.ndarray:
        """For each entry the number of its component; that an input was changed is one too."""
        return np.concatenate(
            [ground.component_of[ground.leaf_of], ground.component_of, [len(ground.names)]]
        )

    def full(self, number: int) -> bool:
        return self.grounds[number].weight >= FULL


@lru_cache(maxsize=8192)
def _reading(exercise: Exercise, seed: int, number: int, wrong: Wrong) -> Reading:
    return read(grounds(exercise, seed)[number], answer(exercise, seed, number, *wrong))
