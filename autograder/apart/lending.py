"""Names that a submission leans on, lent to it for the length of one call.

An exercise may call what an earlier exercise asks for.  Where the learner's own function is
missing or wrong, the library's takes its name while the submission runs, and only then.
"""

import contextlib
import dis
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from types import CodeType, FunctionType, MethodType
from typing import Any

from autograder.calling.withheld import withheld

MISSING = object()


def uses(submission: Any, names: Collection[str]) -> dict[str, str]:
    """Which of these names the submission's code reads, and what they stand for there.

    "own" is a function of the learner's, "other" one that was imported, "thing" no function.
    """
    scope = scope_of(submission)
    read = _read(submission, scope, set())
    return {name: _standing(scope, name) for name in names if name in read}


def _standing(scope: dict, name: str) -> str:
    value = scope.get(name, MISSING)
    if value is MISSING:
        return "missing"
    if not callable(value):
        return "thing"
    functions = _functions(value)
    return "own" if any(f.__globals__ is scope for f in functions) else "other"


def _read(submission: Any, scope: dict, seen: set[FunctionType]) -> set[str]:
    """Every global name that its code, and that of the learner's functions it calls, reads."""
    found: set[str] = set()
    for function in _functions(submission):
        if function in seen or function.__globals__ is not scope:
            continue
        seen.add(function)
        names = _names(function.__code__)
        found |= names.union(*(_read(scope[n], scope, seen) for n in names & scope.keys()))
    return found


def _names(code: CodeType) -> set[str]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    inside = [const for const in code.co_consts if isinstance(const, CodeType)]
    return names.union(*map(_names, inside))


def _functions(value: Any, depth: int = 0) -> list[FunctionType]:
    """The functions that something callable is made of: wrapped, partial, or in a class."""
    if depth > 5:
        return []
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
        inner = [getattr(value, "__wrapped__", None), *cells]
        return [value, *(f for part in inner for f in _functions(part, depth + 1))]
    if isinstance(value, functools.partial):
        return _functions(value.func, depth + 1)
    if isinstance(value, MethodType):
        return _functions(value.__func__, depth + 1)
    if isinstance(value, type):
        methods = [part for part in vars(value).values() if isinstance(part, FunctionType)]
        return [f for method in methods for f in _functions(method, depth + 1)]
    if isinstance(wrapped := getattr(value, "__wrapped__", None), FunctionType):
        return _functions(wrapped, depth + 1)  # functools.cache
    call = getattr(type(value), "__call__", None)  # noqa: B004  (it is looked into, not tested)
    return _functions(call, depth + 1) if isinstance(call, FunctionType) else []


def _filled(cell) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # nothing in it yet
        return False


def scope_of(submission: Any) -> dict:
    """The notebook that a submission was written in; none for what comes from a library."""
    scopes = [function.__globals__ for function in _functions(submission)]
    return next((scope for scope in scopes if scope.get("__name__") == "__main__"), {})


@contextlib.contextmanager
def lending(scope: dict, functions: Mapping[str, Callable]) -> Iterator[None]:
    """Let these names stand for these functions; afterwards for what they stood for before."""
    before = {name: scope.get(name, MISSING) for name in functions}
    try:
        scope.update(functions)
        yield
    finally:
        for name, value in before.items():
            if value is MISSING:
                scope.pop(name, None)
            else:
                scope[name] = value


@contextlib.contextmanager
def asked(references: Collection[Callable], scope: dict, lent: Mapping[str, Callable]):
    """The surroundings of a call: what is asked withheld, what it leans on lent."""
    with withheld(*references), lending(scope, lent):
        yield
