"""Whether a function is still what its cell says: the cell as it was last run beside it.

After a cell with a syntax error, or one in which the function got another name, the function
from before is still there.  What is handed in is what the cells say, so it must not be
marked.  The kernel is told of every run of a cell by IPython's events, also of one that failed;
of a cell that was edited and not run it cannot know.
"""

import ast
from typing import Any, NamedTuple

from torch.nn import Module

from autograder.handed_in.definitions import given, parsed

SYNTAX = "a syntax error"


class Run(NamedTuple):
    """One run of a cell: which, what it said then, and what stopped it."""

    cell: str | None  # its id, where the editor tells it
    source: str
    stopped: str = ""


class Watch:
    """The runs of the cells of one shell, and which of them made each of its functions."""

    def __init__(self, shell: Any):
        self.shell = shell
        self.runs: list[Run] = []
        self._made: dict[str, tuple[Any, int]] = {}  # by name: a function, and its run
        self._look(-1)
        shell.events.register("post_run_cell", self.noted)

    def noted(self, result: Any) -> None:
        """Take note of a run; those that a magic makes belong to its own cell's."""
        info = result.info
        if info is None or info.silent or not (info.store_history or info.cell_id):
            return
        stopped = _stopped(result.error_before_exec or result.error_in_exec)
        self.runs.append(Run(info.cell_id, info.raw_cell or "", stopped))
        self._look(len(self.runs) - 1)

    def _look(self, number: int) -> None:
        """Note which functions are there, and which of them are new since the last look."""
        there = {
            name: value
            for name, value in self.shell.user_ns.items()
            if callable(value) and not isinstance(value, Module)  # large, and no answer
        }
        known = self._made
        self._made = {
            name: known[name] if name in known and known[name][0] is value else (value, number)
            for name, value in there.items()
        }

    def stale(self, function: Any, name: str) -> str:
        """Why a function is not what its cell says; "" where it is, as far as is known."""
        made = [number for value, number in self._made.values() if value is function]
        if not made:
            return ""
        # one that was there when the watch began: of which cell, the editor no longer tells
        cell = self.runs[min(made)].cell if min(made) >= 0 else None
        for run in reversed(self.runs[min(made) + 1 :]):
            if (run.cell == cell and cell) or (cell is None and _writes(run.source, name)):
                return _said(run, name)
        return ""

    def missing(self, name: str) -> str:
        """Why there is no function of this name, though a cell that writes it was run."""
        run = next((run for run in reversed(self.runs) if _writes(run.source, name)), None)
        return _said(run, name) if run else ""


_watches: list[Watch] = []  # at most one


def watch(shell: Any) -> None:
    """Watch the cells of this shell from now on; None where there is none."""
    if shell is not None and not any(each.shell is shell for each in _watches):
        _watches[:] = [Watch(shell)]


def stale(function: Any, name: str) -> str:
    """Why a function is not what its cell says, in a sentence; "" where it is."""
    return next((each.stale(function, name) for each in _watches), "")


def missing(name: str) -> str:
    """Why a name stands for nothing, in a sentence; "" where that is not known."""
    return next((each.missing(name) for each in _watches), "")


def _stopped(error: BaseException | None) -> str:
    """What stopped a cell.  The error itself would keep alive whatever it has seen."""
    if isinstance(error, SyntaxError):
        return SYNTAX + f" in line {error.lineno}" * bool(error.lineno)
    return type(error).__name__ if error else ""


def _said(run: Run, name: str) -> str:
    magic = run.source.lstrip().startswith("%%")  # it may have failed inside
    unread = (run.stopped or magic) and parsed(run.source) is None
    if run.stopped.startswith(SYNTAX) or unread:
        # below a magic the lines are counted from there
        what = run.stopped if run.stopped.startswith(SYNTAX) and not magic else SYNTAX
        return f"The cell of `{name}` was last run with {what}."
    if name in given(run.source):
        before = f"before it came to `{name}`" if run.stopped else ""
        return f"The cell of `{name}` was stopped by {run.stopped} {before}." * bool(before)
    if _may_give(run.source, name):
        return ""
    others = [f"`{other}`" for other in given(run.source)]
    now = f", but {others[0]}" if len(others) == 1 else ""
    return f"The cell of `{name}` defines it no longer{now}."


def _writes(source: str, name: str) -> bool:
    return name in given(source)


def _may_give(source: str, name: str) -> bool:
    """Whether a cell gives this name otherwise: imports it, say.  To speak of it is no gift."""
    tree = parsed(source)
    if tree is None:  # what ran all the same is not for us to judge
        return True
    for node in ast.walk(tree):
        match node:
            case ast.alias(name=imported, asname=called) if (called or imported) in (name, "*"):
                return True
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                return True
            case ast.Call(func=ast.Name(id="exec")):
                return True
            case ast.Subscript(slice=ast.Constant(value=found), ctx=ast.Store()) if (
                found == name
            ):  # globals()["name"] = ...
                return True
    return False
