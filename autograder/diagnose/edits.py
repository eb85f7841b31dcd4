"""Slips of the pen: the reference with one operation another, tried where nothing else explains.

Each is an edit that the grader makes itself.  What it says is the kind of operation and the
arguments that it concerns, never the code.
"""

import ast
import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from numbers import Real

from autograder.diagnose.made_up import Fault, in_every_case
from autograder.spec import Exercise

Change = tuple[str, str, Callable[[ast.AST], ast.AST]]  # name, symptom, what the node becomes

LEFT_OUT = {  # operations of one number that are forgotten
    "sqrt": "a square root", "square": "a square", "abs": "an absolute value",
    "exp": "an exponential", "log": "a logarithm", "sign": "a sign function",
    "mean": "a mean", "sum": "a sum", "clamp": "a bound", "relu": "a ReLU",
    "cumsum": "a running sum", "diff": "a difference of neighbours",
}  # fmt: skip
CONFUSED = {
    "mean": "sum", "sum": "mean", "max": "min", "min": "max", "argmax": "argmin",
    "argmin": "argmax", "maximum": "minimum", "minimum": "maximum", "square": "abs",
    "any": "all", "all": "any", "floor": "ceil", "ceil": "floor", "cos": "sin", "sin": "cos",
}  # fmt: skip
OPPOSITE = {
    ast.Add: (
        ast.Sub,
        "subtracted instead of added",
        "a part is subtracted that belongs added",
    ),
    ast.Sub: (
        ast.Add,
        "added instead of subtracted",
        "a part is added that belongs subtracted",
    ),
    ast.Mult: (ast.Div, "divided instead of multiplied", "you divide where to multiply"),
    ast.Div: (ast.Mult, "multiplied instead of divided", "you multiply where to divide"),
}
FORGOTTEN = {ast.Add: "a term", ast.Sub: "a term", ast.Mult: "a factor", ast.Div: "a divisor",
             ast.Pow: "a power"}  # fmt: skip
EDGES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
TURNED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE,
          ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Edit(Fault):
    """A function of its own in place of the reference."""

    function: Callable = print

    def wrapped(self, _function: Callable) -> Callable:
        return self.function


@lru_cache(maxsize=64)
def edits(exercise: Exercise) -> tuple[Edit, ...]:
    """The reference with one operation another, in all ways that people confuse them."""
    tree = ast.parse(exercise.source)
    del tree.body[0].body[0]  # the docstring
    found: dict[str, Edit] = {}
    places = {
        id(c) for n in ast.walk(tree) if isinstance(n, ast.Subscript) for c in ast.walk(n.slice)
    }
    for number, node in _nodes(tree):
        for name, symptom, change in _changes(node, exercise):
            if id(node) in places:
                name, symptom = "another place", "another entry, row or column is taken"
            source = _edited(tree, number, change)
            if source not in found:
                found[source] = Edit(
                    name,
                    "",
                    "",
                    f"Your result is exactly what comes out if {symptom}.",
                    "Hold your code against the formula, one operation at a time.",
                    touches=in_every_case,
                    function=exercise.compiled(source, f"{exercise.id}, {name}"),
                )
    return tuple(found.values())


def _nodes(tree: ast.Module) -> list[tuple[int, ast.AST]]:
    """The nodes of the body with their numbers; conditions of loops might never come true."""
    nodes = _inside(tree)
    endless = {
        id(n) for loop in nodes if isinstance(loop, ast.While) for n in ast.walk(loop.test)
    }
    raised = {id(n) for each in nodes if isinstance(each, ast.Raise) for n in ast.walk(each)}
    return [(n, node) for n, node in enumerate(nodes) if id(node) not in endless | raised]


def _inside(tree: ast.Module) -> list[ast.AST]:
    return [node for statement in tree.body[0].body for node in ast.walk(statement)]


def _edited(tree: ast.Module, number: int, change: Callable) -> str:
    tree = copy.deepcopy(tree)
    old = _inside(tree)[number]

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return change(node) if node is old else self.generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Replace().visit(tree)))


def _changes(node: ast.AST, exercise: Exercise) -> Iterator[Change]:
    parameters = inspect.signature(exercise.target).parameters
    match node:
        case ast.BinOp():
            yield from _of_two(node, parameters)
        case ast.UnaryOp(ast.USub(), ast.Name() | ast.Call() | ast.BinOp()):
            yield "a minus sign forgotten", "a minus sign is left out", lambda n: n.operand
        case ast.Call():
            yield from _of_call(node)
        case ast.Compare(ops=[op]) if type(op) in TURNED:
            if type(op) in EDGES:
                edge = "an edge on the wrong side", "a limit itself is taken to the other side"
                yield *edge, partial(_compared, EDGES[type(op)])
            turned = "a comparison turned round", "a comparison stands the wrong way round"
            yield *turned, partial(_compared, TURNED[type(op)])
        case ast.If(orelse=[]) | ast.IfExp():
            for truth in (True, False):
                yield (
                    "a distinction missing",
                    "a distinction of cases is left out",
                    partial(_decided, truth),
                )
        case ast.Constant(bool()):
            pass
        case ast.Constant(int() | float() as value):
            for other in (value + 1, value - 1, value * 2, value / 2):
                if other != value and (other == int(other) or isinstance(value, float)):
                    exact = int(other) if isinstance(value, int) else other
                    yield (
                        f"{exact:g} for {value:g}",
                        f"{exact:g} stands where {value:g} belongs",
                        lambda _n, exact=exact: ast.Constant(exact),
                    )
        case ast.Name(name, ast.Load()) if _plain(parameters, name):
            for other in parameters:
                if other != name and _plain(parameters, other):
                    yield (
                        f"{other} for {name}",
                        f"{other} stands where {name} belongs",
                        lambda _n, other=other: ast.Name(other, ast.Load()),
                    )


def _plain(parameters, name: str) -> bool:
    """Whether it is a parameter that stands for a number."""
    given = parameters.get(name)
    return given is not None and (given.annotation is float or isinstance(given.default, Real))


def _of_two(node: ast.BinOp, parameters) -> Iterator[Change]:
    kind = type(node.op)
    with_left, with_right = _with(node.left, parameters), _with(node.right, parameters)
    if kind in OPPOSITE:
        other, name, symptom = OPPOSITE[kind]
        yield name, symptom + with_right, lambda n: ast.BinOp(n.left, other(), n.right)
    if kind in (ast.Sub, ast.Div):
        what = "a difference" if kind is ast.Sub else "a quotient"
        yield (
            f"{what} the wrong way round",
            f"{what} is taken the wrong way round{with_right}",
            lambda n: ast.BinOp(n.right, n.op, n.left),
        )
    if kind in FORGOTTEN:
        part = FORGOTTEN[kind]
        yield f"{part} forgotten", f"{part} is left out{with_right}", lambda n: n.left
    if kind in (ast.Add, ast.Sub, ast.Mult):
        yield f"{part} forgotten", f"{part} is left out{with_left}", lambda n: n.right
    if kind is ast.Mult and isinstance(node.left, ast.BinOp) and type(node.left.op) is kind:
        yield "two factors forgotten", "two factors are left out", lambda n: n.left.left


def _with(part: ast.AST, parameters) -> str:
    """The arguments that a part of the formula speaks of."""
    names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    own = [name for name in parameters if name in names]
    return f" (the one with {' and '.join(own)})" if own else ""


def _of_call(node: ast.Call) -> Iterator[Change]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    method = isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("torch", "math", "F", "nn")
    )
    if name in LEFT_OUT and (method or len(node.args) == 1):
        inner = (lambda n: n.func.value) if method else (lambda n: n.args[0])
        yield f"{LEFT_OUT[name]} forgotten", f"{LEFT_OUT[name]} is left out", inner
    if name in CONFUSED and isinstance(node.func, ast.Attribute):
        other = CONFUSED[name]
        yield (
            f"{other} for {name}",
            f"{other} stands where {name} belongs",
            lambda n: ast.Call(
                ast.Attribute(n.func.value, other, ast.Load()), n.args, n.keywords
            ),
        )
    if name == "range" and node.args:
        for step in (1, -1):
            yield (
                "one more" if step > 0 else "one fewer",
                f"a loop runs once too {'often' if step > 0 else 'seldom'}",
                partial(_longer, step),
            )


def _longer(step: int, node: ast.Call) -> ast.AST:
    last = 0 if len(node.args) == 1 else 1
    end = ast.BinOp(node.args[last], ast.Add(), ast.Constant(step))
    return ast.Call(node.func, [*node.args[:last], end, *node.args[last + 1 :]], [])


def _compared(kind: type, node: ast.Compare) -> ast.AST:
    return ast.Compare(node.left, [kind()], node.comparators)


def _decided(truth: bool, node: ast.If | ast.IfExp) -> ast.AST:
    return type(node)(ast.Constant(truth), node.body, node.orelse)
