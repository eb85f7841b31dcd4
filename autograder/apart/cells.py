"""A notebook's cell, read as the Python that IPython makes of it."""

import ast
import contextlib
import re
from collections.abc import Iterator

SPECIAL = re.compile(r"^\s*(?:[%!?/,;>]|\.\.\.|In \[)|=\s*[%!]|\?\s*$", re.MULTILINE)
MOST = 2_000_000  # characters: IPython reads a cell anew for each special line in it
DRAWING = ("matplotlib", "ipywidgets", "IPython", "steadygrad.plots", "steadygrad.explorers")
BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)  # what a parser may raise


def python_of(source: str) -> str:
    """The cell as Python: magics, shell commands and help are calls of `get_ipython()`.

    A cell that neither Python nor IPython can read is left as it is.
    """
    with contextlib.suppress(*BROKEN):
        ast.parse(source)
        if not source.startswith("In ["):  # a prompt that was copied is Python, too
            return source
    if len(source) * len(SPECIAL.findall(source)) > MOST:
        return source
    from IPython.core.inputtransformer2 import TransformerManager  # few cells need it

    with contextlib.suppress(*BROKEN, RuntimeError):
        return TransformerManager().transform_cell(source)
    return source


def definitions(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that only give something a name; drawing is told apart by `drawing`."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _one_each(node)
        elif defines(node):
            yield node


def _one_each(node: ast.Import | ast.ImportFrom) -> Iterator[ast.stmt]:
    """An import of several names as several imports."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield ast.copy_location(ast.Import([alias]), node)
        else:
            yield ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)


def drawing(node: ast.stmt) -> bool:
    """Whether a statement imports what only draws: it takes long and is seldom needed."""
    if isinstance(node, ast.Import):
        return any(alias.name.startswith(DRAWING) for alias in node.names)
    return isinstance(node, ast.ImportFrom) and any(
        f"{node.module}.{alias.name}".startswith(DRAWING) for alias in node.names
    )


def defines(node: ast.stmt) -> bool:
    """Whether a statement only gives something a name: it computes nothing."""
    named = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(node, named):
        return True
    return isinstance(node, ast.Assign | ast.AnnAssign) and not works(node.value)


def works(value: ast.expr | None) -> bool:
    """Whether an expression calls or repeats anything before someone calls it."""
    if value is None or isinstance(value, ast.Lambda):
        return False
    busy = (ast.Call, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return isinstance(value, (*busy, ast.Await)) or any(
        works(child) for child in ast.iter_child_nodes(value) if isinstance(child, ast.expr)
    )


def names_in(tree: ast.AST) -> set[str]:
    """Every name that a piece of code speaks of, inside its functions, too."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def named_by(node: ast.stmt) -> set[str]:
    """The names that a definition gives."""
    match node:
        case ast.Import(names) | ast.ImportFrom(names=names):
            return {(alias.asname or alias.name).partition(".")[0] for alias in names}
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            return {name}
    stored = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    return {n.id for n in stored if isinstance(n.ctx, ast.Store)}
