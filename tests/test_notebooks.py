"""The notebooks follow from the chapters, give nothing away, and run."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.apart.cells import named_by, python_of
from autograder.exercises import EXERCISES
from autograder.notebook import QUIET, chapters, execute, instructor_notebook, release, write

ROOT = Path(__file__).parents[1]
SANITIZER = ROOT / "tests" / "nbval.cfg"
every_chapter = pytest.mark.parametrize("chapter", chapters(), ids=lambda path: path.stem)


def solved(chapter: Path) -> Path:
    return ROOT / "solutions" / chapter.stem / f"{chapter.stem}.ipynb"


def handed_out(chapter: Path) -> Path:
    return ROOT / "course" / chapter.stem / f"{chapter.stem}.ipynb"


def without_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


@every_chapter
def test_the_solved_notebook_is_up_to_date(chapter):
    made = without_outputs(instructor_notebook(chapter))
    committed = without_outputs(nbformat.read(solved(chapter), as_version=4))
    assert committed == made, f"{chapter.name} has changed; run `make course`"


@every_chapter
def test_the_student_notebook_is_up_to_date(chapter, tmp_path):
    write(
        instructor_notebook(chapter),
        tmp_path / "solutions" / chapter.stem / solved(chapter).name,
    )
    release(chapter.stem, tmp_path / "solutions", tmp_path / "course")
    made = tmp_path / "course" / chapter.stem / handed_out(chapter).name
    without = [nbformat.read(path, as_version=4) for path in (made, handed_out(chapter))]
    for notebook in without:
        notebook.metadata.pop("language_info", None)  # known once the notebook has been run
    assert without[0] == without[1], f"{chapter.name} has changed; run `make course`"


@every_chapter
def test_no_solution_is_handed_out(chapter):
    shown = "\n".join(c.source for c in nbformat.read(handed_out(chapter), as_version=4).cells)
    assert [e.id for e in EXERCISES.values() if e.body.strip() in shown] == []
    assert "BEGIN SOLUTION" not in shown
    assert all(not wrong.hint or wrong.hint not in shown for e in EXERCISES.values() for wrong in e.misconceptions)  # fmt: skip  # noqa: E501


@every_chapter
def test_no_cell_takes_an_exercises_name_from_the_learner(chapter):
    """Of the chapter's own exercises: those of earlier chapters may be imported."""
    topic = chapter.stem.partition("_")[2]
    names = {exercise.name for exercise in EXERCISES.values() if exercise.topic == topic}
    for cell in nbformat.read(handed_out(chapter), as_version=4).cells:
        if cell.cell_type == "code":
            assert given_names(cell.source) & names <= {cell.id.removeprefix(f"{topic}-")}


def given_names(source: str) -> set[str]:
    """The names to which a cell gives a value, outside its functions."""
    return set().union(*(named_by(node) for node in ast.parse(python_of(source)).body))


def test_nothing_but_notebooks_lies_where_nbgrader_hands_everything_out():
    strays = [
        p for p in (ROOT / "solutions").rglob("*") if p.is_file() and p.suffix != ".ipynb"
    ]
    assert strays == []


@every_chapter
def test_every_figure_has_words_for_those_who_cannot_see_it(chapter):
    notebook = nbformat.read(solved(chapter), as_version=4)
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in (data := output.get("data", {}))
        or "<figure" in data.get("text/html", "")
    ]
    assert pictures
    for picture in pictures:
        assert len(picture.data["text/plain"]) > 40, "a figure needs an alternative text"
        assert not picture.data["text/plain"].startswith("<Figure")


def nbval(notebook: Path, *options: str) -> str:
    """What nbval says of a notebook; "" when it has nothing to say."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options,
        "--nbval-cell-timeout", "300", "-o", "addopts=", "-o", "filterwarnings=", str(notebook),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **QUIET}
    )
    return "" if done.returncode == 0 else done.stdout[-5000:] + done.stderr[-1000:]


@pytest.mark.slow
@every_chapter
def test_the_solved_notebook_still_gives_what_it_shows(chapter):
    assert not nbval(solved(chapter), "--nbval", "--nbval-sanitize-with", str(SANITIZER))


@pytest.mark.slow
@every_chapter
def test_no_cell_of_the_untouched_student_notebook_fails(chapter):
    assert not nbval(handed_out(chapter), "--nbval-lax")  # it has no outputs to compare


@pytest.mark.slow
@every_chapter
def test_the_solved_notebook_earns_every_point(chapter):
    scores = marks(nbformat.read(solved(chapter), as_version=4))
    assert scores
    for grade_id, (points, score) in scores.items():
        assert score == str(float(points)), grade_id


@pytest.mark.slow
@every_chapter
def test_the_untouched_student_notebook_earns_nothing_and_says_so(chapter):
    notebook = execute(nbformat.read(handed_out(chapter), as_version=4))
    for grade_id, (_, score) in marks(notebook).items():
        assert score == "0.0", grade_id
    said = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if cell.metadata.get("nbgrader", {}).get("grade") and "data" in output
    ]
    assert said
    assert all("not attempted" in html for html in said)
    assert not [
        cell.source
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr" or output.output_type == "error"
    ]


def marks(notebook) -> dict[str, tuple[float, str]]:
    """Points and score text of every marking cell that was run."""
    return {
        cell.metadata["nbgrader"]["grade_id"]: (
            cell.metadata["nbgrader"]["points"],
            next(
                o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result"
            ),
        )
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    }


# ── What a learner sees ──────────────────────────────────────────────────────────────

MOST_LINES = 12  # of a visible cell: what teaches, and no more
MOST_WORDS = 450  # to read before there is something to run, to predict or to answer


def visible_cells(chapter):
    """The code cells of a chapter that are not folded, and neither an exercise nor its mark."""
    for cell in instructor_notebook(chapter).cells:
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        if cell.cell_type == "code" and not folded and "nbgrader" not in cell.metadata:
            yield cell


@every_chapter
def test_a_visible_cell_shows_the_lines_that_teach(chapter):
    for cell in visible_cells(chapter):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        taught = [line for line in lines if not line.startswith(("import ", "from "))]
        assert len(taught) <= MOST_LINES, cell.source
        assert not re.search(r"^\s*assert |alt=", cell.source, re.MULTILINE), cell.source


@every_chapter
def test_there_is_something_to_do_every_few_minutes(chapter):
    read = 0
    for cell in instructor_notebook(chapter).cells:
        if cell.cell_type == "code" or "nbgrader" in cell.metadata:
            read = 0
            continue
        text, _, sources = cell.source.partition("## Sources")  # to look things up in
        read += len(re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL).split())
        assert read <= MOST_WORDS, text[-300:]
        if sources:
            break


@every_chapter
def test_every_figure_has_its_number_in_order(chapter):
    of = str(int(chapter.stem.partition("_")[0]))
    source = chapter.read_text(encoding="utf-8")
    numbers = re.findall(r'plots\.show\(\s*"([0-9.]+)"', source)
    assert numbers == [f"{of}.{number + 1}" for number in range(len(numbers))]
    assert len(numbers) == source.count("plots.show(")


@every_chapter
def test_every_prompt_to_predict_asks_for_an_answer(chapter):
    assert "**Predict.**" not in chapter.read_text(encoding="utf-8")
