"""What a worker does with a cell; tests/autograder/test_sandbox.py runs it as a process."""

import ast
import subprocess
import sys
import textwrap

import pytest

from autograder.attempt import Outcome
from autograder.worker import call, defines, run_cell, without_magics


def whole(source, scope=None):
    scope = {} if scope is None else scope
    return run_cell(textwrap.dedent(source), "<cell 1>", scope, whole=True), scope


def definitions(source):
    scope = {}
    return run_cell(textwrap.dedent(source), "<cell 1>", scope, whole=False), scope


PYTHON = ["x = 1", "y = (7\n  % 4)", '"""\n% text\n! text\n"""', "a = 3 % 2", ""]


@pytest.mark.parametrize("source", PYTHON)
def test_a_cell_of_python_is_left_as_it_is(source):
    assert without_magics(source) == source


MAGICS = {
    "%matplotlib inline": "pass",
    "%%time\nx = 1": "pass\nx = 1",
    "!pip install torch": "pass",
    "if x:\n    !ls\n": "if x:\n    pass\n",
    "?torch": "pass",
    "torch.nn?": "pass",
    "f??": "pass",
    "files = !ls": "pass",
    "a, b = %magic": "pass",
    "x = 5 % 3\n%time y = x": "x = 5 % 3\npass",
}


@pytest.mark.parametrize(("source", "python"), MAGICS.items(), ids=repr)
def test_what_only_ipython_understands_becomes_pass(source, python):
    assert without_magics(source) == python


def test_a_whole_cell_runs_until_it_raises():
    said, scope = whole("x = 1\nprint(1 / 0)\ny = 2")
    assert said == "ZeroDivisionError: division by zero"
    assert scope["x"] == 1
    assert "y" not in scope


def test_the_definitions_of_a_cell_are_each_tried_for_themselves():
    said, scope = definitions(
        """
        import math
        from nowhere import nothing
        K = 2 * 3
        quarter = lambda x: x / 4
        trained = [x for x in range(10)]
        figure = print("drawn")
        def f(x): return K * x
        class C: ...
        f(3)
        while True: pass
        """
    )
    assert said == "ModuleNotFoundError: No module named 'nowhere'"
    assert {"math", "K", "quarter", "f", "C"} < scope.keys()
    assert not {"trained", "figure"} & scope.keys()


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("import torch", True),
        ("import matplotlib.pyplot as plt", False),
        ("from steadygrad import plots", False),
        ("from steadygrad import gradients", True),
        ("from . import x", True),
        ("from IPython.display import display", False),
        ("k = 1", True),
        ("k: int", True),
        ("k: int = 3", True),
        ("k = table[1] + other.field", True),
        ("k = f()", False),
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


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(", "SyntaxError, line 1: '(' was never closed"),
        ("x = 1\n  y = 2", "IndentationError, line 2: unexpected indent"),
        ("x = '\x00'", "source code string cannot contain null bytes"),
        ("x = '\ud800'", "UnicodeEncodeError"),
        ("return 3", "SyntaxError: 'return' outside function"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("-" * 100_000 + "1", "Error"),
    ],
)
def test_a_cell_that_cannot_run_says_why(source, said):
    answer, _ = whole(source)
    assert said in answer
    answer.encode()


def test_a_long_error_is_cut():
    assert len(whole("raise ValueError('x' * 10**6)")[0]) == 500


def test_the_learners_lines_can_be_quoted():
    _, scope = whole("def f(x):\n    return x[9]\n")
    assert call(scope, "f", {"x": [1]}, 1.0).error.endswith("(in your line 2: return x[9])")


def test_a_missing_function_is_named():
    assert call({}, "f", {}, 1.0) == Outcome(
        failure=("missing", ""), error="`f` is not defined"
    )
    assert call({"f": 3}, "f", {}, 1.0).error == "`f` is not a function"
    assert call({"f": lambda: 4}, "f", {}, 1.0) == Outcome(result=4)


@pytest.mark.slow
def test_importing_the_worker_imports_no_exercise_and_no_judge():
    asked = (
        "import sys, autograder.worker; "
        "print(sorted(m for m in sys.modules if m.startswith(('autograder', 'steadygrad'))))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", asked], capture_output=True, text=True)
    assert ast.literal_eval(done.stdout) == [
        "autograder", "autograder.attempt", "autograder.compare", "autograder.limits",
        "autograder.plain", "autograder.recipes", "autograder.recipes.base",
        "autograder.recipes.calls", "autograder.recipes.functions",
        "autograder.recipes.networks", "autograder.recipes.runs", "autograder.recipes.tensors",
        "autograder.wire", "autograder.worker",
    ]  # fmt: skip
