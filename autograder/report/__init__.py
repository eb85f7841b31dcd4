"""What a learner reads of a submission, in every form that it is read in.

shown       a value in few letters
entries     tensors as text
verdicts    the rulings on single cases
described   what goes into a function and comes out of it, in words
unfolded    a case unfolded: what went in, what came out, what should have
facts       what is known of a submission once its cases are ruled on
findings    what to say of it, what helps most first
text, html, data    the forms
report      the report, and the score that carries it into nbgrader
"""

from autograder.report.findings import PRACTICE_NOTE
from autograder.report.html import anchor
from autograder.report.report import Report, Score
from autograder.report.shown import shown
from autograder.report.verdicts import Practice, Verdict

__all__ = ["PRACTICE_NOTE", "Practice", "Report", "Score", "Verdict", "anchor", "shown"]
