"""Every misconception against the grader that has to catch it: the kill matrix.

Each is run through the grader over several seeds; it has to lose points on every one, and to
be diagnosed as itself and nothing else: also with a second fault beside it, and when its
arithmetic is written in another way.  The table in docs/ is made here and held to be true.
"""

import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

from tqdm.auto import tqdm

from autograder.diagnose import VARIANT_SECONDS
from autograder.exercises import EXERCISES
from autograder.grade import PRACTICE, Run, grade, run_here
from autograder.report import Report
from autograder.slips import with_a_slip
from autograder.spec import Exercise, Misconception
from autograder.styles import in_another_style

SEEDS = (PRACTICE, 1, 2)
TABLE = Path(__file__).parents[1] / "docs" / "kill-matrix.md"

# what may earn more than half, and why: by exercise and mistake
ABOVE_HALF = {
    ("activations.selu", name): "right in float32 to its last digit; wrong in float64 alone"
    for name in ("five digits typed in", "four digits typed in")
}

INTRODUCTION = f"""# Kill matrix

Each row is one known mistake, written as one edit of the right answer and run through the
grader with {len(SEEDS)} seeds. *Points* is the most that it earned: at most half where a case
of the exercise's own is wrong, more only for the reason that is given. *Diagnosis* is what
the grader called it; *with a slip*, what it called it when one degenerate case that the
mistake leaves right went wrong as well, in a random way (– where it leaves none right); *in
another style*, when every quotient, difference, product and square was written otherwise.
`python -m autograder kill-matrix` makes this table; a test holds it to be up to date.
"""


@dataclass(frozen=True)
class Kill:
    """What the grader said of one misconception, one report a seed."""

    exercise: Exercise
    wrong: Misconception
    reports: tuple[Report, ...]
    slipped: Report | None
    styled: Report

    @property
    def points(self) -> float:
        return max(report.score for report in self.reports)

    @property
    def argued(self) -> str:
        """Why it may earn more than half, if it may."""
        return ABOVE_HALF.get((self.exercise.id, self.wrong.name), "")

    @property
    def costs_half(self) -> bool:
        return self.points <= self.exercise.points / 2

    @property
    def caught(self) -> bool:
        return max(self.points, self.styled.score) < self.exercise.points

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The names that it was given, each once."""
        return tuple(dict.fromkeys(map(called, self.reports)))

    @property
    def named(self) -> bool:
        return self.diagnoses == (self.wrong.name,)

    @property
    def named_with_a_slip(self) -> bool:
        """Whether it is named first; what is said of the slip is another matter."""
        found = self.slipped and self.slipped.diagnosis
        return not self.slipped or bool(
            found and found.certain and found.misconceptions[:1] == (self.wrong,)
        )

    @property
    def named_in_another_style(self) -> bool:
        return called(self.styled) == self.wrong.name

    def row(self) -> str:
        """The row of the table."""
        slipped = called(self.slipped) if self.slipped else "–"
        cells = [
            self.wrong.name,
            f"{self.points:g}" + f" ({self.argued})" * bool(self.argued),
            "✓ named" if self.named else " or ".join(self.diagnoses),
            "✓ named" if self.slipped and self.named_with_a_slip else slipped,
            "✓ named" if self.named_in_another_style else called(self.styled),
        ]
        return f"| {' | '.join(cells)} |\n"


def called(report: Report) -> str:
    """What a report calls the mistake."""
    found = report.diagnosis
    return (found.name if found.certain else f"perhaps {found.name}") if found else "none"


@cache
def kills(exercise: Exercise) -> list[Kill]:
    return [_kill(exercise, wrong) for wrong in exercise.misconceptions]


def _kill(exercise: Exercise, wrong: Misconception) -> Kill:
    mine = exercise.compiled(exercise.edited(wrong), wrong.name)  # some keep a state: their own
    run = _run(mine)
    slipping = with_a_slip(exercise, wrong, run, PRACTICE)
    return Kill(
        exercise,
        wrong,
        tuple(grade(exercise, run, seed) for seed in SEEDS),
        slipping and grade(exercise, slipping, PRACTICE),
        grade(exercise, _run(in_another_style(exercise, wrong)), PRACTICE),
    )


def _run(submission) -> Run:
    return run_here(submission, VARIANT_SECONDS, idle=False)  # some never return


def section(exercise: Exercise) -> str:
    """The matrix of one exercise as Markdown."""
    return (
        f"\n## `{exercise.id}` · {exercise.points} points\n\n"
        "| mistake | points | diagnosis | with a slip | in another style |\n"
        "|---|---|---|---|---|\n" + "".join(kill.row() for kill in kills(exercise))
    )


@dataclass(frozen=True)
class Count:
    """What the matrix, or a part of it, comes to."""

    exercises: int = 0
    mistakes: int = 0
    accepted: int = 0
    named: int = 0
    slipped: int = 0
    named_with_a_slip: int = 0
    named_in_another_style: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.exercises} exercises, {self.mistakes} mistakes: {self.accepted} accepted, "
            f"{self.named} named; with a slip {self.named_with_a_slip} of {self.slipped}, "
            f"in another style {self.named_in_another_style}; {self.seconds:.0f} s."
        )


def count(exercise: Exercise) -> Count:
    """What the matrix of one exercise comes to, and how long it took."""
    begin = time.monotonic()
    rows = kills(exercise)
    with_slip = [kill for kill in rows if kill.slipped]
    return Count(
        1,
        len(rows),
        sum(not kill.caught for kill in rows),
        sum(kill.named for kill in rows),
        len(with_slip),
        sum(kill.named_with_a_slip for kill in with_slip),
        sum(kill.named_in_another_style for kill in rows),
        time.monotonic() - begin,
    )


def total(counts: Iterable[Count]) -> Count:
    return Count(*map(sum, zip(*map(astuple, counts), strict=True)))


def short(exercise: Exercise) -> list[str]:
    """The rows that fall short, each in a sentence."""
    found = []
    for kill in kills(exercise):
        if not kill.caught:
            found.append(f"{exercise.id}: {kill.wrong.name!r} earns everything")
        if not (kill.costs_half or kill.argued):
            found.append(f"{exercise.id}: {kill.wrong.name!r} earns more than half")
        if not kill.named:
            found.append(f"{exercise.id}: {kill.wrong.name!r} is {' or '.join(kill.diagnoses)}")
    return found


def write() -> bool:
    """Make the table of all exercises and keep it in docs/; whether no row falls short."""
    counts = [count(each) for each in tqdm(EXERCISES.values(), desc="exercises", leave=False)]
    sections = map(section, EXERCISES.values())
    TABLE.write_text("".join([INTRODUCTION, *sections]), encoding="utf-8")
    fall_short = [row for exercise in EXERCISES.values() for row in short(exercise)]
    print("\n".join([*fall_short, str(total(counts))]))
    return not fall_short
