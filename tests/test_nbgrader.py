"""Stock nbgrader, driven from the command line, on a class of one chapter.

Every student of the class below is one way to hand in chapter 1.  What each must earn is
computed here by grading in this process with the same seeds, or stated as full or nothing.
"""

import copy
import csv
import html
import inspect
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.api import Gradebook

from autograder.exercises.gradients import EXERCISES
from autograder.grade import draw, grade, run_here
from autograder.preprocessors import seed_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CHAPTER = "01_gradients"
SECRET = "a secret that only this test knows"
POINTS = {exercise.name: exercise.points for exercise in EXERCISES}
BY_NAME = {exercise.name: exercise for exercise in EXERCISES}


# ── How to write a submission ───────────────────────────────────────────────────────


def cell(notebook, name: str):
    """The solution cell of an exercise, or with "-mark" its marking cell."""
    grade_id = f"gradients-{name}"
    return next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def answer(notebook, name: str, source: str) -> None:
    cell(notebook, name).source = f"{BY_NAME[name].imports}\n\n\n{textwrap.dedent(source)}"


def named(function, name: str) -> str:
    """The source of a function under another name."""
    return inspect.getsource(function).replace(f"def {function.__name__}(", f"def {name}(")


def with_misconceptions(exercise, *wrong) -> str:
    source = exercise.source
    for each in wrong:
        source = source.replace(each.instead_of, each.wrote)
    return source


def solve(notebook) -> None:
    for exercise in EXERCISES:
        answer(notebook, exercise.name, exercise.source)


# ── The class ───────────────────────────────────────────────────────────────────────

# student -> (writes the notebook, computes what each exercise earns, what feedback says)
CLASS = {}


def student(*says: str, loses: tuple[str, ...] = (), earns: Callable[[], dict] = dict):
    """Full marks but for the exercises that `loses` names, or what `earns` computes.

    That takes seconds, which only those are to wait for who run these tests.
    """

    def enroll(write):
        scores = {name: 0.0 if name in loses else POINTS[name] for name in POINTS}
        CLASS[write.__name__] = (write, cache(lambda: scores | earns()), says)
        return write

    return enroll


def earned(who: str, exercise, *wrong) -> float:
    """What someone with these misconceptions earns on this student's cases."""
    run = run_here(exercise.variant(*wrong))
    return grade(exercise, run, seed_for(SECRET, who, exercise.id)).score


@student()
def right(notebook):
    solve(notebook)


@student()
def another_style(notebook):
    solve(notebook)
    for exercise in EXERCISES:
        answer(notebook, exercise.name, named(exercise.accepts[0], exercise.name))
    notebook.cells.insert(3, new_code_cell("import math\nfrom itertools import pairwise\n"))


FIRST = {e.name: e.misconceptions[0] for e in EXERCISES}
OTHER = {e.name: e.misconceptions[-1] for e in EXERCISES}


@student(
    *(wrong.name for wrong in FIRST.values()),
    earns=lambda: {n: earned("first_mistakes", BY_NAME[n], w) for n, w in FIRST.items()},
)
def first_mistakes(notebook):
    for name, wrong in FIRST.items():
        answer(notebook, name, with_misconceptions(BY_NAME[name], wrong))


@student(
    *(wrong.name for wrong in OTHER.values()),
    earns=lambda: {n: earned("other_mistakes", BY_NAME[n], w) for n, w in OTHER.items()},
)
def other_mistakes(notebook):
    for name, wrong in OTHER.items():
        answer(notebook, name, with_misconceptions(BY_NAME[name], wrong))


PAIR = tuple(
    wrong
    for wrong in BY_NAME["mlp_backward"].misconceptions
    if wrong.name in ("no ReLU mask", "bias gradient averaged")
)


@student(
    "no ReLU mask and bias gradient averaged",
    earns=lambda: {"mlp_backward": earned("two_at_once", BY_NAME["mlp_backward"], *PAIR)},
)
def two_at_once(notebook):
    solve(notebook)
    answer(notebook, "mlp_backward", with_misconceptions(BY_NAME["mlp_backward"], *PAIR))


@student("not attempted", loses=tuple(POINTS))
def untouched(notebook):
    pass


@student("the cell was missing", loses=("depth_limit",))
def cell_deleted(notebook):
    solve(notebook)
    notebook.cells.remove(cell(notebook, "depth_limit"))
    notebook.cells.remove(cell(notebook, "depth_limit-mark"))


@student("stood there 2 times")
def marking_cell_copied(notebook):
    solve(notebook)
    twin = copy.deepcopy(cell(notebook, "mlp_backward-mark"))
    notebook.cells.append(twin)


@student("a locked cell had been edited", loses=("depth_limit",))
def marking_cell_edited(notebook):
    solve(notebook)
    answer(notebook, "depth_limit", "def depth_limit(weight, tol):\n    return 3\n")
    marking = cell(notebook, "depth_limit-mark")
    marking.source = "2.0"
    marking.metadata["nbgrader"]["points"] = 100
    marking.metadata["tags"] = ["skip-execution"]


@student("not attempted", loses=tuple(POINTS))
def forged_score(notebook):
    forge = """
        from IPython import get_ipython
        import autograder.grade, autograder.report, torch
        autograder.report.Report.score = property(lambda self: 99.0)
        autograder.grade.grade = lambda *a, **k: None
        torch.isclose = lambda a, *b, **k: torch.ones_like(a, dtype=torch.bool)
        get_ipython().displayhook(99.0)
        print("5.0")
    """
    notebook.cells.insert(2, new_code_cell(textwrap.dedent(forge)))
    for name in POINTS:
        marking = cell(notebook, f"{name}-mark")
        marking.outputs = [
            nbformat.v4.new_output("execute_result", {"text/plain": str(POINTS[name])})
        ]


@student("ran longer than", loses=("gradient_check",))
def endless_loop(notebook):
    solve(notebook)
    loop = "def gradient_check(analytic, numeric):\n    while True:\n        pass\n"
    answer(notebook, "gradient_check", loop)


@student("ran longer than", loses=("gradient_check",))
def endless_loop_that_will_not_be_interrupted(notebook):
    solve(notebook)
    loop = """
        def gradient_check(analytic, numeric):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
    """
    answer(notebook, "gradient_check", loop)


@student("to the error stream", "Python warned")
def noisy(notebook):
    solve(notebook)
    noise = '    import sys, warnings\n    print("oops", file=sys.stderr)\n'
    noise += '    warnings.warn("old")\n'
    exercise = BY_NAME["softmax_cross_entropy_grad"]
    answer(notebook, exercise.name, exercise.header + noise + exercise.body)


@student("ended Python before returning", loses=("numerical_gradient",))
def kernel_killed(notebook):
    solve(notebook)
    killer = """
        import os, signal

        def numerical_gradient(f, x, eps=1e-5):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    answer(notebook, "numerical_gradient", killer)


@student()
def names_given_away_at_the_end(notebook):
    solve(notebook)
    notebook.cells += [
        new_code_cell("depth_limit = [1.0, 2.0]"),
        new_code_cell(f"{BY_NAME['mlp_backward'].header}    raise NotImplementedError()"),
    ]


@student("What counts here is what your notebook holds at its end")
def mended_in_a_later_cell(notebook):
    solve(notebook)
    later = new_code_cell(cell(notebook, "depth_limit").source)
    answer(notebook, "depth_limit", "def depth_limit(weight, tol):\n    return 3\n")
    notebook.cells.append(later)


@student("SyntaxError", loses=("layer_gradient_rms",))
def syntax_error(notebook):
    solve(notebook)
    answer(notebook, "layer_gradient_rms", "def layer_gradient_rms(model)\n    return {}\n")


@student("hands the work to the course's own `mlp_backward`", loses=("mlp_backward",))
def imports_the_reference(notebook):
    solve(notebook)
    source = """
        from steadygrad import gradients

        def mlp_backward(x, y, weights, biases):
            return gradients.mlp_backward(x, y, weights, biases)
    """
    answer(notebook, "mlp_backward", source)


@student()
def helper_and_constant_in_own_cells(notebook):
    solve(notebook)
    own = "QUARTER = torch.tensor(0.25).item()\n\n\ndef size(number):\n    return abs(number)\n"
    notebook.cells.append(new_code_cell(own))
    source = BY_NAME["depth_limit"].source.replace("abs(weight) / 4", "size(weight) * QUARTER")
    answer(notebook, "depth_limit", source)


@student("recognised by its function")
def metadata_lost(notebook):
    solve(notebook)
    for each in notebook.cells:
        each.metadata = nbformat.NotebookNode()


@student("not part of this notebook")
def damaged_metadata(notebook):
    solve(notebook)
    cell(notebook, "depth_limit").metadata["nbgrader"]["schema_version"] = 99
    cell(notebook, "mlp_backward-mark").metadata["nbgrader"]["solution"] = True
    foreign = new_code_cell("1 + 1")
    foreign.metadata["nbgrader"] = dict(
        schema_version=3, grade_id="last-year", grade=True, solution=False, locked=True,
        task=False, points=50,
    )  # fmt: skip
    notebook.cells.append(foreign)


@student(loses=("depth_limit",))
def hard_coded_practice_answers(notebook):
    solve(notebook)
    exercise = BY_NAME["depth_limit"]
    table = {
        (case.inputs["weight"], case.inputs["tol"]): exercise.target(**case.inputs)
        for case in draw(exercise, seed=0)
        if case.inputs["weight"] not in (0.0, 2.0, 4.0)  # the same for every seed
    }
    answer(
        notebook, "depth_limit",
        f"TABLE = {table!r}\n\ndef depth_limit(weight, tol):\n    return TABLE[weight, tol]\n",
    )  # fmt: skip


@student()
def script_in_the_page(notebook):
    solve(notebook)
    for new in (new_markdown_cell, new_raw_cell):
        notebook.cells.insert(
            0, new("<script>alert('mine')</script> <IMG onerror=alert(1) src=x>")
        )
    for scheme in ("javascript:", "JavaScript\\:", "java&#115;cript:", "data:text/html,"):
        notebook.cells.insert(0, new_markdown_cell(f"[here]({scheme}alert(2)) and 1 < 2"))


def sources(*names: str) -> str:
    chosen = [BY_NAME[name] for name in names]
    return "\n\n\n".join(f"{each.imports}\n\n\n{each.source}" for each in chosen)


@student("stands in another exercise's cell")
def two_cells_merged(notebook):
    solve(notebook)
    cell(notebook, "depth_limit").source = sources("numerical_gradient", "depth_limit")
    notebook.cells.remove(cell(notebook, "numerical_gradient"))


@student("recognised by its function")
def two_functions_in_a_fresh_cell(notebook):
    solve(notebook)
    for name in ("mlp_backward", "gradient_check"):
        notebook.cells.remove(cell(notebook, name))
    fresh = new_code_cell("%%time\n" + sources("mlp_backward", "gradient_check"))
    notebook.cells.insert(2, fresh)


@student("recognised by its function")
def everything_in_one_cell_without_metadata(notebook):
    stubs = [cell(notebook, name) for name in POINTS]
    notebook.cells = [c for c in notebook.cells if not any(c is stub for stub in stubs)]
    notebook.cells.append(new_code_cell(sources(*POINTS)))
    for each in notebook.cells:
        each.metadata = nbformat.NotebookNode()


@student("a copy of the empty function was left out")
def copies_of_stubs_at_the_end(notebook):
    stubs = [copy.deepcopy(cell(notebook, name)) for name in POINTS]
    solve(notebook)
    for number, stub in enumerate(stubs):
        stub["id"] = f"copy-{number}"
        stub.source = stub.source.replace("    ", "      ") + "\n"
        if number % 2:
            stub.metadata = nbformat.NotebookNode()
    notebook.cells += stubs


# ── Grading the class ───────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder with its own gradebook: released, handed in, graded, fed back."""
    root = tmp_path_factory.mktemp("course")
    home = root / "autograder"
    home.mkdir()
    shutil.copy(ROOT / "autograder" / "nbgrader_config.py", home)
    for folder in ("solutions", "course"):  # as a clone has them
        shutil.copytree(ROOT / folder / CHAPTER, root / folder / CHAPTER)
    config = root / "jupyter"
    config.mkdir()
    (config / "nbgrader_config.py").write_text(f"c.ExecuteApart.secret = {SECRET!r}\n")

    def nbgrader(*arguments: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for alembic
        env = {**os.environ, "JUPYTER_CONFIG_DIR": str(config), "PATH": path}
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    nbgrader("generate_assignment", CHAPTER)
    released = root / "course" / CHAPTER / f"{CHAPTER}.ipynb"
    for who, (write, _, _) in CLASS.items():
        notebook = nbformat.read(released, as_version=4)
        write(notebook)
        folder = home / "submitted" / who / CHAPTER
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / released.name)
    log = nbgrader("autograde", CHAPTER)
    nbgrader("generate_feedback", CHAPTER)
    nbgrader("export")
    return home, released, log


def test_stock_nbgrader_releases_exactly_the_course_folder(course):
    """It is written anew: the file that lay there was replaced, and is as it was."""
    _, released, _ = course
    assert (
        released.stat().st_mtime > (ROOT / "course" / CHAPTER / released.name).stat().st_mtime
    )
    committed = ROOT / "course" / CHAPTER / released.name
    assert released.read_text() == committed.read_text(), "run `make course`"


@pytest.mark.parametrize("who", CLASS)
def test_every_student_gets_what_the_work_is_worth(course, who):
    home, *_ = course
    with Gradebook(f"sqlite:///{home / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission_notebook(CHAPTER, CHAPTER, who)
        scores = {
            grade.name.removeprefix("gradients-").removesuffix("-mark"): grade.auto_score
            for grade in submission.grades
            if grade.name.startswith("gradients-")
        }
    assert scores == pytest.approx(CLASS[who][1]())


@pytest.mark.parametrize("who", CLASS)
def test_the_feedback_page_holds_score_and_diagnosis(course, who):
    home, *_ = course
    page = (home / "feedback" / who / CHAPTER / f"{CHAPTER}.html").read_text()
    text = html.unescape(page.replace("<code>", "`").replace("</code>", "`"))
    for says in CLASS[who][2]:
        assert says in text, says
    assert "<script>alert" not in page
    assert not re.search(r"<img[^>]*onerror", page, re.IGNORECASE)
    assert not re.search(r"href=.(javascript|data)", html.unescape(page), re.IGNORECASE)


def test_the_export_lists_the_class(course):
    home, *_ = course
    with (home / "grades.csv").open() as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == pytest.approx({who: sum(s().values()) for who, (_, s, _) in CLASS.items()})


def test_with_a_secret_there_is_no_warning_and_no_expected_value(course):
    home, _, log = course
    assert "No secret is set" not in log
    page = (home / "feedback" / "first_mistakes" / CHAPTER / f"{CHAPTER}.html").read_text()
    assert "is wrong: got" in page
