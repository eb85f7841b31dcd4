"""Our two places in nbgrader's pipeline; tests/test_nbgrader.py drives the whole of it."""

import copy
import logging

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.apps import NbGraderApp
from nbgrader.utils import determine_grade
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.apart.sandbox import Cell
from autograder.exercises import EXERCISES
from autograder.grade import PRACTICE, grade, run_here
from autograder.handed_in.definitions import defines
from autograder.handed_in.repair import is_marking, repair
from autograder.notebook import nbgrader
from autograder.preprocessors import (
    NOTES,
    ExecuteApart,
    configure,
    handed_out,
    seed_for,
    show,
    submission_cells,
)

DEPTH, CHECK = (EXERCISES[f"gradients.{name}"] for name in ("depth_limit", "gradient_check"))


def stub(exercise):
    return f"{exercise.header}    # YOUR CODE HERE\n    raise NotImplementedError()"


def work(exercise):
    return f"{exercise.imports}\n\n\n{exercise.source}".lstrip()


def marked(cell, **fields):
    cell.metadata["nbgrader"] = nbgrader(**fields)["nbgrader"]
    return cell


def exercise_cells(exercise):
    return [
        marked(new_code_cell(stub(exercise)), grade_id=exercise.grade_id, solution=True),
        marked(
            new_code_cell(f"mark({exercise.name})"),
            grade_id=f"{exercise.grade_id}-mark", points=exercise.points,
        ),
    ]  # fmt: skip


def released():
    demonstration = new_code_cell("x = 1\nprint(x)")
    return new_notebook(
        cells=[new_markdown_cell("# Title"), *exercise_cells(DEPTH), demonstration,
               *exercise_cells(CHECK)]
    )  # fmt: skip


def recorded():
    """What nbgrader's gradebook holds of the released notebook."""
    cells = {}
    for cell in released().cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"] |= {"cell_type": cell.cell_type, "checksum": "abc"}
            cells[cell.metadata["nbgrader"]["grade_id"]] = cell
    return cells


IDS = [DEPTH.grade_id, f"{DEPTH.grade_id}-mark", CHECK.grade_id, f"{CHECK.grade_id}-mark"]


def twin(cell):
    copied = copy.deepcopy(cell)
    copied.id = new_code_cell().id  # as JupyterLab does it
    return copied


def find(nb, grade_id):
    (found,) = [c for c in nb.cells if is_(c, grade_id)]
    return found


def is_(cell, grade_id):
    claimed = cell.metadata.get("nbgrader")
    return isinstance(claimed, dict) and claimed.get("grade_id") == grade_id


def solved():
    nb = released()
    for exercise in (DEPTH, CHECK):
        find(nb, exercise.grade_id).source = work(exercise)
    return nb


def mended(nb):
    """Repair; whatever the damage, each recorded cell is there once and as recorded."""
    notes = list(repair(nb, recorded()))
    for grade_id, true in recorded().items():
        cell = find(nb, grade_id)
        assert cell.metadata["nbgrader"] == true.metadata["nbgrader"]
        assert cell.cell_type == true.cell_type
        if true.metadata["nbgrader"]["locked"]:
            assert cell.source == true.source
    assert sum("nbgrader" in cell.metadata for cell in nb.cells) == len(recorded())
    nbformat.validate(nb)
    return notes


# ── Repair ──────────────────────────────────────────────────────────────────────────


def test_a_sound_submission_is_left_as_it_is():
    nb, before = solved(), solved()
    assert mended(nb) == []
    assert [cell.source for cell in nb.cells] == [cell.source for cell in before.cells]


def test_repairing_twice_changes_nothing_more():
    nb = solved()
    nb.cells = [*nb.cells[2:], twin(nb.cells[3])]
    assert mended(nb)
    once = copy.deepcopy(nb)
    assert list(repair(nb, recorded())) == []
    assert nb == once


@pytest.mark.parametrize("grade_id", IDS)
def test_a_missing_cell_is_put_back_behind_the_one_before_it(grade_id):
    nb = solved()
    nb.cells.remove(find(nb, grade_id))
    note = "the cell was missing; it was put back as it had been handed out."
    assert mended(nb) == [(grade_id, note)]
    order = [c.metadata["nbgrader"]["grade_id"] for c in nb.cells if "nbgrader" in c.metadata]
    assert order == IDS


def test_all_cells_missing_are_all_put_back_in_order():
    nb = new_notebook(cells=[new_markdown_cell("all gone")])
    assert [grade_id for grade_id, _ in mended(nb)] == IDS
    assert [c.metadata["nbgrader"]["grade_id"] for c in nb.cells[:-1]] == IDS


def test_what_is_put_back_is_nobody_elses():
    theirs = recorded()
    first, second = new_notebook(), new_notebook()
    list(repair(first, theirs))
    first.cells[0].source = "changed"
    first.cells[0].metadata["nbgrader"]["points"] = 100
    list(repair(second, theirs))
    assert second.cells[0].source == stub(DEPTH)
    assert "points" not in second.cells[0].metadata["nbgrader"]


def test_of_copies_of_a_solution_the_last_that_was_worked_on_counts():
    nb = solved()
    early = twin(find(nb, DEPTH.grade_id))
    early.source = "def depth_limit(weight, tol):\n    return 1"
    untouched = twin(early)
    untouched.source = stub(DEPTH)
    nb.cells = [early, *nb.cells, untouched]
    assert mended(nb) == [
        (DEPTH.grade_id, "the cell stood there 3 times; the last one counts.")
    ]
    assert find(nb, DEPTH.grade_id).source == work(DEPTH)
    assert nb.cells[0].source == early.source


def test_an_untouched_copy_below_the_work_does_not_undo_it():
    nb = solved()
    untouched = twin(find(nb, DEPTH.grade_id))
    untouched.source = stub(DEPTH)
    nb.cells.append(untouched)
    mended(nb)
    cells = submission_cells(nb, set())
    assert [
        c.source for c in cells.values() if defines(new_code_cell(c.source), DEPTH.name)
    ] == [work(DEPTH)]


def test_of_untouched_copies_one_is_left():
    nb = released()
    nb.cells += [twin(cell) for cell in nb.cells]
    assert [grade_id for grade_id, _ in mended(nb)] == IDS
    assert find(nb, DEPTH.grade_id).source == stub(DEPTH)


def test_a_copied_marking_cell_counts_once():
    nb = solved()
    nb.cells += [twin(find(nb, IDS[1])) for _ in range(2)]
    assert mended(nb) == [(IDS[1], "the cell stood there 3 times; the last one counts.")]


def test_an_edited_marking_cell_is_put_right():
    nb = solved()
    find(nb, IDS[1]).source = "2.0"
    assert mended(nb) == [(IDS[1], "a locked cell had been edited; the original was put back.")]


@pytest.mark.parametrize("cell_type", ["markdown", "raw"])
@pytest.mark.parametrize("grade_id", IDS[:2])
def test_a_cell_given_another_type_is_changed_back(grade_id, cell_type):
    nb = solved()
    cell = find(nb, grade_id)
    cell.cell_type = cell_type
    del cell["outputs"], cell["execution_count"]
    cell["attachments"] = {"a.png": {"image/png": "AAAA"}}
    said = "the cell had been given another type; it was changed back."
    assert (grade_id, said) in mended(nb)
    assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize(
    "claim",
    [
        {"grade_id": "last-year", "grade": True, "points": 50},
        {"grade_id": 7},
        {"grade_id": ["gradients-depth_limit"]},
        {},
        [],
        ["gradients-depth_limit"],
        "gradients-depth_limit",
        "",
        None,
        3,
    ],
    ids=repr,
)
def test_a_foreign_claim_is_set_aside(claim):
    nb = solved()
    nb.cells.append(new_code_cell("1 + 1"))
    nb.cells[-1].metadata["nbgrader"] = claim
    ((_, note),) = mended(nb)
    assert note == "a marked cell that is not part of this notebook was set aside."
    assert nb.cells[-1].source == "1 + 1"


@pytest.mark.parametrize("metadata", [None, [], "x", 3], ids=repr)
def test_metadata_that_is_no_dictionary_is_replaced(metadata):
    nb = solved()
    find(nb, DEPTH.grade_id)["metadata"] = metadata
    nb.cells[0]["metadata"] = metadata
    assert mended(nb) == [
        (DEPTH.grade_id, "the cell had lost its mark; it was recognised by its function.")
    ]


@pytest.mark.parametrize("broken", ["x", ["y"], None, {"grade_id": None}], ids=repr)
def test_a_solution_with_a_broken_mark_is_recognised_by_its_function(broken):
    nb = solved()
    cell = find(nb, DEPTH.grade_id)
    cell.metadata["nbgrader"] = broken
    notes = mended(nb)
    assert notes[-1] == (
        DEPTH.grade_id, "the cell had lost its mark; it was recognised by its function."
    )  # fmt: skip
    assert find(nb, DEPTH.grade_id) is cell
    assert cell.source == work(DEPTH)


def test_when_all_metadata_is_lost_solutions_are_recognised_and_marking_cells_put_back():
    nb = solved()
    for cell in nb.cells:
        cell.metadata = NotebookNode()
    notes = dict(mended(nb))
    assert "recognised" in notes[DEPTH.grade_id]
    assert "missing" in notes[IDS[1]]
    assert find(nb, CHECK.grade_id).source == work(CHECK)


def test_of_several_cells_that_define_the_function_the_last_is_taken():
    nb = solved()
    nb.cells.remove(find(nb, DEPTH.grade_id))
    nb.cells += [new_code_cell(f"depth_limit = lambda weight, tol: {n}") for n in (1, 2)]
    mended(nb)
    assert find(nb, DEPTH.grade_id).source.endswith("2")


DAMAGE = {
    "schema": dict(schema_version=99),
    "points": dict(points=100),
    "flags": dict(solution=True, locked=False, task=True),
    "junk": dict(remove=True, more=[1]),
}


@pytest.mark.parametrize("fields", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("grade_id", IDS[:2])
def test_damaged_fields_are_as_recorded_again(grade_id, fields):
    nb = solved()
    find(nb, grade_id).metadata["nbgrader"] |= fields
    assert mended(nb) == []


def test_reordered_cells_are_all_found():
    nb = solved()
    nb.cells.reverse()
    assert mended(nb) == []
    assert find(nb, DEPTH.grade_id).source == work(DEPTH)


def test_a_tag_cannot_keep_a_cell_from_being_run():
    nb = solved()
    for cell in nb.cells:
        cell.metadata["tags"] = ["skip-execution"]
    mended(nb)
    assert not [cell for cell in nb.cells if "tags" in cell.metadata]


@pytest.mark.parametrize(
    ("source", "does"),
    [
        ("def f(x): pass", True),
        ("class f: pass", True),
        ("f = g = 3", True),
        ("import x\nf = lambda: 0", True),
        ("def g(): pass", False),
        ("if True:\n    def f(): pass", True),
        ("f(3)", False),
        ("def f(:", True),  # a syntax error is still the student's work
        ("def ff(:", False),
        ("f[0] = 1", False),
    ],
)
def test_a_cell_defines_what_it_names(source, does):
    assert defines(new_code_cell(source), "f") == does
    assert not defines(new_markdown_cell(source), "f")


# ── What is run, and what is judged ─────────────────────────────────────────────────


def test_solutions_and_own_cells_run_whole_handed_out_ones_only_define():
    nb = solved()
    nb.cells.append(new_code_cell("mine = 1"))
    cells = submission_cells(nb, {cell.source for cell in released().cells})
    assert list(cells.values()) == [
        Cell(work(DEPTH), whole=True),
        Cell("x = 1\nprint(x)", whole=False),
        Cell(work(CHECK), whole=True),
        Cell("mine = 1", whole=True),
    ]
    assert [nb.cells[index].source for index in cells] == [c.source for c in cells.values()]


def test_marking_cells_are_ours_by_their_grade_id():
    ours = [is_marking(cell) for cell in released().cells]
    assert ours == [False, False, True, False, False, True]
    foreign = marked(new_code_cell("1"), grade_id="another", points=3)
    assert not is_marking(foreign)


def test_the_sources_that_were_handed_out_are_those_of_the_course():
    assert handed_out("99_nothing", "99_nothing") == set()


def test_a_seed_belongs_to_a_student_an_exercise_and_a_secret():
    seeds = {
        seed_for(secret, student, exercise)
        for secret in ("a", "b")
        for student in ("ann", "annx")
        for exercise in ("x", "y", "xy")
    }
    assert len(seeds) == 12
    assert all(0 <= seed < 2**56 for seed in seeds)


def test_a_seed_is_the_same_whenever_it_is_graded_again():
    assert seed_for("secret", "ann", "gradients.depth_limit") == 48605452994063271
    assert seed_for("", "ann", "gradients.depth_limit") == PRACTICE


def test_the_settings_name_classes_that_exist_and_put_ours_in_their_places():
    c = Config()
    configure(c)
    sanitize, autograde = (
        [name.rpartition(".")[2] for name in names]
        for names in (c.Autograde.sanitize_preprocessors, c.Autograde.autograde_preprocessors)
    )
    for name in c.Autograde.sanitize_preprocessors + c.Autograde.autograde_preprocessors:
        assert import_item(name)
    assert sanitize.index("Repair") < sanitize.index("DeduplicateIds")
    assert sanitize.index("Repair") < sanitize.index("OverwriteCells")
    assert autograde.index("ExecuteApart") < autograde.index("SaveAutoGrades")
    assert "Execute" not in autograde
    assert c.CourseDirectory.source_directory == "../solutions"
    assert c.CourseDirectory.release_directory == "../course"


@pytest.mark.parametrize("place", ["sanitize_preprocessors", "autograde_preprocessors"])
def test_every_preprocessor_of_nbgraders_own_still_has_its_turn(place):
    c = Config()
    configure(c)
    (autograde,) = [k for k in NbGraderApp().classes if k.__name__ == "Autograde"] or [None]
    stock = [kind.__name__ for kind in getattr(autograde, place).default_args[0]]
    ours = [name.rpartition(".")[2] for name in c.Autograde[place]]
    assert [n for n in ours if n in stock] == [n for n in stock if n != "Execute"]


# ── The output that nbgrader reads ──────────────────────────────────────────────────


@pytest.mark.parametrize("submission", [DEPTH.target, DEPTH.variant(DEPTH.misconceptions[0])])
def test_what_is_written_as_output_is_the_score_that_nbgrader_reads(submission):
    cell = find(released(), IDS[1])
    cell.outputs = [new_output("execute_result", {"text/plain": "99"})]
    report = grade(DEPTH, run_here(submission))
    show(cell, report)
    assert determine_grade(cell, log=logging.getLogger()) == (report.score, 2)
    assert report.headline in cell.outputs[0]["data"]["text/html"]
    nbformat.validate(new_notebook(cells=[cell]))


def test_a_score_cannot_leave_the_range_of_the_cell():
    cell = find(released(), IDS[1])
    cell.metadata["nbgrader"]["points"] = 1
    show(cell, grade(DEPTH, run_here(DEPTH.target)))
    assert determine_grade(cell, log=logging.getLogger()) == (1.0, 1)


def judged(nb, secret="s", **trait):
    where = {"nbgrader": dict(student="ann", assignment="99_x", notebook="99_x", db_url="")}
    nb, _ = ExecuteApart(secret=secret, **trait).preprocess(nb, where | {"metadata": {}})
    return nb


def score_of(nb, grade_id):
    return determine_grade(find(nb, grade_id), log=logging.getLogger())[0]


@pytest.mark.slow
def test_our_cells_are_judged_apart_and_notes_of_the_repair_are_shown():
    nb = solved()
    find(nb, CHECK.grade_id).source = "raise ValueError('mine')"
    nb.metadata[NOTES] = {DEPTH.grade_id: ["it was mended."], IDS[1]: ["this too."]}
    nb = judged(nb)
    assert (score_of(nb, IDS[1]), score_of(nb, IDS[3])) == (2, 0)
    page = find(nb, IDS[1]).outputs[0]["data"]["text/html"]
    assert "On the way in: it was mended." in page
    assert "On the way in: this too." in page
    page = find(nb, IDS[3]).outputs[0]["data"]["text/html"]
    assert "Running the cell that defines it raised ValueError: mine." in page
    assert NOTES not in nb.metadata


@pytest.mark.slow
def test_an_answer_is_what_it_was_at_its_marking_cell_wherever_the_cells_stand():
    nb = solved()
    nb.cells.append(new_code_cell("depth_limit = [1.0, 2.0]"))
    stand = [cell for cell in nb.cells if is_(cell, IDS[2])]
    nb.cells = [cell for cell in nb.cells if cell not in stand] + stand
    find(nb, CHECK.grade_id).source = f"later = 3\n{work(CHECK)}\n1 / 0"
    nb = judged(nb)
    assert (score_of(nb, IDS[1]), score_of(nb, IDS[3])) == (2, CHECK.points)
    page = find(nb, IDS[3]).outputs[0]["data"]["text/html"]
    assert "at its end, below this cell" in page
    assert "raised ZeroDivisionError" in page


@pytest.mark.slow
def test_without_a_secret_the_log_warns(caplog):
    with caplog.at_level(logging.WARNING):
        judged(solved(), secret="")
    assert "No secret is set" in caplog.text


@pytest.mark.slow
def test_an_unknown_grade_id_keeps_nbgraders_own_way():
    nb = solved()
    nb.cells += [
        marked(
            new_code_cell("assert depth_limit(1.0, 0.1) > 0"), grade_id="own-right", points=3
        ),
        marked(
            new_code_cell("assert depth_limit(1.0, 0.1) < 0"), grade_id="own-wrong", points=3
        ),
        marked(new_code_cell("1.5"), grade_id="own-part", points=3),
    ]
    forged = find(nb, IDS[1])
    forged.outputs = [new_output("execute_result", {"text/plain": "0.25"})]
    nb = judged(nb)
    assert [score_of(nb, f"own-{name}") for name in ("right", "wrong", "part")] == [3, 0, 1.5]
    assert (score_of(nb, IDS[1]), score_of(nb, IDS[3])) == (2, 2)


@pytest.mark.slow
def test_a_notebook_without_our_cells_is_nbgraders_alone():
    cell = marked(new_code_cell("0.5"), grade_id="own", points=1)
    assert score_of(judged(new_notebook(cells=[cell])), "own") == 0.5
