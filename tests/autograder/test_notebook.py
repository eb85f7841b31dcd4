"""A chapter becomes a solved notebook, and that one a student's."""

import textwrap

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from autograder import links, notebook
from autograder.exercises import EXERCISES

EXERCISE = EXERCISES["gradients.depth_limit"]
HEAD = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---
"""
BODY = """
# A chapter

Some text.

```{code-cell} ipython3
from autograder import mark
```

```{code-cell} ipython3
:exercise: gradients.depth_limit
```

More text.

```{code-cell} ipython3
:tags: [hide-input]

1 + 1
```
"""


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "01_small.md"
    path.write_text(HEAD + BODY)
    return path


FRAME = (links.HEAD, links.BACK, links.FOOT)


@pytest.fixture
def built(chapter):
    """The notebook without what stands around every chapter (test_links)."""
    made = notebook.instructor_notebook(chapter)
    made.cells = [cell for cell in made.cells if cell.id not in FRAME]
    return made


def test_the_same_chapter_always_gives_the_same_notebook(chapter, built):
    again = notebook.instructor_notebook(chapter)
    again.cells = [cell for cell in again.cells if cell.id not in FRAME]
    assert nbformat.writes(again) == nbformat.writes(built)
    assert len({cell.id for cell in built.cells}) == len(built.cells)
    nbformat.validate(built)


def test_an_exercise_becomes_a_heading_a_solution_and_a_marking_cell(built):
    kinds = [(cell.cell_type, cell.id) for cell in built.cells]
    assert kinds == [
        ("markdown", "cell-000"),
        ("code", "cell-001"),
        ("markdown", "cell-002"),
        ("code", "gradients-depth_limit"),
        ("code", "gradients-depth_limit-mark"),
        ("markdown", "cell-005"),
        ("code", "cell-006"),
    ]


def test_the_heading_says_what_it_is_worth_and_what_for(built):
    heading = built.cells[2].source
    assert heading.startswith('<a id="depth_limit"></a>\n\n### `depth_limit` · 2 points\n\n')
    assert f"About {EXERCISE.minutes} minutes · difficulty ●●○○○ · " in heading
    assert f"so that you can {EXERCISE.goal}." in heading


def test_the_heading_says_which_of_the_learners_functions_may_be_called(built):
    assert "You may call" not in built.cells[2].source
    heading, stub, _ = notebook.exercise_cells(EXERCISES["adaptive.adamw"])
    assert "You may call your `adam` here." in heading.source
    assert "import Moments\n" in stub.source


def test_the_solution_stands_between_nbgraders_marks(built):
    before, _, rest = built.cells[3].source.partition("    ### BEGIN SOLUTION\n")
    assert before == f"{EXERCISE.imports}\n\n\n{EXERCISE.header}".lstrip()
    assert rest == f"{EXERCISE.body}    ### END SOLUTION"


def test_every_cell_is_the_students_or_locked_and_worth_points(built):
    solution, marking = (built.cells[place].metadata["nbgrader"] for place in (3, 4))
    common = dict(schema_version=3, task=False)
    assert solution == common | dict(
        grade_id="gradients-depth_limit", solution=True, grade=False, locked=False
    )
    assert marking == common | dict(
        grade_id="gradients-depth_limit-mark", solution=False, grade=True, locked=True, points=2
    )
    assert built.cells[4].source == 'from autograder import mark\n\nmark("depth_limit")'
    assert not [c for c in built.cells if "exercise" in c.metadata]


def test_other_cells_and_their_tags_are_copied(built):
    assert built.cells[0].source == "# A chapter\n\nSome text."
    assert built.cells[6].source == "1 + 1"
    assert built.cells[6].metadata["tags"] == ["hide-input"]
    assert "jupytext" not in built.metadata


def test_an_exercise_that_does_not_exist_stops_the_build(chapter):
    chapter.write_text(HEAD + BODY.replace("depth_limit", "deep_limit"))
    with pytest.raises(LookupError, match=r"no exercise 'gradients.deep_limit'; there are"):
        notebook.instructor_notebook(chapter)


def test_a_chapter_that_does_not_exist_stops_the_build():
    with pytest.raises(LookupError, match=r"no chapter \['99_nothing'\]; there are \['01_"):
        notebook.build_course(["99_nothing"])


def test_chapters_come_in_their_order():
    names = [path.name for path in notebook.chapters()]
    assert names == sorted(names)
    assert names[0] == "01_gradients.md"


def test_a_notebook_is_written_where_no_folder_was_and_checked_first(built, tmp_path):
    path = tmp_path / "solutions" / "01_small" / "01_small.ipynb"
    notebook.write(built, path)
    assert path.read_text().endswith("}\n")
    assert nbformat.read(path, as_version=4) == built
    built.cells[0]["outputs"] = []
    with pytest.raises(nbformat.ValidationError):
        notebook.write(built, tmp_path / "broken.ipynb")
    assert not (tmp_path / "broken.ipynb").exists()


@pytest.fixture
def released(built, tmp_path):
    source, target = tmp_path / "solutions", tmp_path / "course"
    notebook.write(built, source / "01_small" / "01_small.ipynb")
    notebook.release("01_small", source, target)
    return target / "01_small" / "01_small.ipynb"


def test_no_solution_is_left_in_the_released_notebook(released):
    text = released.read_text()
    assert "SOLUTION" not in text
    for line in EXERCISE.body.strip().splitlines():
        assert line.strip() not in text
    cells = nbformat.read(released, as_version=4).cells
    assert (
        cells[3].source
        == (
            f"{EXERCISE.imports}\n\n\n{EXERCISE.header}"
            "    # YOUR CODE HERE\n    raise NotImplementedError()"
        ).lstrip()
    )


def test_releasing_twice_gives_the_same_file_and_no_gradebook(released, tmp_path):
    before = released.read_text()
    notebook.release("01_small", tmp_path / "solutions", tmp_path / "course")
    assert released.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "01_small.md", "course", "solutions",
    ]  # fmt: skip


# ── Running it ──────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_solved_notebook_earns_its_points_and_leaves_no_trace_of_this_machine(chapter):
    runs = [notebook.execute(notebook.instructor_notebook(chapter)) for _ in range(2)]
    assert nbformat.writes(runs[0]) == nbformat.writes(runs[1])
    marked = next(c for c in runs[0].cells if c.id.endswith("-mark")).outputs[0]
    assert marked["data"]["text/plain"] == "2.0"
    assert "2 of 2 points" in marked["data"]["text/html"]
    assert runs[0].metadata["language_info"] == {"name": "python"}
    assert not [cell for cell in runs[0].cells if "execution" in cell.metadata]


@pytest.mark.slow
def test_a_cell_that_raises_stops_the_build(chapter):
    claim = "\n```{code-cell} ipython3\nassert 1 > 2, 'not so'\n```\n"
    chapter.write_text(HEAD + textwrap.dedent(claim))
    with pytest.raises(CellExecutionError, match="not so"):
        notebook.execute(notebook.instructor_notebook(chapter))


def test_a_written_question_says_what_to_do_where_nobody_grades():
    asked = nbformat.v4.new_markdown_cell(
        "Q?\nRUBRIC\nA.", metadata={"question": "q", "points": 2}
    )
    asking, answer = notebook.question_cells(asked)
    assert asking.source.startswith("Q?")
    assert "compare it with the one in the solved notebook" in asking.source
    assert "A." in answer.source
