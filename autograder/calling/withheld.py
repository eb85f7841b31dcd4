"""What is being asked cannot be handed in: while it is asked, the reference does not answer.

The function object itself is changed, for the length of a call.  So it matters neither under
which name it is reached nor who calls it: an alias, a partial, the library's own functions.
Other references stay what they are.
"""

import contextlib
import gc
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType


class WithheldError(Exception):
    """The submission called the reference, whose name this says, of what is asked."""


@contextlib.contextmanager
def withheld(*functions: Callable) -> Iterator[None]:
    """Let these functions raise WithheldError, for whoever calls them."""
    true = {function: function.__code__ for function in map(inspect.unwrap, functions)}
    try:
        for function, code in true.items():
            function.__code__ = _refusing(code)
        yield
    finally:
        for function, code in true.items():
            function.__code__ = code


def _refusing(code: CodeType) -> CodeType:
    """Code that refuses, in a form that a function with these free variables can hold."""
    own = _refuse.__code__
    return own.replace(
        co_freevars=code.co_freevars,
        co_name=code.co_name,
        co_filename=code.co_filename,
        co_consts=tuple(WithheldError if c == "the error" else c for c in own.co_consts),
    )


def _refuse(*_, **__):
    import sys  # it runs among another module's names

    error = "the error"  # itself, by then: where it is made nobody can import it
    raise error(sys._getframe().f_code.co_name)


def copies(target: Callable) -> list[FunctionType]:
    """Every function in this process made of the target's code, itself included.

    A module that is loaded once more, under its own name or another, has equal code in the
    same file; a learner's own work is in no file of ours, however like the reference it is.
    """
    code = inspect.unwrap(target).__code__
    alike = [each for each in gc.get_objects() if type(each) is FunctionType]
    return [each for each in alike if _same(each.__code__, code)]


def _same(code: CodeType, other: CodeType) -> bool:
    return code is other or (
        code == other and Path(code.co_filename).resolve() == Path(other.co_filename).resolve()
    )
