"""What a notebook calls: `mark` and `once_written`, in a terminal and in IPython."""

import functools

import pytest
from IPython.core.interactiveshell import InteractiveShell

import autograder
from autograder import marking, progress
from autograder.exercises import EXERCISES
from autograder.grade import PRACTICE, grade, run_here
from autograder.report import PRACTICE_NOTE, Score
from steadygrad import gradients

EXERCISE = EXERCISES["gradients.depth_limit"]
WRONG = EXERCISE.variant(EXERCISE.misconceptions[0])


@pytest.fixture(autouse=True)
def _no_tries():
    marking._tries.clear()
    progress._marks.clear()


@pytest.fixture
def shell():
    """An interactive Python as a notebook has one, but without a kernel."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_function_is_marked_by_its_name(capsys):
    score = marking.mark(gradients.depth_limit)
    assert score == EXERCISE.points
    assert isinstance(score, Score)
    assert score.report.exercise is EXERCISE


def test_the_package_has_both_names_and_no_others():
    assert autograder.mark is marking.mark
    assert autograder.once_written is marking.once_written
    with pytest.raises(AttributeError, match="no attribute 'marc'"):
        _ = autograder.marc


def test_what_is_marked_is_judged_on_the_practice_cases(capsys):
    report = marking.mark(WRONG).report
    expected = grade(EXERCISE, run_here(WRONG), PRACTICE)
    assert report.verdicts == expected.verdicts
    assert report.diagnosis == expected.diagnosis
    assert report.practice
    assert not report.secret


def test_what_is_marked_shows_its_cases_and_the_points_so_far(capsys):
    wrong = marking.mark(WRONG, EXERCISE.id).report
    assert wrong.verdicts[0].inputs
    assert wrong.beside.progress.startswith("Marked so far in this chapter: ")
    assert wrong.beside.onward == ("", "")
    right = marking.mark(gradients.depth_limit).report
    assert ": 2 of 20 points; 1 of 7 exercises" in right.beside.progress
    assert right.beside.learned
    assert right.beside.onward[1] == "The loss hands back the first gradient"
    assert right.score == EXERCISE.points


def test_a_right_answer_is_told_its_time_beside_the_references(capsys):
    def patient(logits, target):
        for _ in range(20):
            result = gradients.softmax_cross_entropy_grad(logits, target)
        return result

    report = marking.mark(patient, "gradients.softmax_cross_entropy_grad").report
    assert " times as long as the reference" in report.beside.pace
    assert report.score == report.exercise.points


def test_a_function_of_another_name_is_marked_by_the_exercises_id(capsys):
    assert marking.mark(lambda weight, tol: -1, "gradients.depth_limit") == 0
    mine = functools.partial(gradients.depth_limit)
    assert marking.mark(mine, "gradients.depth_limit") == EXERCISE.points


def test_a_function_is_marked_by_the_name_that_the_notebook_gives_it(shell, capsys):
    shell.run_cell(
        "from steadygrad import gradients\n"
        "reference = gradients.depth_limit\n"
        "depth_limit = lambda weight, tol: reference(weight, tol)\n"
        "from autograder import mark\n"
        "score = mark(depth_limit)\n"
    )
    assert shell.user_ns["score"] == EXERCISE.points


def test_an_alias_goes_by_the_functions_own_name_first(shell, capsys):
    shell.user_ns["gradient_check"] = gradients.depth_limit
    assert marking.mark(gradients.depth_limit).report.exercise is EXERCISE


@pytest.mark.parametrize(
    ("submission", "called"),
    [(lambda: 0, "'<lambda>'"), (WRONG.__call__, "'__call__'"), (3, "3")],
    ids=["lambda", "method", "number"],
)
def test_a_name_that_no_exercise_has_is_answered_with_those_there_are(submission, called):
    with pytest.raises(LookupError) as told:
        marking.mark(submission)
    assert f"no exercise asks for a function named {called}" in str(told.value)
    assert ", depth_limit, " in str(told.value)
    assert "pass the exercise's id" in str(told.value)


def test_an_unknown_id_is_answered_with_those_there_are():
    with pytest.raises(
        LookupError, match=r"no exercise 'depth'; there are .* gradients\.depth"
    ):
        marking.mark(WRONG, "depth")


def test_the_third_failing_try_shows_the_worked_example(capsys):
    shown = [marking.mark(WRONG, EXERCISE.id).report.with_trace for _ in range(3)]
    assert shown == [False, False, True]
    assert "Worked by hand:" in capsys.readouterr().out


def test_tries_are_counted_for_each_exercise_and_only_failing_ones(capsys):
    def stub(weight, tol):
        raise NotImplementedError

    other = EXERCISES["gradients.gradient_check"].id
    for submission, exercise in [
        (stub, EXERCISE.id),
        (gradients.depth_limit, EXERCISE.id),
        (lambda **_: None, other),
        (lambda **_: None, other),
    ]:
        assert not marking.mark(submission, exercise).report.with_trace
    assert marking._tries == {other: 2}


def test_outside_a_notebook_the_report_is_printed(capsys):
    score = marking.mark(WRONG, EXERCISE.id)
    assert capsys.readouterr().out == f"{score.report}\n"
    assert PRACTICE_NOTE in str(score.report)


def test_in_a_terminal_with_ipython_the_report_is_printed_too(shell, capsys):
    score = marking.mark(WRONG, EXERCISE.id)
    assert capsys.readouterr().out == f"{score.report}\n"


def test_marking_writes_nothing_to_the_error_stream(capsys):
    def warns(weight, tol):
        import warnings

        warnings.warn("old", stacklevel=1)

    marking.mark(warns, EXERCISE.id)
    assert capsys.readouterr().err == ""


# ── once_written ────────────────────────────────────────────────────────────────────


def test_what_uses_an_unwritten_function_says_so(capsys):
    with marking.once_written():
        print("before")
        raise NotImplementedError
    assert capsys.readouterr().out == (
        "before\nnot attempted: write the function above, then run this cell again\n"
    )


def test_what_uses_a_written_function_runs_and_may_fail(capsys):
    with marking.once_written():
        print("ran")
    assert capsys.readouterr().out == "ran\n"
    with marking.once_written():
        _ = 1 / 0
    assert "your function raised ZeroDivisionError" in capsys.readouterr().out
    with pytest.raises(AssertionError), marking.once_written():
        raise AssertionError("the text claims something that is not so")
