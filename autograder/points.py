"""What an answer earns: the ideas of an exercise weigh more than what every function is asked.

A right answer earns everything.  One that gets a case of the exercise's own wrong lacks an idea
and earns its share of the cases, at most half; one that fails only in what every function is
asked besides (another dtype, gaps in memory, a second call) loses that share alone.  Nothing is
earned without the first case, the typical one.
"""

import math
from collections.abc import Sequence
from typing import Protocol

STEP = 4  # points come in quarters, rounded down: only what is all right earns everything


class Ruled(Protocol):
    """A case that is ruled on."""

    @property
    def passed(self) -> bool: ...

    @property
    def besides(self) -> bool: ...


def earned(points: float, cases: Sequence[Ruled]) -> float:
    """The points of an exercise that these cases earn."""
    passed = [case.passed for case in cases]
    if not passed[0]:
        return 0.0
    most = points / 2 if lacks_an_idea(cases) else points
    return math.floor(STEP * min(most, points * sum(passed) / len(passed))) / STEP


def lacks_an_idea(cases: Sequence[Ruled]) -> bool:
    """Whether a case is wrong that this exercise asks of its own."""
    return not all(case.passed or case.besides for case in cases)
