"""What a code cell defines, and whether that is work or still the stub."""

import ast
import functools
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograder.apart.cells import python_of

if TYPE_CHECKING:  # importing it takes two seconds, and a learner's first cell needs none of it
    from nbformat import NotebookNode

CELL_MAGIC = re.compile(r"\s*%%(time|capture|prun)\b[^\n]*(\n|$)")  # Python follows them
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def defines(cell: "NotebookNode", name: str) -> bool:
    """Whether a code cell gives this name to something."""
    return cell.cell_type == "code" and name in given(cell.source)


def works_on(cell: "NotebookNode", name: str) -> bool:
    """Whether a code cell gives this name to more than a stub."""
    return cell.cell_type == "code" and given(cell.source).get(name, False)


def same_code(one: str, other: str) -> bool:
    """Whether two sources differ in nothing but spaces and comments."""
    if one.split() == other.split():
        return True
    trees = parsed(one), parsed(other)
    return None not in trees and len({ast.dump(tree) for tree in trees}) == 1


def without_stub(source: str, name: str) -> str:
    """The source with its untouched definition of `name` taken out."""
    tree = parsed(source)
    if tree is None:  # it does not run at all
        return source
    lines, offset = source.split("\n"), _magic_lines(source)
    for given, node in reversed(list(_bindings(tree.body))):
        if given == name and _is_stub(node):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1 + offset
            said = f"pass  # The stub of {name} stood here; the function you wrote counts."
            lines[first : node.end_lineno + offset] = [" " * node.col_offset + said]
    return "\n".join(lines)


@functools.lru_cache(maxsize=1000)
def parsed(source: str) -> ast.Module | None:
    """A cell as a tree, with or without magics; None where Python cannot read it."""
    below = "\n".join(source.split("\n")[_magic_lines(source) :])
    for text in (below, python_of(below)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in the student's texts
                return ast.parse(text)
        except UNREADABLE:
            continue
    return None


def _magic_lines(source: str) -> int:
    match = CELL_MAGIC.match(source)
    return match[0].count("\n") or 1 if match else 0


@functools.lru_cache(maxsize=1000)
def given(source: str) -> dict[str, bool]:
    """The names that a cell gives, and whether to more than a stub."""
    tree = parsed(source)
    if tree is not None:
        return {name: not _is_stub(node) for name, node in _bindings(tree.body)}
    found = list(re.finditer(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)", source, re.MULTILINE))
    ends = [match.start() for match in found[1:]] + [len(source)]
    return {
        match[1]: "raise NotImplementedError" not in source[match.start() : end]
        for match, end in zip(found, ends, strict=False)
    }


def _bindings(statements: list) -> Iterator[tuple[str, ast.AST]]:
    """Names and what gives them; an import does not count, for it is nobody's answer."""
    for node in statements:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
            case ast.Assign(targets=targets):
                yield from ((name, node) for target in targets for name in _names(target))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield name, node
            case _:
                for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                    inside = getattr(node, part, None)
                    yield from _bindings(inside if isinstance(inside, list) else [])


def _names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _is_stub(node: ast.AST) -> bool:
    """A function that does nothing yet but say so."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        or (isinstance(line, ast.Raise) and "NotImplementedError" in ast.dump(line))
        for line in node.body
    )
