"""What stands around a chapter: links to what is beside it, and a word on coming back."""

import re
from copy import deepcopy

import nbformat
import pytest
from test_notebook import BODY, HEAD

from autograder import links, notebook
from autograder.exercises import EXERCISES
from autograder.handed_in.repair import repair


@pytest.fixture
def three(tmp_path):
    """Three small chapters."""
    paths = [tmp_path / f"0{n}_{name}.md" for n, name in enumerate(("one", "two", "three"), 1)]
    for number, path in enumerate(paths, 1):
        path.write_text(HEAD + BODY.replace("# A chapter", f"# {number} · Its title"))
    return paths


def test_a_chapter_begins_and_ends_with_the_same_line_of_links(three):
    cells = notebook.instructor_notebook(three[1]).cells
    assert cells[0].id == links.HEAD
    assert cells[-1].id == links.FOOT
    assert cells[0].source == cells[-1].source
    assert re.findall(r"\]\((.*?)\)", cells[0].source) == [
        "../index.ipynb",
        "../01_one/01_one.ipynb",
        "../03_three/03_three.ipynb",
        "../glossary.ipynb",
    ]
    assert "← [1 · Its title]" in cells[0].source
    assert "[3 · Its title](../03_three/03_three.ipynb) →" in cells[0].source


def test_the_first_chapter_has_none_before_it_and_the_last_none_behind_it(three):
    assert "←" not in links.line(three[0])
    assert "→" not in links.line(three[2])


def test_above_the_first_code_a_sentence_says_what_to_run_on_coming_back(three):
    cells = notebook.instructor_notebook(three[0]).cells
    first = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    assert cells[first - 1].id == links.BACK
    assert links.RUN_ABOVE in cells[first - 1].source


def test_the_link_to_the_solved_notebook_is_added_and_taken_off_again(three):
    line = links.line(three[1])
    longer = links.with_solved(line, "02_two")
    assert longer.endswith(" · [solved notebook](../solutions/02_two_solved.ipynb)")
    assert links.without_solved(longer) == line


def test_an_exercises_heading_fits_into_a_table_of_contents():
    assert EXERCISES["gradients.sigmoid_chain_gradient"].heading == (
        "sigmoid_chain_gradient · 3 points"
    )
    assert EXERCISES["adaptive.newton_schulz"].heading == "newton_schulz · 2 points · bonus"
    assert max(len(exercise.heading) for exercise in EXERCISES.values()) < 50


# ── nbgrader's marks around an answer in words ──────────────────────────────────────

ASKED = """
+++ {"question": "small-why", "points": 2}

Why is that so?

RUBRIC

Because *it* is.
"""


@pytest.fixture
def question(tmp_path):
    path = tmp_path / "01_small.md"
    path.write_text(HEAD + BODY + ASKED)
    built = notebook.instructor_notebook(path)
    notebook.write(built, tmp_path / "solutions" / "01_small" / "01_small.ipynb")
    return built, tmp_path


def test_the_marks_of_an_answer_in_words_are_seen_by_nobody(question):
    from nbconvert.filters import markdown2html

    built, _ = question
    answer = next(cell for cell in built.cells if cell.id == "small-why")
    page = markdown2html(answer.source)
    assert "<em>it</em>" in page
    assert "SOLUTION" not in re.sub(r"<!--.*?-->", "", page)


def test_nbgrader_finds_them_all_the_same(question):
    _, folder = question
    notebook.release("01_small", folder / "solutions", folder / "course")
    released = nbformat.read(folder / "course/01_small/01_small.ipynb", as_version=4)
    answer = next(cell for cell in released.cells if cell.id == "small-why")
    assert answer.source == "YOUR ANSWER HERE"


# ── What comes back from a working copy ─────────────────────────────────────────────


def handed_in(path, change):
    """A submission of the chapter, and what repairing it says."""
    built = notebook.instructor_notebook(path)
    recorded = {c.id: c for c in built.cells if "nbgrader" in c.metadata}
    mine = deepcopy(built)
    change(mine)
    return list(repair(mine, deepcopy(recorded), deepcopy(built.cells))), mine


def test_a_marking_cell_as_it_was_handed_out_at_first_is_nobodys_edit(three):
    def older(mine):
        marking = next(cell for cell in mine.cells if cell.id.endswith("-mark"))
        marking.source = "mark(depth_limit)"

    notes, mine = handed_in(three[0], older)
    assert notes == []
    assert any('mark("depth_limit")' in cell.source for cell in mine.cells)


def test_the_added_link_is_not_taken_for_an_answer(question):
    _, folder = question

    def emptied_and_linked(mine):
        mine.cells = [cell for cell in mine.cells if cell.id != "small-why"]
        for cell in mine.cells:
            if cell.id in (links.HEAD, links.FOOT):
                cell.source = links.with_solved(cell.source, "01_small")

    notes, _ = handed_in(folder / "01_small.md", emptied_and_linked)
    assert [note for of, note in notes if of == "small-why"] == [
        "the cell was missing; it was put back as it had been handed out."
    ]
