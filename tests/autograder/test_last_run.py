"""What is marked is what the cell says: broken, renamed and deleted functions are told."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from autograder import last_run, progress

RIGHT = "def depth_limit(weight, tol):\n    return right(weight, tol)\n"
STUB = "def depth_limit(weight, tol):\n    raise NotImplementedError()\n"
BROKEN = RIGHT + "    return )\n"
RENAMED = """def depthlimit(weight, tol):
    '''Its example still says

    >>> depth_limit(2.0, 1e-6)
    '''
    return depth_limit(weight, tol)
"""
FIRST = (
    "from autograder import mark\n"
    "from autograder.exercises import EXERCISES\n"
    "right = EXERCISES['gradients.depth_limit'].accepts[0]\n"
)


@pytest.fixture
def noted(monkeypatch):
    """The reports that are kept in the learner's progress; none is, for these tests."""
    found = []
    monkeypatch.setattr(progress, "note", lambda _exercise, report: found.append(report))
    return found


@pytest.fixture
def run(noted):
    """Run the source of a cell in a shell, as a notebook's editor has it run."""
    shell = InteractiveShell.instance()
    shell.run_cell(FIRST, cell_id="first", store_history=True)
    yield lambda cell, source: shell.run_cell(source, cell_id=cell, store_history=True).result
    InteractiveShell.clear_instance()
    last_run._watches.clear()


def marked(run):
    return run("marking", "mark(depth_limit)").report


@pytest.mark.parametrize(
    ("later", "says"),
    [
        (BROKEN, "was last run with a syntax error in line 3."),
        ("%%time\n" + BROKEN, "was last run with a syntax error."),
        ("%%capture\n" + BROKEN, "was last run with a syntax error"),
        (RIGHT.replace("depth_limit", "depthlimit"), "defines it no longer, but `depthlimit`."),
        (RENAMED, "defines it no longer, but `depthlimit`."),
        ("class A:\n    def depth_limit(self):\n        1 / 0", "no longer, but `A`."),
        ("# nothing", "defines it no longer."),
        ("", "defines it no longer."),
        ("import nowhere\n" + RIGHT, "was stopped by ModuleNotFoundError before it came to"),
    ],
)
@pytest.mark.parametrize("before", [RIGHT, STUB])
def test_a_function_from_before_is_not_marked(run, before, later, says, capsys):
    run("a", before)
    run("a", later)
    report = marked(run)
    assert report.score == 0
    assert not report.passed
    assert report.lead.startswith("The cell of `depth_limit` ")
    assert says in report.lead
    assert "a `depth_limit` from before is not marked" in str(report)
    assert "not attempted" not in str(report)
    assert "not marked (0 of 2 points)" in report._repr_html_()
    assert not report.attempted  # it counts as no try


def test_what_is_not_marked_is_not_right_in_the_chapter(run, noted, capsys):
    run("a", RIGHT)
    marked(run)
    run("a", BROKEN)
    marked(run)
    assert [(report.score, report.passed) for report in noted] == [(2, True), (0, False)]


@pytest.mark.parametrize(
    "runs",
    [
        [("a", BROKEN), ("a", RIGHT)],
        [("a", RIGHT), ("b", BROKEN)],  # a copy elsewhere: the cell itself is as it was
        [("a", STUB), ("b", RIGHT), ("a", BROKEN)],  # a later cell has the answer
        [("a", RIGHT), ("b", RIGHT.replace("depth_limit", "other"))],
        [("a", "depth_limit = right"), ("a", "depth_limit = right")],
        [("a", "from functools import cache\ndepth_limit = cache(right)")],
        [("a", "%%time\n" + RIGHT), ("a", "%%time\n" + RIGHT)],
        [("a", RIGHT + "1 / 0")],  # it was defined before that
    ],
)
def test_what_the_cells_say_is_marked(run, runs, capsys):
    for cell, source in runs:
        run(cell, source)
    report = marked(run)
    assert report.stale == ""
    assert report.score == 2


LIVELY = (
    "class Limit:\n    def __call__(self, weight, tol):\n        return right(weight, tol)\n"
    "depth_limit = Limit()\n"
)


@pytest.mark.parametrize(
    ("before", "later"),
    [
        # it is spoken of in the docstring, as in every stub, or called below
        (RIGHT, 'def other(weight, tol):\n    """\n    >>> depth_limit(1.0, 1e-3)\n    """\n'),
        (RIGHT, RIGHT.replace("depth_limit", "other") + "print(depth_limit(1.0, 1e-3))"),
        (RIGHT, "depth_limit(1.0, 1e-3)"),
        (RIGHT, "'depth_limit'"),
        (LIVELY, LIVELY + "1 +"),
        (LIVELY, LIVELY.replace("depth_limit", "other")),
    ],
)
def test_to_speak_of_a_function_is_not_to_define_it(run, before, later, capsys):
    run("a", before)
    assert marked(run).score == 2
    run("a", later)
    assert marked(run).lead.startswith("The cell of `depth_limit` ")


@pytest.mark.parametrize(
    "giving",
    [
        "from math import floor as depth_limit",
        "import sys, types\nm = sys.modules['m'] = types.ModuleType('m')\n"
        "m.depth_limit = right\nfrom m import *",
        "globals()['depth_limit'] = right",
        "for depth_limit in [right]:\n    pass",
        "exec('depth_limit = right')",
    ],
)
def test_a_cell_that_gives_the_name_otherwise_may_run_twice(run, giving, capsys):
    run("a", giving)
    run("a", giving)
    assert marked(run).stale == ""


def test_a_function_from_before_the_first_mark_is_not_marked_when_its_cell_is_broken(
    run, capsys
):
    shell = InteractiveShell.instance()
    shell.events.unregister("post_run_cell", last_run._watches.pop().noted)
    run("a", RIGHT)
    run("b", "from autograder import mark")
    assert marked(run).score == 2
    run("a", BROKEN)
    assert "with a syntax error in line 3" in marked(run).lead
    run("a", RIGHT)
    assert marked(run).score == 2


def test_where_no_cell_has_an_id_the_name_tells_it(run, capsys):
    run(None, RIGHT)
    run(None, "1 + ")
    assert marked(run).score == 2
    run(None, BROKEN)
    assert "with a syntax error in line 3" in marked(run).lead


def test_a_name_that_is_not_there_is_told_by_the_cell_that_writes_it(run):
    assert last_run.missing("depth_limit") == ""
    run("a", BROKEN)
    assert "with a syntax error in line 3" in last_run.missing("depth_limit")


def test_without_a_shell_nothing_is_known():
    last_run.watch(None)
    assert last_run.stale(len, "len") == last_run.missing("len") == ""
