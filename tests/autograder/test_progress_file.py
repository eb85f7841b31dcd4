"""Progress outlives the kernel, and a file that is lost or damaged costs nothing but itself."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder import progress, progress_file
from autograder.exercises import EXERCISES
from autograder.front_page import page, standings
from autograder.progress_file import LARGEST, NAME, keep, recall, working_copy
from autograder.workspace import RECORD, write_record

LIMIT = EXERCISES["gradients.depth_limit"]
GOOD = {"score": 2.0, "right": True, "when": "2026-01-02T03:04:05+00:00"}


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A working copy, with the kernel in a chapter's folder."""
    folder = tmp_path / "my-course"
    for inside in ("01_gradients", "solutions"):
        (folder / inside).mkdir(parents=True)
    write_record(folder, {})
    monkeypatch.chdir(folder / "01_gradients")
    monkeypatch.setattr(progress_file, "_unkept", {})
    return folder


def test_what_one_kernel_kept_another_recalls(copy):
    keep("marks", LIMIT.id, GOOD)
    code = "from autograder.progress_file import recall; print(recall('marks'))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.stdout.strip() == str({LIMIT.id: GOOD})


def test_tries_and_shown_solutions_outlive_the_kernel(copy):
    start = (
        "from autograder import marking, progress\n"
        "from autograder.exercises import find\n"
        f"e = find({LIMIT.id!r}); wrong = e.variant(e.misconceptions[0])\n"
    )
    attempt = (
        "score = marking.mark(wrong, e.id); print(progress.tries(e), score.report.with_trace)\n"
        "marking.mark(e.id, show='solution')\n"
    )
    for kernel, tries in ((attempt * 2, ("1 False", "2 False")), (attempt, ("3 True",))):
        command = [sys.executable, "-c", start + kernel]
        told = subprocess.run(command, capture_output=True, text=True)
        assert all(each in told.stdout for each in tries), told.stderr
    assert progress.was_shown(LIMIT)
    assert (copy / "index.ipynb").is_file()


DAMAGED = {
    "empty": b"",
    "cut off": json.dumps({"marks": {LIMIT.id: GOOD}}).encode()[:30],
    "no UTF-8": b"\xff\xfe\x00{",
    "a list": b"[1, 2, 3]",
    "a number": b"3",
    "null": b"null",
    "deeply nested": b"[" * 100_000,
    "a long number": b'{"marks": {"gradients.depth_limit": {"score": ' + b"9" * 5000 + b"}}}",
    "huge": b'{"marks": {}, "x": "' + b"a" * LARGEST + b'"}',
    "NUL": b"\x00" * 100,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_as_none_and_the_next_mark_writes_it_anew(copy, content):
    (copy / NAME).write_bytes(content)
    assert recall("marks") == {}
    assert progress.marks() == {}
    assert "Begin here:" in page(copy)
    keep("marks", LIMIT.id, GOOD)
    assert progress.marks()[LIMIT.id].right


WRONG_TYPES = [
    None, 3, "text", [], [1], True, {"score": "2"}, {"score": None}, {"score": True},
    {"score": -1}, {"score": float("nan")}, {"score": float("inf")}, {"score": 10**400},
    {"score": [2]}, {"right": True}, {},
]  # fmt: skip


@pytest.mark.parametrize("entry", WRONG_TYPES, ids=map(str, range(len(WRONG_TYPES))))
def test_an_entry_that_makes_no_sense_costs_only_itself(copy, entry):
    keep("marks", LIMIT.id, entry)
    keep("marks", "gradients.gradient_check", GOOD | {"score": 1.0})
    assert list(progress.marks()) == ["gradients.gradient_check"]
    assert standings(copy)[0].points == EXERCISES["gradients.gradient_check"].points


@pytest.mark.parametrize("kind", ["marks", "tries", "shown", "predictions"])
@pytest.mark.parametrize("value", [None, 3, "text", [1], {"foreign": {"a": [1]}}, {"": None}])
def test_a_kind_that_is_none_costs_only_itself(copy, kind, value):
    (copy / NAME).write_text(json.dumps({kind: value, "from elsewhere": [1, {"x": 2}]}))
    assert progress.marks() == {}
    assert progress.tries(LIMIT) == 0
    assert not progress.was_shown(LIMIT)
    page(copy)
    keep("tries", LIMIT.id, 1)
    assert recall("from elsewhere") == {}
    assert json.loads((copy / NAME).read_text())["from elsewhere"] == [1, {"x": 2}]


@pytest.mark.parametrize("tries", [-1, 1e9, 2**70, True, "3", None, [3]])
def test_a_count_that_cannot_be_is_none(copy, tries):
    keep("tries", LIMIT.id, tries)
    assert progress.tries(LIMIT) == 0


def test_what_was_right_stays_right_when_points_have_changed(copy):
    keep("marks", LIMIT.id, GOOD | {"score": 1.0})
    assert progress.marks()[LIMIT.id][:2] == (LIMIT.points, True)
    keep("marks", LIMIT.id, {"score": 99, "right": False})
    assert progress.marks()[LIMIT.id][:2] == (LIMIT.points, False)


@pytest.mark.parametrize("when", [None, 3, "yesterday", "9999-99-99", "0001-01-01T00:00:00"])
def test_a_moment_that_cannot_be_is_none_and_the_mark_counts(copy, when):
    keep("marks", LIMIT.id, GOOD | {"when": when})
    assert progress.marks()[LIMIT.id].right
    page(copy)


def test_a_folder_in_the_files_place_stops_nobody(copy):
    (copy / NAME).mkdir()
    keep("marks", LIMIT.id, GOOD)
    assert recall("marks") == {LIMIT.id: GOOD}  # for this kernel's life
    assert sorted(path.name for path in copy.glob(".*")) == [RECORD, NAME]


def test_a_file_that_cannot_be_read_just_now_is_left_as_it_is(copy, monkeypatch):
    keep("marks", LIMIT.id, GOOD)
    before = (copy / NAME).read_bytes()
    with monkeypatch.context() as patched:

        def refuse(_path):
            raise PermissionError

        patched.setattr("pathlib.Path.read_bytes", refuse)
        assert recall("marks") == {}
        keep("tries", LIMIT.id, 1)
        assert recall("tries") == {LIMIT.id: 1}
    assert (copy / NAME).read_bytes() == before
    keep("shown", LIMIT.id, True)
    found = json.loads((copy / NAME).read_text())
    assert found == {
        "marks": {LIMIT.id: GOOD},
        "tries": {LIMIT.id: 1},
        "shown": {LIMIT.id: True},
    }


def test_two_threads_of_a_kernel_lose_nothing_either(copy):
    def work(name):
        for number in range(40):
            keep("tries", f"{name}{number}", number)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, "ab"))  # raises what was raised there
    assert len(json.loads((copy / NAME).read_text())["tries"]) == 80


def test_two_kernels_that_write_at_once_lose_nothing(copy):
    code = (
        "import sys\nfrom autograder.progress_file import keep\n"
        "print('ready', flush=True); input()\n"
        "for number in range(150): keep('tries', f'{sys.argv[1]}{number}', number)"
    )
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", code, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in "ab"
    ]  # fmt: skip
    for kernel in kernels:
        kernel.stdout.readline()
    for kernel in kernels:
        kernel.stdin.write("\n")
        kernel.stdin.flush()
    for kernel in kernels:
        kernel.communicate()
    assert len(recall("tries")) == 300
    assert sorted(path.name for path in copy.glob(".*")) == [RECORD, NAME]


def test_a_kernel_that_was_killed_while_it_wrote_holds_up_nobody(copy, monkeypatch):
    monkeypatch.setattr(progress_file, "PATIENCE", 0.05)
    (copy / f"{NAME}.lock").touch()
    keep("marks", LIMIT.id, GOOD)
    assert json.loads((copy / NAME).read_text())["marks"] == {LIMIT.id: GOOD}
    assert not (copy / f"{NAME}.lock").exists()


@pytest.mark.parametrize("what", ["autograde", "validate"])
def test_nbgrader_neither_reads_nor_writes_it(copy, monkeypatch, what):
    keep("marks", LIMIT.id, GOOD)
    before = (copy / NAME).read_bytes()
    monkeypatch.setenv("NBGRADER_EXECUTION", what)
    assert recall("marks") == {}
    progress.note_shown(LIMIT)
    assert (copy / NAME).read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_files_place_stops_nobody(copy):
    os.mkfifo(copy / NAME)
    assert recall("marks") == {}


def test_a_solved_notebook_leaves_no_trace(copy, monkeypatch):
    monkeypatch.chdir(copy / "solutions")
    assert working_copy() is None
    keep("marks", LIMIT.id, GOOD)
    assert not (copy / NAME).exists()
    assert recall("marks") == {LIMIT.id: GOOD}  # for this kernel's life


def test_where_there_is_no_working_copy_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress_file, "_unkept", {})
    keep("marks", LIMIT.id, GOOD)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_stops_nobody(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setattr(progress_file, "_unkept", {})
    gone.rmdir()
    keep("marks", LIMIT.id, GOOD)
    assert recall("marks") == {LIMIT.id: GOOD}


def test_the_record_makes_a_folder_a_working_copy(copy):
    assert working_copy() == copy.resolve()
    (copy / RECORD).unlink()
    assert working_copy() is None
