"""What is behind an error of a kind that learners meet, and the next step."""

import re
from collections.abc import Callable
from typing import NamedTuple


class Cause(NamedTuple):
    """In short, and in whole sentences."""

    title: str
    sentence: str


def _sizes(said: str) -> list[int]:
    return [int(size) for size in re.findall(r"\d+", said)]


def multiplied(one: str, other: str) -> Cause:
    a, b = _sizes(one), _sizes(other)
    said = f"You multiply a matrix of shape {tuple(a)} by one of shape {tuple(b)}. The columns of the first have to be as many as the rows of the second. "
    if len(a) == len(b) == 2 and a[1] == b[1]:
        said += f"Here {a[1]} and {b[1]} fit if the second is transposed, with .T."
    elif len(a) == len(b) == 2 and a[0] == b[0]:
        said += f"Here {a[0]} and {b[0]} fit if the first is transposed, with .T."
    elif len(a) == len(b) == 2 and a[0] == b[1]:
        said += "They fit in the other order."
    else:
        said += "Write the shape of each factor beside the formula, and see where they part."
    return Cause("shapes that do not fit", said)


def sized(one: str, other: str, axis: str = "") -> Cause:
    at = f" along axis {axis}" if axis else ""
    return Cause(
        "shapes that do not fit",
        f"You combine two tensors entry by entry of which one has {one} and the other {other} "
        f"entries{at}. Axes are lined up from the right, so that a sum or mean over an axis "
        "needs keepdim=True to keep its place, and a vector of one number for each row a [:, None].",
    )


def shaped(*_: str) -> Cause:
    return Cause(
        "shapes that do not fit",
        "The shapes of two tensors do not go together. Print both shapes right before that "
        "line; one of them lacks an axis, or has one too many.",
    )


def not_taken(name: str) -> Cause:
    return Cause(
        "an argument that is not taken",
        f"The function is called with the argument {name}, and yours does not take it. Keep the "
        "first line as the exercise has it, with all its names and defaults.",
    )


def missing(_count: str, names: str) -> Cause:
    return Cause(
        "an argument that is not given",
        f"A function is called without {names.replace(chr(39), '')}, which it needs. If that is "
        "yours, keep its first line as the exercise has it: what has a default there needs one "
        "in yours.",
    )


def positions(*_: str) -> Cause:
    return Cause(
        "more arguments than are taken",
        "A function gets more arguments than it takes. If that is yours, keep its first line "
        "as the exercise has it.",
    )


def of_none(*said: str) -> Cause:
    what = f" (it looks for {said[-1]})" if said and said[-1] else ""
    return Cause(
        "None where a value is needed",
        f"Something is None where you compute with it{what}. At the first call there is no state "
        "yet, a parameter without gradient has None for it, and a function without a return "
        "gives None: find out which it is, and take care of it first.",
    )


def unknown(name: str) -> Cause:
    return Cause(
        "a name that is not defined",
        f"The name {name} is not defined where your function uses it. Either it is written "
        "otherwise elsewhere, or it needs an import, or it was defined in a cell that has not "
        "run here.",
    )


def unbound(name: str = "") -> Cause:
    what = name or "that variable"
    return Cause(
        "a variable without a value",
        f"Your function uses {what} before it has a value, since it is assigned only in a "
        "branch or a loop that was not entered. Give it a value before.",
    )


def attribute(kind: str, name: str) -> Cause:
    return Cause(
        f"nothing named {name} there",
        f"You ask a {kind} for {name}, which it does not have. Look at what the value is at that "
        "line: print its type.",
    )


def plain(title: str, sentence: str) -> Callable[..., Cause]:
    return lambda *_: Cause(title, sentence)


GRAD = plain(
    "NumPy on a tensor that is being differentiated",
    "NumPy cannot follow gradients, so it refuses a tensor that takes part in "
    "differentiation. Use torch's function of the same name; then the gradient finds its way back.",
)
LEAF = plain(
    "written in place into what is being differentiated",
    "A tensor that asks for gradients must not be overwritten while they are recorded. Compute a "
    "new tensor, or, where it is a parameter that has to change, write inside with "
    "torch.no_grad().",
)
FREED = plain(
    "backward twice",
    "You go back through the same graph a second time, and it was freed after the first. Compute "
    "the loss anew before each backward.",
)
NO_GRAPH = plain(
    "nothing to differentiate",
    "What you call backward on, or differentiate, does not depend on anything that asks for "
    "gradients. It was detached, computed under no_grad, or made anew from plain numbers.",
)
MANY = plain(
    "one number asked of many",
    "You ask a tensor of several entries for one number, with item(), float() or int(). First "
    "bring it to one entry, with a sum, a mean or a maximum; or stay with the tensor.",
)
AMBIGUOUS = plain(
    "if on a whole tensor",
    "An if, and, or, not, min or max decides on one truth value, and a tensor of several entries "
    "has one for each. Use torch.where, a mask, or clamp to decide entry by entry; or any() "
    "and all().",
)
INDEX = plain(
    "an index out of range",
    "You reach for an entry that is not there: the index is as large as the length, or larger, "
    "or the list is empty. The last index is the length less one.",
)
AXIS = plain(
    "an axis that is not there",
    "You name an axis that the tensor does not have. Some cases have fewer axes than others: count "
    "from the end, with dim=-1, or look at x.dim().",
)
DTYPES = plain(
    "dtypes that do not go together",
    "Two tensors of unlike dtype meet in one operation, or whole numbers where decimals are "
    "needed. Make constants in the dtype of the input, as with torch.zeros_like(x) or "
    "dtype=x.dtype, and leave out .float().",
)
ZERO = plain(
    "a division by zero",
    "A plain number is divided by zero, which Python refuses. Find the case in which the "
    "divisor is 0, and ask what the answer has to be there.",
)
DOMAIN = plain(
    "a function outside its range",
    "A function of the math module gets a number that it has no value for, such as the "
    "logarithm of 0 or the root of a negative number. Take care of that case first.",
)
LARGE = plain(
    "a number that grows too large",
    "A number has grown beyond what a float can hold. Turn the formula so that exponents are never "
    "large and positive.",
)
DEPTH = plain(
    "a function that calls itself without end",
    "Your function calls itself again and again. Either it has no way to stop, or its name "
    "is that of the function it was to use.",
)
LETTERS = plain(
    "a list where a tensor is needed",
    "An operation on tensors gets something that is none, such as a list, a tuple or a "
    "number. Make a tensor of it first, with torch.stack for a list of tensors.",
)
UNPACK = plain(
    "another number of parts than expected",
    "You take apart something into more, or fewer, names than it has parts. Some cases have other "
    "numbers of axes: take x.shape[0] and the like by themselves.",
)
GENERATOR = plain(
    "another kind of generator",
    "Randomness comes from the generator that is given. Hand it on as generator=…, and expect "
    "None as well.",
)
CALLED = plain(
    "a value called like a function",
    "Round brackets stand behind something that is no function. Square brackets take an entry out "
    "of a list or a tensor; between two factors there has to be a *.",
)
KEY = plain(
    "a key that is not there",
    "You look up a name that the dictionary does not have. Print its keys; a state that is kept "
    "between calls has none at the first.",
)
