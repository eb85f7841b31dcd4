"""Cells of a chapter that use what the learner is to write, and run before it is written."""

import contextlib
from collections.abc import Iterator
from types import TracebackType

from autograder.absent import RUN
from autograder.calling.streams import no_keyboard
from autograder.exercises import EXERCISES


@contextlib.contextmanager
def once_written() -> Iterator[None]:
    """Run the block with the learner's function; say so if it is not written, or fails.

    What the text asserts is not caught: it is a claim about the block's result.  A name that
    the block itself lacks is not the learner's fault: a cell above was not run.
    """
    try:
        with no_keyboard():  # a cell may call it ten times
            yield
    except NotImplementedError:
        print("not attempted: write the function above, then run this cell again")
    except AssertionError:
        raise
    except Exception as error:
        if isinstance(error, NameError) and _not_run(error):
            print(f"`{error.name}` is not there yet: {RUN}.")
        else:
            print(
                f"your function raised {type(error).__name__}: {error}; "
                "its marking cell says more"
            )


def _not_run(error: NameError) -> bool:
    """Whether the name is one that a cell above gives: the block's, or an exercise's."""
    if isinstance(error, UnboundLocalError) or not error.name:
        return False
    names = {exercise.name for exercise in EXERCISES.values()}
    return error.name in names or _raised_by_the_block(error.__traceback__)


def _raised_by_the_block(traceback: TracebackType | None) -> bool:
    """Whether the error comes from the cell's own lines, not from a function that they call."""
    if traceback is None or traceback.tb_next is None:
        return False
    return traceback.tb_next.tb_next is None  # this file's `yield`, then the cell
