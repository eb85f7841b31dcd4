"""The child process: run a notebook's cells, call what they define, send back what came out.

It is never told which results are expected, so nothing done in here can reach them.
`autograder.sandbox` starts it and talks to it by messages of `autograder.wire`: one request,
one answer.  What a submission prints leads nowhere.
"""

import ast
import contextlib
import importlib
import linecache
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import torch

from autograder.attempt import Outcome, attempt
from autograder.wire import WireError, receive, send

MEMORY = 4 * 2**30  # bytes that a submission may take beyond what Python and torch hold
MAGIC = r"^([ \t]*)(?:(?:[\w, ]+=[ \t]*)?[%!?].*|[\w.]+\?\??[ \t]*)$"  # %x, a = !x, ?x, x?
DRAWING = ("matplotlib", "ipywidgets", "IPython", "steadygrad.plots", "steadygrad.explorers")


def main() -> None:
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    scope = fresh_scope()
    restrict()
    torch.set_num_threads(1)  # classes are graded side by side, one core each
    send(answers, "ready")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    cells = 0
    while True:
        match receive(requests, trusted=True):
            case {"withhold": names}:
                answer = withhold(names)
            case {"cell": source, "whole": whole}:
                cells += 1
                answer = run_cell(source, f"<cell {cells}>", scope, whole=whole)
            case {"call": name, "inputs": inputs, "seconds": seconds}:
                answer = tuple(call(scope, name, inputs, seconds))
        try:
            send(answers, answer)
        except WireError as error:
            send(answers, tuple(Outcome(failure=("too large", ""), error=f"is {error}")))


def fresh_scope() -> dict:
    """An empty notebook: a `__main__` of its own, and marking cells that do nothing."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    marking = sys.modules["autograder"]
    marking.mark = lambda *_, **__: 0.0
    marking.once_written = lambda: contextlib.suppress(Exception)
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


def withhold(names: list[str]) -> str:
    """Take the reference functions out of the library: they are what is asked for.

    A topic that is a package hands on its parts' functions, so they go wherever they are held.
    """

    def withheld(*_, **__):
        raise RuntimeError("this is the function you are asked to write")

    for name in names:
        module, _, function = name.rpartition(".")
        asked = getattr(importlib.import_module(module), function)
        library = module.partition(".")[0]
        for holder in [m for n, m in sys.modules.items() if n.partition(".")[0] == library]:
            for held in [n for n, value in vars(holder).items() if value is asked]:
                setattr(holder, held, withheld)
    return ""


def run_cell(source: str, file: str, scope: dict, *, whole: bool) -> str:
    """Run a cell, or only what it defines; the error it raised, or ""."""
    source = without_magics(source)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        return f"{type(error).__name__}{line}: {getattr(error, 'msg', error)}"
    parts = [tree]
    if not whole:
        parts = [ast.Module([node], []) for node in tree.body if defines(node)]
    said = ""
    for part in parts:
        try:
            exec(compile(part, file, "exec", dont_inherit=True), scope)
        except (Exception, SystemExit) as error:
            said = said or f"{type(error).__name__}: {error}"
    return said[:500]


def without_magics(source: str) -> str:
    """The cell without what only IPython understands: magics, shell commands and help.

    A cell that is Python is left alone: `%` may also begin the second line of a formula.
    """
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        ast.parse(source)
        return source
    return re.sub(MAGIC, r"\1pass", source, flags=re.MULTILINE)


def defines(node: ast.stmt) -> bool:
    """Whether a statement only gives something a name: it computes nothing."""
    if isinstance(node, ast.Import):
        return not any(alias.name.startswith(DRAWING) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return not any(name.startswith(DRAWING) for name in names)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return True
    return isinstance(node, ast.Assign | ast.AnnAssign) and not works(node.value)


def works(value: ast.expr | None) -> bool:
    """Whether an expression calls or repeats anything before someone calls it."""
    if value is None or isinstance(value, ast.Lambda):
        return False
    busy = (ast.Call, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return isinstance(value, busy) or any(
        works(child) for child in ast.iter_child_nodes(value) if isinstance(child, ast.expr)
    )


def call(scope: dict, name: str, inputs: dict, seconds: float) -> Outcome:
    submission = scope.get(name)
    if submission is None:
        return Outcome(failure=("missing", ""), error=f"`{name}` is not defined")
    if not callable(submission):
        return Outcome(failure=("missing", ""), error=f"`{name}` is not a function")
    return attempt(submission, inputs, seconds)


if __name__ == "__main__":
    with contextlib.suppress(EOFError, BrokenPipeError):  # the parent has heard enough
        main()
