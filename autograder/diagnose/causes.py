"""What an error message says, in words that tell the next step."""

import re
from collections.abc import Callable

from autograder.calling.outcome import Outcome
from autograder.diagnose.remedies import (
    AMBIGUOUS,
    AXIS,
    CALLED,
    DEPTH,
    DOMAIN,
    DTYPES,
    FREED,
    GENERATOR,
    GRAD,
    INDEX,
    KEY,
    LARGE,
    LEAF,
    LETTERS,
    MANY,
    NO_GRAPH,
    UNPACK,
    ZERO,
    Cause,
    attribute,
    missing,
    multiplied,
    not_taken,
    of_none,
    plain,
    positions,
    shaped,
    sized,
    unbound,
    unknown,
)

ENDED = {
    "time": Cause(
        "a loop that does not end",
        "Your function does not come to an end. Look at the condition of its loop: what has to "
        "change for it to become false, and does it change, in this case too?",
    ),
    "input": Cause(
        "a question to the keyboard",
        "Your function asks for input. Nobody sits at a keyboard while it is marked or graded: "
        "all that it needs comes with its arguments. Take the question out.",
    ),
    "no gradient": Cause(
        "the gradient lost",
        "Your numbers have lost their connection to the input, so that no gradient finds its way "
        "back. Leave out detach(), item(), tolist(), numpy() and no_grad, and do not make a new "
        "tensor of plain numbers.",
    ),
    "copies": Cause(
        "copies of the parameters",
        "You return copies, and the model keeps its own. Return the parameters themselves.",
    ),
    "no state": Cause(
        "the state not returned",
        "The function is to return what the next call needs as well: a tuple, whose last part is "
        "the state.",
    ),
    "order": Cause("the state first", "The state should be the last part of what you return."),
}
KNOWN: tuple[tuple[str, str, Callable[..., Cause]], ...] = (
    ("RuntimeError|ValueError", r"shapes cannot be multiplied \((\d+x\d+) and (\d+x\d+)\)", multiplied),
    ("RuntimeError", r"size of tensor a \((\d+)\) must match .* b \((\d+)\) at .*dimension (\d+)", sized),
    ("RuntimeError", r"size of tensor a \((\d+)\) must match .* b \((\d+)\)", sized),
    ("RuntimeError", r"inconsistent tensor size, expected .*\[(\d+)\] .*\[(\d+)\]", sized),
    ("RuntimeError", r"size mismatch, got input .*", shaped),
    ("RuntimeError", r"(?:shape '.*' is invalid|expanded size|must match the existing|Expected size|"
     r"Sizes of tensors must match|stack expects each|not broadcastable|doesn't match the broadcast|"
     r"same number of dimensions|1D tensors expected|shape mismatch|must be 2D|must be matrices|"
     r"inner dimensions|expected .*D tensor|mat1 must be|Expected .* to have .* shape|"
     r"tensors of the same size|vector must be)", shaped),
    ("ValueError", r"operands could not be broadcast|mismatch in its core dimension|"
     r"Using a target size|different from (?:the )?input size", shaped),
    ("RuntimeError", r"t\(\) expects a tensor with <= 2 dimensions", AXIS),
    ("RuntimeError", r"requires grad\. Use tensor\.detach|[Cc]an't call numpy\(\)", GRAD),
    ("RuntimeError", r"leaf Variable that requires grad|modified by an inplace operation|"
     r"view of a leaf Variable", LEAF),
    ("RuntimeError", r"backward through the graph a second time", FREED),
    ("RuntimeError", r"does not require grad and does not have a grad_fn|"
     r"appears to not have been used|does not require grad", NO_GRAPH),
    ("RuntimeError|ValueError", r"cannot be converted to Scalar|only one element tensors|"
     r"only .*1.* arrays can be converted", MANY),
    ("TypeError", r"only .*(?:scalar|length-1|0-dimensional) arrays can be converted", MANY),
    ("RuntimeError|ValueError", r"[Bb]oolean value of Tensor|truth value of an array", AMBIGUOUS),
    ("IndexError", r"Dimension out of range|too many indices", AXIS),
    ("IndexError", r"index.* out of |list index|out of bounds|tuple index|pop from empty", INDEX),
    ("RuntimeError", r"index .*out of bounds|out of range", INDEX),
    ("RuntimeError|TypeError|IndexError", r"expected .*(?:scalar type|dtype)|same dtype|dtype.*float|"
     r"should be .*(?:floating|complex)|not implemented for '(?:Long|Int|Bool|Half|BFloat16)'|"
     r"can't be cast|got Long|expected Long|got dtype|must be .*(?:long|int64)", DTYPES),
    ("ZeroDivisionError", r"", ZERO),
    ("ValueError", r"math domain error|expected a (?:positive|nonnegative) input", DOMAIN),
    ("OverflowError", r"", LARGE),
    ("RecursionError", r"", DEPTH),
    ("TypeError", r"unexpected keyword argument '(\w+)'", not_taken),
    ("TypeError", r"missing (\d+) required (?:positional|keyword-only) arguments?: (.*?)(?: \(in|$)", missing),
    ("TypeError", r"takes .* positional arguments? but", positions),
    ("TypeError", r"(?:with|for|on|of|operand) .*'?NoneType'?|NoneType|, not None", plain(*of_none())),
    ("AttributeError", r"'NoneType' object has no attribute '(\w+)'", of_none),
    ("AttributeError", r"'(\w+)' object has no attribute '(\w+)'", attribute),
    ("AttributeError", r"module '([\w.]+)' has no attribute '(\w+)'", attribute),
    ("UnboundLocalError", r"variable '(\w+)'", unbound),
    ("NameError", r"name '(\w+)' is not defined", unknown),
    ("ModuleNotFoundError", r"No module named '(\w+)'", unknown),
    ("TypeError", r"must be Tensor|must be tuple of Tensors|must be tensors, not|"
     r"expected Tensor as element", LETTERS),
    ("ValueError|TypeError", r"unpack", UNPACK),
    ("TypeError|RuntimeError", r"[Gg]enerator", GENERATOR),
    ("TypeError", r"object is not callable", CALLED),
    ("KeyError", r"", KEY),
)  # fmt: skip


def cause(outcome: Outcome) -> Cause | None:
    """The plain cause of a failure, where there is one."""
    if outcome.failure is None:
        return None
    kind, raised = outcome.failure
    if kind in ENDED:
        return ENDED[kind]
    if kind != "raised":
        return None
    message = outcome.error.removeprefix(f"raised {raised}").removeprefix(": ")
    for of, pattern, tell in KNOWN:
        found = re.search(pattern, message)
        if found and raised in of.split("|"):
            return tell(*found.groups())
    return None
