"""The child process: run a notebook's cells, call what they define, send back what came out.

It is never told which results are expected, so nothing done in here can reach them.
`autograder.apart.sandbox` starts it and talks to it by messages of `autograder.apart.wire`:
one request, one answer.  What a submission prints leads nowhere.
"""

import contextlib
import functools
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, BinaryIO

import safetensors.torch
import torch

from autograder import PREDICTING
from autograder.apart.kernel import Kernel
from autograder.apart.lending import asked, uses
from autograder.apart.sealed import hide, sealed
from autograder.apart.wire import WireError, receive, send
from autograder.calling.attempt import observe
from autograder.calling.outcome import Outcome
from autograder.calling.withheld import WithheldError, copies
from autograder.state import known_state

MEMORY = 4 * 2**30  # bytes that a submission may take beyond what Python and torch hold
# exercises hold other right ways to write them
ANSWERS = str(Path(__file__).parents[1] / "exercises")


def main() -> None:
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    mend = sealed([*hide("autograder"), sys.modules["__main__"], json, safetensors.torch])
    notebook = Notebook(fresh_scope(), mend)
    sys.addaudithook(notebook.watch)
    restrict()
    torch.set_num_threads(1)  # classes are graded side by side, one core each
    send(answers, "ready")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    while True:
        with known_state():
            while "cell" not in (request := receive(requests, trusted=True)):
                reply(answers, notebook.answer(request))
        answer = notebook.answer(request)  # a cell runs among the settings of those before it
        mend()
        with known_state():
            reply(answers, answer)


def reply(answers: BinaryIO, answer: Any) -> None:
    try:
        send(answers, answer)
    except WireError as error:
        send(answers, tuple(Outcome(failure=("too large", ""), error=f"is {error}")))


def fresh_scope() -> dict:
    """An empty notebook: a `__main__` of its own, and calls of the course that do nothing."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    course = sys.modules["autograder"]
    course.mark = lambda *_, **__: 0.0
    course.once_written = lambda: contextlib.suppress(Exception)
    for name in PREDICTING:  # known before the package was hidden
        setattr(course, name, lambda *_, **__: None)
    return vars(main)


def restrict() -> None:
    """Bound memory and file sizes where the system can; the parent's clock bounds time."""
    try:
        import resource
    except ImportError:
        return
    if (statm := Path("/proc/self/statm")).exists():
        held = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 2**20, 64 * 2**20))


class Notebook:
    """The notebook that this process runs, and what it has been asked."""

    def __init__(self, scope: dict, mend: Callable[[], None] = lambda: None):
        self.scope, self.kernel, self._mend = scope, Kernel(scope), mend
        self._references: dict[str, Callable] = {}  # of exercises, as the library has them
        self._copies: dict[str, list] = {}  # of references, found since the last cell ran
        self._asked: Callable | None = None  # the reference of the call that is running

    def answer(self, request: dict) -> Any:
        match request:
            case {"references": names}:
                return self.fetch(names)
            case {"cell": source, "whole": whole}:
                self._copies.clear()
                return self.kernel.run_cell(source, whole=whole)
            case {"uses": name, "of": names}:
                return self.uses(name, names)
            case {"made": name}:
                return self.made(name)
            case {"call": name, "inputs": inputs, "seconds": seconds, **rest}:
                return tuple(self.call(name, inputs, seconds, **rest))

    def fetch(self, names: Sequence[str]) -> str:
        """Take hold of references, before any cell can put something else in their place."""
        for name in names:
            module, _, function = name.rpartition(".")
            self._references[name] = getattr(importlib.import_module(module), function)
        return ""

    def watch(self, event: str, about: tuple) -> None:
        """Let nobody load what holds answers: the exercises, or what is asked once more."""
        if event != "exec" or not isinstance(file := _file_of(about[0]), str):
            return
        if file.startswith(ANSWERS):
            raise ImportError(
                "the exercises hold other right answers, and are not yours to load"
            )
        if self._asked and file == _file_of(inspect.unwrap(self._asked).__code__):
            raise WithheldError(self._asked.__name__)

    def uses(self, name: str, names: Sequence[str]) -> dict[str, str]:
        with contextlib.suppress(Exception):  # what a submission is made of may be anything
            return uses(self.scope.get(name), names)
        return {}

    def made(self, name: str) -> str:
        """Where what a name stands for was made: the same in a worker that takes over."""
        value = self.scope.get(name)
        if type(value) is not FunctionType:
            return f"{type(value).__name__} {id(value)}"
        return f"{value.__code__.co_filename}, {value.__code__.co_firstlineno}"

    def call(
        self, name: str, inputs: dict, seconds: float, asks: str = "", lend: Sequence[str] = ()
    ) -> Outcome:
        """One call, in which the reference `asks` is withheld and those in `lend` are lent."""
        submission = self.scope.get(name)
        if submission is None:
            return Outcome(failure=("missing", ""), error=f"`{name}` is not defined")
        if not callable(submission):
            return Outcome(failure=("missing", ""), error=f"`{name}` is not a function")
        lent = {each.rpartition(".")[2]: self._references[each] for each in lend}
        around = functools.partial(self._around, asks, lent)
        return observe(submission, inputs, seconds, around=around, mend=self._mend)

    @contextlib.contextmanager
    def _around(self, asks: str, lent: Mapping[str, Callable]) -> Iterator[None]:
        self._asked = self._references.get(asks)
        if self._asked and asks not in self._copies:
            self._copies[asks] = copies(self._asked)
        try:
            with asked(self._copies.get(asks, ()), self.scope, lent):
                yield
        finally:
            self._asked = None


def _file_of(code: Any) -> Any:
    return getattr(code, "co_filename", None)


if __name__ == "__main__":
    with contextlib.suppress(EOFError, BrokenPipeError):  # the parent has heard enough
        main()
