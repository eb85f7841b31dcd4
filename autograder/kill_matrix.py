"""Every misconception against the grader that has to catch it: the kill matrix.

Each is run through the grader over several seeds; it has to lose points on every one, and to
be diagnosed as itself and nothing else.  The table in docs/ is made here and held to be true.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tqdm.auto import tqdm

from autograder.diagnose import VARIANT_SECONDS
from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here
from autograder.report import Report
from autograder.spec import Exercise, Misconception

SEEDS = (0, 1, 2)
TABLE = Path(__file__).parents[1] / "docs" / "kill-matrix.md"

INTRODUCTION = f"""# Kill matrix

Each row is one known mistake, written as one edit of the right answer and run through the
grader with {len(SEEDS)} seeds. *Points* is the most that it earned, *diagnosis* what the grader
called it.
`python -m autograder kill-matrix` makes this table; a test holds it to be up to date.
"""


@dataclass(frozen=True)
class Kill:
    """What the grader said of one misconception, one report a seed."""

    exercise: Exercise
    wrong: Misconception
    reports: tuple[Report, ...]

    @property
    def points(self) -> float:
        return max(report.score for report in self.reports)

    @property
    def caught(self) -> bool:
        return self.points < self.exercise.points

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The names that it was given, each once."""
        named = (
            (r.diagnosis.name if r.diagnosis.certain else f"perhaps {r.diagnosis.name}")
            if r.diagnosis
            else "none"
            for r in self.reports
        )
        return tuple(dict.fromkeys(named))

    @property
    def named(self) -> bool:
        return self.diagnoses == (self.wrong.name,)


@cache
def kills(exercise: Exercise) -> list[Kill]:
    return [
        Kill(exercise, wrong, _reports(exercise, wrong)) for wrong in exercise.misconceptions
    ]


def _reports(exercise: Exercise, wrong: Misconception) -> tuple[Report, ...]:
    run = run_here(exercise.variant(wrong), VARIANT_SECONDS, idle=False)  # some never return
    return tuple(grade(exercise, run, seed) for seed in SEEDS)


def section(exercise: Exercise) -> str:
    """The matrix of one exercise as Markdown."""
    return (
        f"\n## `{exercise.id}` · {exercise.points} points\n\n"
        "| mistake | points | diagnosis |\n|---|---|---|\n"
        + "".join(
            f"| {kill.wrong.name} | {kill.points:g} "
            f"| {'✓ named' if kill.named else ' or '.join(kill.diagnoses)} |\n"
            for kill in kills(exercise)
        )
    )


def summary(seconds: float) -> str:
    """What the matrix comes to, and only those rows that fall short."""
    rows = [kill for exercise in EXERCISES.values() for kill in kills(exercise)]
    accepted = [kill for kill in rows if not kill.caught]
    lines = [f"{kill.exercise.id}: {kill.wrong.name!r} earns everything" for kill in accepted]
    lines += [
        f"{kill.exercise.id}: {kill.wrong.name!r} is called {' or '.join(kill.diagnoses)}"
        for kill in rows
        if not kill.named
    ]
    return "\n".join(
        [
            *lines,
            f"{len(EXERCISES)} exercises, {len(rows)} mistakes: {len(accepted)} accepted, "
            f"{sum(kill.named for kill in rows)} named, in {seconds:.0f} s.",
        ]
    )


def write() -> bool:
    """Make the table of all exercises and keep it in docs/; whether no row falls short."""
    begin = time.monotonic()
    text = "".join(
        [INTRODUCTION, *map(section, tqdm(EXERCISES.values(), desc="exercises", leave=False))]
    )
    TABLE.write_text(text, encoding="utf-8")
    print(summary(time.monotonic() - begin))
    return all(
        kill.caught and kill.named for each in EXERCISES.values() for kill in kills(each)
    )
