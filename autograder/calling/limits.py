"""A limit on the time that a call may take, on every system that can interrupt one."""

import _thread
import contextlib
import gc
import signal
import sys
import threading
from collections.abc import Iterator

AGAIN = 0.05  # seconds after which the bell rings once more


class TimeLimit(BaseException):
    """Raised inside a submission that has run too long; no `except Exception` holds it."""


@contextlib.contextmanager
def limited(seconds: float, *, idle: bool = True) -> Iterator[None]:
    """Raise TimeLimit in this thread after so many seconds.

    Only the main thread can be interrupted; elsewhere the parent's clock ends a worker, and
    the learner a kernel.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        with _alarm(seconds, idle):
            yield
    else:
        with _interrupt(seconds):
            yield


@contextlib.contextmanager
def _alarm(seconds: float, idle: bool) -> Iterator[None]:
    """By the clock on the wall, or by the time that this process has computed.

    Python drops what is raised inside a finalizer, so the bell rings again until it is heard,
    and no garbage is collected meanwhile, which could call others' code.
    """
    over, report = False, sys.unraisablehook

    def unheard(dropped):
        if not issubclass(dropped.exc_type, TimeLimit):
            report(dropped)

    def ring(*_):
        if not over:
            raise TimeLimit

    clock, bell = (
        (signal.ITIMER_REAL, signal.SIGALRM) if idle else (signal.ITIMER_PROF, signal.SIGPROF)
    )
    before, collecting = signal.signal(bell, ring), gc.isenabled()
    gc.disable()
    sys.unraisablehook = unheard
    signal.setitimer(clock, seconds, AGAIN)
    try:
        try:
            yield
        finally:
            over = True
    finally:
        signal.setitimer(clock, 0)
        signal.signal(bell, before)
        sys.unraisablehook = report
        if collecting:
            gc.enable()


@contextlib.contextmanager
def _interrupt(seconds: float) -> Iterator[None]:
    """Where there are no alarms (Windows): another thread presses Ctrl-C."""
    late = threading.Event()

    def ring():
        late.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if late.is_set():
            raise TimeLimit from None
        raise
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
