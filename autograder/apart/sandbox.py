"""A notebook that runs apart, and is asked what its functions return.

A worker that hangs or dies is replaced, and the cell that it hung in is run again only as far
as it defines things.  Nothing that comes from it is believed beyond being plain data.
"""

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograder.apart.process import GRACE, DiedError, Process
from autograder.calling.attempt import noticed
from autograder.calling.outcome import NOT_ASKED, Outcome, too_long
from autograder.calling.patience import SECONDS, endless, patience
from autograder.calling.plain import legible

LOAD = 10  # seconds for one cell, on a machine that has a processor for it
LONGEST = 2**20  # characters of a cell; no one types more
MOST_CUTS = 6  # cells that may end a worker before the whole notebook is suspect

NOT_RUN = Outcome(
    failure=("ended", ""), error="was not run: two cases before it ended Python altogether"
)
FAILURES = (
    "missing", "not attempted", "raised", "input", "time", "died", "too large", "withheld",
    "no gradient", "gradient mode", "no state", "order", "copies",
)  # fmt: skip


class Cell(NamedTuple):
    """A code cell of the submission; `whole` runs it, else only its definitions count."""

    source: str
    whole: bool = True


@dataclass
class Sandbox:
    """One submission's notebook, running apart.

    `references` names the functions of the library that may be withheld or lent in a call.
    """

    cells: Sequence[Cell]
    references: Sequence[str] = ()

    def __enter__(self) -> "Sandbox":
        self.cells = [
            cell if len(cell.source) <= LONGEST else Cell("", whole=False)
            for cell in self.cells
        ]
        self.errors: list[str] = []  # of the cells that have run, in order
        self._upto: int | None = None  # cells that are to have run; all, unless told
        self._folder = tempfile.TemporaryDirectory(
            prefix="submission-", ignore_cleanup_errors=True
        )
        self._worker: Process | None = None
        self._ended = 0  # workers that a submission has brought down
        self._cuts = 0  # and those that it has brought down while its cells ran
        return self

    def __exit__(self, *_) -> None:
        if self._worker and not self._worker.ended:
            self._worker.stop()
        with contextlib.suppress(RecursionError):  # folders nested deeper than Python follows
            self._folder.cleanup()

    def run(
        self,
        name: str,
        inputs: Sequence[Mapping[str, Any]],
        seconds: float = SECONDS,
        *,
        asks: str = "",
        lend: Sequence[str] = (),
    ) -> list[Outcome]:
        """Outcomes of calling `name` on each of the inputs, as the submission defines it.

        The reference `asks` is withheld meanwhile, and those in `lend` stand for their names.
        """
        outcomes: list[Outcome] = []
        ended = self._ended
        for each in inputs:
            if endless(outcomes):
                outcomes.append(NOT_ASKED)
                continue
            if self._ended - ended >= 2:
                outcomes.append(NOT_RUN)
                continue
            request = {"call": name, "inputs": dict(each), "asks": asks, "lend": list(lend)}
            outcomes.append(self._call(request, patience(outcomes, seconds)))
        return outcomes

    def go_on(self, upto: int) -> None:
        """Run the cells before this place, if they have not run, and none behind it yet."""
        self._upto = max(upto, self._upto or 0)

    def uses(self, name: str, names: Sequence[str]) -> dict[str, str]:
        """Which of these names the submission reads, and what they stand for in it."""
        answer = self._answer_or({"uses": name, "of": list(names)}, {})
        pairs = answer.items() if isinstance(answer, Mapping) else ()
        return {used: str(what) for used, what in pairs if used in names}

    def made(self, name: str) -> str:
        """Where what this name stands for was made; another text for another function."""
        return str(self._answer_or({"made": name}, ""))

    def _answer_or(self, request: dict, otherwise: Any) -> Any:
        try:
            self._load()
            return self._worker.ask(request, within=GRACE)
        except (TimeoutError, DiedError):
            return otherwise

    def _call(self, request: dict, seconds: float) -> Outcome:
        self._load()
        try:
            answer = self._worker.ask(request | {"seconds": seconds}, seconds + GRACE)
            return noticed(_believed(answer), request["inputs"])
        except TimeoutError:
            self._ended += 1
            return too_long(seconds)
        except DiedError as died:
            self._ended += 1
            return Outcome(
                failure=("died", ""), error=f"ended Python before returning ({died})"
            )

    def _load(self) -> None:
        """Run the cells that are due; one that ends the worker is cut down and all run anew."""
        while True:
            if self._worker is None or self._worker.ended:
                self._worker = Process(self._folder.name, self.references)
                self.errors = []
            number = len(self.errors)
            if number >= self._due():
                return
            cell = self.cells[number]
            try:
                request = {"cell": cell.source, "whole": cell.whole}
                answer = self._worker.ask(request, LOAD * crowd())
            except (TimeoutError, DiedError):
                self._cut_down(number)
                continue
            self.errors.append(legible(str(answer)))

    def _due(self) -> int:
        return len(self.cells) if self._upto is None else min(self._upto, len(self.cells))

    def _cut_down(self, number: int) -> None:
        """Ask less of the cell that ended a worker: its definitions, or else nothing.

        One that has nothing left was blamed for another: a cell before it had answered, and
        went on.  A notebook that ends one worker after the other is cut down as a whole.
        """
        self._cuts += 1
        held = [place for place in range(number + 1) if self.cells[place].source]
        if not held:
            raise RuntimeError("the grading worker cannot run a notebook without any source")
        for place in range(len(self.cells)) if self._cuts % MOST_CUTS == 0 else held[-1:]:
            cell = self.cells[place]
            self.cells[place] = Cell(cell.source if cell.whole else "", whole=False)


def crowd() -> float:
    """How many processes want each processor, 1 to 5: a busy machine must not cost points."""
    try:
        wanted = os.getloadavg()[0]
    except (AttributeError, OSError):  # not on Windows
        return 1.0
    return min(5.0, max(1.0, wanted / (os.cpu_count() or 1)))


def _believed(answer: Any) -> Outcome:
    """An answer as an outcome, whatever the worker has become."""
    match answer:
        case (
            result,
            failure,
            str(error),
            _,  # which inputs were changed is judged here, by what they are now
            list() | tuple() as said,
            after,
        ):
            match failure:
                case None:
                    pass
                case (str(), str()) if failure[0] in FAILURES:
                    failure = (failure[0], legible(failure[1]))
                case _:
                    failure = ("died", "")
            return Outcome(
                result if failure is None else None,
                failure,
                error[:500],
                remarks=tuple(str(each)[:500] for each in said[:5]),
                after=after,
            )
    return Outcome(failure=("died", ""), error="sent something that is no result")
