"""What is known of a submission once its cases are ruled on."""

from dataclasses import dataclass, replace
from typing import Any

from autograder.calling.attempt import attempt
from autograder.calling.outcome import Outcome
from autograder.diagnose import Diagnosis
from autograder.points import earned, lacks_an_idea
from autograder.recipes import Recipe
from autograder.report.described import described
from autograder.report.shown import shown
from autograder.report.verdicts import NOTHING, Practice, Verdict
from autograder.spec import Exercise
from autograder.state import known_state


@dataclass(frozen=True)
class Facts:
    """All verdicts on one submission, and what went wrong if we recognise it.

    `stale` says why the function is not what its cell says, and was not asked.  `notes` come
    from whoever handed the submission in (what had to be repaired); `traced` is
    the outcome on the exercise's tiny example, shown once `with_trace` is asked for.
    """

    exercise: Exercise
    verdicts: tuple[Verdict, ...]
    attempted: bool = True
    stale: str = ""
    diagnosis: Diagnosis | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    traced: Outcome | None = None
    with_trace: bool = False
    secret: bool = False
    practice: bool = False
    beside: Practice = NOTHING

    @property
    def score(self) -> float:
        """Points earned, by the rule of `autograder.points`."""
        return earned(self.exercise.points, self.verdicts)

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def headline(self) -> str:
        points = f"{self.score:g} of {self.exercise.points:g} points"
        if not self.attempted:
            how = "not marked" if self.stale else "not attempted"
            return f"{self.exercise.name}: {how} ({points})"
        return f"{self.exercise.name}: {points}"

    @property
    def tally(self) -> str:
        """How many cases are right, and what that earns."""
        name, _, points = self.headline.partition(": ")
        if not self.attempted:
            return self.headline
        right, of = sum(verdict.passed for verdict in self.verdicts), len(self.verdicts)
        return f"{name}: {right} of {of} case{'s' * (of > 1)} right, {points}"

    @property
    def first_complaint(self) -> str:
        """The first case that failed, which is the most typical one, and the complaint."""
        first = next((verdict for verdict in self.verdicts if not verdict.passed), None)
        if first is None or not self.attempted:
            return ""
        return ended(f"On “{first.case}”: {self.said(first.complaint)}")

    @property
    def rule(self) -> str:
        """Why there are fewer points than cases passed, where that is so."""
        right = [verdict.passed for verdict in self.verdicts]
        if not self.attempted or not any(right):
            return ""
        if not right[0]:
            return "No case counts without the first one, which is the typical one."
        if lacks_an_idea(self.verdicts) and sum(right) > len(right) / 2:
            return "Half of the points are for having every case of the exercise right."
        return ""

    @property
    def folded(self) -> bool:
        """Whether the list of cases says no more than their number: all fared alike."""
        return len({verdict.passed for verdict in self.verdicts}) == 1

    @property
    @known_state()  # it is computed when it is looked at, among the learner's own settings
    def trace(self) -> list[tuple[str, str]]:
        """The tiny example worked by hand, with what the submission made of it at the end."""
        if not self.with_trace or self.traced is None or self.traced.failure:
            return []
        inputs = self.exercise.trace.inputs
        right = shown(attempt(self.exercise.target, inputs).result)
        yours = shown(self.traced.result)
        if right == yours:  # it would show nothing that went wrong
            return []
        return [
            *((name, _in_words(value)) for name, value in inputs.items()),
            *self.exercise.trace.steps(),
            ("should come out", right),
            ("yours", yours),
        ]

    def said(self, text: str) -> str:
        """A complaint as this report may say it: what is secret is kept from it."""
        return str(getattr(text, "guarded", text)) if self.secret else str(text)

    def opens(self, verdict: Verdict) -> bool:
        """Whether a case shows what went in and what should have come out."""
        shows = self.practice and self.attempted and not self.secret
        return shows and bool(verdict.inputs or verdict.expected)

    def noting(self, *notes: str) -> "Facts":
        return replace(self, notes=(*self.notes, *notes))


def _in_words(value: Any) -> str:
    """An input of the worked example; what has to be built is told rather than shown."""
    return described(value) if isinstance(value, Recipe) else shown(value)


def ended(said: str) -> str:
    return said if said.endswith(("?", ".")) else f"{said}."
