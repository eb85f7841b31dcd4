"""How far a learner has come: points so far, what is known now, and what comes next."""

import pytest
from toys import RULE

from autograder import progress, progress_file
from autograder.compare import Complaint, Kind
from autograder.exercises import CHAPTERS, EXERCISES
from autograder.notebook import chapters
from autograder.report import Report, Verdict

CHAIN, LIMIT, _, NUMERICAL, CHECK, *_ = CHAPTERS[0].EXERCISES
ADAM = EXERCISES["adaptive.adam"]
MUON = EXERCISES["adaptive.newton_schulz"]  # a bonus


@pytest.fixture(autouse=True)
def _nothing_marked():
    progress_file._unkept.clear()
    yield
    progress_file._unkept.clear()


def marked(exercise, right=True):
    off = Verdict("b", "" if right else Complaint("off", Kind.VALUES))
    progress.note(exercise, Report(exercise, (Verdict("a", ""), off)))


def test_what_an_exercise_had_earned_before_is_said_when_it_earns_less():
    marked(LIMIT)
    stub = Report(LIMIT, (Verdict("a", Complaint("off", Kind.MISSING)),), attempted=False)
    before = progress.note(LIMIT, stub)
    said = progress.beside(LIMIT, before=before).progress
    assert said == "0 of 20 points in this chapter. `depth_limit` had earned 2 before."
    assert progress.note(LIMIT, stub).score == 0


def test_points_are_counted_in_the_chapter_of_the_exercise():
    marked(CHAIN)
    marked(LIMIT, right=False)
    marked(ADAM)
    assert progress.so_far(LIMIT) == "4 of 20 points in this chapter."


def test_the_latest_mark_of_an_exercise_counts():
    marked(LIMIT)
    marked(LIMIT, right=False)
    assert progress.so_far(LIMIT).startswith("1 of 20 points")
    marked(LIMIT)
    assert progress.so_far(LIMIT).startswith("2 of 20 points")


def test_what_was_not_attempted_is_nothing_to_go_on_from():
    stub = Report(LIMIT, (Verdict("a", Complaint("to do", Kind.MISSING)),), attempted=False)
    progress.note(LIMIT, stub)
    assert progress.marks() == {}
    progress_file.keep(
        progress.MARKS, LIMIT.id, {"score": 2, "right": True, "when": "2026-01-02"}
    )
    when = progress.marks()[LIMIT.id].when
    progress.note(LIMIT, stub)
    assert progress.marks() == {LIMIT.id: (0, False, when)}


def test_bonus_exercises_are_counted_apart_once_one_is_marked():
    marked(ADAM)
    assert progress.so_far(ADAM) == "4 of 19 points in this chapter."
    marked(MUON)
    assert progress.so_far(ADAM) == (
        "4 of 19 points in this chapter, and 2 of 2 points of bonus."
    )


def test_a_goal_is_reached_when_all_exercises_that_lead_to_it_are_right():
    marked(NUMERICAL)
    assert progress.learned(NUMERICAL) == (
        "Right so far: 1 of the 2 exercises after which you can check any gradient numerically."
    )
    marked(CHECK)
    assert progress.learned(CHECK) == "You can now check any gradient numerically."


def test_the_next_exercise_is_the_next_that_is_not_right():
    marked(CHAIN)
    marked(LIMIT)
    assert progress.onward(CHAIN) == (
        "5 of 20 points in this chapter · next:",
        "softmax_cross_entropy_grad · 3 points",
    )


def test_behind_the_last_exercise_those_before_it_are_next_and_then_the_summary():
    *before, last = CHAPTERS[0].EXERCISES
    for exercise in (*before[1:], last):
        marked(exercise)
    assert progress.onward(last)[1] == before[0].heading
    marked(before[0])
    assert progress.onward(last)[1] == "Summary"


@pytest.mark.parametrize("chapter", chapters(), ids=lambda path: path.stem)
def test_every_chapter_has_the_heading_that_comes_next_in_the_end(chapter):
    assert f"\n## {progress.ENDS_IN}\n" in chapter.read_text(encoding="utf-8")


def test_a_wrong_answer_is_told_the_points_so_far_and_no_more():
    marked(LIMIT, right=False)
    beside = progress.beside(LIMIT, "Any pace.")
    assert beside.progress == progress.so_far(LIMIT)
    assert (beside.learned, beside.pace, beside.onward) == ("", "", ("", ""))


def test_what_is_said_beside_a_right_answer_is_in_every_form():
    marked(LIMIT)
    report = Report(RULE, (Verdict("a", ""),), beside=progress.beside(LIMIT, "Any pace."))
    for form in (str(report), report._repr_html_(), str(report.data())):
        for part in (
            "Right so far: 1 of the 2",
            "Any pace.",
            "2 of 20 points in this chapter",
            "next:",
        ):
            assert part in form
