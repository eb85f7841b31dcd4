"""What a cell finds in a kernel, for cells that run in a worker: `get_ipython()` and company.

Shell commands, help and magics do nothing here; those that run code run it, once and untimed.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

RUNS = {"time", "timeit", "prun", "memit", "mprun", "lprun", "memray_flamegraph"}
FOREIGN = {  # cells in other languages, or run in other processes, or written to a file
    "!", "bash", "cmd", "cython", "file", "html", "HTML", "javascript", "js", "latex",
    "markdown", "perl", "pypy", "python", "python2", "python3", "R", "ruby", "script", "sh",
    "sql", "svg", "SVG", "sx", "system", "writefile",
}  # fmt: skip
OPTIONS = re.compile(r"^\s*(?:-(?:[nrplsTDf]\s*\S+|[a-zA-Z]+)\s+)*")  # -n 10 -q


class Shell:
    """Stands in for IPython's; `run` runs the source of a cell among the notebook's names."""

    def __init__(self, scope: dict, run: Callable[..., Any]):
        self.user_ns, self._run = scope, run

    def run_line_magic(self, name: str, line: str, *_, **__) -> Any:
        if name == "pwd":
            return str(Path.cwd())
        return self._run(OPTIONS.sub("", line), _caller()) if name in RUNS else None

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        if name in FOREIGN:
            return None
        if name in ("timeit", "prun"):  # what stands beside it goes first
            self._run(OPTIONS.sub("", f"{line} "))
        result = self._run(cell)
        if name == "capture" and (kept := [w for w in line.split() if w.isidentifier()]):
            self.user_ns[kept[0]] = SimpleNamespace(
                stdout="", stderr="", outputs=[], show=lambda: None
            )
        return result if name == "time" else None

    def getoutput(self, *_, **__) -> list:
        return []

    def run_cell(self, source: str, *_, **__) -> None:
        self._run(source)

    ex = run_cell

    def ev(self, expression: str) -> Any:
        return self._run(expression)

    def __getattr__(self, _name: str) -> Callable:
        return lambda *_, **__: None


def _caller() -> dict:
    """The local names where a magic stands: those of a function, or of the cell."""
    return sys._getframe(2).f_locals


def furnish(scope: dict, run: Callable[..., Any]) -> None:
    """Give a notebook the names that a kernel has."""
    shell = Shell(scope, run)

    def leave(*_):
        raise SystemExit

    scope |= {
        "get_ipython": lambda: shell, "display": lambda *_, **__: None, "exit": leave,
        "quit": leave, "In": [""], "Out": {}, "_": "", "__": "", "___": "",
    }  # fmt: skip
    scope |= {"_ih": scope["In"], "_oh": scope["Out"], "_dh": [str(Path.cwd())]}


def displayed(scope: dict, value: Any, shown: list) -> None:
    """Let `_` be the value of a cell's last line, unless the learner uses the name.

    `shown` holds the last three values, the newest first.
    """
    if value is None:
        return
    names = ("_", "__", "___")
    free = all(scope.get(n) is old for n, old in zip(names, shown, strict=True))
    shown[:] = [value, *shown[:2]]
    if free:
        scope.update(zip(names, shown, strict=True))
