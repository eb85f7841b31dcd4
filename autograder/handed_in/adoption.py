"""Which cell of a notebook answers which exercise, however the learner arranged them.

A function that someone wrote counts wherever it stands, and no stub runs over it.
"""

from collections.abc import Iterator, Mapping

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.exercises import BY_GRADE_ID
from autograder.handed_in.definitions import defines, same_code, without_stub, works_on

Notes = Iterator[tuple[str, str]]  # (grade id, sentence)


def grade_id_of(cell: NotebookNode) -> str:
    """The id that a cell claims for itself; "" where it claims none."""
    claimed = cell.metadata.get("nbgrader")
    return str(claimed.get("grade_id", "")) if isinstance(claimed, dict) else ""


def keep_one_each(nb: NotebookNode, recorded: Mapping[str, NotebookNode]) -> Notes:
    """Of several cells with one id keep the last that was worked on; free the others."""
    for grade_id, true in recorded.items():
        copies = [cell for cell in nb.cells if grade_id_of(cell) == grade_id]
        if len(copies) < 2:
            continue
        written = [cell for cell in copies if not same_code(cell.source, true.source)]
        if true.metadata["nbgrader"]["locked"]:
            kept = copies[-1]
        else:
            exercise = BY_GRADE_ID.get(grade_id)
            worked = [c for c in written if exercise and works_on(c, exercise.name)]
            kept = (worked or written or copies)[-1]
        for cell in copies:
            if cell is not kept:
                del cell.metadata["nbgrader"]
                if not any(cell is each for each in written):
                    cell.source = ""
        yield grade_id, f"the cell stood there {len(copies)} times; the last one counts."


def adopt(nb: NotebookNode, recorded: Mapping[str, NotebookNode]) -> Notes:
    """Give every function that was written to its exercise, in the notebook's order.

    A cell that lost its mark and holds the function becomes the exercise's own.  Where the
    function stands in a cell that has another mark already, that cell answers both, and a
    sentence takes the place of the exercise's own cell.
    """
    for grade_id in recorded:
        if grade_id in BY_GRADE_ID:
            yield from _settle(nb, grade_id, BY_GRADE_ID[grade_id].name, recorded)


def _settle(nb: NotebookNode, grade_id: str, name: str, recorded: Mapping) -> Notes:
    own = next((cell for cell in nb.cells if grade_id_of(cell) == grade_id), None)
    locked = {key for key, true in recorded.items() if true.metadata["nbgrader"]["locked"]}
    others = [
        c for c in nb.cells
        if c is not own and grade_id_of(c) not in locked and defines(c, name)
    ]  # fmt: skip
    written = [cell for cell in others if works_on(cell, name)]
    free = [cell for cell in written if not grade_id_of(cell)]
    if own is None and free:
        own = free[-1]
        own.metadata["nbgrader"] = {"grade_id": grade_id}
        yield grade_id, "the cell had lost its mark; it was recognised by its function."
    elif written and (own is None or (defines(own, name) and not works_on(own, name))):
        yield from _point(nb, own, written[-1], grade_id, name)
    if written or (own is not None and works_on(own, name)):
        yield from _disarm([cell for cell in others if cell is not own], grade_id, name)


def _point(nb: NotebookNode, own: NotebookNode | None, holder, grade_id: str, name: str):
    """Let the exercise's own cell say where the function stands, instead of running a stub."""
    said = f"# {name} stands in another cell of this notebook; that one counts."
    if own is None:
        place = next(i for i, cell in enumerate(nb.cells) if cell is holder)
        pointer = new_code_cell(said, metadata={"nbgrader": {"grade_id": grade_id}})
        nb.cells.insert(place + 1, pointer)
        yield grade_id, "the function stands in another exercise's cell; it counts there."
    else:
        own.source = said
        yield grade_id, "the function stands in another cell than its own; it counts there."


def _disarm(cells: list[NotebookNode], grade_id: str, name: str) -> Notes:
    """Take out stubs that would run over the function that was written."""
    stubs = [cell for cell in cells if not works_on(cell, name)]
    for cell in stubs:
        cell.source = without_stub(cell.source, name)
    if stubs:
        yield grade_id, "a copy of the empty function was left out; the one you wrote counts."
