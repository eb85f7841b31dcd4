"""Keep our own modules as they are, whatever runs in the same process.

A submission can import them, or find them through the frames of its callers, and put something
else in their place.  It is undone before any of them does more work.
"""

import sys
from collections.abc import Callable, Iterable
from types import FunctionType, ModuleType


def hide(package: str) -> list[ModuleType]:
    """Take a package's modules out of reach: whoever imports one from now on gets another."""
    ours = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == package}
    for name in ours:
        del sys.modules[name]
    empty = ModuleType(package)
    empty.__path__ = ours[package].__path__
    sys.modules[package] = empty
    return [*ours.values()]


def sealed(modules: Iterable[ModuleType]) -> Callable[[], None]:
    """What puts these modules, their classes and functions back as they are now.

    It leans on nothing that can be replaced: it holds all that it needs in its own closure.
    """
    held = [value for module in modules for value in vars(module).values()]
    classes = {value for value in held if isinstance(value, type) and _within(value, modules)}
    owners = [(owner, dict(vars(owner))) for owner in (*modules, *classes)]
    inside = [value for _, names in owners for value in names.values()]
    codes = {f: (f.__code__, f.__defaults__, f.__kwdefaults__) for f in _functions(inside)}
    of, put, drop, kinds = vars, setattr, delattr, (type,)

    def put_back() -> None:
        for owner, before in owners:
            now = of(owner)
            for name in [name for name in now if name not in before]:
                if type(owner) in kinds:  # a module's new names are in nobody's way
                    drop(owner, name)
            for name, value in before.items():
                if name not in now or now[name] is not value:
                    put(owner, name, value)
        for function, (code, defaults, named) in codes.items():
            if function.__code__ is not code:
                function.__code__ = code
            function.__defaults__, function.__kwdefaults__ = defaults, named

    return put_back


def _within(kind: type, modules: Iterable[ModuleType]) -> bool:
    return any(kind.__module__ == module.__name__ for module in modules)


def _functions(values: Iterable[object]) -> set[FunctionType]:
    """Functions, and those that decorators, methods and properties are made of."""
    found = set()
    for value in values:
        for each in (value, *(getattr(value, n, None) for n in ("__func__", "fget", "func"))):
            while isinstance(each, FunctionType) and each not in found:
                found.add(each)
                each = getattr(each, "__wrapped__", None)
    return found
