"""A submitted notebook, put back into a form that can be graded.

Pure functions on notebooks: what was recorded when the chapter was handed out comes in, what
had to be mended comes out.  Nothing here knows nbgrader's pipeline or its database.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy

from nbformat import NotebookNode

from autograder.exercises import BY_GRADE_ID
from autograder.handed_in.adoption import Notes, adopt, grade_id_of, keep_one_each
from autograder.handed_in.written import find_answers


def repair(
    nb: NotebookNode,
    recorded: Mapping[str, NotebookNode],
    released: Sequence[NotebookNode] = (),
) -> Notes:
    """Mend a submission in place; what was done, as (grade id, sentence).

    `recorded` are the cells with a mark, `released` all cells that were handed out.
    """
    yield from _set_aside(nb, recorded)
    yield from keep_one_each(nb, recorded)
    yield from adopt(nb, recorded)
    yield from find_answers(nb, recorded, released)
    yield from _add_missing(nb, recorded)
    for cell in nb.cells:
        if grade_id_of(cell) in recorded:
            yield from _as_recorded(cell, recorded[grade_id_of(cell)])


def _set_aside(nb: NotebookNode, recorded: Mapping) -> Notes:
    """Take marks away that are not this notebook's."""
    for cell in nb.cells:
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
        cell.metadata.pop("tags", None)  # a tag can keep a cell from being run
        if "nbgrader" in cell.metadata and grade_id_of(cell) not in recorded:
            del cell.metadata["nbgrader"]
            yield "", "a marked cell that is not part of this notebook was set aside."


def _as_recorded(cell: NotebookNode, true: NotebookNode) -> Notes:
    """Give a cell the text (if it is locked), type and mark that it was handed out with."""
    grade_id = grade_id_of(cell)
    if true.metadata["nbgrader"]["locked"] and cell.source != true.source:
        if cell.source != _once_handed_out(grade_id):
            yield grade_id, "a locked cell had been edited; the original was put back."
        cell.source = true.source
    if cell.cell_type != true.cell_type:
        yield grade_id, "the cell had been given another type; it was changed back."
        _retype(cell, true.cell_type)
    cell.metadata["nbgrader"] = dict(true.metadata["nbgrader"])


def _once_handed_out(grade_id: str) -> str:
    """A marking cell as it was handed out at first; nobody edited that."""
    exercise = BY_GRADE_ID.get(grade_id.removesuffix("-mark"))
    return f"mark({exercise.name})" if exercise else ""


def _add_missing(nb: NotebookNode, recorded: Mapping) -> Notes:
    """Put every missing cell back behind the one that it followed."""
    present, before = {grade_id_of(cell) for cell in nb.cells}, None
    for grade_id, true in recorded.items():
        if grade_id not in present:
            place = next((i + 1 for i, c in enumerate(nb.cells) if grade_id_of(c) == before), 0)
            nb.cells.insert(place, deepcopy(true))
            yield grade_id, "the cell was missing; it was put back as it had been handed out."
        before = grade_id


def _retype(cell: NotebookNode, cell_type: str) -> None:
    cell.cell_type = cell_type
    if cell_type == "code":
        cell.pop("attachments", None)  # pictures of a text cell
        cell.outputs, cell.execution_count = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def is_marking(cell: NotebookNode) -> bool:
    """Whether a cell is one of ours that is worth points."""
    return is_graded(cell) and grade_id_of(cell).removesuffix("-mark") in BY_GRADE_ID


def is_graded(cell: NotebookNode) -> bool:
    return (
        cell.cell_type == "code"
        and cell.metadata.get("nbgrader", {}).get("grade", False)
        and not cell.metadata["nbgrader"].get("solution", False)
    )
