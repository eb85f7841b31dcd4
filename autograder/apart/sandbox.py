"""The parent's end of a worker: start it, ask it, outlive it.

A worker that hangs or dies is replaced, and the cell that it hung in is run again only as far
as it defines things.  Nothing that comes from it is believed beyond being plain data.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograder.apart.wire import WireError, receive, send
from autograder.calling.attempt import (
    NOT_ASKED,
    SECONDS,
    Outcome,
    endless,
    noticed,
    patience,
    too_long,
)
from autograder.calling.plain import legible

# -I: no file that lies beside the notebook is imported
COMMAND = (sys.executable, "-I", "-m", "autograder.apart.worker")
START = 120  # seconds to import torch on a machine that has better things to do
LOAD = 10  # seconds for one cell, on a machine that has a processor for it
GRACE = 2  # seconds that the worker's own alarm gets before the parent loses patience
LONGEST = 2**20  # characters of a cell; no one types more
MOST_CUTS = 6  # cells that may end a worker before the whole notebook is suspect

NOT_RUN = Outcome(
    failure=("ended", ""), error="was not run: two cases before it ended Python altogether"
)


FAILURES = (
    "missing", "not attempted", "raised", "input", "time", "died", "too large", "withheld",
    "no gradient", "gradient mode", "no state", "order", "copies",
)  # fmt: skip


class DiedError(Exception):
    """The worker is gone, or does not answer in time."""


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
        self._process: subprocess.Popen | None = None
        self._asking: threading.Thread | None = None
        self._ended = 0  # workers that a submission has brought down
        self._cuts = 0  # and those that it has brought down while its cells ran
        return self

    def __exit__(self, *_) -> None:
        self._stop()
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
            return self._ask(request, within=GRACE)
        except (TimeoutError, DiedError):
            return otherwise

    def _call(self, request: dict, seconds: float) -> Outcome:
        self._load()
        try:
            answer = self._ask(request | {"seconds": seconds}, seconds + GRACE)
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
            if self._process is None:
                self._start()
                self.errors = []
            number = len(self.errors)
            if number >= self._due():
                return
            cell = self.cells[number]
            try:
                answer = self._ask({"cell": cell.source, "whole": cell.whole}, LOAD * crowd())
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

    def _start(self) -> None:
        log = tempfile.TemporaryFile()  # noqa: SIM115  (closed below, or with the process)
        self._process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            cwd=self._folder.name, env=_environment(self._folder.name), start_new_session=True,
        )  # fmt: skip
        self._answers: queue.Queue = queue.Queue()
        threading.Thread(
            target=_read, args=(self._process.stdout, self._answers), daemon=True
        ).start()
        try:
            self._answer(START)
            self._ask({"references": list(self.references)}, START)
        except (TimeoutError, DiedError) as error:
            log.seek(0)
            raise RuntimeError(
                f"the grading worker did not start: {log.read().decode(errors='replace')}"
            ) from error
        finally:
            log.close()

    def _ask(self, request: dict, within: float) -> Any:
        self._asking = threading.Thread(
            target=_write, args=(self._process.stdin, request), daemon=True
        )
        self._asking.start()  # a worker that does not read must not hold the parent up
        return self._answer(within)

    def _answer(self, within: float) -> Any:
        try:
            answer = self._answers.get(timeout=within)
        except queue.Empty:
            self._stop()
            raise TimeoutError from None
        if isinstance(answer, Exception):
            if isinstance(answer, EOFError):  # it is on its way out: let it say how it ends
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(GRACE)
            code = self._stop()
            raise DiedError(_how_it_ended(code, answer))
        return answer

    def _stop(self) -> int:
        """End the worker and whatever it has started; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        code = process.poll()
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        ended = process.wait()
        if self._asking:
            self._asking.join(GRACE)
        if not (
            self._asking and self._asking.is_alive()
        ):  # else what outlived it holds the pipe
            with contextlib.suppress(BrokenPipeError):  # it may still hold what was not read
                process.stdin.close()
        return ended if code is None else code


def crowd() -> float:
    """How many processes want each processor, 1 to 5: a busy machine must not cost points."""
    try:
        wanted = os.getloadavg()[0]
    except (AttributeError, OSError):  # not on Windows
        return 1.0
    return min(5.0, max(1.0, wanted / (os.cpu_count() or 1)))


def _write(stream, request: dict) -> None:
    with contextlib.suppress(OSError, ValueError):  # it has gone, which the reader will hear
        send(stream, request)


def _read(stream, answers: queue.Queue) -> None:
    """Hand on every message; the last one says why there are no more."""
    try:
        while True:
            answer = receive(stream)
            if not answers.empty():  # one request, one answer: a second one is forged
                raise WireError("more answers than requests")
            answers.put(answer)
    except (EOFError, WireError, OSError, ValueError) as error:
        answers.put(error)
    finally:
        stream.close()


def _how_it_ended(code: int, answer: Exception) -> str:
    if isinstance(answer, WireError):
        return "what it sent was no result"
    if code < 0:
        known = -code in set(signal.Signals)  # the real-time signals have numbers only
        return f"ended by {signal.Signals(-code).name if known else f'signal {-code}'}"
    return f"exit code {code}"


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


def _environment(home: str) -> dict[str, str]:
    """What a submission may know of its surroundings: nothing that is the instructor's."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ
    }
    return kept | {
        "HOME": home, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1",
    }  # fmt: skip
