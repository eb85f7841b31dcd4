"""A right answer beside the reference, and one remark on the difference that matters most.

Said in practice only.  A remark states what can be read off both texts, and judges nothing:
both are right.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import NamedTuple

from autograder.report import NOT_COMPARED
from autograder.spec import Exercise

FEWER = 1.5  # as many lines again by half, and three more steps, are worth a word
MOST_LINES = 80  # nobody compares more than that


def compared(exercise: Exercise, submission: Callable) -> tuple[str, str, str]:
    """The learner's function, the reference, and the remark; of two that are one, only that."""
    yours, its = _read(_source(submission)), _read(exercise.source)
    if yours is None or its is None or len(yours.text.splitlines()) > MOST_LINES:
        return NOT_COMPARED
    if ast.dump(yours.tree) == ast.dump(its.tree):
        return "", "", "It is the course's own solution, word for word."
    return yours.text, its.text, remark(yours, its)


class Code(NamedTuple):
    """A function without its docstring: as a tree, and as it was written."""

    tree: ast.FunctionDef
    text: str

    @property
    def steps(self) -> int:
        """Lines of its body, each statement and each head of a block on one."""
        return sum(len(ast.unparse(each).splitlines()) for each in self.tree.body)


def _source(submission: Callable) -> str:
    try:
        return textwrap.dedent(inspect.getsource(submission))
    except (OSError, TypeError, IndentationError):
        return ""


def _read(source: str) -> Code | None:
    """A function as it is compared; None where the source is not that of one function."""
    try:
        (tree,) = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not isinstance(tree, ast.FunctionDef):
        return None
    lines = source.splitlines()
    if ast.get_docstring(tree) is not None and len(tree.body) > 1:
        docstring = tree.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
        tree.body = tree.body[1:]
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return Code(tree, "\n".join(line for line in text.splitlines() if line.strip()))


# ── The remark ──────────────────────────────────────────────────────────────────────


def remark(yours: Code, its: Code) -> str:
    """The first difference that there is, those that matter most first."""
    return next(
        (said for rule in RULES if (said := rule(yours, its))),
        "Written in another way, with the same results.",
    )


def _same_steps(yours: Code, its: Code) -> str:
    same = _nameless(yours.tree) == _nameless(its.tree)
    return "The same steps, with other names." * same


def _loops(yours: Code, its: Code) -> str:
    mine, theirs = _has(yours, LOOPS), _has(its, LOOPS)
    if mine and not theirs:
        return "Yours goes through a loop in Python; the course's own does without."
    if theirs and not mine:
        return "The course's own goes through a loop in Python; yours does without."
    return ""


def _writes(yours: Code, its: Code) -> str:
    mine, theirs = _writes_into(yours.tree), _writes_into(its.tree)
    if mine and not theirs:
        return f"Yours writes into what is there ({mine}); the course's own does not."
    if theirs and not mine:
        return f"The course's own writes into what is there ({theirs}); yours does not."
    return ""


def _branches(yours: Code, its: Code) -> str:
    mine, theirs = _branching(yours), _branching(its)
    if abs(mine - theirs) < 2 and bool(mine) == bool(theirs):
        return ""
    return f"Yours decides {_times(mine)} with `if`, the course's own {_times(theirs)}."


def _length(yours: Code, its: Code) -> str:
    mine, theirs = yours.steps, its.steps
    low, high = sorted((mine, theirs))
    if high < FEWER * low or high - low < 3:
        return ""
    return f"Yours takes {mine} steps, the course's own {theirs}."


RULES = (_same_steps, _loops, _writes, _branches, _length)
LOOPS = (ast.For, ast.While, ast.comprehension)
BRANCHES = (ast.If, ast.IfExp)


def _has(code: Code, kinds: tuple) -> bool:
    return _count(code, kinds) > 0


def _count(code: Code, kinds: tuple) -> int:
    return sum(isinstance(node, kinds) for node in ast.walk(code.tree))


def _branching(code: Code) -> int:
    inside = (n.ifs for n in ast.walk(code.tree) if isinstance(n, ast.comprehension))
    return _count(code, BRANCHES) + sum(map(len, inside))


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _writes_into(tree: ast.AST) -> str:
    """The first place that writes into a tensor or a list, as it is written."""
    for node in ast.walk(tree):
        for place in _targets(node):
            if isinstance(place, ast.Subscript):
                return f"`{ast.unparse(place)} = …`"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name.endswith("_") and not name.startswith("_"):
                return f"`{name}`"
    return ""


def _targets(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Assign(targets):
            return targets
        case ast.AugAssign(target):
            return [target]
    return []


class _OneByOne(ast.NodeTransformer):
    """`a, b = 1, 2` as the two lines that it saves, where the order makes no difference."""

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | list[ast.Assign]:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if (
                len(names) == len(values) and all(isinstance(name, ast.Name) for name in names)
            ):
                given = {name.id for name in names}
                if not given & {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}:
                    pairs = zip(names, values, strict=True)
                    return [ast.Assign(targets=[name], value=value) for name, value in pairs]
        return node


def _nameless(tree: ast.FunctionDef) -> str:
    """A function with its local names replaced by their order, and without annotations."""
    order: dict[str, str] = {}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    local = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    copy = ast.parse(ast.unparse(tree)).body[0]
    copy.returns, copy.decorator_list = None, []
    copy = _OneByOne().visit(copy)
    for node in ast.walk(copy):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.Name) and node.id in local:
            node.id = order.setdefault(node.id, f"name{len(order)}")
    return ast.dump(copy)
