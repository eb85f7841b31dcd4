"""A submission that runs apart: honest ones, broken ones, and those that fight back."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import torch

from autograder.apart.sandbox import Cell, Sandbox
from autograder.calling.outcome import NOT_ASKED, Outcome
from autograder.compare import Foreign
from autograder.recipes import Function, Network

pytestmark = pytest.mark.slow  # each starts workers, and a worker imports torch

ONE = [{"x": 1}]
DEPTH = "steadygrad.gradients.depth_limit"


def cells(*sources):
    return [Cell(textwrap.dedent(source)) for source in sources]


def outcomes(inputs, *sources, name="f", seconds=5.0):
    with Sandbox(cells(*sources)) as sandbox:
        return sandbox.run(name, inputs, seconds)


# ── Honest work ─────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def notebook():
    """One notebook with everything that a worker has to cope with and survives."""
    sources = [
        "%matplotlib inline\n!ls\nimport torch\nmatplotlib?",
        "values = !ls\nhere = 3",
        "%%time\nfast = 1",
        "def formula(a, b):\n    return (a\n            % b)\n",
        "def early(x):\n    return x\n\n\n1 / 0\n\n\ndef late(x):\n    return x",
        "def broken(:",
        "from autograder import mark, once_written\nmark(early)\nwith once_written():\n"
        "    raise NotImplementedError\nfrom autograder import predict, tally\n"
        "predict('x', 'ab')\ntally('x', 1, 0)\nafter = 5",
        """
        import os, sys, pathlib

        def surroundings():
            return {
                "environment": sorted(os.environ),
                "folder": os.listdir("."),
                "modules": sorted(n for n in sys.modules if n.startswith("autograder")),
                "arguments": sys.argv[1:],
                "main": __name__,
                "path": [each for each in sys.path if each in ("", ".", os.getcwd())],
                "streams": [os.readlink(f"/proc/self/fd/{n}") for n in (0, 1, 2)],
            }
        """,
        "def echo(**inputs):\n    return inputs",
        "def model_size(model):\n    return sum(p.numel() for p in model.parameters())",
        "def slope(f, x):\n    return f(x)",
        "def reference():\n    from steadygrad import gradients\n"
        "    return gradients.depth_limit(weight=1.0, tol=0.1)",
        "def flood():\n    print('x' * 10**7)\n    os.write(1, b'x' * 10**6)\n"
        "    os.write(2, b'y' * 10**6)\n    return os.system('echo loud') ",
        "def bomb():\n    return [bytearray(2**30) for _ in range(1000)]",
        "def big():\n    return [torch.zeros(9_000_000) for _ in range(3)]",
        "def odd():\n    return 10**5000, 1j, torch.eye(2).to_sparse(), '\\ud800'",
        "def half():\n    raise ValueError('\\ud800')",
        "constant = 3",
    ]
    with Sandbox(cells(*sources), [DEPTH]) as sandbox:
        yield sandbox


def ask(sandbox, name, asks="", **inputs):
    return sandbox.run(name, [inputs], asks=asks)[0]


def test_tensors_recipes_and_nests_reach_a_submission(notebook):
    sent = {"x": torch.arange(6.0).reshape(2, 3).T, "pair": (1, [None, "a"]), "d": {1: 2.5}}
    arrived = ask(notebook, "echo", **sent).result
    assert torch.equal(arrived["x"], sent["x"])
    assert (arrived["pair"], arrived["d"]) == (sent["pair"], sent["d"])
    network = Network(
        (("Linear", 1, 2),), {"0.weight": torch.ones(2, 1), "0.bias": torch.ones(2)}
    )
    assert ask(notebook, "model_size", model=network).result == 4
    assert ask(notebook, "slope", f=Function("product"), x=torch.tensor([2.0, 3.0])).result == 6


def test_what_only_ipython_understands_is_left_out(notebook):
    ask(notebook, "echo")
    assert notebook.errors[:3] == ["", "", ""]


def test_python_that_begins_a_line_with_a_percent_sign_is_no_magic(notebook):
    assert ask(notebook, "formula", a=7, b=4).result == 3


def test_a_cell_that_fails_keeps_what_it_did_before(notebook):
    assert ask(notebook, "early", x=1).result == 1
    assert ask(notebook, "late", x=1).error == "`late` is not defined"
    assert notebook.errors[4] == "ZeroDivisionError: division by zero"


def test_a_cell_that_is_no_python_says_so_and_stops_no_other(notebook):
    ask(notebook, "echo")
    assert notebook.errors[5].startswith("SyntaxError, line 1: ")


def test_marking_cells_do_nothing_in_a_worker(notebook):
    ask(notebook, "echo")
    assert notebook.errors[6] == ""


def test_what_is_not_a_function_is_missing(notebook):
    outcome = ask(notebook, "constant")
    assert (outcome.failure, outcome.error) == (("missing", ""), "`constant` is not a function")


def test_a_worker_knows_nothing_of_the_instructor(notebook):
    around = ask(notebook, "surroundings").result
    assert set(around["environment"]) <= {
        "PATH", "LANG", "LC_CTYPE", "HOME", "MPLBACKEND", "OMP_NUM_THREADS", "TQDM_DISABLE",
    }  # fmt: skip
    assert around["folder"] == []
    assert around["arguments"] == []
    assert around["main"] == "__main__"
    assert around["path"] == []
    assert around["streams"] == [os.devnull] * 3


def test_a_worker_has_loaded_neither_exercises_nor_judges(notebook):
    modules = ask(notebook, "surroundings").result["modules"]
    assert modules == ["autograder"]  # what the worker runs on is out of reach


WITHHELD = (
    "hands the work to the course's own `depth_limit`, which is what you are asked to write"
)


def test_the_reference_function_is_withheld_while_it_is_asked(notebook):
    assert ask(notebook, "reference", asks=DEPTH) == Outcome(
        failure=("withheld", ""), error=WITHHELD
    )
    assert isinstance(ask(notebook, "reference").result, int)


AROUND_IT = {
    "what lies below the checks": "from steadygrad import gradients\n"
    "f = gradients.depth_limit.__wrapped__",
    "what lies below all of them": "import inspect\nfrom steadygrad import gradients\n"
    "f = inspect.unwrap(gradients.depth_limit)",
    "a copy": "import inspect\nfrom types import FunctionType\n"
    "from steadygrad import gradients\n"
    "given = inspect.unwrap(gradients.depth_limit)\n"
    "twin = FunctionType(given.__code__, vars(gradients))\n"
    "def f(**given):\n    return twin(**given)",
    "a module loaded again in a cell": "import importlib\nfrom steadygrad import gradients\n"
    "given = gradients.depth_limit\nimportlib.reload(gradients)\n"
    "def f(**given):\n    return gradients.depth_limit(**given)",
    "a module loaded again in the call": "import importlib\nfrom steadygrad import gradients\n"
    "def f(**given):\n    return importlib.reload(gradients).depth_limit(**given)",
    "a module forgotten in the call": "import sys\ndef f(**given):\n"
    "    del sys.modules['steadygrad.gradients']\n"
    "    from steadygrad.gradients import depth_limit\n    return depth_limit(**given)",
    "the name itself": "from steadygrad.gradients import depth_limit as f",
    "a partial": "import functools\nfrom steadygrad import gradients\n"
    "f = functools.partial(gradients.depth_limit)",
}


@pytest.mark.parametrize("source", AROUND_IT.values(), ids=AROUND_IT)
def test_there_is_no_way_around_it(source):
    with Sandbox(cells(source), [DEPTH]) as sandbox:
        (outcome,) = sandbox.run("f", [dict(weight=1.0, tol=0.1)], asks=DEPTH)
    assert outcome.failure == ("withheld", "")


def test_the_exercises_with_their_other_right_answers_cannot_be_loaded():
    source = "def f(x):\n    from autograder.exercises.gradients import depth_limit"
    (outcome,) = outcomes(ONE, source)
    assert outcome.failure == ("raised", "ImportError")


def test_output_leads_nowhere_and_costs_nothing(notebook):
    outcome = ask(notebook, "flood")
    assert outcome.result == 0
    assert "Printing costs no points" in outcome.remarks[0]


def test_taking_too_much_memory_is_an_error_of_the_call(notebook):
    assert ask(notebook, "bomb").failure == ("raised", "MemoryError")
    assert ask(notebook, "early", x=2).result == 2


def test_a_result_that_is_too_large_to_send_says_so(notebook):
    assert ask(notebook, "big").error == "is larger than 64 MiB"
    assert ask(notebook, "early", x=2).result == 2


def test_odd_results_arrive_as_what_they_are_called(notebook):
    number, complex_, sparse, half = ask(notebook, "odd").result
    assert number == Foreign("an int of over 300 digits")
    assert complex_ == Foreign("complex")
    assert isinstance(sparse, Foreign)
    assert half == "?"
    assert ask(notebook, "half").error.startswith("raised ValueError: ? (in your line 2: ")


def test_the_learners_own_line_is_quoted(notebook):
    assert ask(notebook, "early").error.startswith(
        "raised TypeError: early() missing 1 required"
    )
    said = ask(notebook, "slope", f=Function("product"), x=None).error
    assert said.endswith("(in your line 2: return f(x))")


# ── Cells run as far as they are due ────────────────────────────────────────────────


def test_cells_run_as_far_as_they_are_due_and_once():
    counted = ["calls = []\ndef f(x):\n    return calls", "calls.append(1)", "calls.append(2)"]
    with Sandbox(cells(*counted)) as sandbox:
        for place, so_far in ((1, []), (2, [1]), (1, [1]), (3, [1, 2])):
            sandbox.go_on(place)
            assert sandbox.run("f", ONE)[0].result == so_far
        assert sandbox.errors == ["", "", ""]


def test_a_worker_that_takes_over_runs_them_only_as_far():
    ends = "import os\nend = True\ndef f(x):\n    return os._exit(3) if end and x == 1 else end"
    with Sandbox(cells(ends, "end = False")) as sandbox:
        sandbox.go_on(1)
        died, after = sandbox.run("f", [{"x": 1}, {"x": 2}])
        assert (died.failure, after.result) == (("died", ""), True)
        made = sandbox.made("f")
        sandbox.go_on(2)
        assert sandbox.run("f", ONE)[0].result is False
        assert sandbox.made("f") == made


def test_what_a_submission_uses_is_asked_of_it():
    reads = "def g(x): return x\ndef f(x):\n    return g(x) + h(x)"
    with Sandbox(cells(reads)) as sandbox:
        assert sandbox.uses("f", ["g", "h", "k"]) == {"g": "own", "h": "missing"}
        assert sandbox.uses("nothing", ["g"]) == {}


# ── Cells that do not end ───────────────────────────────────────────────────────────


def test_a_cell_that_hangs_still_defines_what_it_defines(monkeypatch):
    monkeypatch.setattr("autograder.apart.sandbox.LOAD", 1)
    hangs = "def f(x):\n    return x + k\n\n\nk = 1\nwhile True:\n    pass\n"
    with Sandbox(cells(hangs, "k = 2")) as sandbox:
        assert sandbox.run("f", ONE)[0].result == 3
        assert sandbox.errors == ["", ""]


@pytest.mark.skipif(not hasattr(os, "getloadavg"), reason="the system does not tell")
def test_on_a_busy_machine_a_cell_gets_more_time(monkeypatch):
    monkeypatch.setattr("autograder.apart.sandbox.LOAD", 1)
    monkeypatch.setattr("os.getloadavg", lambda: (100.0 * os.cpu_count(), 0.0, 0.0))
    slow = "import time\ntime.sleep(2)\ndef f(x):\n    return x"
    with Sandbox(cells(slow)) as sandbox:
        assert sandbox.run("f", ONE)[0].result == 1
        assert sandbox.errors == [""]
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    with Sandbox(cells(slow)) as sandbox:  # cut down to its definition
        assert sandbox.run("f", ONE)[0].result == 1
    assert sandbox.cells == [Cell(slow, whole=False)]


def test_a_cell_that_cannot_even_define_is_left_out(monkeypatch):
    monkeypatch.setattr("autograder.apart.sandbox.LOAD", 1)
    ends = "def f(x, y=__import__('os')._exit(3)):\n    return x\n"
    assert outcomes(ONE, ends, "def f(x):\n    return 7")[0].result == 7


def test_a_cell_beyond_all_size_is_left_out():
    assert outcomes(ONE, "'" + "x" * 2**21 + "'", "def f(x):\n    return 7")[0].result == 7


def test_an_endless_call_is_ended_and_the_next_one_answered():
    loop = "def f(x):\n    while x == 1:\n        pass\n    return x"
    _, late, fine = outcomes([{"x": 0}, {"x": 1}, {"x": 2}], loop, seconds=0.3)
    assert late.failure == ("time", "")
    assert fine.result == 2


def test_after_an_endless_first_call_no_other_is_asked():
    loop = "def f(x):\n    while True:\n        pass"
    late, *others = outcomes([{"x": 1}] * 9, loop, seconds=0.3)
    assert late.failure == ("time", "")
    assert others == [NOT_ASKED] * 8


STUBBORN = """
def f(x):
    while x == 1:
        try:
            while True:
                pass
        except BaseException:
            pass
    return x
"""


def test_a_loop_that_will_not_be_interrupted_is_killed_and_the_worker_replaced():
    _, late, fine = outcomes([{"x": 0}, {"x": 1}, {"x": 2}], STUBBORN, seconds=0.3)
    assert late.failure == ("time", "")
    assert fine.result == 2


def test_a_submission_that_ends_python_twice_is_not_run_again():
    ends = "import os\n\n\ndef f(x):\n    os._exit(3)\n"
    first, second, third = outcomes(ONE * 3, ends)
    assert first.error == second.error == "ended Python before returning (exit code 3)"
    assert third.failure == ("ended", "")


ENDINGS = {
    "exit": ("import os\nos._exit(0)", "exit code 0"),
    "kill": ("import os\nos.kill(os.getpid(), 9)", "ended by SIGKILL"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "ended by SIGSEGV"),
    "real-time signal": ("import os\nos.kill(os.getpid(), 40)", "ended by signal 40"),
    "interrupt": ("raise KeyboardInterrupt", "ended by SIGINT"),
}


@pytest.mark.parametrize(("body", "how"), ENDINGS.values(), ids=ENDINGS)
def test_however_python_is_ended_it_is_told(body, how):
    (outcome,) = outcomes(ONE, "def f(x):\n" + textwrap.indent(body, "    "))
    assert outcome.failure == ("died", "")
    assert how in outcome.error


# ── Forged answers ──────────────────────────────────────────────────────────────────

FORGE = """
import json, os, struct

def pipe():
    # the worker's end of the pipe that answers go through: writable, and not /dev/null
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            kind = os.readlink(f"/proc/self/fd/{number}")
            with open(f"/proc/self/fdinfo/{number}") as info:
                flags = int(info.read().split("flags:")[1].split()[0], 8)
        except OSError:
            continue
        if kind.startswith("pipe:") and flags & os.O_ACCMODE == os.O_WRONLY:
            return number

def forge(answer, raw=None):
    text = json.dumps(answer).encode() if raw is None else raw
    os.write(pipe(), struct.pack("<QQ", len(text), 0) + text)
"""

FORGERIES = {
    "a number": "forge(3)",
    "a score": "forge({'tuple': [99.0, None, '', [], []]})",
    "no result": "forge({'tuple': [1, ['x', 'y', 'z'], '', [], []]})",
    "was not run": "forge({'tuple': [None, {'tuple': ['ended', '']}, '', [], []]})",
    "a long story": "forge({'tuple': [None, ['raised', 'E' * 10**6], 'x' * 10**6, "
    "['y' * 10**6] * 99, ['z' * 10**6] * 9]})",
    "half a character": "forge(None, raw=b'\"\\\\ud800\"')",
    "noise": "os.write(pipe(), os.urandom(1000))",
    "endless": "os.write(pipe(), struct.pack('<QQ', 2**63, 2**63))",
    "a promise": "os.write(pipe(), struct.pack('<QQ', 1000, 0))",
    "many": "[forge(n) for n in range(1000)]",
    "a flood": "[forge(None, raw=b'1' * 10**6) for n in range(10**5)]",
    "a nest": "forge(None, raw=b'[' * 10**6)",
    "a recipe": "forge({'recipe': 'Network', 'fields': []})",
    "nothing more": "os.close(pipe())",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_answer_is_at_most_a_wrong_answer(forgery, monkeypatch):
    monkeypatch.setattr("autograder.apart.sandbox.GRACE", 0.5)
    source = f"{FORGE}\n\ndef f(x):\n    {forgery}\n    return x\n"
    (outcome,) = outcomes(ONE, source, seconds=0.5)
    str(outcome).encode()
    assert len(str(outcome)) < 10_000


def test_one_answer_too_many_ends_the_worker_that_gave_it():
    source = f"{FORGE}\n\ndef f(x):\n    forge([forge(n) for n in range(50)])\n    return x\n"
    forged, *others = outcomes(ONE * 3, source, seconds=0.5)
    assert forged.failure == ("died", "")
    assert {each.failure[0] for each in others} <= {"died", "ended"}


def test_a_forged_answer_to_a_cell_is_only_a_remark():
    source = f"{FORGE}\n\nforge('E' * 10**6)\n\ndef f(x):\n    return x\n"
    with Sandbox(cells(source, "def g(x):\n    return x")) as sandbox:
        sandbox.run("f", ONE)
        assert all(len(error) <= 500 for error in sandbox.errors)


def test_a_worker_that_answers_but_no_longer_listens_does_not_hold_the_parent_up(monkeypatch):
    monkeypatch.setattr("autograder.apart.sandbox.LOAD", 1)
    deaf = f"{FORGE}\n\nforge('')\nwhile True:\n    pass\n"
    long = "def f(x):\n    return 7\n\n\n" + "# " + "x" * 500_000
    (outcome,) = outcomes(ONE, deaf, long)
    assert outcome.failure == ("missing", "")  # blamed for what the other did: their loss


PATCH = """
import sys, torch

def walk():
    frame = sys._getframe(1)
    while frame := frame.f_back:
        yield frame
"""

FORGED_INPUTS = {
    "plainly": "",
    "what is imported": """
        from autograder import recipes
        from autograder.calling import attempt, inputs
        for module in (attempt, recipes, inputs):
            module.altered = module.changed = lambda *_: False
            module.seen = lambda *_: {"x": pristine}
    """,
    "whatever is loaded": """
        for name in [n for n in sys.modules if n.startswith("autograder")]:
            for of in ("altered", "changed", "seen", "watched", "plain"):
                setattr(sys.modules[name], of, lambda *_: pristine)
    """,
    "tensors": """
        torch.Tensor.__eq__ = lambda *_: torch.tensor(True)
        torch.Tensor.clone = torch.Tensor.detach = lambda *_, **__: pristine
        torch.Tensor.contiguous = torch.Tensor.cpu = lambda *_, **__: pristine
    """,
    "globals of the frames": """
        for frame in walk():
            names = frame.f_globals
            names["seen"] = lambda *_: {"x": pristine}
            names["plain"] = names["watched"] = names["send"] = lambda *_: pristine
    """,
    "code": """
        import gc
        for frame in walk():
            for of in ("seen", "plain", "watched", "_seen"):
                value = frame.f_globals.get(of)
                if getattr(value, "__module__", "").startswith("autograder"):
                    value.__code__ = (lambda *_: None).__code__
    """,
    "classes": """
        for frame in walk():
            for value in list(frame.f_globals.values()):
                if isinstance(value, type) and value.__module__.startswith("autograder"):
                    value.watched = lambda *_: None
    """,
    "inputs in the frames": """
        for frame in walk():
            for value in list(frame.f_locals.values()):
                if isinstance(value, dict) and "x" in value:
                    value["x"] = pristine
                    continue
                if isinstance(value, dict) and isinstance(value.get("inputs"), dict):
                    value["inputs"]["x"].copy_(x)
    """,
    "builtins": """
        import builtins
        builtins.zip = builtins.next = builtins.isinstance = builtins.vars = lambda *_: True
    """,
}


@pytest.fixture(scope="module")
def forgers():
    sources = [PATCH]
    for number, body in enumerate(FORGED_INPUTS.values()):
        sources.append(
            f"def f{number}(x):\n    pristine = x.clone()\n    x.mul_(2)\n"
            f"{textwrap.indent(textwrap.dedent(body), '    ')}\n    return pristine * 2\n"
        )
    with Sandbox(cells(*sources)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("number", range(len(FORGED_INPUTS)), ids=FORGED_INPUTS)
def test_an_input_that_was_changed_is_noticed_whatever_is_patched(forgers, number):
    asked = {"x": torch.tensor([1.0, 2.0, 3.0])}
    for _ in range(2):  # what was patched must not help the next call either
        (outcome,) = forgers.run(f"f{number}", [asked])
        assert outcome.changed == ("x",)
    assert torch.equal(asked["x"], torch.tensor([1.0, 2.0, 3.0]))


def test_an_input_that_was_left_alone_has_not_changed_after_all_that(forgers):
    assert forgers.run("f0", [{"x": torch.zeros(3)}])[0].changed == ()


# ── What outlives its welcome ───────────────────────────────────────────────────────


def test_a_process_that_a_submission_starts_ends_with_it(tmp_path):
    note = tmp_path / "pid"
    source = f"""
        import subprocess

        def f(x):
            child = subprocess.Popen(["sleep", "600"])
            open({str(note)!r}, "w").write(str(child.pid))
            return child.pid
    """
    (outcome,) = outcomes(ONE, source)
    assert outcome.result == int(note.read_text())
    state = Path(f"/proc/{outcome.result}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"  # gone, or about to be


def test_a_child_that_fled_and_holds_the_pipes_does_not_hold_the_parent_up(tmp_path):
    note = tmp_path / "pid"
    source = f"""
        import os, time

        def f(x):
            child = os.fork()
            if child == 0:
                os.setsid()
                time.sleep(60)
                os._exit(0)
            open({str(note)!r}, "w").write(str(child))
            os._exit(1)
    """
    (outcome,) = outcomes(ONE, source, seconds=0.5)
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert outcome.failure == ("time", "")


def test_a_notebook_of_nothing_but_endless_cells_comes_to_an_end(monkeypatch):
    monkeypatch.setattr("autograder.apart.sandbox.LOAD", 0.2)
    monkeypatch.setattr("autograder.apart.sandbox.MOST_CUTS", 2)
    endless = "def f(x, y=print(*iter(int, 1))):\n    return x"  # its default never ends
    (outcome,) = outcomes(ONE, *[endless] * 50)
    assert outcome.failure == ("missing", "")


def test_the_folder_of_a_submission_is_gone_afterwards():
    source = """
        import os

        def f(x):
            os.makedirs("a/b/c")
            return os.getcwd()
    """
    (outcome,) = outcomes(ONE, source)
    assert outcome.result
    assert not Path(outcome.result).exists()


def test_a_folder_too_deep_to_remove_stops_nothing():
    deep = """
        import os

        def f(x):
            here = os.getcwd()
            for _ in range(1100):
                os.mkdir("d")
                os.chdir("d")
            os.chdir(here)
            return here
    """
    (outcome,) = outcomes(ONE, deep)
    assert outcome.result
    subprocess.run(["rm", "-rf", outcome.result], check=True)


def test_files_beside_the_notebook_take_no_modules_place():
    plant = """
        for name in ("torch", "autograder", "safetensors", "sitecustomize", "usercustomize"):
            open(f"{name}.py", "w").write("raise SystemExit('shadowed')")

        def f(x):
            if x == 1:
                import os
                os._exit(1)
            import torch
            return torch.ones(1)
    """
    died, fine = outcomes([{"x": 1}, {"x": 2}], plant)
    assert died.failure == ("died", "")
    assert torch.equal(fine.result, torch.ones(1))


def test_two_notebooks_run_side_by_side():
    found = {}

    def grade(number):
        found[number] = outcomes(ONE, f"def f(x):\n    return {number}")[0].result

    threads = [threading.Thread(target=grade, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: 1, 2: 2}


def test_leaving_early_ends_the_worker():
    with Sandbox(cells("import os\ndef f(x):\n    return os.getpid()")) as sandbox:
        number = sandbox.run("f", ONE)[0].result
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_worker_that_cannot_start_is_our_fault(monkeypatch):
    broken = (sys.executable, "-I", "-c", "raise SystemExit('no torch here')")
    monkeypatch.setattr("autograder.apart.process.COMMAND", broken)
    with pytest.raises(RuntimeError, match="did not start: no torch here"):
        outcomes(ONE, "def f(x):\n    return x")
