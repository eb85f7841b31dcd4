"""Our two places in nbgrader's pipeline: repair before it looks, and judge instead of it.

`Repair` puts a damaged notebook back into the form that nbgrader expects, so that one
submission cannot stop a class.  `ExecuteApart` runs no marking cell: it asks a worker that
knows no answers, judges outside, and writes score and report as the cell's output.
`configure(c)` sets both; stock `nbgrader autograde` and Formgrader then use them.
This is the only module that knows nbgrader's pipeline.
"""

import ast
import hashlib
import hmac
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Unicode

from autograder.exercises import BY_GRADE_ID, EXERCISES
from autograder.grade import PRACTICE, grade
from autograder.report import Report, Score
from autograder.sandbox import Cell, Sandbox
from autograder.spec import Exercise

ROOT = Path(__file__).parents[1]
NOTES = "steady_gradients_notes"  # notebook metadata: what was repaired, by exercise


def configure(c) -> None:
    """Set up nbgrader for this course; call it in nbgrader_config.py."""
    c.CourseDirectory.source_directory = "../solutions"
    c.CourseDirectory.release_directory = "../course"
    c.Autograde.sanitize_preprocessors = [
        "nbgrader.preprocessors.ClearOutput",
        "autograder.preprocessors.Repair",
        "nbgrader.preprocessors.DeduplicateIds",
        "nbgrader.preprocessors.OverwriteKernelspec",
        "nbgrader.preprocessors.OverwriteCells",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Autograde.autograde_preprocessors = [
        "autograder.preprocessors.ExecuteApart",
        "nbgrader.preprocessors.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.ExecuteApart.shutdown_kernel = "immediate"  # a graceful one takes five times as long


# ── Repair ──────────────────────────────────────────────────────────────────────────


class Repair(NbGraderPreprocessor):
    """Give every cell that nbgrader knows its identity back, exactly once and in order."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Compare with what `generate_assignment` recorded; note what had to be mended."""
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            recorded = recorded_cells(gradebook, where["notebook"], where["assignment"])
        notes: dict[str, list[str]] = {}
        defuse_text(nb, handed_out(where["assignment"], where["notebook"]))
        for note in repair(nb, recorded):
            notes.setdefault(note[0], []).append(note[1])
            self.log.warning("%s: %s: %s", where["student"], *note)
        nb.metadata[NOTES] = notes
        return nb, resources


def recorded_cells(
    gradebook: Gradebook, notebook: str, assignment: str
) -> dict[str, NotebookNode]:
    """Every cell that nbgrader recorded, by grade id, in order, as it was released."""
    try:
        found = gradebook.find_notebook(notebook, assignment)
    except MissingEntry:
        return {}
    solutions = {cell.name for cell in found.solution_cells}
    tasks = {cell.name: cell for cell in found.task_cells}
    graded = {cell.name: cell for cell in found.grade_cells} | tasks
    cells = {}
    for source in found.source_cells:
        of = dict(
            schema_version=3,
            grade_id=source.name,
            locked=source.locked,
            task=source.name in tasks,
            solution=source.name in solutions,
            grade=source.name in graded and source.name not in tasks,
            cell_type=source.cell_type,
            checksum=source.checksum,
        )
        if source.name in graded:
            of["points"] = graded[source.name].max_score
        new = new_code_cell if source.cell_type == "code" else new_markdown_cell
        cells[source.name] = new(source.source, metadata={"nbgrader": of})
    return cells


def repair(nb: NotebookNode, recorded: dict[str, NotebookNode]) -> Iterator[tuple[str, str]]:
    """Mend a submission in place; what was done, as (grade id, sentence)."""
    for cell in nb.cells:
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
        cell.metadata.pop("tags", None)  # a tag can keep a cell from being run
        if "nbgrader" in cell.metadata and _id(cell) not in recorded:
            del cell.metadata["nbgrader"]
            yield "", "a marked cell that is not part of this notebook was set aside."
    yield from _keep_one_each(nb, recorded)
    yield from _adopt(nb, recorded)
    yield from _add_missing(nb, recorded)
    for cell in nb.cells:
        if _id(cell) in recorded:
            true = recorded[_id(cell)]
            if true.metadata["nbgrader"]["locked"] and cell.source != true.source:
                yield _id(cell), "a locked cell had been edited; the original was put back."
                cell.source = true.source
            if cell.cell_type != true.cell_type:
                yield _id(cell), "the cell had been given another type; it was changed back."
                _retype(cell, true.cell_type)
            cell.metadata["nbgrader"] = dict(true.metadata["nbgrader"])


def _id(cell: NotebookNode) -> str:
    claimed = cell.metadata.get("nbgrader")
    return str(claimed.get("grade_id", "")) if isinstance(claimed, dict) else ""


def _keep_one_each(nb: NotebookNode, recorded: dict) -> Iterator[tuple[str, str]]:
    """Of several cells with one id keep the last that was worked on; free the others."""
    for grade_id, true in recorded.items():
        copies = [cell for cell in nb.cells if _id(cell) == grade_id]
        if len(copies) < 2:
            continue
        written = [cell for cell in copies if cell.source.strip() != true.source.strip()]
        kept = (
            written[-1] if written and not true.metadata["nbgrader"]["locked"] else copies[-1]
        )
        for cell in copies:
            if cell is not kept:
                del cell.metadata["nbgrader"]
                if cell not in written:  # run later, the stub would take the place of the work
                    cell.source = ""
        yield grade_id, f"the cell stood there {len(copies)} times; the last one counts."


def _adopt(nb: NotebookNode, recorded: dict) -> Iterator[tuple[str, str]]:
    """A cell without id that defines an exercise's function is that exercise's solution."""
    present = {_id(cell) for cell in nb.cells}
    for grade_id in recorded.keys() - present:
        exercise = BY_GRADE_ID.get(grade_id)
        orphans = [c for c in nb.cells if not _id(c) and exercise and defines(c, exercise.name)]
        if orphans:
            orphans[-1].metadata["nbgrader"] = {"grade_id": grade_id}
            yield grade_id, "the cell had lost its mark; it was recognised by its function."


def _add_missing(nb: NotebookNode, recorded: dict) -> Iterator[tuple[str, str]]:
    """Put every missing cell back behind the one that it followed."""
    before = None
    for grade_id, true in recorded.items():
        if grade_id not in {_id(cell) for cell in nb.cells}:
            place = next((i + 1 for i, c in enumerate(nb.cells) if _id(c) == before), 0)
            nb.cells.insert(place, deepcopy(true))
            yield grade_id, "the cell was missing; it was put back as it had been handed out."
        before = grade_id


def _retype(cell: NotebookNode, cell_type: str) -> None:
    cell.cell_type = cell_type
    cell.pop("attachments", None)  # pictures of a text cell
    if cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def defines(cell: NotebookNode, name: str) -> bool:
    """Whether a code cell gives this name to something."""
    if cell.cell_type != "code":
        return False
    try:
        tree = ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return f"def {name}(" in cell.source
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return True
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            return True
    return False


# ── What students write is read in other people's browsers ──────────────────────────

ACTIVE = (  # what turns text into something else: each is broken by a space
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),  # HTML, in Markdown too
    (re.compile(r"&(?=#|[A-Za-z])"), "& "),  # a character in disguise
    (re.compile(r"\b(javascript|vbscript|data)[\s\\]*:(?=\S)", re.IGNORECASE), r"\1 :"),
)
HARMLESS = ("text/plain", "image/png", "image/jpeg")  # outputs that can hold no script


def defuse_text(nb: NotebookNode, released: set[str]) -> None:
    """Show HTML that a student put into a text cell as the text that it is.

    nbgrader's pages and Formgrader hand Markdown and raw cells to the browser as they are.
    """
    for cell in nb.cells:
        if cell.cell_type != "code" and cell.source not in released:
            for active, inert in ACTIVE:
                cell.source = active.sub(inert, cell.source)
            cell.metadata.pop("raw_mimetype", None)
            cell.pop("attachments", None)


def defuse_outputs(cell: NotebookNode) -> None:
    """Keep of a cell's outputs only what can hold no script."""
    for output in cell.get("outputs", []):
        for mime in [mime for mime in output.get("data", {}) if mime not in HARMLESS]:
            del output["data"][mime]


# ── Execute ─────────────────────────────────────────────────────────────────────────


class ExecuteApart(Execute):
    """Run a submission's cells in a worker and judge here; other grade cells as ever."""

    secret = Unicode(
        "",
        help="Grading cases are drawn from this, the student and the exercise. Keep it outside "
        "the repository, in the nbgrader_config.py of your Jupyter configuration folder.",
    ).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict, km=None
    ) -> tuple[NotebookNode, dict]:
        ours = {
            index: BY_GRADE_ID[_id(cell).removesuffix("-mark")]
            for index, cell in enumerate(nb.cells)
            if is_marking(cell)
        }
        others = [cell for cell in nb.cells if _graded(cell) and not is_marking(cell)]
        if others:  # cells of another maker are graded in nbgrader's own way
            self._ours = set(ours)
            nb, resources = super().preprocess(nb, resources, km)
            for cell in nb.cells:
                defuse_outputs(cell)
        if ours:
            self._judge(nb, ours, resources["nbgrader"])
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int):
        if index in self._ours:
            return cell, resources
        return super().preprocess_cell(cell, resources, index)

    def _judge(self, nb: NotebookNode, ours: dict[int, Exercise], where: dict) -> None:
        if not self.secret:
            self.log.warning(
                "No secret is set: grading draws the public practice cases, so hard-coded "
                "answers pay. Set c.ExecuteApart.secret in an nbgrader_config.py outside the "
                "repository (docs/instructors.md)."
            )
        notes = nb.metadata.pop(NOTES, {})
        withhold = [f"{e.target.__module__}.{e.name}" for e in EXERCISES.values()]
        cells = submission_cells(nb, handed_out(where["assignment"], where["notebook"]))
        with Sandbox(list(cells.values()), withhold) as sandbox:
            for index, exercise in ours.items():
                report = grade(
                    exercise,
                    lambda inputs, name=exercise.name: sandbox.run(name, inputs),
                    seed_for(self.secret, str(where["student"]), exercise.id),
                    secret=bool(self.secret),
                )
                said = [
                    note
                    for of in (exercise.grade_id, _id(nb.cells[index]), "")
                    for note in notes.pop(of, [])
                ]
                report = report.noting(
                    *_cell_error(nb, cells, sandbox.errors, exercise),
                    *(f"On the way in: {note}" for note in said),
                )
                show(nb.cells[index], report)


def is_marking(cell: NotebookNode) -> bool:
    """Whether a cell is one of ours that is worth points."""
    return _graded(cell) and _id(cell).removesuffix("-mark") in BY_GRADE_ID


def _graded(cell: NotebookNode) -> bool:
    return (
        cell.cell_type == "code"
        and cell.metadata.get("nbgrader", {}).get("grade", False)
        and not cell.metadata["nbgrader"].get("solution", False)
    )


def submission_cells(nb: NotebookNode, released: set[str]) -> dict[int, Cell]:
    """What a worker is to run of each code cell, by its place in the notebook.

    Solution cells and cells that the student added run whole; of those that were handed out
    only what they define, so that no demonstration is trained again.  Grade cells not at all.
    """
    return {
        index: Cell(cell.source, whole=cell.source not in released)
        for index, cell in enumerate(nb.cells)
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")
    }


def handed_out(assignment: str, notebook: str) -> set[str]:
    """The sources of all cells of the notebook that students were given."""
    path = ROOT / "course" / assignment / f"{notebook}.ipynb"
    if not path.exists():
        return set()
    return {cell.source for cell in nbformat.read(path, as_version=4).cells}


def seed_for(secret: str, student: str, exercise: str) -> int:
    """The seed of one student's cases of one exercise: the same whenever it is graded again."""
    if not secret:
        return PRACTICE
    text = f"{student}\0{exercise}".encode()
    return int.from_bytes(hmac.digest(secret.encode(), text, hashlib.sha256)[:7], "big")


def _cell_error(nb, cells: dict[int, Cell], errors: list[str], exercise: Exercise) -> list[str]:
    """The error that the solution cell itself raised, if it did."""
    for (index, _), error in zip(cells.items(), errors, strict=True):
        if error and _id(nb.cells[index]) == exercise.grade_id:
            return [f"Running the cell that defines it raised {error}."]
    return []


def show(cell: NotebookNode, report: Report) -> None:
    """Write a report as the output of a marking cell, its score as nbgrader reads it."""
    report = replace(report, with_trace=True)
    score = max(0.0, min(report.score, float(cell.metadata["nbgrader"]["points"])))
    data = Score(report)._repr_mimebundle_() | {"text/plain": repr(float(score))}
    cell.outputs = [new_output("execute_result", data=data, execution_count=1)]
    cell.execution_count = 1
