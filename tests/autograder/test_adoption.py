"""Which cell answers which exercise, however the learner arranged them."""

import itertools

import pytest
from nbformat.v4 import new_code_cell
from test_preprocessors import (
    CHECK,
    DEPTH,
    IDS,
    find,
    mended,
    recorded,
    released,
    solved,
    stub,
    work,
)

from autograder.handed_in.definitions import defines, same_code, without_stub, works_on
from autograder.handed_in.repair import repair

BOTH = f"{work(DEPTH)}\n\n\n{work(CHECK)}"


def last_given(nb, exercise) -> str:
    """The source of the cell whose definition stands when all have run in order."""
    return [cell.source for cell in nb.cells if defines(cell, exercise.name)][-1]


def counts(nb, exercise) -> bool:
    """Whether the function that was written is the one that stands at the end."""
    return works_on(new_code_cell(last_given(nb, exercise)), exercise.name)


def merged(into, gone):
    """The code of one exercise in the other's cell, its own cell deleted."""
    nb = solved()
    find(nb, into.grade_id).source = BOTH
    nb.cells.remove(find(nb, gone.grade_id))
    return nb


def all_in(*exercises, source=BOTH, place=1):
    """A fresh cell with everything, the own cells of some exercises deleted."""
    nb = released()
    for exercise in exercises:
        nb.cells.remove(find(nb, exercise.grade_id))
    nb.cells.insert(place, new_code_cell(source))
    return nb


def bare(nb):
    for cell in nb.cells:
        cell.metadata = {}
    return nb


def with_copy(source, **metadata):
    nb = solved()
    nb.cells.append(new_code_cell(source, metadata=metadata))
    return nb


MAGIC = "%%time\n" + BOTH
LINE_MAGIC = "%matplotlib inline\n" + BOTH
SHELL = "!pip install \\\n  einops\n" + BOTH
BROKEN = BOTH + "\n\nprint(\n"
SPACED = stub(DEPTH).replace("    ", "      ") + "\n\n"
TOGETHER = f"{stub(DEPTH)}\n\n\n{stub(CHECK)}"
NOTEBOOKS = {
    "two merged, the later gone": merged(DEPTH, CHECK),
    "two merged, the earlier gone": merged(CHECK, DEPTH),
    "both in a fresh cell": all_in(DEPTH, CHECK),
    "both in a fresh cell at the end": all_in(DEPTH, CHECK, place=99),
    "both in a fresh cell above their stubs": all_in(),
    "both without metadata": bare(all_in(DEPTH, CHECK)),
    "both without metadata, stubs left below": bare(all_in()),
    "under a cell magic": all_in(DEPTH, CHECK, source=MAGIC),
    "under a line magic": all_in(DEPTH, CHECK, source=LINE_MAGIC),
    "under a shell line": all_in(DEPTH, CHECK, source=SHELL),
    "in a cell that cannot be read": all_in(DEPTH, CHECK, source=BROKEN),
    "a copy of the stub at the end": with_copy(stub(DEPTH)),
    "with its metadata": with_copy(stub(DEPTH), nbgrader={"grade_id": DEPTH.grade_id}),
    "with other spaces": with_copy(SPACED),
    "with other spaces and metadata": with_copy(SPACED, nbgrader={"grade_id": DEPTH.grade_id}),
    "both stubs at the end": with_copy(TOGETHER),
    "both stubs below a magic": with_copy("%%time\n" + TOGETHER),
    "a stub in a branch": with_copy("if True:\n    " + stub(DEPTH).replace("\n", "\n    ")),
    "a stub with another text": with_copy("def depth_limit(weight, tol):\n    'Me.'\n    ..."),
}


@pytest.mark.parametrize("nb", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_a_function_that_was_written_counts(nb):
    assert mended(nb)
    for exercise in (DEPTH, CHECK):
        assert counts(nb, exercise)


@pytest.mark.parametrize("order", list(itertools.permutations(IDS)))
def test_grading_does_not_hang_on_the_order_of_a_set(order):
    """Cells are settled in the order in which the gradebook has them, which is a list's."""
    nb, true = all_in(DEPTH, CHECK), recorded()
    list(repair(nb, {grade_id: true[grade_id] for grade_id in order}))
    assert counts(nb, DEPTH)
    assert counts(nb, CHECK)


def test_where_the_function_stands_is_said_in_its_own_cell():
    nb = merged(DEPTH, CHECK)
    notes = dict(mended(nb))
    assert "stands in another exercise's cell" in notes[CHECK.grade_id]
    assert find(nb, CHECK.grade_id).source == (
        "# gradient_check stands in another cell of this notebook; that one counts."
    )
    assert find(nb, DEPTH.grade_id).source == BOTH


def test_where_nobody_wrote_anything_the_stub_stays():
    nb = released()
    nb.cells.append(new_code_cell(stub(DEPTH)))
    mended(nb)
    assert find(nb, DEPTH.grade_id).source == stub(DEPTH)


def test_of_copies_the_one_that_has_the_function_counts():
    """A cell that was split carries its mark twice."""
    nb = solved()
    rest = new_code_cell("helper = 3", metadata={"nbgrader": {"grade_id": DEPTH.grade_id}})
    nb.cells.append(rest)
    mended(nb)
    assert find(nb, DEPTH.grade_id).source == work(DEPTH)


def test_a_wrong_function_of_the_learners_stays_what_counts():
    """Only stubs are taken out: what someone wrote later is what they meant."""
    nb = with_copy("def depth_limit(weight, tol):\n    return 3")
    mended(nb)
    assert last_given(nb, DEPTH).endswith("return 3")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("f(1)", "f( 1 )  # mine", True),
        ("f(1)\n", "f(1)", True),
        ("def f(:", "def  f(:", True),
        ("f(1)", "f(2)", False),
        ("def f(:", "def g(:", False),
    ],
)
def test_the_same_code_may_be_spaced_otherwise(one, other, same):
    assert same_code(one, other) == same


def test_taking_out_a_stub_leaves_the_rest_of_the_cell():
    source = "%%time\nimport math\n\n@cache\ndef f(x):\n    raise NotImplementedError\n\ny = 1"
    said = "pass  # The stub of f stood here; the function you wrote counts."
    assert without_stub(source, "f") == f"%%time\nimport math\n\n{said}\n\ny = 1"
    assert without_stub("def f(x): return 1", "f") == "def f(x): return 1"


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("async def f(): pass", True),
        ("try:\n    import x\nexcept ImportError:\n    def f(): return 1", True),
        ("with x:\n    f = 1", True),
        ("(f, g) = 1, 2", True),
        ("f: int = 1", True),
        ("f: int", False),
        ("from x import f", False),
        ("%%time\ndef f(): return 1", True),
        ("%%bash\ndef f(): return 1", False),
        ("a = !ls\ndef f(): return 1", True),
        ("def g():\n    def f(): return 1", False),
        ("f.x = 1", False),
        ("these are words", False),
        ("def f(:\n    raise NotImplementedError\ndef g(: return 1", True),
    ],
)
def test_a_name_is_given_wherever_a_cell_gives_it(source, given):
    assert defines(new_code_cell(source), "f") == given
