"""What a learner reads of a submission, in every form that it is read in.

shown       a value in few letters
entries     tensors as text
verdicts    the rulings on single cases
described   what goes into a function and comes out of it, in words
unfolded    a case unfolded: what went in, what came out, what should have
facts       what is known of a submission once its cases are ruled on
findings    what to say of it, what helps most first
ladder      what helps someone who is stuck, step by step
beside      two functions side by side
text, html, data    the forms
report      the report, and the score that carries it into nbgrader
"""

from autograder.links import anchor
from autograder.report.beside import block
from autograder.report.findings import PRACTICE_NOTE
from autograder.report.ladder import TRIES_BEFORE_SOLUTION, TRIES_BEFORE_TRACE
from autograder.report.report import Report, Score
from autograder.report.shown import shown
from autograder.report.verdicts import NOT_COMPARED, Practice, Verdict

__all__ = [
    "NOT_COMPARED",
    "PRACTICE_NOTE",
    "TRIES_BEFORE_SOLUTION",
    "TRIES_BEFORE_TRACE",
    "Practice",
    "Report",
    "Score",
    "Verdict",
    "anchor",
    "block",
    "shown",
]
