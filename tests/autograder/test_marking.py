"""What a notebook calls: `mark`, in a terminal and in IPython."""

import functools
import time

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

import autograder
from autograder import marking, progress, progress_file, writing
from autograder.exercises import EXERCISES
from autograder.grade import PRACTICE, grade, run_here
from autograder.pace import pace
from autograder.report import PRACTICE_NOTE, Score
from steadygrad import gradients

EXERCISE = EXERCISES["gradients.depth_limit"]
WRONG = EXERCISE.variant(EXERCISE.misconceptions[0])


@pytest.fixture(autouse=True)
def _no_tries():
    progress_file._unkept.clear()


@pytest.fixture
def shell():
    """An interactive Python as a notebook has one, but without a kernel."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def depth_limit(weight, tol):
    """A learner's own, right."""
    return EXERCISE.accepts[0](weight, tol)


def test_a_function_is_marked_by_its_name(capsys):
    score = marking.mark(depth_limit)
    assert score == EXERCISE.points
    assert isinstance(score, Score)
    assert score.report.exercise is EXERCISE


HANDED_IN = {
    "itself": gradients.depth_limit,
    "a partial": functools.partial(gradients.depth_limit),
    "wrapped": lambda weight, tol: gradients.depth_limit(weight, tol),
}


@pytest.mark.parametrize("submission", HANDED_IN.values(), ids=HANDED_IN)
def test_the_librarys_own_function_earns_nothing_and_is_told_so(submission, capsys):
    report = marking.mark(submission, EXERCISE.id).report
    assert report.score == 0
    assert "hands the work to the course's own `depth_limit`" in str(report)
    assert report.diagnosis is None
    assert gradients.depth_limit(1.0, 0.1) == 2  # it is there again


def test_the_package_has_both_names_and_no_others():
    assert autograder.mark is marking.mark
    assert autograder.once_written is writing.once_written
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
    assert wrong.beside.progress.endswith(" of 20 points in this chapter.")
    assert wrong.beside.onward == ("", "")
    right = marking.mark(depth_limit).report
    assert right.beside.learned
    assert right.beside.onward[0] == "2 of 20 points in this chapter · next:"
    assert right.beside.onward[1] == "softmax_cross_entropy_grad · 3 points"
    assert right.score == EXERCISE.points


def test_a_right_answer_is_told_its_time_beside_the_references(capsys, monkeypatch):
    monkeypatch.setattr(marking, "pace", lambda *what: pace(*what, budget=1.0))  # if busy

    def patient(logits, target):
        time.sleep(1e-3)
        result = torch.softmax(logits, dim=1)
        result[torch.arange(len(target)), target] -= 1
        return result / len(target)

    report = marking.mark(patient, "gradients.softmax_cross_entropy_grad").report
    assert " times as long as the reference" in report.beside.pace
    assert report.score == report.exercise.points


def test_a_function_of_another_name_is_marked_by_the_exercises_id(capsys):
    assert marking.mark(lambda weight, tol: -1, "gradients.depth_limit") == 0
    mine = functools.partial(depth_limit)
    assert marking.mark(mine, "gradients.depth_limit") == EXERCISE.points


def test_a_function_is_marked_by_the_name_that_the_notebook_gives_it(shell, capsys):
    shell.run_cell(
        "from tests.autograder.test_marking import depth_limit as mine\n"
        "depth_limit = lambda weight, tol: mine(weight, tol)\n"
        "from autograder import mark\n"
        "score = mark(depth_limit)\n"
    )
    assert shell.user_ns["score"] == EXERCISE.points


def test_an_alias_goes_by_the_functions_own_name_first(shell, capsys):
    shell.user_ns["gradient_check"] = depth_limit
    assert marking.mark(depth_limit).report.exercise is EXERCISE


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
        (depth_limit, EXERCISE.id),
        (lambda **_: None, other),
        (lambda **_: None, other),
    ]:
        assert not marking.mark(submission, exercise).report.with_trace
    assert progress_file.recall(progress.TRIES) == {other: 2}


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


# ── What leans on an earlier exercise ──────────────────────────────────────────────

ADAM, ADAMW = (EXERCISES[f"adaptive.{name}"] for name in ("adam", "adamw"))
OWN = {
    "right": ADAM.source,
    "wrong": ADAM.edited(ADAM.misconceptions[0]),
    "unwritten": f"{ADAM.header}    raise NotImplementedError()",
    "missing": "",
    "imported": "from steadygrad.adaptive import adam",
    "something else": "adam = 3",
    "endless": f"{ADAM.header}    while True: pass",
}
COURSES = "It called the course's own `adam`, because yours is not right yet."


def cells(*sources):
    """A notebook's names after these cells."""
    scope = {"__name__": "__main__"}
    for source in (ADAM.imports, ADAMW.imports, *sources):
        exec(source, scope)
    return scope


@pytest.mark.parametrize(("kind", "adam"), OWN.items(), ids=OWN)
def test_an_earlier_exercise_is_the_learners_if_it_is_right_and_the_courses_if_not(
    kind, adam, capsys
):
    scope = cells(adam, ADAMW.source)
    before = dict(scope)
    report = marking.mark(scope["adamw"]).report
    assert report.passed, report
    said = {"right": ("It called your own `adam`.",), "imported": ()}
    assert report.remarks == said.get(kind, (COURSES,))
    assert scope == before
    if kind in ("right", "wrong", "unwritten"):
        assert marking.mark(scope["adam"]).report.passed == (kind == "right")


def test_a_name_that_the_learner_uses_for_something_else_stays_theirs(capsys):
    source = ADAMW.source.replace("adam(gradient", "adagrad(gradient")
    scope = cells(ADAM.source.replace("def adam(", "def adagrad("), source)
    report = marking.mark(scope["adamw"]).report
    assert report.passed, report
    assert report.remarks == ()


def test_two_functions_that_call_each_other_come_to_an_end(capsys):
    calling = "def {}(*a, **k): return {}(*a, **k)"
    scope = cells(calling.format("adam", "adamw"), calling.format("adamw", "adam"))
    assert marking.mark(scope["adamw"]) == 0


def test_the_stub_of_what_leans_is_not_attempted_and_nothing_is_said(capsys):
    scope = cells(f"{ADAMW.header}    raise NotImplementedError()")
    report = marking.mark(scope["adamw"]).report
    assert not report.attempted
    assert report.remarks == ()


# ── Coming back: a function by its name ─────────────────────────────────────────────


def test_a_function_is_marked_by_its_name_as_a_word(shell, capsys):
    shell.user_ns["depth_limit"] = depth_limit
    shell.run_cell('from autograder import mark\nby_word = mark("depth_limit")')
    shell.run_cell('by_id = mark("gradients.depth_limit")')
    assert shell.user_ns["by_word"] == shell.user_ns["by_id"] == EXERCISE.points


def test_a_function_that_is_not_there_yet_is_no_error_but_says_what_to_run(shell, capsys):
    shell.run_cell('from autograder import mark\nscore = mark("depth_limit")')
    report = shell.user_ns["score"].report
    assert shell.user_ns["score"] == 0
    assert "There is no `depth_limit` yet" in str(report)
    for form in (str(report), report._repr_html_(), str(report.data())):
        assert "Run All Above Selected Cell" in form.replace("&gt;", ">")
    assert progress.marks() == {}


def test_a_word_that_is_no_exercise_is_answered_with_those_there_are():
    with pytest.raises(LookupError, match=r"named 'depth'; there are"):
        marking.mark("depth")


# ── The ladder, and the solution ────────────────────────────────────────────────────


def steps():
    return marking.mark(WRONG, EXERCISE.id).report.data()["ladder"]


def test_each_step_of_the_ladder_is_announced_before_it_is_there(capsys):
    first, second, third, fourth, fifth = (steps() for _ in range(5))
    assert first[0] == second[0] == fifth[0] == "Reread "
    assert "After 3 failed attempts" in first[1]
    assert "this was attempt 1." in first[1]
    assert "this was attempt 2." in second[1]
    assert "Go through the small example below" in third[1]
    assert "After 5 failed attempts" in first[2]
    assert "After 5 failed attempts" in fourth[2]
    assert 'Run `mark("depth_limit", show="solution")`' in fifth[2]


def test_the_section_to_reread_is_linked_once(capsys):
    page = marking.mark(WRONG, EXERCISE.id).report._repr_html_()
    assert "Reread <a href=" in page
    assert "See <a" not in page


def test_nobody_who_is_right_or_graded_is_shown_a_ladder(capsys):
    steps()
    assert marking.mark(depth_limit).report.data()["ladder"] == []
    graded = grade(EXERCISE, run_here(WRONG), PRACTICE, secret=True)
    assert graded.data()["ladder"] == []
    assert "If you are stuck" not in graded._repr_html_()


def test_the_solution_is_shown_when_asked_for_and_that_is_remembered(capsys):
    solution = marking.mark("depth_limit", show="solution")
    assert EXERCISE.source in solution.code
    assert EXERCISE.source in capsys.readouterr().out
    assert "<pre" in solution._repr_html_()
    assert progress.was_shown(EXERCISE)
    report = marking.mark(depth_limit).report
    assert report.score == EXERCISE.points  # it counts all the same
    assert "of `depth_limit` you have seen the solution" in report.beside.onward[0]


def test_nothing_else_is_shown():
    with pytest.raises(ValueError, match='there is show="solution"'):
        marking.mark("depth_limit", show="answer")
