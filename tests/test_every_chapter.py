"""Every chapter through stock nbgrader, with a secret set: what is solved earns its points."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.exercises import BY_GRADE_ID
from autograder.notebook import chapters

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SECRET = "a secret of a class that takes the whole course"


def exercises_in(notebook) -> list[str]:
    return [c.id for c in notebook.cells if c.id in BY_GRADE_ID]


STUDENTS = {  # which of a chapter's exercises each has solved
    "everything": lambda ids: ids,
    "nothing": lambda ids: [],
    "every-other": lambda ids: ids[::2],
}


def solved(chapter: str, chosen) -> nbformat.NotebookNode:
    """The student notebook, in which the chosen exercises have the official solution."""
    notebook = nbformat.read(ROOT / "course" / chapter / f"{chapter}.ipynb", as_version=4)
    chosen = set(chosen(exercises_in(notebook)))
    for cell in notebook.cells:
        if cell.id in chosen:
            exercise = BY_GRADE_ID[cell.id]
            cell.source = f"{exercise.imports}\n\n\n{exercise.source}".lstrip()
    return notebook


@pytest.fixture(scope="module", params=[path.stem for path in chapters()])
def graded(request, tmp_path_factory):
    """One chapter, released, handed in by every student, and graded; with its gradebook."""
    chapter, root = request.param, tmp_path_factory.mktemp("course")
    home, config = root / "autograder", root / "jupyter"
    for folder in ("solutions", "course"):  # as a clone has them
        shutil.copytree(ROOT / folder / chapter, root / folder / chapter)
    for folder in (home, config):
        folder.mkdir()
    shutil.copy(ROOT / "autograder" / "nbgrader_config.py", home)
    (config / "nbgrader_config.py").write_text(f"c.ExecuteApart.secret = {SECRET!r}\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for alembic
    env = {**os.environ, "JUPYTER_CONFIG_DIR": str(config), "PATH": path}
    for who, chosen in STUDENTS.items():
        folder = home / "submitted" / who / chapter
        folder.mkdir(parents=True)
        nbformat.write(solved(chapter, chosen), folder / f"{chapter}.ipynb")
    for command in ("generate_assignment", "autograde"):
        ran = [sys.executable, "-m", "nbgrader", command, chapter]
        done = subprocess.run(ran, cwd=home, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    with Gradebook(f"sqlite:///{home / 'gradebook.db'}") as gradebook:
        yield chapter, gradebook


@pytest.mark.parametrize("who", STUDENTS)
def test_an_exercise_earns_its_points_where_it_is_solved_and_none_where_not(graded, who):
    chapter, gradebook = graded
    notebook = nbformat.read(ROOT / "course" / chapter / f"{chapter}.ipynb", as_version=4)
    ids = exercises_in(notebook)
    chosen = STUDENTS[who](ids)
    grades = gradebook.find_submission_notebook(chapter, chapter, who).grades
    scores = {grade.name: grade.auto_score for grade in grades}
    for grade_id in ids:
        worth = BY_GRADE_ID[grade_id].points if grade_id in chosen else 0
        assert scores[f"{grade_id}-mark"] == worth, grade_id
