"""What uses the learner's functions: `once_written`."""

import pytest

from autograder.writing import once_written


def test_what_uses_an_unwritten_function_says_so(capsys):
    with once_written():
        print("before")
        raise NotImplementedError
    assert capsys.readouterr().out == (
        "before\nnot attempted: write the function above, then run this cell again\n"
    )


def test_what_uses_a_written_function_runs_and_may_fail(capsys):
    with once_written():
        print("ran")
    assert capsys.readouterr().out == "ran\n"
    with once_written():
        _ = 1 / 0
    assert "your function raised ZeroDivisionError" in capsys.readouterr().out
    with pytest.raises(AssertionError), once_written():
        raise AssertionError("the text claims something that is not so")


def test_a_name_that_the_cell_lacks_is_not_blamed_on_the_learner(capsys):
    with once_written():
        print(start + 1)  # noqa: F821 - of a cell that was not run
    assert capsys.readouterr().out == (
        "`start` is not there yet: choose Run > Run All Above Selected Cell from the menu, "
        "then run this cell again.\n"
    )


def test_nor_is_an_exercise_that_a_function_calls(capsys):
    def adamw():
        return adam()  # noqa: F821 - an earlier exercise

    with once_written():
        adamw()
    assert capsys.readouterr().out.startswith("`adam` is not there yet: ")


def test_a_name_that_the_learners_function_lacks_is_their_own(capsys):
    def depth_limit():
        return wieght  # noqa: F821 - misspelt

    def unbound():
        local += 1  # noqa: F821, F841 - never given a value

    for function, name in ((depth_limit, "wieght"), (unbound, "local")):
        with once_written():
            function()
        told = capsys.readouterr().out
        assert told.startswith("your function raised ")
        assert name in told


def test_a_block_that_asks_for_input_is_refused_at_once(monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda _="": pytest.fail("someone is asked"))
    with once_written():
        input("x? ")
    assert "nobody sits at a keyboard" in capsys.readouterr().out
