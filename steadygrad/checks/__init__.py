"""Checks: a public function refuses what it cannot answer, before it computes anything.

    @checked(total=at_least(1), max_lr=not_negative)
    def cosine(t: int, max_lr: float, min_lr: float, total: int) -> float: ...

The annotations say of what kind and shape an argument is, the decorator in which range it lies.
If it says nothing, a number is finite and a whole number is a count, 0 or more.  The formula
below stays as short as it was.

An error says which argument was wrong, what was expected, what was given and, where there is
an easy one, the remedy: TypeError for the kind, ValueError for the shape and the range.  While
torch.compile or torch.vmap look on, and on the meta device, no number can be read, and none is
checked.

    rules    in which range an argument lies
    kinds    what an annotation allows
    words    how an error says it
    calls    checked, which asks, and unchecked, for a loop that has asked once
"""

from steadygrad.checks.calls import checked, unchecked
from steadygrad.checks.rules import (
    Rule,
    any_number,
    as_many_as,
    at_least,
    below_one,
    both_below_one,
    bound,
    classes_of,
    filled,
    fraction,
    not_negative,
    of_the_gradients_shape,
    one_of,
    positive,
    rule,
)

__all__ = [
    "Rule",
    "any_number",
    "as_many_as",
    "at_least",
    "below_one",
    "both_below_one",
    "bound",
    "checked",
    "classes_of",
    "filled",
    "fraction",
    "not_negative",
    "of_the_gradients_shape",
    "one_of",
    "positive",
    "rule",
    "unchecked",
]
