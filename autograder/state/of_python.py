"""Settings of Python, numpy and the system that take more than one call to read or set."""

import _signal
import builtins
import contextlib
import locale
import os
import signal
import sys
from typing import Any

import numpy as np

NOW = vars(builtins)
BUILTINS = dict(NOW)
HAS_ALARMS = hasattr(signal, "setitimer")  # Windows has none
CLOCKS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF) if HAS_ALARMS else ()
set_clock = getattr(signal, "setitimer", None)
SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGPROF", "SIGVTALRM", "SIGUSR1", "SIGCHLD")
    if hasattr(signal, name)
]
ENVIRONMENT = os.environb if os.supports_bytes_environ else os.environ
NUMPY_ERRORS = dict(divide="warn", over="warn", under="ignore", invalid="warn")
NUMPY_PRINTS = dict(
    edgeitems=3, threshold=1000, floatmode="maxprec", precision=8, suppress=False,
    linewidth=75, nanstr="nan", infstr="inf", sign="-", formatter=None,
)  # fmt: skip


def replaced_builtins() -> dict[str, Any]:
    """Python's own functions that are others by now; names that were added are left alone."""
    if NOW == BUILTINS or NOW.items() >= BUILTINS.items():  # at once, since every call asks
        return {}
    return {name: NOW.get(name) for name, was in BUILTINS.items() if NOW.get(name) is not was}


def replace_builtins(value: dict[str, Any]) -> None:
    NOW.update({**BUILTINS, **value})


def builtins_again(but: str) -> list[str]:
    """Give Python its own functions back, using none; which had gone, `but` for one."""
    others = [name for name in replaced_builtins() if name != but]
    if others:
        NOW.update(BUILTINS)
    return others


def tracing() -> tuple:
    return sys.gettrace(), sys.getprofile()


def set_tracing(value: tuple) -> None:
    sys.settrace(value[0])
    sys.setprofile(value[1])


def blocked_signals() -> set:
    return signal.pthread_sigmask(signal.SIG_BLOCK, []) if HAS_ALARMS else set()


def block_signals(value: set) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, value)


def handlers() -> list:
    return [_signal.getsignal(number) for number in SIGNALS]  # without the search for a name


def set_handlers(value: list) -> None:
    for number, handler in zip(SIGNALS, value, strict=True):
        if handler is not None and _signal.getsignal(number) != handler:
            signal.signal(number, handler)


def folder() -> str | None:
    with contextlib.suppress(OSError):
        return os.getcwd()  # noqa: PTH109  (a path takes ten times as long)
    return None  # it has been removed


_seen: list[dict] = []  # all variables when they were last looked at, and those that count


def environment() -> dict:
    """All variables but torch's, which sets some when a part of it is first used."""
    held = vars(os.environ)["_data"]  # in public each name would be decoded, at every call
    if not _seen or _seen[0] != held:
        mine = {n: value for n, value in held.items() if n[:5] not in (b"TORCH", "TORCH")}
        _seen[:] = held.copy(), mine
    return _seen[1]


def set_environment(value: dict) -> None:
    for name in environment().keys() - value.keys():
        del ENVIRONMENT[name]
    now = environment()
    ENVIRONMENT.update({name: to for name, to in value.items() if now.get(name) != to})


def place() -> str:
    return locale.setlocale(locale.LC_ALL)


def set_place(value: str) -> None:
    locale.setlocale(locale.LC_ALL, value)


def set_numpy_errors(value: dict[str, str]) -> None:
    np.seterr(**value)


def numpy_prints() -> dict[str, Any]:
    now = np.get_printoptions()
    return {name: now[name] for name in NUMPY_PRINTS}


def set_numpy_prints(value: dict[str, Any]) -> None:
    np.set_printoptions(**value)
