"""What stands in for the keyboard and the screen while a submission runs.

Whatever a terminal's streams can do, these can, so that printing in whatever way costs nothing.
"""

import builtins
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator

from autograder.calling.plain import SHOWN

NO_PROMPT = "StdinNotImplementedError"  # what a kernel raises whose editor cannot be asked
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
        with _unplugged(streams[2]):
            yield
    finally:
        sys.stdout, sys.stderr, sys.stdin, builtins.input = before


@contextlib.contextmanager
def no_keyboard() -> Iterator[None]:
    """Nobody is asked in here: whoever tries comes to the end of what was typed."""
    keyboard = Silence()
    before, builtins.input = builtins.input, keyboard.answer
    try:
        with _unplugged(keyboard):
            yield
    finally:
        builtins.input = before


class _Unplugged:
    """A kernel's way to whoever sits at the keyboard, cut: all that goes through it ends."""

    def __init__(self, keyboard: Silence):
        self._keyboard = keyboard

    def __getattr__(self, _name: str) -> Callable:
        return lambda *_, **__: self._keyboard.answer()


@contextlib.contextmanager
def _unplugged(keyboard: Silence) -> Iterator[None]:
    """Let a notebook's kernel ask in vain: its `input` and `getpass` go by many names."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    if not hasattr(kernel, "stdin_socket"):
        yield
        return
    before, kernel.stdin_socket = kernel.stdin_socket, _Unplugged(keyboard)
    try:
        yield
    finally:
        kernel.stdin_socket = before
