"""Answers in words: found where the learner wrote them, or else shown to a person.

What is graded by a person must reach that person: an answer that was typed beside its cell
is no missing answer.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from difflib import SequenceMatcher

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from autograder.handed_in.adoption import Notes, grade_id_of
from autograder.handed_in.definitions import parsed
from autograder.links import without_solved

ALIKE = 0.6  # of a text that someone has edited: an answer repeats less of its question
LOOK = (
    "*The cell for this answer was missing, and no text was found in its place. The person "
    "who grades is asked to look for the answer in this notebook.*"
)


def find_answers(
    nb: NotebookNode, recorded: Mapping[str, NotebookNode], released: Sequence[NotebookNode]
) -> Notes:
    """Give each written question the text that answers it."""
    for grade_id, true in recorded.items():
        of = true.metadata["nbgrader"]
        if true.cell_type == "markdown" and of["solution"] and of["grade"]:
            yield from _find(nb, grade_id, true, Released(released, recorded))


class Released:
    """The notebook as it was handed out: which cells are its own, which the learner's."""

    def __init__(self, cells: Sequence[NotebookNode], recorded: Mapping):
        self.cells, self.recorded = list(cells), recorded
        self.texts = {plain(cell.source) for cell in cells} - {""}
        self.ids = {cell.get("id"): cell for cell in cells if cell.get("id")}

    def has(self, cell: NotebookNode) -> bool:
        """Whether a cell is one of those handed out, perhaps edited."""
        edited = self.ids.get(cell.get("id"))
        return (
            grade_id_of(cell) in self.recorded
            or plain(cell.source) in self.texts
            or (edited is not None and alike(cell.source, edited.source))
        )

    def before(self, grade_id: str) -> list[NotebookNode]:
        """What stood above an answer, the question first."""
        place = next(
            (i for i, c in enumerate(self.cells) if grade_id_of(c) == grade_id), 0
        )  # fmt: skip
        return self.cells[:place][::-1]


def _find(nb: NotebookNode, grade_id: str, true: NotebookNode, released: Released) -> Notes:
    cell = next((c for c in nb.cells if grade_id_of(c) == grade_id), None)
    blank = cell is None or plain(cell.source) in ("", plain(true.source))
    if not blank:
        return
    above = released.before(grade_id)
    question = _place(nb, above[0], released) if above else None
    if beside := list(_beside(nb, cell, question, above, released)):
        _take_over(nb, cell, beside[0], grade_id)
        yield grade_id, "the answer was found in a cell of its own and taken from there."
    elif added := _typed_into(nb, question, above):
        _answer(nb, cell, question, grade_id).source = added
        yield grade_id, "the answer was found in the question's cell and taken from there."
    elif cell is not None:
        cell.source = true.source  # emptied: nobody is asked to grade nothing
    elif any(is_text(c) and not released.has(c) for c in nb.cells) or _edited(nb, released):
        _answer(nb, cell, question, grade_id).source = LOOK
        yield grade_id, "the cell for the answer was missing; a person looks for the answer."


def plain(source: str) -> str:
    return " ".join(without_solved(source).split())


def alike(one: str, other: str) -> bool:
    """Whether one text is the other, edited or added to."""
    one, other = plain(one), plain(other)
    return bool(other) and (other in one or _ratio(one, other) > ALIKE)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:2000], other[:2000], autojunk=False).ratio()


def is_text(cell: NotebookNode) -> bool:
    """Whether a cell holds words: also in a code cell, where Python sees none or only a
    comment."""
    if grade_id_of(cell) or len(cell.source.split()) == 0:
        return False
    if cell.cell_type != "code":
        return True
    tree = parsed(cell.source)
    return len(cell.source.split()) > 2 and (tree is None or not _does_anything(tree))


def _does_anything(tree: ast.Module) -> bool:
    return not all(
        isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
        for line in tree.body
    )


def _place(nb: NotebookNode, question: NotebookNode, released: Released) -> int | None:
    """Where a text of the chapter stands in a submission, edited or not."""
    others = released.texts, released.ids  # what is another of the chapter's texts is not this
    texts = [(i, c) for i, c in enumerate(nb.cells) if not grade_id_of(c)]
    for is_it in (
        lambda c: plain(c.source) == plain(question.source),
        lambda c: c.get("id") == question.get("id") and alike(c.source, question.source),
        lambda c: (
            c.cell_type != "code"
            and alike(c.source, question.source)
            and plain(c.source) not in others[0]
            and c.get("id") not in others[1]
        ),
    ):
        if (found := next((i for i, c in texts if is_it(c)), None)) is not None:
            return found
    return None


def _beside(nb, cell, question, above: list, released: Released) -> Iterator[NotebookNode]:
    """The learner's own texts below a question, as far as the next cell of the chapter."""
    start = question
    if start is None:
        places = (_place(nb, each, released) for each in above[1:4])
        start = next((place for place in places if place is not None), None)
    if start is None and cell is not None:
        start = next(i for i, c in enumerate(nb.cells) if c is cell)
    for each in nb.cells[start + 1 :] if start is not None else []:
        if each is cell:
            continue
        if released.has(each):
            return
        if is_text(each):
            yield each


def _take_over(nb: NotebookNode, cell, found: NotebookNode, grade_id: str) -> None:
    if cell is not None:
        nb.cells = [c for c in nb.cells if c is not cell]
    found.metadata["nbgrader"] = {"grade_id": grade_id}


def _typed_into(nb: NotebookNode, question: int | None, above: list) -> str:
    """What was added to the question's own text."""
    if question is None or plain(nb.cells[question].source) == plain(above[0].source):
        return ""
    asked = {plain(line) for line in above[0].source.splitlines()}
    lines = nb.cells[question].source.splitlines()
    return "\n".join(line for line in lines if plain(line) not in asked).strip()


def _edited(nb: NotebookNode, released: Released) -> bool:
    """Whether a text of the chapter is not what it was."""
    return any(
        not grade_id_of(cell) and cell.cell_type != "code" and released.has(cell)
        and plain(cell.source) not in released.texts
        for cell in nb.cells
    )  # fmt: skip


def _answer(nb: NotebookNode, cell, question: int | None, grade_id: str) -> NotebookNode:
    """The cell for the answer, put back behind its question where it was missing."""
    if cell is None:
        cell = new_markdown_cell(metadata={"nbgrader": {"grade_id": grade_id}})
        nb.cells.insert(len(nb.cells) if question is None else question + 1, cell)
    if question is not None and nb.cells[question].get("attachments"):
        cell["attachments"] = deepcopy(nb.cells[question].attachments)
    return cell
