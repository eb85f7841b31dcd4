"""A notebook's cell, read as the Python that IPython makes of it."""

import ast
import time

import pytest

from autograder.apart.cells import defines, definitions, drawing, named_by, python_of

PYTHON = [
    "x = 1", "y = (7\n  % 4)", '"""\n% text\n! text\n"""', "a = 3 % 2", "", "await f()",
    "def f(:\n  %pwd", "x = '\x00'", "x = '\ud800'", "f 3",
]  # fmt: skip


@pytest.mark.parametrize("source", PYTHON, ids=repr)
def test_a_cell_of_python_or_of_neither_is_left_as_it_is(source):
    assert python_of(source).strip() == source.strip()


SHELL = "get_ipython()"
SPECIAL = {
    "%matplotlib inline": f"{SHELL}.run_line_magic('matplotlib', 'inline')",
    "%%time\nx = 1": f"{SHELL}.run_cell_magic('time', '', 'x = 1\\n')",
    "!pip install \\\n  torch": f"{SHELL}.system('pip install    torch')",
    "if x:\n    !ls\n": f"if x:\n    {SHELL}.system('ls')",
    "?torch": f"{SHELL}.run_line_magic('pinfo', 'torch')",
    "a[0]?": f"{SHELL}.run_line_magic('pinfo', 'a[0]')",
    "files = !ls": f"files = {SHELL}.getoutput('ls')",
    "obj.y = %pwd": f"obj.y = {SHELL}.run_line_magic('pwd', '')",
    "x = (5\n% 3)\n%time y = x": f"x = (5\n% 3)\n{SHELL}.run_line_magic('time', 'y = x')",
    "/print 3": "print(3)",
    ">>> x = 3": "x = 3",
    "In [1]: x = 3": "x = 3",
}


@pytest.mark.parametrize(("source", "python"), SPECIAL.items(), ids=repr)
def test_what_only_ipython_understands_becomes_a_call(source, python):
    assert python_of(source).strip() == python


def test_a_cell_of_nothing_but_magics_takes_no_age():
    began = time.perf_counter()
    python_of("x = %pwd + (\n" * 20_000)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("import torch", True),
        ("import matplotlib.pyplot as plt", True),
        ("from steadygrad import plots", True),
        ("from steadygrad import gradients", True),
        ("from . import x", True),
        ("from IPython.display import display", True),
        ("k = 1", True),
        ("k: int", True),
        ("k: int = 3", True),
        ("k = table[1] + other.field", True),
        ("k = f()", False),
        ("k = await f", False),
        ("async def f(): g()", True),
        ("k = {1: f()}", False),
        ("k = lambda: f()", True),
        ("k += 1", False),
        ("def f(): g()", True),
        ("f()", False),
        ("for i in x: pass", False),
        ("with a: pass", False),
    ],
)
def test_a_definition_only_gives_something_a_name(statement, counts):
    assert defines(ast.parse(statement).body[0]) == counts


def test_an_import_of_several_names_is_several_definitions():
    tree = ast.parse("from steadygrad import gradients, plots as p\nimport a.b, c as d")
    assert [(named_by(node), drawing(node)) for node in definitions(tree)] == [
        ({"gradients"}, False), ({"p"}, True), ({"a"}, False), ({"d"}, False),
    ]  # fmt: skip
