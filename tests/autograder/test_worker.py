"""What a worker does with a request; tests/autograder/test_sandbox.py runs it as a process."""

import ast
import subprocess
import sys
from types import ModuleType

import pytest
import torch

from autograder.apart.worker import Notebook
from autograder.calling.outcome import Outcome


def notebook(*cells):
    held = Notebook(vars(ModuleType("__main__")))
    for source in cells:
        assert held.answer({"cell": source, "whole": True}) == ""
    return held


def call(held, name, inputs, **how):
    request = {"call": name, "inputs": inputs, "seconds": 1.0, **how}
    return Outcome(*held.answer(request))


def test_the_learners_lines_can_be_quoted():
    held = notebook("def f(x):\n    return x[9]\n")
    assert call(held, "f", {"x": [1]}).error.endswith("(in your line 2: return x[9])")


def test_a_missing_function_is_named():
    held = notebook("three = 3\nfour = lambda: 4")
    assert call(held, "f", {}) == Outcome(failure=("missing", ""), error="`f` is not defined")
    assert call(held, "three", {}).error == "`three` is not a function"
    assert call(held, "four", {}) == Outcome(result=4)


REFERENCES = ["steadygrad.adaptive.moments.adam", "steadygrad.adaptive.decay.adamw"]
USING = "def f(g):\n    return adam(g, None, eps=1.0)[0]\n"


def test_a_reference_is_lent_for_one_call_only():
    held = notebook(USING)
    held.answer({"references": REFERENCES})
    assert held.answer({"uses": "f", "of": ["adam", "adamw"]}) == {"adam": "missing"}
    assert call(held, "f", {"g": 4.0}).failure == ("raised", "NameError")
    lent = call(held, "f", {"g": torch.tensor([4.0])}, asks=REFERENCES[1], lend=REFERENCES[:1])
    assert lent.result == pytest.approx(0.8)
    assert "adam" not in held.scope


def test_what_is_asked_for_is_withheld_and_nothing_else():
    held = notebook("from steadygrad.adaptive import adam\n" + USING)
    held.answer({"references": REFERENCES})
    given = {"g": torch.tensor([4.0])}
    assert call(held, "f", given, asks=REFERENCES[0]).failure == ("withheld", "")
    assert call(held, "f", given, asks=REFERENCES[1]).result == pytest.approx(0.8)


def test_what_a_cell_puts_in_the_references_place_is_the_learners():
    held = notebook()
    held.answer({"references": REFERENCES})
    patch = "from steadygrad.adaptive import moments\ntrue = moments.adam\n"
    patch += "moments.adam = lambda g: g\nf = moments.adam\n"
    try:
        held.answer({"cell": patch, "whole": True})
        assert call(held, "f", {"g": 1}, asks=REFERENCES[0]).result == 1
    finally:
        held.answer({"cell": "moments.adam = true", "whole": True})


def test_a_function_is_known_by_where_it_was_made():
    cells = ["def f(x): return x", "def f(x): return x", "f = f", "f = 3"]
    held, made = notebook(), []
    for source in cells:
        held.answer({"cell": source, "whole": True})
        made.append(held.answer({"made": "f"}))
    assert made[1] == made[2]
    assert len({*made}) == 3
    assert notebook(*cells[:2]).answer({"made": "f"}) == made[1]  # in another worker, too


@pytest.mark.slow
def test_importing_the_worker_imports_no_exercise_and_no_judge():
    asked = (
        "import sys, autograder.apart.worker; "
        "print(sorted(m for m in sys.modules if m.startswith(('autograder', 'steadygrad'))))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", asked], capture_output=True, text=True)
    loaded = ast.literal_eval(done.stdout)
    rooms = {name.partition(".")[2].partition(".")[0] for name in loaded}
    assert rooms == {"", "apart", "calling", "compare", "recipes", "state"}
    assert "autograder.apart.sandbox" not in loaded
