"""Turn a chapter into notebooks: one solved and executed, one for students.

A chapter is MyST Markdown.  A code cell marked `:exercise: <id>` stands for an exercise and
gives way to a heading, the stub and a marking cell.  A text cell marked with `question` and
`points` is one to be answered in words: what follows its line `RUBRIC` goes to instructors
only.  One marked `predict` or `review` becomes a question with buttons (see
`autograder.predictions`).  What a code cell has below its line `CHECKED` goes into a collapsed
cell behind it.  Every other cell is copied as it is.
This is the only module that knows what nbgrader wants to find in a notebook.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from tqdm.auto import tqdm
from traitlets.config import Config

from autograder import collecting
from autograder.exercises import find
from autograder.framing import framed
from autograder.glossary import linked
from autograder.predictions import Question, imported, is_question, read_question
from autograder.spec import Exercise

ROOT = Path(__file__).parents[1]
QUIET = {  # the same everywhere, and every time
    "TQDM_DISABLE": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "AUTOGRADER_PACE": "0",
}
CELL_SECONDS = 120  # a chapter's cell takes under ten; a busy machine may take longer
RUBRIC = "\nRUBRIC\n"
CHECKED = "# ── checked ──"  # below it stands what nobody needs to read
ONCE_WRITTEN = "with once_written():"
# in a fresh kernel, too, it says what to run
COMING_BACK = "from autograder import once_written"
# the one line that is seen of a collapsed cell fits a page 420 pixels wide
COUNT = "# Run this cell to count them."
SEEN = "# Run this cell to see and check."
COLLAPSED = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}  # in Lab, in a book
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def chapters() -> list[Path]:
    return sorted((ROOT / "chapters").glob("[0-9][0-9]_*.md"))


def build_course(only: Iterable[str] = ()) -> list[Path]:
    """Write solutions/ (executed) and course/ from chapters/; the files written.

    `only` names chapters by their stems; without it, all of them.
    """
    names = {chapter.stem for chapter in chapters()}
    if unknown := set(only) - names:
        raise LookupError(f"no chapter {sorted(unknown)}; there are {sorted(names)}")
    chosen = [chapter for chapter in chapters() if not only or chapter.stem in only]
    collecting.write(chapters())
    written = []
    for chapter in tqdm(chosen, desc="chapters", unit="chapter"):
        solved = ROOT / "solutions" / chapter.stem / f"{chapter.stem}.ipynb"
        write(execute(instructor_notebook(chapter)), solved)
        release(chapter.stem, ROOT / "solutions", ROOT / "course")
        written += [solved, ROOT / "course" / chapter.stem / f"{chapter.stem}.ipynb"]
    return written


def instructor_notebook(chapter: Path) -> NotebookNode:
    """The chapter with solutions, marked for nbgrader to remove."""
    notebook = jupytext.read(chapter)
    notebook.cells = expand_all(notebook.cells, chapter.stem)
    for number, cell in enumerate(notebook.cells):  # the same in every build
        cell["id"] = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell-{number:03d}")
    notebook.cells = linked(framed(notebook.cells, chapter))
    del notebook.metadata["jupytext"]
    return notebook


def expand_all(cells: list[NotebookNode], chapter: str) -> list[NotebookNode]:
    """The cells that a chapter's cells stand for; the next code answers each prediction."""
    questions = [read_question(cell, chapter) for cell in cells if is_question(cell)]
    keys = [question.key for question in questions]
    if twice := next((key for key in keys if keys.count(key) > 1), ""):
        raise ValueError(f"two questions are called {twice!r}: one answer would stand for both")
    unread, pending, expanded, last = iter(questions), [], [], 0
    for cell in cells:
        if is_question(cell):
            question = next(unread)
            expanded += asking_cells(question)
            pending += [question] * (not question.review)
            last = len(expanded)
        elif cell.cell_type == "code" and "exercise" not in cell.metadata:
            expanded += code_cells(cell, pending)
            last = len(expanded) if pending else last
            pending = []
        else:
            expanded += expand(cell)
    if pending:
        raise ValueError(f"no code cell follows the prediction {pending[0].key!r}")
    if questions:  # counted where the last of them has been answered
        expanded.insert(last, tally_cell(questions, chapter))
    return expanded


def expand(cell: NotebookNode) -> list[NotebookNode]:
    """The cells that an exercise, a question to answer in words, or any text stands for."""
    if "exercise" in cell.metadata:
        return exercise_cells(find(cell.metadata["exercise"]))
    if "question" in cell.metadata:
        return question_cells(cell)
    return [cell]


def code_cells(cell: NotebookNode, predicted: list[Question]) -> list[NotebookNode]:
    """A code cell's visible part; collapsed behind it what it shows, asserts and answers."""
    visible, _, checked = cell.source.partition(f"{CHECKED}\n")
    if ONCE_WRITTEN in visible:
        visible = f"{COMING_BACK}\n\n{visible}"
    hidden = [f"{SEEN}\n{checked.strip()}"] * bool(checked.strip())
    hidden = "\n\n".join([*hidden, *(question.answers for question in predicted)])
    cell.source = visible.strip()
    shown = [cell] if cell.source else []
    return shown + [new_code_cell(hidden, metadata=COLLAPSED)] * bool(hidden)


def asking_cells(question: Question) -> list[NotebookNode]:
    """A question, and collapsed behind it the cell whose output are the buttons."""
    return [
        new_markdown_cell(question.text),
        new_code_cell(question.asks, metadata=COLLAPSED),
    ]


def tally_cell(questions: list[Question], chapter: str) -> NotebookNode:
    """The count of what was predicted and answered right in this chapter."""
    reviews = sum(question.review for question in questions)
    call = f"tally({chapter!r}, {len(questions) - reviews}, {reviews})"
    return new_code_cell(imported(COUNT, "tally", call), metadata=COLLAPSED)


def question_cells(cell: NotebookNode) -> list[NotebookNode]:
    """A question, and the cell for its answer, which a person grades by the rubric."""
    question, line, rubric = cell.source.partition(RUBRIC)
    if not line:
        raise ValueError(
            f"question {cell.metadata['question']!r} has no line RUBRIC; put the model answer, "
            "and how to grade it, below such a line"
        )
    points = cell.metadata["points"]
    written = nbgrader(cell.metadata["question"], solution=True, points=points)
    # nbgrader finds its marks in a comment as well, where no reader sees them
    answer = f"<!-- ### BEGIN SOLUTION -->\n\n{rubric.strip()}\n\n<!-- ### END SOLUTION -->"
    worth = (
        f"*{points} points where a person grades. Where nobody does, write your answer first, "
        "then compare it with the one in the solved notebook.*"
    )
    return [
        new_markdown_cell(f"{question.strip()}\n\n{worth}"),
        new_markdown_cell(answer, metadata=written),
    ]


def exercise_cells(exercise: Exercise) -> list[NotebookNode]:
    """The cells of an exercise: heading, stub, marking."""
    stars = "●" * exercise.difficulty + "○" * (5 - exercise.difficulty)
    heading = exercise.heading.replace(exercise.name, f"`{exercise.name}`", 1)
    title = (
        f'<a id="{exercise.name}"></a>\n\n### {heading}\n\n'
        f"*Write it. About {exercise.minutes} minutes · difficulty {stars} · "
        f"so that you can {exercise.goal}.*{leaning(exercise)}"
    )
    solution = (
        f"{exercise.imports}\n\n\n{exercise.header}"
        f"    ### BEGIN SOLUTION\n{exercise.body}    ### END SOLUTION"
    ).lstrip()  # some need no imports
    return [
        new_markdown_cell(title),
        new_code_cell(solution, metadata=nbgrader(exercise.grade_id, solution=True)),
        new_code_cell(
            f'from autograder import mark\n\nmark("{exercise.name}")',
            metadata=nbgrader(f"{exercise.grade_id}-mark", points=exercise.points),
        ),
    ]


def leaning(exercise: Exercise) -> str:
    """Which of the learner's functions this one may call."""
    if not exercise.leans_on:
        return ""
    names = " and ".join(f"`{function.__name__}`" for function in exercise.leans_on)
    return (
        f"\n\nYou may call your {names} here. When your work is marked, the course's own takes "
        "its place as long as yours is not right."
    )


def nbgrader(grade_id: str, *, solution: bool = False, points: int | None = None) -> dict:
    """Cell metadata.  A cell that is worth points is locked, unless it is the answer itself."""
    graded = points is not None
    fields = dict(schema_version=3, grade_id=grade_id, task=False)
    fields |= dict(solution=solution, grade=graded, locked=graded and not solution)
    return {"nbgrader": fields | ({"points": points} if graded else {})}


def execute(notebook: NotebookNode) -> NotebookNode:
    """The notebook with the outputs of every cell; raises what a cell raises."""
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            coalesce_streams=True,  # what is printed in one go or two is the same text
            resources={"metadata": {"path": folder}},
        ).execute(env={**os.environ, **QUIET})
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # its version is this machine's
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of this run
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)  # of a widget that lives no longer
        if cell.cell_type == "code":  # what it leaves behind is an output of its own
            cell.outputs = [o for o in cell.outputs if any(o.get("data", {"": True}).values())]
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")


def release(assignment: str, source: Path, target: Path) -> None:
    """Write the student notebook exactly as `nbgrader generate_assignment` does, without a
    gradebook."""
    config = Config()
    config.CourseDirectory.root = str(source.parent)
    config.CourseDirectory.source_directory = os.path.relpath(source, source.parent)
    config.CourseDirectory.release_directory = os.path.relpath(target, source.parent)
    config.CourseDirectory.assignment_id = assignment
    config.GenerateAssignment.no_database = True
    config.GenerateAssignment.force = True
    config.SaveCells.enabled = False
    GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
