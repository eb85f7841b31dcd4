"""A report that a learner likes to read: as text, as HTML, and as data."""

from typing import Any

from autograder.report.data import data
from autograder.report.findings import Findings
from autograder.report.html import html
from autograder.report.text import text


class Report(Findings):
    """All verdicts on one submission, its score, its diagnosis, in every form it is read in."""

    def data(self) -> dict[str, Any]:
        """Everything that the report says, as plain data."""
        return data(self)

    def __str__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        return html(self)


class Score(float):
    """The points, as nbgrader reads them; shown to people as the report they come from.

    nbgrader takes the text of a marking cell's value as its score, and anything but a plain
    number of its own choosing as full marks; so the text is exactly the number.
    """

    report: Report

    def __new__(cls, report: Report) -> "Score":
        score = super().__new__(cls, report.score)
        score.report = report
        return score

    def _repr_mimebundle_(self, **_) -> dict[str, Any]:
        return {
            "text/plain": repr(float(self)),
            "text/html": self.report._repr_html_(),
            "application/vnd.steady-gradients.report+json": self.report.data(),
        }
