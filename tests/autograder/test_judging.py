"""Which of a notebook's answers counts, and which functions an exercise is lent."""

import pytest

from autograder.apart.sandbox import Cell, Sandbox
from autograder.asking import Loan, loan, neighbours
from autograder.exercises import EXERCISES
from autograder.judging import LATER, judge_all, references

DEPTH = EXERCISES["gradients.depth_limit"]
ADAM, ADAMW = (EXERCISES[f"adaptive.{name}"] for name in ("adam", "adamw"))


def stub(exercise):
    return f"{exercise.imports}\n\n\n{exercise.header}    raise NotImplementedError()"


def work(exercise):
    return f"{exercise.imports}\n\n\n{exercise.source}"


def reports(*cells, **places):
    """The report on each exercise; `places` has how many cells stand above its marking cell."""
    where = {exercise: places[exercise.name] for exercise in (DEPTH, ADAM, ADAMW)
             if exercise.name in places}  # fmt: skip
    with Sandbox([Cell(source) for source in cells], references()) as sandbox:
        return judge_all(sandbox, where, lambda exercise: 0)


WRONG = "def depth_limit(weight, tol):\n    return 3"
HELPED = work(DEPTH).replace("abs(weight) / 4", "quarter(weight)")
HELPER = "def quarter(weight):\n    return abs(weight) / 4"
ENDS = f"import os\n{DEPTH.header}    os._exit(3)"

# cells, how many of them stand before the marking cell, and how the points come about
ANSWERS = {
    "as it is": ([work(DEPTH)], 1, "here"),
    "given away below": ([work(DEPTH), "depth_limit = [1.0, 2.0]"], 1, "here"),
    "deleted below": ([work(DEPTH), "del depth_limit"], 1, "here"),
    "the stub below": ([work(DEPTH), stub(DEPTH)], 1, "here"),
    "a wrong one below": ([work(DEPTH), WRONG], 1, "here"),
    "the marking cell above": ([work(DEPTH)], 0, "later"),
    "the helper below": ([HELPED, HELPER], 1, "later"),
    "mended below": ([WRONG, work(DEPTH)], 1, "later"),
    "mended where it was not written": ([stub(DEPTH), work(DEPTH)], 1, "later"),
    "mended where it ended Python": ([ENDS, work(DEPTH)], 1, "later"),
    "the library's below": ([WRONG, "from steadygrad.gradients import depth_limit"], 1, "no"),
    "wrong": ([WRONG], 1, "no"),
    "missing": ([], 0, "no"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("cells", "place", "earned"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_is_what_the_name_was_at_its_marking_cell_or_was_mended_to_be(
    cells, place, earned
):
    report = reports(*cells, depth_limit=place)[DEPTH]
    assert report.passed == (earned != "no")
    assert (LATER in report.notes) == (earned == "later")


@pytest.mark.slow
def test_an_exercise_that_ends_python_and_was_not_mended_is_asked_once(monkeypatch):
    asked = []
    run = Sandbox.run
    monkeypatch.setattr(Sandbox, "run", lambda *a, **k: asked.append(1) or run(*a, **k))
    assert reports(ENDS, "x = 1", depth_limit=1)[DEPTH].score == 0
    assert len(asked) == 1


OWN = "It called your own `adam`."
COURSES = "It called the course's own `adam`, because yours is not right yet."
WRONG_ADAM = f"{ADAM.header}    return gradient, state"
LEANING = {
    "right": (work(ADAM), True, OWN),
    "wrong": (WRONG_ADAM, False, COURSES),
    "not written": (stub(ADAM), False, COURSES),
    "missing": ("", False, COURSES),
    "handed in": ("from steadygrad.adaptive import adam", False, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize(("adam", "right", "remark"), LEANING.values(), ids=LEANING)
def test_what_leans_on_an_earlier_exercise_loses_nothing_by_it(adam, right, remark):
    cells = [f"{ADAM.imports}\n\n\n{adam}", work(ADAMW)]
    found = reports(*cells, adam=1, adamw=2)
    assert found[ADAM].passed == right
    assert found[ADAMW].passed, found[ADAMW]
    assert found[ADAMW].remarks == tuple(filter(None, [remark]))


# ── What is lent ────────────────────────────────────────────────────────────────────


def test_neighbours_are_those_of_the_chapter_and_not_itself():
    assert neighbours(ADAMW).keys() >= {"adam", "lion", "adagrad"}
    assert not {"adamw", "sgd", "depth_limit"} & neighbours(ADAMW).keys()


LION = EXERCISES["adaptive.lion"]
LOANS = {
    "nothing used": ({}, Loan()),
    "own and right": ({"lion": "own"}, Loan(own=(LION,))),
    "own and wrong": ({"adam": "own"}, Loan(lent=(ADAM,), replaces=True)),
    "missing": ({"adam": "missing", "lion": "missing"}, Loan(lent=(ADAM, LION))),
    "imported": ({"adam": "other"}, Loan()),
    "leaned on and a list": ({"adam": "thing"}, Loan(lent=(ADAM,), replaces=True)),
    "a list of that name": ({"lion": "thing"}, Loan()),
}


@pytest.mark.parametrize(("uses", "expected"), LOANS.values(), ids=LOANS)
def test_the_course_lends_what_is_missing_or_wrong(uses, expected):
    assert loan(ADAMW, uses, lambda exercise: exercise is LION) == expected


def test_what_was_lent_is_said():
    assert Loan(lent=(ADAM, LION), own=(ADAMW,)).remarks == (
        "It called your own `adamw`.",
        "It called the course's own `adam` and `lion`, because yours are not right yet.",
    )
