"""What helps someone who is stuck: the section, the worked example, the solution.

Each step is announced before it is there, so that one knows what to try for.
"""

from typing import NamedTuple

from autograder.report.findings import Findings

TRIES_BEFORE_TRACE = 3  # failed attempts, after which the worked example is shown
TRIES_BEFORE_SOLUTION = 5  # after which the solution is offered; who asks earlier is shown it


class Step(NamedTuple):
    """A sentence, and the headings that it ends in."""

    sentence: str
    headings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence + " and ".join(f"“{heading}”" for heading in self.headings)


def ladder(findings: Findings) -> tuple[Step, ...]:
    """The steps for someone whose answer is wrong, in practice; none for anybody else."""
    tries = findings.beside.tries
    if not tries or findings.secret or findings.passed or not findings.attempted:
        return ()
    return (
        Step("Reread ", findings.sections),
        Step(_worked(findings, tries)),
        Step(_solution(findings, tries)),
    )


def _worked(findings: Findings, tries: int) -> str:
    if tries < TRIES_BEFORE_TRACE:
        return (
            f"After {TRIES_BEFORE_TRACE} failed attempts a small example, worked by hand, is "
            f"shown here; this was attempt {tries}."
        )
    if findings.trace:
        return "Go through the small example below, which is worked by hand, line by line."
    if findings.traced is not None and findings.traced.failure:
        return "On the worked example your function ends in an error, too: mend that first."
    return "The worked example tells nothing here: on it your function is right."


def _solution(findings: Findings, tries: int) -> str:
    if tries < TRIES_BEFORE_SOLUTION:
        return (
            f"After {TRIES_BEFORE_SOLUTION} failed attempts you are told how to see a solution."
        )
    command = f'mark("{findings.exercise.name}", show="solution")'
    return (
        f"Run `{command}` in a cell of its own to see the solution. The course remembers that "
        "you have seen it; write it again in your own words, and it counts all the same."
    )
