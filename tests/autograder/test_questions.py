"""A written question: asked of students, graded by a person, its rubric kept from students."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.handed_in.adoption import grade_id_of
from autograder.handed_in.repair import repair
from autograder.handed_in.written import LOOK
from autograder.notebook import expand, nbgrader, release, write


def question(source: str):
    return new_markdown_cell(source, metadata={"question": "topic-why", "points": 2})


def test_the_rubric_stays_with_the_instructor(tmp_path):
    cells = expand(question("Why?\n\nRUBRIC\n\nBecause. One point for the reason."))
    assert "Because" not in cells[0].source
    write(new_notebook(cells=cells), tmp_path / "solutions" / "x" / "x.ipynb")
    release("x", tmp_path / "solutions", tmp_path / "course")
    asked, answer = nbformat.read(tmp_path / "course/x/x.ipynb", as_version=4).cells
    assert asked.source.startswith("Why?")
    assert answer.source == "YOUR ANSWER HERE"
    assert answer.metadata["nbgrader"]["points"] == 2
    assert not answer.metadata["nbgrader"]["locked"]


def test_a_question_without_rubric_is_refused():
    with pytest.raises(ValueError, match="no line RUBRIC"):
        expand(question("Why?"))


# ── An answer is found where it was written ─────────────────────────────────────────

ANSWER = "The mean of squares is what the next layer adds up."
STUB = "YOUR ANSWER HERE"


def asked(*names):
    """A notebook as it is handed out: text, question and answer for each name, more text."""
    cells = [new_markdown_cell("# Title of the chapter", id="cell-0")]
    for name in names:
        cells += [
            new_markdown_cell(f"Say why {name} holds, and when not.", id=f"{name}-asks"),
            new_markdown_cell(STUB, id=name, metadata=nbgrader(name, solution=True, points=2)),
        ]
        cells.append(new_code_cell(f"print('after {name}')", id=f"{name}-shows"))
    return new_notebook(cells=[*cells, new_markdown_cell("## What follows", id="last")])


def answered(change, *names):
    """The answers after the repair of a changed notebook, and what was noted."""
    nb, released = asked(*names), asked(*names)
    recorded = {c.id: c for c in released.cells if "nbgrader" in c.metadata}
    change(nb.cells)
    notes = dict(repair(nb, recorded, released.cells))
    answers = {grade_id_of(c): c for c in nb.cells if grade_id_of(c)}
    assert all(cell.cell_type == "markdown" for cell in answers.values())
    assert list(answers) == list(names)
    return [cell.source for cell in answers.values()], notes


def at(cells, cell_id):
    return next(i for i, cell in enumerate(cells) if cell.get("id") == cell_id)


def new_cell_for(kind=new_markdown_cell, **fields):
    def change(cells):
        cells[at(cells, "a")] = kind(ANSWER, **fields)

    return change


def below(*texts):
    def change(cells):
        place = at(cells, "a") + 1
        cells[place:place] = [new_markdown_cell(text) for text in texts]

    return change


def in_the_question(cells):
    cells[at(cells, "a-asks")].source += f"\n\n{ANSWER}"


def in_the_question_alone(cells):
    in_the_question(cells)
    del cells[at(cells, "a")]


def without_ids_or_marks(cells):
    cells[at(cells, "a")].source = ANSWER
    for cell in cells:
        cell.metadata, cell["id"] = {}, new_code_cell().id


def without_the_question(cells):
    new_cell_for()(cells)
    del cells[at(cells, "a-asks")]


def moved(cells):
    cells[at(cells, "a")].source = ANSWER
    cells.append(cells.pop(at(cells, "a")))


def code(cells):
    cells[at(cells, "a")].cell_type = "code"
    cells[at(cells, "a")].source = ANSWER


FOUND = {
    "in a new cell": new_cell_for(),
    "in a new raw cell": new_cell_for(new_raw_cell),
    "in a new code cell": new_cell_for(new_code_cell),
    "below its empty cell": below(ANSWER),
    "below its empty cell, in parts": below(ANSWER, "And more."),
    "in the question's cell": in_the_question,
    "in the question's cell, its own gone": in_the_question_alone,
    "all ids and marks lost": without_ids_or_marks,
    "the question gone": without_the_question,
    "its cell made code": code,
}


@pytest.mark.parametrize("change", FOUND.values(), ids=FOUND)
@pytest.mark.parametrize("names", ["a", "ab"])
def test_an_answer_is_found_where_it_was_written(change, names):
    sources, notes = answered(change, *names)
    assert sources == [ANSWER, STUB][: len(names)]
    assert "answer" in notes["a"] or "another type" in notes["a"]


def test_an_answer_that_was_moved_is_still_the_answer():
    nb = asked("a")
    moved(nb.cells)
    sources, notes = answered(moved, "a")
    assert (sources, notes) == ([ANSWER], {})


def test_a_comment_is_words_and_a_program_is_none():
    assert answered(new_cell_for(lambda s: new_code_cell(f"# {s}")), "a")[0] == [f"# {ANSWER}"]
    sources, notes = answered(new_cell_for(lambda _: new_code_cell("x = 1\nprint(x)")), "a")
    assert sources == [STUB]
    assert "put back" in notes["a"]


@pytest.mark.parametrize("left", [STUB, "", "  \n", f" {STUB}\n"])
def test_what_was_left_empty_stays_empty(left):
    def change(cells):
        cells[at(cells, "a")].source = left

    sources, notes = answered(change, "a")
    assert (sources, notes) == ([STUB], {})


def test_a_cell_that_is_gone_from_a_notebook_without_words_is_put_back():
    def change(cells):
        del cells[at(cells, "a")]

    sources, notes = answered(change, "a", "b")
    assert sources == [STUB, STUB]
    assert "put back" in notes["a"]


def elsewhere(cells):
    del cells[at(cells, "a")]
    cells.append(new_markdown_cell(ANSWER))


def in_another_text(cells):
    del cells[at(cells, "a")]
    cells[at(cells, "last")].source += f"\n\n{ANSWER}"


@pytest.mark.parametrize("change", [elsewhere, in_another_text])
def test_where_the_answer_may_be_anywhere_a_person_looks(change):
    sources, notes = answered(change, "a")
    assert sources == [LOOK]
    assert "a person looks" in notes["a"]


def test_each_question_gets_its_own_answer():
    def change(cells):
        for name, text in (("a", ANSWER), ("b", "Because it must.")):
            cells[at(cells, name)] = new_markdown_cell(text)

    assert answered(change, "a", "b")[0] == [ANSWER, "Because it must."]


def test_a_picture_comes_with_its_answer():
    def change(cells):
        cell = cells[at(cells, "a-asks")]
        cell.source += "\n\n![x](attachment:x.png)"
        cell["attachments"] = {"x.png": {"image/png": "AAAA"}}

    nb, released = asked("a"), asked("a")
    change(nb.cells)
    list(repair(nb, {"a": released.cells[2]}, released.cells))
    assert nb.cells[2].attachments == {"x.png": {"image/png": "AAAA"}}


def test_words_beside_an_answer_that_is_there_are_left_alone():
    def change(cells):
        below("A note to myself.")(cells)
        cells[at(cells, "a")].source = ANSWER

    assert answered(change, "a") == ([ANSWER], {})
