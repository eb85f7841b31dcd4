"""The rulings on single cases, and what only one's own notebook says beside them."""

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Verdict:
    """The ruling on one case; in practice also what went in, what came out, and what should."""

    case: str
    complaint: str  # "" when the case passed
    inputs: tuple[tuple[str, str], ...] = field(default=(), compare=False)  # name, as text
    got: str = field(default="", compare=False)  # "" when nothing came out
    expected: str = field(default="", compare=False)  # "" when that is what came out
    besides: bool = field(default=False, kw_only=True)  # asked of every function

    @property
    def passed(self) -> bool:
        return not self.complaint


NOT_COMPARED = ("", "", "")


class Practice(NamedTuple):
    """What only one's own notebook can say beside a report, and never changes its score.

    `learned` is the sentence about what is known now, `pace` the running time beside the
    reference's, `onward` what to read next with the heading that it is under, `progress` the
    points of the chapter so far.  `compared` are a right answer, the reference, and a remark on
    how they differ; `tries` counts the attempts at a wrong one, this one among them.
    """

    learned: str = ""
    pace: str = ""
    onward: tuple[str, str] = ("", "")
    progress: str = ""
    compared: tuple[str, str, str] = NOT_COMPARED
    tries: int = 0


NOTHING = Practice()
