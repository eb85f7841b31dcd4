"""Predictions and review questions in a chapter's source, and the cells they become."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder import notebook
from autograder.predictions import read_question

SOURCE = """
By how much is the slope smaller?

- by a factor of $2$
  if `ratio < 3`: It is half as large
  at 1.76 already.
- by a factor of 40
  if `30 < ratio < 50`

OUTCOME it is {ratio:.0f} times
smaller
"""
REVIEW = """
**1.** A chain of 20 is at most

- $2^{20}$
  wrong: That forgets the slopes.
- $(1/2)^{20}$
  right: Each factor is at most one half.
"""
NUMBER = """
What share arrives, in percent?

- if `guess > 50`: That is the share of one layer.

NUMBER 100 * share within 3 times
OUTCOME {share:.0%} arrives
"""


def prediction(source=SOURCE, **marks):
    return read_question(new_markdown_cell(source, metadata=marks or {"predict": "x"}), "01_c")


def test_a_learner_reads_the_question_and_its_choices_but_no_answer():
    assert prediction().text == (
        "**Predict.** By how much is the slope smaller?\n\n"
        "- (a) by a factor of $2$\n- (b) by a factor of 40"
    )


def test_the_cell_below_computes_the_answer():
    said = []
    scope = {"ratio": 37.7}
    exec(prediction().answers.replace("from autograder import came_out", ""), scope | {
        "came_out": lambda *given, **answers: said.append((given, answers))
    })  # fmt: skip
    [((key, what), answers)] = said
    assert (key, what) == ("01_c/x", "it is 38 times smaller")
    assert answers == {"a": (False, "It is half as large at 1.76 already."), "b": (True, "")}


def test_a_number_is_near_by_a_factor_or_by_a_difference():
    for line, near, far in (("within 3 times", 0.2, 0.4), ("within 1.5", 9, 12)):
        question = prediction(NUMBER.replace("within 3 times", line))
        scope = {"share": 0.1} if "times" not in line else {"share": 0.001}
        fits = eval(f"lambda guess: {question.near}", scope)
        assert fits(near)
        assert not fits(far)
    assert "guess > 50" in prediction(NUMBER).answers
    assert prediction(NUMBER).text.endswith("in percent?")


def test_a_review_knows_its_answer():
    question = prediction(REVIEW, review="chain")
    assert question.key == "01_c/review_chain"
    assert "a=(False, 'That forgets the slopes.')" in question.asks
    assert question.text.startswith("**1.** A chain")


BARE = SOURCE.replace(": It is half as large\n  at 1.76 already.", "")


@pytest.mark.parametrize(
    ("source", "marks", "said"),
    [
        (SOURCE.partition("OUTCOME")[0], {"predict": "x"}, "OUTCOME"),
        (SOURCE.replace("if `ratio < 3`:", "when small:"), {"predict": "x"}, "if `condition`"),
        (SOURCE.replace("ratio < 3", "ratio <"), {"predict": "x"}, "no Python"),
        (BARE, {"predict": "x"}, "behind each wrong"),
        (REVIEW.replace("right:", "wrong:"), {"review": "x"}, "exactly one"),
        (REVIEW.replace("right:", "perhaps:"), {"review": "x"}, "'right: ...'"),
        ("What?\n\n- this\n  if `True`\n\nOUTCOME it", {"predict": "x"}, "at least two"),
    ],
)  # fmt: skip
def test_a_question_with_something_missing_stops_the_build(source, marks, said):
    with pytest.raises(ValueError, match=said):
        prediction(source, **marks)


# ── The cells of a notebook ──────────────────────────────────────────────────────────


def cells(*sources):
    return notebook.expand_all(
        [
            new_markdown_cell(source, metadata=marks) if marks else new_code_cell(source)
            for source, marks in sources
        ],
        "01_c",
    )


def test_a_code_cell_keeps_what_teaches_and_hides_what_it_checks():
    visible, hidden = cells((f"x = 1\n\n{notebook.CHECKED}\nassert x", None))
    assert visible.source == "x = 1"
    assert hidden.source.endswith("assert x")
    assert hidden.metadata.jupyter.source_hidden
    assert "hide-input" in hidden.metadata.tags


def test_a_prediction_is_answered_behind_the_next_code_and_counted_at_the_end():
    asked, asks, code, answers, count = cells((SOURCE, {"predict": "x"}), ("ratio = 40", None))
    assert asked.cell_type == "markdown"
    assert "predict('01_c/x', 'ab')" in asks.source
    assert code.source == "ratio = 40"
    assert "came_out(" in answers.source
    assert "tally('01_c', 1, 0)" in count.source


def test_a_cell_that_waits_for_the_learner_runs_in_a_fresh_kernel():
    [cell] = cells(("with once_written():\n    print(depth_limit(1.0, 0.1))", None))
    assert cell.source.startswith("from autograder import once_written\n\nwith once_written():")


def test_checks_and_answers_share_one_cell():
    *_, answers, _ = cells(
        (SOURCE, {"predict": "x"}), (f"ratio = 40\n{notebook.CHECKED}\nassert ratio", None)
    )
    assert "assert ratio" in answers.source
    assert "came_out(" in answers.source


def test_a_prediction_that_nothing_answers_stops_the_build():
    with pytest.raises(ValueError, match="no code cell follows"):
        cells((SOURCE, {"predict": "x"}))


@pytest.mark.parametrize("mark", ["predict", "review"])
def test_two_questions_of_one_name_stop_the_build(mark):
    source = SOURCE if mark == "predict" else REVIEW
    with pytest.raises(ValueError, match="two questions are called '01_c/"):
        cells(*[(source, {mark: "x"}), ("ratio = 40", None)] * 2)


def test_a_prediction_and_a_review_may_have_one_name():
    assert cells((SOURCE, {"predict": "x"}), ("ratio = 40", None), (REVIEW, {"review": "x"}))


def test_more_choices_than_letters_stop_the_build():
    more = "".join(f"- {n}\n  if `ratio == {n}`: No.\n" for n in range(9))
    with pytest.raises(ValueError, match="more choices than 'h'"):
        prediction(f"Which?\n\n{more}\nOUTCOME it")
