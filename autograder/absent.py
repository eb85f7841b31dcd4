"""A function that is to be marked and is not there: its cell was not run in this kernel."""

from collections.abc import Mapping
from typing import Any

from autograder.compare import Complaint, Kind
from autograder.links import RUN_ABOVE
from autograder.report import Report, Verdict
from autograder.spec import Exercise

ABSENT = object()
RUN = f"choose {RUN_ABOVE} from the menu, then run this cell again"


def named(name: str, scope: Mapping[str, Any]) -> Any:
    """What a notebook calls by this name, or by the last part of an exercise's id."""
    return scope.get(name, scope.get(name.rpartition(".")[2], ABSENT))


def absent(exercise: Exercise) -> Report:
    """A report that says what to run; it earns nothing, and nobody remembers it."""
    missing = Complaint("there is no such function", Kind.MISSING)
    return Absent(exercise, (Verdict("the typical case", missing),), attempted=False)


class Absent(Report):
    """The report on what is not there."""

    @property
    def lead(self) -> str:
        return (
            f"There is no `{self.exercise.name}` yet: its cell was not run since the kernel "
            f"was started. So {RUN}."
        )

    @property
    def headline(self) -> str:
        return f"{self.exercise.name}: not run yet (0 of {self.exercise.points:g} points)"
