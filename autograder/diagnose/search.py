"""Which mistakes explain the most?  One first, then two at once, then one more for the rest."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from autograder.diagnose.answering import builds
from autograder.diagnose.evidence import Match, Tally, Trial, Wrong
from autograder.diagnose.faults import faults
from autograder.diagnose.made_up import Fault
from autograder.recipes import Each
from autograder.spec import Case, Misconception

GOOD = 0.9  # share from which a case counts as explained
HOPE = 0.3  # least score of what is tried together with others
COMPLEX, DERIVED = 0.06, 0.02  # what a further mistake has to explain more; what a derived one
MOST = 3  # mistakes that are named together
PAIRS, FEW_PAIRS = 240, 15  # pairs that are tried: few where one answer takes a training run


@dataclass(eq=False)
class Explanation:
    """Mistakes, and what they explain of each case; `apart` if each in its own places only."""

    trial: Trial
    wrong: Wrong
    apart: bool = False
    doubtful: bool = False  # another explains it all as well

    def match(self, number: int) -> Match:
        if self.apart:
            return self.trial.together(number, self.wrong)
        return self.trial.match(number, self.wrong)

    def tally(self, number: int) -> Tally:
        return self.trial.tally(number, self.match(number))

    def score_of(self, numbers: list[int]) -> float:
        """The explained share of these cases, by their weight."""
        tallies = {n: self.tally(n) for n in numbers}
        weights = {n: self.trial.grounds[n].weight for n, t in tallies.items() if not t.silent}
        if not weights:
            return 0.0
        return sum(w * tallies[n].mean for n, w in weights.items()) / sum(weights.values())

    @cached_property
    def score(self) -> float:
        return self.score_of(self.trial.known)

    @cached_property
    def proof(self) -> float:
        return sum(self.tally(n).proof for n in self.trial.telling)

    @property
    def rank(self) -> float:
        derived = sum(isinstance(each, Fault) for each in self.wrong)
        return self.score - COMPLEX * (len(self.wrong) - 1) - DERIVED * derived

    @property
    def exact(self) -> bool:
        return all(self.tally(n).mean > 0.999 for n in self.trial.known)

    def like(self, other: "Explanation") -> bool:
        """Whether both explain the same, entry by entry."""
        return all(
            np.array_equal(self.match(n).fits, other.match(n).fits)
            and np.array_equal(self.match(n).off, other.match(n).off)
            for n in self.trial.known
        )

    def covers(self, other: "Explanation") -> bool:
        """Whether it explains no case worse than another does, and some case better."""
        gains = [self.tally(n).mean - other.tally(n).mean for n in self.trial.known]
        return min(gains) >= 0 and max(gains) > 1 - GOOD

    @cached_property
    def complete(self) -> bool:
        """Whether everything that these mistakes would show is there, and as they show it."""
        shown = [n for n in self.trial.known if self.match(n).off.any()]
        return all(self.tally(n).mean >= GOOD for n in shown)

    @property
    def open(self) -> list[int]:
        """The telling cases that are not explained, the heaviest first."""
        return [n for n in self.trial.telling if self.tally(n).mean < GOOD]


def heavy(trial: Trial) -> bool:
    """Whether each answer takes long: models to build, or a judge that counts random draws."""
    typical = trial.grounds[0]
    return typical.loose or any(builds(value) for value in typical.case.inputs.values())


def explanations(trial: Trial) -> list[Explanation]:
    """Everything that explains something, the best first."""
    few = heavy(trial)
    suspects = (*trial.exercise.misconceptions, *faults(trial.exercise, few))
    found = singles(trial, suspects, few)
    if not found or not found[0].exact:
        found = ranked([*found, *pairs(trial, found, few)])
        found = ranked([*found, *extended(suspects, found)])
    return found


def ranked(found: list[Explanation]) -> list[Explanation]:
    return sorted(found, key=lambda each: -each.rank)  # stable: of equals the first listed


def singles(trial: Trial, suspects: Wrong, few: bool) -> list[Explanation]:
    """What explains something by itself.

    All are tried on the first cases that are wrong; on the others only those that explain
    some of that, unless all of them say nothing there.
    """
    first = trial.telling[: 1 if few else 3]
    alone = [Explanation(trial, (suspect,)) for suspect in suspects]
    hopeful = [one for one in alone if _explains(one, first)]
    hopeful.sort(key=lambda one: -one.score_of(first))
    hopeful = [one for one in hopeful[:12] if one.score_of(trial.telling) > 0]
    return ranked(hopeful)


def _explains(one: Explanation, numbers: list[int]) -> bool:
    """Whether there is anything that it explains; of a derived fault where it shows first."""
    for number in numbers:
        if one.tally(number).proof > 0:
            return True
        if isinstance(one.wrong[0], Fault) and one.match(number).off.any():
            return False
    return False


def pairs(trial: Trial, found: list[Explanation], few: bool) -> list[Explanation]:
    """Two at once, where both change the same numbers.

    There are hundreds of pairs: only those that explain the key case are tried on all.
    """
    key = key_case(trial, found, few)
    if key is None:
        return []
    matching = []
    listed = trial.exercise.misconceptions
    acting = [each for each in listed if trial.match(key, (each,)).off.any()]
    hopeful = {each for one in found for each in one.wrong}
    both = sorted(combinations(acting, 2), key=lambda pair: len({*pair} - hopeful))
    for pair in both[: FEW_PAIRS if few else PAIRS // calls(trial.grounds[key].case)]:
        one = Explanation(trial, pair)
        try:
            tally = one.tally(key)
        except LookupError:  # both edit the same place
            continue
        if tally.mean >= GOOD and tally.proof > 0.5:
            matching.append(one)
    return matching[:20]


def calls(case: Case) -> int:
    """How often a function is called for one answer, at least by order of magnitude."""
    each = [len(value.values) for value in case.inputs.values() if isinstance(value, Each)]
    return max(1, max(each, default=1) // 2)


def key_case(trial: Trial, found: list[Explanation], few: bool) -> int | None:
    """A case that no single mistake explains, and that as few as possible change."""
    open_ = [
        number
        for number in trial.telling
        if trial.full(number) and not trial.readings[number].whole
        and all(number in each.open for each in found[:8])
    ]  # fmt: skip

    def acting(number: int) -> int:
        listed = trial.exercise.misconceptions
        return sum(bool(trial.match(number, (each,)).off.any()) for each in listed)

    return min(open_[: 1 if few else 3], key=acting, default=None)


def extended(suspects: Wrong, found: list[Explanation]) -> list[Explanation]:
    """The best with one more mistake that explains a case they leave open; and one more."""
    result = []
    for one in found[:3]:
        best = one
        while best.score >= HOPE and len(best.wrong) < MOST:
            more = max(further(best, suspects), key=lambda each: each.rank, default=None)
            if more is None or more.rank <= best.rank:
                break
            best = more
            result.append(best)
    return result


def further(base: Explanation, suspects: Wrong) -> list[Explanation]:
    """The explanation with one more mistake, where that explains a case that was open."""
    found = []
    for number in base.open[:3]:
        for suspect in suspects:
            if suspect in base.wrong:
                continue
            for one in _joined(base, suspect):
                try:
                    tally = one.tally(number)
                    gained = tally.mean - base.tally(number).mean
                except LookupError:
                    continue
                if gained > 0.3 and tally.mean >= GOOD and _proves(number, one, base):
                    found.append(one)
                    break
    return found


def _proves(number: int, one: Explanation, base: Explanation) -> bool:
    return one.tally(number).proof > base.tally(number).proof + 0.5


def _joined(base: Explanation, suspect: Misconception) -> list[Explanation]:
    wrong = (*base.wrong, suspect)
    return [replace(base, wrong=wrong, apart=False), replace(base, wrong=wrong, apart=True)]
