"""Cells run in a worker as they run in a kernel."""

import sys
import textwrap
from types import ModuleType

import IPython
import pytest
from IPython.core import getipython

from autograder.apart.kernel import Kernel


@pytest.fixture(autouse=True)
def _the_real_ipython_is_found_again(monkeypatch):
    """A cell that speaks of IPython is given a stand-in, in this process as in a worker's."""
    for module in (IPython, getipython):
        monkeypatch.setattr(module, "get_ipython", module.get_ipython)


def kernel():
    return Kernel(vars(ModuleType("__main__")))


def whole(*cells, said=""):
    """The names that these cells leave behind, run one after the other."""
    running = kernel()
    for source in cells:
        assert running.run_cell(textwrap.dedent(source)) == said
    return running.scope


def ran(source, *, whole=True):
    running = kernel()
    return running.run_cell(textwrap.dedent(source), whole=whole), running.scope


def definitions(source):
    return ran(source, whole=False)


def test_a_whole_cell_runs_until_it_raises():
    said, scope = ran("x = 1\nprint(1 / 0)\ny = 2")
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
    answer, _ = ran(source)
    assert said in answer
    answer.encode()


def test_a_long_error_is_cut():
    assert len(ran("raise ValueError('x' * 10**6)")[0]) == 500


# ── What a kernel understands ────────────────────────────────────────────────────────

NOTEBOOK_CODE = {
    "await": ("import asyncio\nawait asyncio.sleep(0)\nx = 3",),
    "async for": (
        """
        async def numbers():
            for n in range(3):
                yield n

        x = 0
        async for n in numbers():
            x += n
        """,
    ),
    "a task of an earlier cell": (
        "import asyncio\nasync def late(): return 3\ntask = asyncio.create_task(late())",
        "x = await task",
    ),
    "a continued command": ("!pip install \\\n  torch\nx = 3",),
    "an attribute": ("class O: pass\no = O()\no.y = %pwd\nassert o.y\nx = 3",),
    "help": ("a = [1]\na[0]?\nx = 3",),
    "an operator at the beginning of a line": ("y = (5\n% 4)\n%time x = y + 2",),
    "auto-call": ("/print 3\nx = 3",),
    "a timed cell": ("%%time\ny = 3\nx = y",),
    "a timed cell that waits": ("%%time\nimport asyncio\nawait asyncio.sleep(0)\nx = 3",),
    "a timed value": ("x = %time 1 + 2",),
    "a timed local": ("def f(n):\n    m = %time n + 1\n    return m\nx = f(2)",),
    "a repeated line": ("%timeit -n 10 -r 3 x = 3",),
    "a repeated cell": ("%%timeit -n 10 y = 2\nx = y + 1",),
    "a profiled line": ("%prun -s cumulative -q x = 3",),
    "a captured cell": ("%%capture --no-stderr out\nprint(1)\nx = 3", "out.show()\nout.stdout"),
    "another language": ("%%bash\necho 1; exit", "x = 3"),
    "output of a command": ("files = !ls\nx = 3 + len(files)",),
    "magics in a timed cell": ("%%time\n%pwd\n!ls\nx = 3",),
    "an unknown magic": ("%load_ext autoreload\n%autoreload 2\nx = 3",),
    "display": ("def f(n):\n    display(n)\n    return n\nx = f(3)",),
    "the shell": (
        "s = get_ipython()\ns.run_line_magic('matplotlib', 'inline')\ns.ex('x = 3')",
    ),
    "the shell by import": (
        "from IPython import get_ipython\nfrom IPython.display import display\n"
        "get_ipython().system('ls')\ndisplay(3)\nx = 3",
    ),
    "the last value": ("1 + 2", "x = _"),
    "the value before it": ("1 + 2", "4", "None", "x = __"),
    "an own underscore": ("for _ in range(4): pass", "7", "x = _"),
    "history": ("x = 3 + len(Out) + len(In[0])",),
}


@pytest.mark.parametrize("cells", NOTEBOOK_CODE.values(), ids=NOTEBOOK_CODE)
def test_notebook_code_is_notebook_code(cells):
    assert whole(*cells)["x"] == 3


def test_leaving_ends_the_cell():
    said, scope = ran("x = 1\nexit()\nx = 2")
    assert said.startswith("SystemExit")
    assert scope["x"] == 1


def test_a_line_of_a_timed_cell_is_quoted_with_its_place_in_the_cell():
    scope = whole("%%time\ndef f(x):\n    return x[9]")
    with pytest.raises(IndexError) as told:
        scope["f"]([1])
    place = told.traceback[-1]
    assert place.lineno + 1 == 3
    assert str(place.statement).strip() == "return x[9]"


# ── What handed-out cells import to draw with ───────────────────────────────────────

DRAWS = "import matplotlib.pyplot as plt\nfrom steadygrad import gradients, plots"


def test_what_draws_is_not_imported_until_it_is_spoken_of():
    running = kernel()
    running.run_cell(DRAWS, whole=False)
    assert "gradients" in running.scope
    assert not {"plt", "plots"} & running.scope.keys()
    running.run_cell("def f(x):\n    return plt.plot(x)")
    assert running.scope["plt"] is sys.modules["matplotlib.pyplot"]
    assert "plots" not in running.scope


def test_it_is_imported_for_a_cell_that_stands_before_and_for_what_uses_it_in_turn():
    running = kernel()
    running.run_cell("def f(x):\n    return draw(x)")
    running.run_cell(DRAWS, whole=False)
    assert "plt" not in running.scope
    running.run_cell("def draw(x):\n    return plt.plot(x)", whole=False)
    assert "plt" in running.scope


def test_what_a_magic_runs_speaks_of_it_too():
    running = kernel()
    running.run_cell(DRAWS, whole=False)
    running.run_cell("%%time\nx = plots")
    assert "plots" in running.scope
