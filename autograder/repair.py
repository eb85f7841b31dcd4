"""A submitted notebook, put back into a form that can be graded.

Pure functions on notebooks: what was recorded when the chapter was handed out comes in, what
had to be mended comes out.  Nothing here knows nbgrader's pipeline or its database.
"""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy

from nbformat import NotebookNode

from autograder.exercises import BY_GRADE_ID


def repair(nb: NotebookNode, recorded: dict[str, NotebookNode]) -> Iterator[tuple[str, str]]:
    """Mend a submission in place; what was done, as (grade id, sentence)."""
    for cell in nb.cells:
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
        cell.metadata.pop("tags", None)  # a tag can keep a cell from being run
        if "nbgrader" in cell.metadata and grade_id_of(cell) not in recorded:
            del cell.metadata["nbgrader"]
            yield "", "a marked cell that is not part of this notebook was set aside."
    yield from _keep_one_each(nb, recorded)
    yield from _adopt(nb, recorded)
    yield from _add_missing(nb, recorded)
    for cell in nb.cells:
        grade_id = grade_id_of(cell)
        if grade_id not in recorded:
            continue
        true = recorded[grade_id]
        if true.metadata["nbgrader"]["locked"] and cell.source != true.source:
            yield grade_id, "a locked cell had been edited; the original was put back."
            cell.source = true.source
        if cell.cell_type != true.cell_type:
            yield grade_id, "the cell had been given another type; it was changed back."
            _retype(cell, true.cell_type)
        cell.metadata["nbgrader"] = dict(true.metadata["nbgrader"])


def grade_id_of(cell: NotebookNode) -> str:
    """The id that a cell claims for itself; "" where it claims none."""
    claimed = cell.metadata.get("nbgrader")
    return str(claimed.get("grade_id", "")) if isinstance(claimed, dict) else ""


def _keep_one_each(nb: NotebookNode, recorded: dict) -> Iterator[tuple[str, str]]:
    """Of several cells with one id keep the last that was worked on; free the others."""
    for grade_id, true in recorded.items():
        copies = [cell for cell in nb.cells if grade_id_of(cell) == grade_id]
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
    present = {grade_id_of(cell) for cell in nb.cells}
    for grade_id in recorded.keys() - present:
        exercise = BY_GRADE_ID.get(grade_id)
        orphans = [
            c for c in nb.cells if not grade_id_of(c) and exercise and defines(c, exercise.name)
        ]
        if orphans:
            orphans[-1].metadata["nbgrader"] = {"grade_id": grade_id}
            yield grade_id, "the cell had lost its mark; it was recognised by its function."


def _add_missing(nb: NotebookNode, recorded: dict) -> Iterator[tuple[str, str]]:
    """Put every missing cell back behind the one that it followed."""
    before = None
    for grade_id, true in recorded.items():
        if grade_id not in {grade_id_of(cell) for cell in nb.cells}:
            place = next((i + 1 for i, c in enumerate(nb.cells) if grade_id_of(c) == before), 0)
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


def is_marking(cell: NotebookNode) -> bool:
    """Whether a cell is one of ours that is worth points."""
    return is_graded(cell) and grade_id_of(cell).removesuffix("-mark") in BY_GRADE_ID


def is_graded(cell: NotebookNode) -> bool:
    return (
        cell.cell_type == "code"
        and cell.metadata.get("nbgrader", {}).get("grade", False)
        and not cell.metadata["nbgrader"].get("solution", False)
    )


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
