"""Our two places in nbgrader's pipeline: repair before it looks, and judge instead of it.

`Repair` puts a damaged notebook back into the form that nbgrader expects, so that one
submission cannot stop a class.  `ExecuteApart` runs no marking cell: it asks a worker that
knows no answers, judges outside, and writes score and report as the cell's output.
`configure(c)` sets both; stock `nbgrader autograde` and Formgrader then use them.
This is the only module that knows nbgrader's pipeline.
"""

import hashlib
import hmac
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Unicode

from autograder.apart.sandbox import Cell, Sandbox
from autograder.converters import teach
from autograder.exercises import BY_GRADE_ID
from autograder.grade import PRACTICE
from autograder.handed_in.adoption import grade_id_of
from autograder.handed_in.defusing import as_it_is, defuse_outputs, defuse_text, in_a_line, seen
from autograder.handed_in.receiving import received
from autograder.handed_in.repair import is_graded, is_marking, repair
from autograder.judging import judge_all, references
from autograder.report import Report, Score
from autograder.spec import Exercise

ROOT = Path(__file__).parents[1]
NOTES = "steady_gradients_notes"  # notebook metadata: what was repaired, by exercise


def configure(c) -> None:
    """Set up nbgrader for this course; call it in nbgrader_config.py."""
    c.CourseDirectory.source_directory = "../solutions"
    c.CourseDirectory.release_directory = "../course"
    teach()
    c.GenerateAssignment.force = True  # course/ is there already, and is made anew all the same
    c.GenerateFeedback.force = True  # a page shows what the gradebook says now
    c.HTMLExporter.filters = {"markdown2html": "autograder.pages.safe_markdown"}
    c.HTMLExporter.preprocessors = ["autograder.pages.Seen"]
    c.Autograde.exporter_class = "autograder.preprocessors.SubmissionExporter"
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


class SubmissionExporter(NotebookExporter):
    """Reads what was handed in, whatever it is; then goes on as nbgrader's own does."""

    def from_filename(self, filename: str, resources: dict | None = None, **kw):
        converter = self.parent
        if not isinstance(converter, Autograde) or not converter._sanitizing:
            return super().from_filename(filename, resources, **kw)
        others = {Path(each).name for each in converter.notebooks} - {Path(filename).name}
        nb, notes = received(Path(filename), converter.coursedir, others)
        nb.metadata[NOTES] = {"": notes} if notes else {}
        path = Path(filename)
        resources["metadata"] = ResourcesDict(name=path.stem, path=str(path.parent))
        return self.from_notebook_node(nb, resources, **kw)


class Repair(NbGraderPreprocessor):
    """Give every cell that nbgrader knows its identity back, exactly once and in order."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Compare with what `generate_assignment` recorded; note what had to be mended."""
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            recorded = recorded_cells(gradebook, where["notebook"], where["assignment"])
        released = released_cells(where["assignment"], where["notebook"])
        notes: dict[str, list[str]] = nb.metadata.pop(NOTES, {})
        if not nb.cells:  # nothing could be read, or nothing was there
            nb.cells = deepcopy(released)
        defuse_text(nb, {cell.source for cell in released})
        for grade_id, note in repair(nb, recorded, released):
            notes.setdefault(grade_id, []).append(seen(note))
        for grade_id, said in notes.items():
            for note in dict.fromkeys(said):
                line = " ".join(filter(None, (str(where["student"]), grade_id, note)))
                self.log.warning("%s", in_a_line(line))
        nb.metadata[NOTES] = notes
        show_notes(nb, notes)
        return nb, resources


def show_notes(nb: NotebookNode, notes: dict[str, list[str]]) -> None:
    """Say above the notebook, and above each written answer, what was mended.

    Notes on an exercise are shown in its report.
    """
    shown = [(0, notes.pop("", []))]
    for index, cell in enumerate(nb.cells):
        if cell.cell_type == "markdown" and grade_id_of(cell) in notes:
            shown.append((index, notes.pop(grade_id_of(cell))))
    for index, said in reversed(shown):
        if said := list(dict.fromkeys(said)):
            lines = "\n".join(f"- {as_it_is(each)}" for each in said)
            nb.cells.insert(index, new_markdown_cell(f"**On the way in:**\n\n{lines}"))


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
            index: BY_GRADE_ID[grade_id_of(cell).removesuffix("-mark")]
            for index, cell in enumerate(nb.cells)
            if is_marking(cell)
        }
        others = [cell for cell in nb.cells if is_graded(cell) and not is_marking(cell)]
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
        cells = submission_cells(nb, handed_out(where["assignment"], where["notebook"]))
        places = {
            exercise: sum(other < index for other in cells) for index, exercise in ours.items()
        }
        with Sandbox(list(cells.values()), references()) as sandbox:
            reports = judge_all(
                sandbox,
                places,
                lambda exercise: seed_for(self.secret, str(where["student"]), exercise.id),
                secret=bool(self.secret),
            )
        for index, exercise in ours.items():
            said = [
                note
                for of in (exercise.grade_id, grade_id_of(nb.cells[index]), "")
                for note in notes.pop(of, [])
            ]
            report = reports[exercise].noting(
                *_cell_error(nb, cells, sandbox.errors, exercise),
                *(f"On the way in: {note}" for note in said),
            )
            show(nb.cells[index], report)


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


def seed_for(secret: str, student: str, exercise: str) -> int:
    """The seed of one student's cases of one exercise: the same whenever it is graded again."""
    if not secret:
        return PRACTICE
    text = f"{student}\0{exercise}".encode()
    return int.from_bytes(hmac.digest(secret.encode(), text, hashlib.sha256)[:7], "big")


def _cell_error(nb, cells: dict[int, Cell], errors: list[str], exercise: Exercise) -> list[str]:
    """The error that the solution cell itself raised, if it did."""
    for index, error in zip(cells, errors, strict=False):  # the last may not have run
        if error and grade_id_of(nb.cells[index]) == exercise.grade_id:
            return [f"Running the cell that defines it raised {error}."]
    return []


def show(cell: NotebookNode, report: Report) -> None:
    """Write a report as the output of a marking cell, its score as nbgrader reads it."""
    report = replace(report, with_trace=True)
    score = max(0.0, min(report.score, float(cell.metadata["nbgrader"]["points"])))
    data = Score(report)._repr_mimebundle_() | {"text/plain": repr(float(score))}
    cell.outputs = [new_output("execute_result", data=data, execution_count=1)]
    cell.execution_count = 1


def handed_out(assignment: str, notebook: str) -> set[str]:
    """The sources of all cells of the notebook that students were given."""
    return {cell.source for cell in released_cells(assignment, notebook)}


def released_cells(assignment: str, notebook: str) -> list[NotebookNode]:
    """All cells of the notebook that students were given."""
    path = ROOT / "course" / assignment / f"{notebook}.ipynb"
    return nbformat.read(path, as_version=4).cells if path.exists() else []
