"""A worker's process: started, asked, and ended when it does not answer."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import Any

from autograder.apart.wire import WireError, receive, send

# -I: no file that lies beside the notebook is imported
COMMAND = (sys.executable, "-I", "-m", "autograder.apart.worker")
START = 120  # seconds to import torch on a machine that has better things to do
GRACE = 2  # seconds that the worker's own alarm gets before the parent loses patience


class DiedError(Exception):
    """The worker is gone, or does not answer in time."""


class Process:
    """A worker in a folder of its own; it may withhold and lend the functions in `references`.

    Whoever asks it and gets an exception has seen the last of it.
    """

    def __init__(self, folder: str, references: Sequence[str]):
        self._asking: threading.Thread | None = None
        self.ended = False
        log = tempfile.TemporaryFile()  # noqa: SIM115  (closed below, or with the process)
        self._popen = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            cwd=folder, env=_environment(folder), start_new_session=True,
        )  # fmt: skip
        self._answers: queue.Queue = queue.Queue()
        threading.Thread(
            target=_read, args=(self._popen.stdout, self._answers), daemon=True
        ).start()
        try:
            self._answer(START)
            self.ask({"references": list(references)}, START)
        except (TimeoutError, DiedError) as error:
            log.seek(0)
            raise RuntimeError(
                f"the grading worker did not start: {log.read().decode(errors='replace')}"
            ) from error
        except BaseException:  # interrupted, while nobody else knows of it
            self.stop()
            raise
        finally:
            log.close()

    def ask(self, request: dict, within: float) -> Any:
        """The answer to a request.  Raises TimeoutError or DiedError, and ends the worker."""
        self._asking = threading.Thread(
            target=_write, args=(self._popen.stdin, request), daemon=True
        )
        self._asking.start()  # a worker that does not read must not hold the parent up
        return self._answer(within)

    def _answer(self, within: float) -> Any:
        try:
            answer = self._answers.get(timeout=within)
        except queue.Empty:
            self.stop()
            raise TimeoutError from None
        if isinstance(answer, Exception):
            if isinstance(answer, EOFError):  # it is on its way out: let it say how it ends
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._popen.wait(GRACE)
            code = self.stop()
            raise DiedError(_how_it_ended(code, answer))
        return answer

    def stop(self) -> int:
        """End the worker and whatever it has started; its exit code."""
        process, self.ended = self._popen, True
        code = process.poll()
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        ended = process.wait()
        if self._asking:
            self._asking.join(GRACE)
        # where one is still writing to it, something outlived the worker and holds the pipe
        if not (self._asking and self._asking.is_alive()):
            with contextlib.suppress(BrokenPipeError):  # it may still hold what was not read
                process.stdin.close()
        return ended if code is None else code


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


def _environment(home: str) -> dict[str, str]:
    """What a submission may know of its surroundings: nothing that is the instructor's."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ
    }
    return kept | {
        "HOME": home, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1",
    }  # fmt: skip
