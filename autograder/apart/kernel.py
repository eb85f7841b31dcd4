"""A notebook as it runs in a worker: cell after cell among the same names, as in a kernel.

Of the cells that were handed out only the definitions run, and what they import to draw with
waits until a cell of the learner's speaks of it.
"""

import ast
import asyncio
import contextlib
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.apart.cells import BROKEN, definitions, drawing, named_by, names_in, python_of
from autograder.apart.shell import displayed, furnish


class Kernel:
    """Runs cells in `scope`, which is furnished with the names that a kernel has."""

    def __init__(self, scope: dict):
        self.scope = scope
        self._cells = self._magics = 0
        self._waiting: dict[str, list[ast.stmt]] = {}  # imports that wait, by their names
        self._handed: dict[str, set[str]] = {}  # what each handed-out definition speaks of
        self._wanted: set[str] = set()  # names of which the learner's cells speak
        self._shown: list[Any] = ["", "", ""]
        self._loop: asyncio.AbstractEventLoop | None = None
        furnish(scope, self._run_inside)

    def run_cell(self, source: str, *, whole: bool = True) -> str:
        """Run a cell, or only what it defines; the error it raised, or ""."""
        self._cells, self._magics = self._cells + 1, 0
        file = f"<cell {self._cells}>"
        try:
            tree = _read(source, file)
        except BROKEN as error:
            place = getattr(error, "lineno", None)
            line = f", line {place}" if place else ""
            return f"{type(error).__name__}{line}: {getattr(error, 'msg', error)}"
        if "IPython" in source:
            self._be_found()
        parts = [tree.body] if whole else [[node] for node in self._handed_out(tree)]
        said = ""
        for part in parts:
            try:
                if whole:
                    self._want(names_in(tree))
                self._show(self._run(part, file))
            except (Exception, SystemExit) as error:
                said = said or f"{type(error).__name__}: {error}"
        return said[:500]

    def _handed_out(self, tree: ast.Module) -> list[ast.stmt]:
        """What is to run of a cell that was handed out; the rest of its imports waits."""
        now = []
        for node in definitions(tree):
            for name in named_by(node):
                self._handed[name] = names_in(node) - {name}
            if not drawing(node):
                now.append(node)
                continue
            for name in named_by(node):
                self._waiting.setdefault(name, []).append(node)
        self._want(self._wanted)
        return now

    def _want(self, names: set[str]) -> None:
        """Run the imports that waited for these names, and for those behind them."""
        self._wanted = self._wanted | names
        todo, seen = list(names), set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            todo += self._handed.get(name, ())
            for node in self._waiting.pop(name, ()):
                self._run([node], "<handed out>")

    def _run(self, body: list[ast.stmt], file: str, local: Mapping | None = None) -> Any:
        """Run statements; the value of the last one if it is an expression."""
        *first, last = body or [ast.Pass(lineno=1, col_offset=0)]
        if not isinstance(last, ast.Expr):
            return self._execute(ast.Module(body, []), file, "exec", local)
        self._execute(ast.Module(first, []), file, "exec", local)
        return self._execute(ast.Expression(last.value), file, "eval", local)

    def _execute(self, tree: ast.AST, file: str, mode: str, local: Mapping | None) -> Any:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(tree, file, mode, flags=flags, dont_inherit=True)
        waits = bool(code.co_flags & inspect.CO_COROUTINE)
        with self._looping(running=True):
            result = eval(code, self.scope, self.scope if local is None else local)
        with self._looping(running=False) as loop:
            return loop.run_until_complete(result) if waits else result

    @contextlib.contextmanager
    def _looping(self, *, running: bool) -> Iterator[asyncio.AbstractEventLoop]:
        """A kernel's loop always runs: a cell that does not wait may make tasks, too."""
        self._loop = self._loop or asyncio.new_event_loop()
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop if running else None)
        try:
            yield self._loop
        finally:
            asyncio._set_running_loop(before)

    def _run_inside(self, source: str, local: Mapping | None = None) -> Any:
        """Run source that a magic was given, where the magic stands."""
        self._magics += 1
        file = f"<magic {self._magics} of cell {self._cells}>"
        tree = _read(source, file, above=1)
        self._want(names_in(tree))
        return self._run(tree.body, file, local)

    def _show(self, value: Any) -> None:
        displayed(self.scope, value, self._shown)

    def _be_found(self) -> None:
        """Let a learner's own `from IPython import get_ipython` find what stands in for it."""
        import IPython

        for module in (IPython, sys.modules["IPython.core.getipython"]):
            module.get_ipython = self.scope["get_ipython"]


def _read(source: str, file: str, above: int = 0) -> ast.Module:
    """The source as a tree, so many lines down; its lines lie where a traceback looks."""
    source = "\n" * above + python_of(source)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return ast.parse(source, file)
