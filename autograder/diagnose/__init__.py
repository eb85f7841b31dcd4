"""Which mistake gives these wrong answers?

answering    what the reference answers, and what someone with certain mistakes would
faults       mistakes that need no list: a setting ignored, another default, float32
edits        slips of the pen: the reference with one operation another
leaves       a result taken apart
ground       what one case can tell, how finely, and with what weight
readings     an outcome held against the right one, entry by entry
evidence     how much of what is wrong certain mistakes explain
search       the mistakes that explain the most
deciding     the diagnosis: a name only where the evidence bears it
"""

from autograder.diagnose.answering import VARIANT_SECONDS, answer, answers, same
from autograder.diagnose.deciding import PARAGRAPH, Diagnosis, diagnose

__all__ = ["PARAGRAPH", "VARIANT_SECONDS", "Diagnosis", "answer", "answers", "diagnose", "same"]
