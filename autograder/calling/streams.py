"""What stands in for the keyboard and the screen while a submission runs.

Whatever a terminal's streams can do, these can, so that printing in whatever way costs nothing.
"""

import builtins
import contextlib
import io
import os
import sys
from collections.abc import Iterator

from autograder.calling.plain import SHOWN

NO_PROMPT = "StdinNotImplementedError"  # what a kernel raises that must not ask
NO_KEYBOARD = (
    "it asked for input, and nobody sits at a keyboard while it runs here; all that it needs "
    "comes with its arguments"
)
_nowhere: list[int] = []


def nowhere() -> int:
    """A descriptor that leads nowhere, open as long as the process; a new one if it is not."""
    with contextlib.suppress(OSError, IndexError):
        if os.path.samestat(os.fstat(_nowhere[-1]), os.stat(os.devnull)):  # noqa: PTH116
            return _nowhere[-1]
    _nowhere.append(os.open(os.devnull, os.O_RDWR))
    return _nowhere[-1]


class _Device(io.RawIOBase):
    """What lies under a stream: it has a name and a descriptor, and cannot be closed."""

    def __init__(self, name: str):
        self.name = name

    def fileno(self) -> int:
        return nowhere()

    def close(self) -> None:
        """Nothing: whoever comes next may still want to write or read."""


class _Kept(_Device):
    """Keeps the beginning of what is written, so that a flood fills no memory."""

    mode = "wb"

    def __init__(self, name: str):
        super().__init__(name)
        self.beginning, self.count = b"", 0

    def writable(self) -> bool:
        return True

    def write(self, written) -> int:
        size = memoryview(written).nbytes
        room = max(0, 4 * SHOWN - len(self.beginning))  # a character takes up to four bytes
        self.beginning += bytes(memoryview(written)[:room])
        self.count += size
        return size


class _Empty(_Device):
    """Has nothing to read, and remembers whether anyone has tried."""

    mode = "rb"
    asked = False

    def readable(self) -> bool:
        return True

    def readinto(self, _into) -> int:
        self.asked = True
        return 0


class _Writer(io.BufferedWriter):
    def close(self) -> None:
        """Nothing, as below."""


class _Reader(io.BufferedReader):
    def close(self) -> None:
        """Nothing, as below."""


class _Text(io.TextIOWrapper):
    def close(self) -> None:
        """Nothing, as below."""


class Sink(_Text):
    """A screen: what is written to it costs nothing, and its beginning is kept."""

    def __init__(self, name: str = "<stdout>"):
        self._device, self.mode = _Kept(name), "w"
        super().__init__(_Writer(self._device), encoding="utf-8", errors="backslashreplace")

    @property
    def count(self) -> int:
        """Bytes written."""
        with contextlib.suppress(ValueError):  # it was detached
            self.flush()
        return self._device.count

    @property
    def kept(self) -> str:
        return self._device.beginning.decode("utf-8", "replace")[:SHOWN]


class Silence(_Text):
    """A keyboard that nobody sits at: whoever reads from it comes to its end."""

    def __init__(self):
        self._device, self.mode = _Empty("<stdin>"), "r"
        super().__init__(_Reader(self._device), encoding="utf-8")

    @property
    def asked(self) -> bool:
        return self._device.asked

    def answer(self, prompt: object = "") -> str:
        """What `input` does here: it may have been replaced by a notebook's own."""
        self._device.asked = True
        print(prompt, end="")
        raise EOFError(NO_KEYBOARD)


Streams = tuple[Sink, Sink, Silence]


def new_streams() -> Streams:
    return Sink(), Sink("<stderr>"), Silence()


@contextlib.contextmanager
def caught(streams: Streams) -> Iterator[None]:
    """Screen, error stream and keyboard of a call, in place of the process's own."""
    before = sys.stdout, sys.stderr, sys.stdin, builtins.input
    sys.stdout, sys.stderr, sys.stdin = streams
    builtins.input = streams[2].answer
    try:
        with _no_prompts():
            yield
    finally:
        sys.stdout, sys.stderr, sys.stdin, builtins.input = before


@contextlib.contextmanager
def no_keyboard() -> Iterator[None]:
    """Nobody is asked in here: whoever tries comes to the end of what was typed."""
    before, builtins.input = builtins.input, Silence().answer
    try:
        with _no_prompts():
            yield
    finally:
        builtins.input = before


@contextlib.contextmanager
def _no_prompts() -> Iterator[None]:
    """Let a notebook's kernel refuse to ask: its `input` and `getpass` go by many names."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    may_ask = getattr(kernel, "_allow_stdin", None)  # there is no public way to say so
    if may_ask is None:
        yield
        return
    kernel._allow_stdin = False
    try:
        yield
    finally:
        kernel._allow_stdin = may_ask
