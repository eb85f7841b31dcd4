"""A learner's working copy: filled, never overwritten."""

import shutil

import pytest

from autograder import __main__ as command_line
from autograder.progress_file import working_copy
from autograder.workspace import RECORD, fill, read_record, superseded

NOTEBOOK = "01_gradients/gradients.ipynb"
DATA = "01_gradients/images.npz"


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course" / "01_gradients"
    folder.mkdir(parents=True)
    (folder / "gradients.ipynb").write_text("first version")
    (folder / "images.npz").write_bytes(b"\x00\x01")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "gradients-checkpoint.ipynb").write_text(
        "not for learners"
    )
    return tmp_path / "course"


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "my-course"


def files(folder):
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found)


def test_an_empty_working_copy_gets_everything_but_hidden_files(course, mine):
    assert fill(course, mine) == [mine / NOTEBOOK, mine / DATA]
    assert files(mine) == [RECORD, NOTEBOOK, DATA]
    assert (mine / NOTEBOOK).read_text() == "first version"
    assert (mine / DATA).read_bytes() == b"\x00\x01"


def test_a_second_filling_copies_nothing(course, mine):
    fill(course, mine)
    assert fill(course, mine) == []


def test_a_lost_record_is_made_anew_for_progress_finds_its_place_by_it(course, mine):
    fill(course, mine)
    (mine / RECORD).unlink()
    assert fill(course, mine) == []
    assert working_copy(mine / "01_gradients") == mine.resolve()
    assert superseded(course, mine) == []  # of what was handed out nothing is known


def test_a_learners_notebook_is_never_overwritten(course, mine):
    fill(course, mine)
    (mine / NOTEBOOK).write_text("my work")
    (course / NOTEBOOK).write_text("second version")
    assert fill(course, mine) == []
    assert (mine / NOTEBOOK).read_text() == "my work"


def test_a_notebook_that_was_there_before_the_first_filling_is_kept(course, mine):
    (mine / NOTEBOOK).parent.mkdir(parents=True)
    (mine / NOTEBOOK).write_text("brought along")
    assert fill(course, mine) == [mine / DATA]
    assert (mine / NOTEBOOK).read_text() == "brought along"


def test_a_broken_link_in_a_notebooks_place_is_kept(course, mine):
    (mine / NOTEBOOK).parent.mkdir(parents=True)
    (mine / NOTEBOOK).symlink_to("elsewhere.ipynb")
    assert fill(course, mine) == [mine / DATA]
    assert (mine / NOTEBOOK).is_symlink()


def test_a_deleted_notebook_comes_back_as_the_course_has_it(course, mine):
    fill(course, mine)
    (mine / NOTEBOOK).unlink()
    (course / NOTEBOOK).write_text("second version")
    assert fill(course, mine) == [mine / NOTEBOOK]
    assert (mine / NOTEBOOK).read_text() == "second version"
    assert superseded(course, mine) == []


def test_a_newer_version_is_told_of_until_the_learner_has_it(course, mine):
    fill(course, mine)
    (mine / NOTEBOOK).write_text("my work")
    assert superseded(course, mine) == []
    (course / NOTEBOOK).write_text("second version")
    assert superseded(course, mine) == [mine / NOTEBOOK]
    (mine / NOTEBOOK).write_text("second version")
    assert superseded(course, mine) == []


@pytest.mark.parametrize("record", ["", "not json", "[1, 2]", "3"])
def test_an_unreadable_record_stops_nobody(course, mine, record):
    fill(course, mine)
    (mine / RECORD).write_text(record)
    (mine / DATA).unlink()
    assert superseded(course, mine) == []
    assert fill(course, mine) == [mine / DATA]


def test_an_interrupted_copy_is_not_taken_for_a_learners_file(course, mine, monkeypatch):
    def half_a_copy(source, target):
        target.write_text("fir")
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(shutil, "copyfile", half_a_copy)
        with pytest.raises(KeyboardInterrupt):
            fill(course, mine)
    assert not (mine / NOTEBOOK).exists()
    assert fill(course, mine) == [mine / NOTEBOOK, mine / DATA]
    assert (mine / NOTEBOOK).read_text() == "first version"
    assert files(mine) == [RECORD, NOTEBOOK, DATA]


def test_a_course_without_notebooks_says_how_to_get_them(tmp_path, mine):
    with pytest.raises(FileNotFoundError, match="make course"):
        fill(tmp_path / "course", mine)


@pytest.mark.parametrize("inside", ["", "mine", "01_gradients/mine"])
def test_the_course_is_not_copied_into_itself(course, inside):
    with pytest.raises(ValueError, match="inside the course"):
        fill(course, course / inside)


@pytest.fixture
def run(course, monkeypatch, capsys):
    monkeypatch.setattr(command_line, "ROOT", course.parent)

    def run(*arguments):
        command_line.main([str(argument) for argument in arguments])
        return capsys.readouterr().out

    return run


def test_the_command_fills_the_folder_it_is_given(run, course, mine):
    assert "2 new" in run("workspace", mine)
    assert (mine / NOTEBOOK).exists()


def test_the_command_tells_of_a_newer_version_in_one_sentence(run, course, mine):
    run("workspace", mine)
    (mine / NOTEBOOK).write_text("my work")
    (course / NOTEBOOK).write_text("second version")
    assert f"newer {NOTEBOOK}; yours is kept" in run("workspace", mine)
    assert (mine / NOTEBOOK).read_text() == "my work"


def test_the_command_refuses_a_folder_that_cannot_be(run, tmp_path):
    (tmp_path / "a file").write_text("")
    for wrong, sentence in [("no such/mine", "There is no folder"), ("a file", "is a file")]:
        with pytest.raises(SystemExit, match=sentence):
            run("workspace", tmp_path / wrong)


def test_the_command_says_in_a_sentence_that_the_course_is_not_built(run, course, mine):
    shutil.rmtree(course)
    with pytest.raises(SystemExit, match="run `make course`"):
        run("workspace", mine)


@pytest.mark.parametrize("command", ["workspace", "course", "kill-matrix"])
def test_each_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        command_line.main([command, "--help"])
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_the_record_keeps_what_was_handed_out_before(course, mine):
    fill(course, mine)
    (mine / DATA).unlink()
    fill(course, mine)
    assert read_record(mine).keys() == {NOTEBOOK, DATA}
