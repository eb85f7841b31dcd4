"""Which mistake gives these wrong answers?

answering    what the reference answers, and what someone with certain mistakes would
made_up      a mistake that the grader makes up, as one with a name
faults       such mistakes: a setting ignored, another default, float32
edits        slips of the pen: the reference with one operation another
leaves       a result taken apart
ground       what one case can tell, how finely, and with what weight
readings     an outcome held against the right one, entry by entry
evidence     how much of what is wrong certain mistakes explain
search       the mistakes that explain the most
quantities   what a constant in it could be, by the numbers of the case
pairs        one component of an answer beside the right one
by_value, by_place, by_digits    what an answer can be to the right one
relations    which of these it is, where no mistake explains it
remedies     what is behind an error, and the next step
causes       which of these an error message tells
forms        right numbers in the wrong form
saying       the evidence in whole sentences
deciding     the diagnosis: a name only where the evidence bears it
"""

from autograder.diagnose.answering import VARIANT_SECONDS, answer, answers, same
from autograder.diagnose.deciding import PARAGRAPH, Diagnosis, diagnose

__all__ = ["PARAGRAPH", "VARIANT_SECONDS", "Diagnosis", "answer", "answers", "diagnose", "same"]
