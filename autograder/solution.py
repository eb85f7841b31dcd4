"""A solution, shown to someone who asks for it."""

from html import escape
from typing import NamedTuple

from autograder.report import block
from autograder.spec import Exercise

SAID = (
    "Read it, put it away, and write yours again from what you remember: that counts all the "
    "same. The course remembers that the solution was shown."
)


class Solution(NamedTuple):
    """The course's own function, as text and as a page shows it."""

    exercise: Exercise

    def __repr__(self) -> str:
        return f"A solution of {self.exercise.name}:\n\n{self.code}\n{SAID}"

    @property
    def code(self) -> str:
        return f"{self.exercise.imports}\n\n\n{self.exercise.source}".lstrip()

    def _repr_html_(self) -> str:
        name = escape(self.exercise.name)
        return (
            f'<div role="group" aria-label="A solution of {name}">'
            f"<p><strong>A solution of <code>{name}</code></strong></p>{block(self.code)}"
            f"<p>{SAID}</p></div>"
        )
