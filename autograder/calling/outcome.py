"""What calling a submission produced: a result, or what went wrong; never both."""

from typing import Any, NamedTuple

from autograder.calling.plain import legible
from autograder.calling.withheld import WithheldError

TIME = ("time", "")  # how it failed that ran too long


class Outcome(NamedTuple):
    """What came back, or what went wrong; never both.

    `failure` names what went wrong so that two outcomes can be compared ("raised",
    "IndexError"); `error` says it in a sentence.  `changed` lists the inputs that were
    modified, `remarks` what deserves a word but costs no points.  `after` is what the inputs
    are by then, on its way to where that is judged.
    """

    result: Any = None
    failure: tuple[str, str] | None = None
    error: str = ""
    changed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    after: Any = None


NO_INPUT = Outcome(
    failure=("input", ""),
    error="asks for input, and nobody sits at a keyboard here",
)
NOT_ASKED = Outcome(
    failure=("ended", ""),
    error="was not asked here, since it did not come to an end in the first case",
)
NOT_ATTEMPTED = Outcome(failure=("not attempted", ""), error="is not written yet")


def handed_on(error: WithheldError) -> Outcome:
    """The submission did not do the work: it called the reference."""
    return Outcome(
        failure=("withheld", ""),
        error=f"hands the work to the course's own `{legible(str(error))}`, which is what you "
        "are asked to write",
    )


def too_long(seconds: float) -> Outcome:
    return Outcome(
        failure=TIME,
        error=f"ran longer than {seconds:g} seconds: look for a loop that never ends",
    )
