"""A written question: asked of students, graded by a person, its rubric kept from students."""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder.notebook import expand, release, write


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
