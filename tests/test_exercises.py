"""One table of promises that every exercise keeps."""

import itertools
import re
from dataclasses import astuple

import pytest

from autograder.calling.attempt import attempt
from autograder.cases import draw
from autograder.diagnose import answers, same
from autograder.diagnose.answering import cases, in_order
from autograder.exercises import EXERCISES
from autograder.grade import PRACTICE, grade, rule, run_here
from autograder.kill_matrix import ABOVE_HALF, SEEDS, TABLE, count, kills, section, short
from autograder.notebook import ROOT
from autograder.report import shown
from autograder.styles import in_another_style

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
once_quickly = pytest.mark.parametrize(
    "seed", [SEEDS[0], *(pytest.param(seed, marks=pytest.mark.slow) for seed in SEEDS[1:])]
)
every_accepted = pytest.mark.parametrize(
    ("exercise", "accepted"),
    [
        pytest.param(exercise, accepted, id=f"{exercise.id}-{accepted.__name__}")
        for exercise in EXERCISES.values()
        for accepted in exercise.accepts
    ],
)


@every_exercise
@once_quickly
def test_the_reference_earns_full_marks(exercise, seed):
    report = grade(exercise, run_here(exercise.target), seed)
    assert report.score == exercise.points, report


@every_accepted
@once_quickly
def test_another_right_way_earns_full_marks(exercise, accepted, seed):
    report = grade(exercise, run_here(accepted), seed)
    assert report.score == exercise.points, report


@every_exercise
@once_quickly
def test_other_arithmetic_that_rounds_otherwise_earns_full_marks(exercise, seed):
    report = grade(exercise, run_here(in_another_style(exercise)), seed)
    assert report.score == exercise.points, report


@every_exercise
def test_the_stub_earns_nothing_and_is_not_called_wrong(exercise):
    scope = {}
    exec(f"{exercise.imports}\n{exercise.header}    raise NotImplementedError()", scope)
    report = grade(exercise, run_here(scope[exercise.name]))
    assert report.score == 0
    assert not report.attempted
    assert "not attempted" in str(report)


@pytest.mark.slow
@every_exercise
def test_no_known_mistake_earns_more_than_half_unless_there_is_a_reason(exercise):
    right = answers(exercise, PRACTICE)
    for wrong in exercise.misconceptions:
        theirs = zip(
            cases(exercise, PRACTICE), in_order(exercise, PRACTICE, wrong), right, strict=False
        )
        costs_half = any(  # asked no further than it takes
            not case.besides and rule(case, got, expected.result, exercise, PRACTICE, number)
            for number, (case, got, expected) in enumerate(theirs)
        )
        assert costs_half != ((exercise.id, wrong.name) in ABOVE_HALF), wrong.name


@pytest.mark.slow
@every_exercise
def test_each_misconception_is_caught_named_as_itself_and_published(exercise, record_property):
    record_property("kill matrix", astuple(count(exercise)))  # the summary at the end
    assert len(kills(exercise)) >= 4, "an exercise needs at least four misconceptions"
    assert short(exercise) == []
    assert section(exercise) in TABLE.read_text(encoding="utf-8"), "run `make kill-matrix`"


# Two edits that make the very function that a third makes: whoever holds both wrote that one.
ALSO_KNOWN_AS = {
    ("missing gradients not expected", "values for gradients"): (
        "values for gradients in every layer"
    ),
    ("truncated not corrected", "cut at two, not at two deviations"): "normal for truncated",
    ("counted from 1", "no 1"): "steps not divided by alone",
    ("biased running variance", "N − 1 twice"): "unbiased variance for normalizing",
    ("kernel area in fan in only", "kernel area in fan out only"): "kernel area forgotten",
    ("uniform numbers for normal ones", "both halves taken for alike"): "numbers from 0 to 1",
    ("rate not kept", "lowered for the next call only"): "state not kept",
    ("divides by a wave of no steps", "goes on along the wave"): "rises again past the end",
    ("only towards the mean", "only from the mean"): "no conversion",
    ("corrected by 1 − β at every step", "no history in m or v"): "the old state returned",
    ("no history in m", "no history in v"): "no history in m or v",
    ("decay ignored", "decay in both places"): "decay in the gradient",
    ("square of the norm", "norms not squared under the root"): "norms added up",
    ("factor from the square", "square returned"): "square of the norm",
    ("β only as a divisor", "not divided by β"): "β ignored",
    ("β only as a divisor", "only the small part divided by β"): "β missing from the exponent",
    ("β missing from the exponent", "only the straight part divided by β"): "β ignored",
    ("pooled over the batch", "each channel by itself"): "batch norm",
    (
        "multiplied where it must be divided",
        "divided where it must be multiplied",
    ): "both ways exchanged",
}


@every_exercise
def test_every_misconception_has_a_name_of_its_own(exercise):
    names = [wrong.name for wrong in exercise.misconceptions]
    assert len(set(names)) == len(names)


@pytest.mark.slow
@every_exercise
def test_two_misconceptions_at_once_are_never_taken_for_a_third(exercise):
    cases = draw(exercise, PRACTICE)
    alone = {wrong: answers(exercise, PRACTICE, wrong) for wrong in exercise.misconceptions}
    for pair in itertools.combinations(exercise.misconceptions, 2):
        try:
            both = answers(exercise, PRACTICE, *pair)
        except LookupError:  # both edit the same place
            continue
        alike = [
            wrong.name
            for wrong, theirs in alone.items()
            if all(same(*each) for each in zip(cases, both, theirs, strict=True))
        ]
        # what several explain is named with a question mark only
        names = tuple(wrong.name for wrong in pair)
        assert len(alike) != 1 or alike[0] in (*names, ALSO_KNOWN_AS.get(names)), names


def test_the_published_kill_matrix_has_each_exercise_once_and_no_other():
    published = re.findall(r"^## `(.*)`", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert published == list(EXERCISES), "run `make kill-matrix`"


@every_exercise
def test_the_student_is_shown_what_to_write_but_not_how(exercise):
    assert exercise.target.__doc__, f"{exercise.id} needs a docstring"
    assert exercise.body.strip() not in exercise.header
    for wrong in exercise.misconceptions:
        assert "`" not in wrong.symptom + wrong.hint, "a hint gives the idea, not the code"


@every_exercise
def test_the_headings_that_feedback_points_to_stand_in_the_chapter(exercise):
    topic = exercise.id.partition(".")[0]
    (chapter,) = (ROOT / "chapters").glob(f"[0-9][0-9]_{topic}.md")
    headings = {
        line.lstrip("#").strip()
        for line in chapter.read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    }
    sections = {exercise.section, *(wrong.section for wrong in exercise.misconceptions)} - {""}
    assert sections <= headings


@every_exercise
def test_the_worked_example_shows_every_number_that_the_reference_gives(exercise):
    right = attempt(exercise.target, exercise.trace.inputs)
    assert not right.failure
    steps = " ".join(f"{what} {value}" for what, value in exercise.trace.steps())
    worked = set(re.findall(r"[−-]?\d+\.?\d*", steps.replace("−", "-")))
    results = re.findall(r"(?<![\w.])-?\d+\.?\d*(?![\w.])", shown(right.result))
    assert results
    assert set(results) <= worked
