"""Predictions in a notebook: asked, kept, compared with what came out, counted."""

import json

import pytest

from autograder import predicting, progress_file
from autograder.workspace import RECORD

KEY = "01_c/slope"
ANSWERS = {"a": (False, "That forgets the slope."), "b": (True, "So it is.")}


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """A kernel in a working copy, whose displays are collected."""
    (tmp_path / RECORD).write_text("{}")
    folder = tmp_path / "01_c"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Notebook(monkeypatch)


class Notebook:
    def __init__(self, monkeypatch):
        self.shown, self.monkeypatch = [], monkeypatch
        monkeypatch.setattr(predicting, "display", self.display)
        self.restart()

    def restart(self):
        """A fresh kernel, whose notebook shows nothing yet."""
        self.monkeypatch.setattr(predicting, "_outcomes", {})
        self.monkeypatch.setattr(predicting, "_asks", {})
        self.shown.clear()

    def display(self, what, **_):
        self.shown.append(what)
        return self

    def update(self, what, **_):
        self.shown.append(what)

    @property
    def ask(self):
        return next(s for s in reversed(self.shown) if isinstance(s, predicting.Ask))

    @property
    def said(self):
        return self.shown[-1]["text/markdown"]


def kept():
    return progress_file.recall(predicting.ANSWERS)


@pytest.mark.parametrize(("chosen", "right"), [("a", False), ("b", True)])
def test_a_prediction_is_kept_and_compared_with_what_came_out(notebook, chosen, right):
    predicting.predict(KEY, "ab")
    notebook.ask.chosen = chosen
    assert kept() == {KEY: {"chosen": chosen}}
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert kept() == {KEY: {"chosen": chosen, "right": right}}
    assert notebook.said.startswith(f"**{'Right' if right else 'Not'}: ({chosen}).**")
    assert "What came out: a quarter." in notebook.said
    assert ANSWERS[chosen][1] in notebook.said.partition("<details>")[0]


def test_unanswered_it_is_a_fold_that_holds_everything(notebook):
    predicting.predict(KEY, "ab")
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert notebook.said.startswith("<details>")
    assert all(thought in notebook.said for _, thought in ANSWERS.values())
    assert kept() == {}


def test_what_is_chosen_after_the_event_is_answered_but_no_prediction(notebook):
    predicting.predict(KEY, "ab")
    ask = notebook.ask
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    ask.chosen = "b"
    assert notebook.said.startswith("**Right: (b).**")
    assert kept() == {}


def test_the_first_answer_counts_also_next_week(notebook):
    predicting.predict(KEY, "ab")
    notebook.ask.chosen = "a"
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    notebook.restart()
    predicting.predict(KEY, "ab")
    assert notebook.ask.chosen == "a"
    notebook.ask.chosen = "b"
    assert "(a)" in notebook.ask.status
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert kept() == {KEY: {"chosen": "a", "right": False}}


def test_a_prediction_may_be_changed_until_the_cell_has_run(notebook):
    predicting.predict(KEY, "ab")
    notebook.ask.chosen = "a"
    notebook.ask.chosen = "b"
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert kept()[KEY] == {"chosen": "b", "right": True}


def test_beside_the_buttons_stands_what_is_true_now(notebook):
    predicting.predict(KEY, "ab")
    ask = notebook.ask
    ask.chosen = "a"
    assert ask.status.startswith("Kept.")
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert ask.status == "Not right."
    ask.chosen = "b"
    assert ask.status == "Right. Your first answer, (a), is the one that counts."


def test_truths_may_be_tensors(notebook):
    import torch

    predicting.predict(KEY, "ab")
    notebook.ask.chosen = "b"
    predicting.came_out(KEY, "it", a=(torch.tensor(False), ""), b=(torch.tensor(1) > 0, ""))
    assert kept()[KEY]["right"] is True


@pytest.mark.parametrize("holding", [(), ("a", "b")])
def test_no_answer_or_two_fail_loudly(holding):
    answers = {letter: (letter in holding, "") for letter in "ab"}
    with pytest.raises(AssertionError, match="exactly one must be true"):
        predicting.came_out(KEY, "it", **answers)


def guess(notebook, text):
    predicting.predict(KEY)
    notebook.ask.chosen = text
    predicting.came_out_as(
        KEY, "7 % arrives", 7.0, lambda g: 2 < g < 21, (lambda g: g > 50, "One layer's share.")
    )


def test_a_number_is_right_when_it_is_near(notebook):
    guess(notebook, "5")
    assert kept()[KEY]["right"] is True


def test_a_wrong_number_is_told_what_it_would_need(notebook):
    guess(notebook, "60")
    assert "One layer's share." in notebook.said.partition("<details>")[0]


@pytest.mark.parametrize("text", ["many", "nan", "inf", ""])
def test_what_is_no_number_is_not_kept(notebook, text):
    predicting.predict(KEY)
    notebook.ask.chosen = "1"
    notebook.ask.chosen = text
    assert "not a number" in notebook.ask.status
    assert kept()[KEY]["chosen"] == "1"


@pytest.mark.parametrize("text", ["0", "1e300", "-1e300", "5e-324"])
def test_a_guess_that_a_thought_cannot_be_asked_of_stops_no_lesson(notebook, text):
    predicting.predict(KEY)
    notebook.ask.chosen = text
    predicting.came_out_as(
        KEY, "7", 7.0, lambda g: 2 < 49 / g**2 * g < 21, (lambda g: g**2 > 1e9, "Far too many.")
    )
    assert kept()[KEY] == {"chosen": text, "right": False}


def test_a_review_answers_at_once_and_its_first_answer_counts(notebook):
    predicting.review("01_c/review_chain", **ANSWERS)
    notebook.ask.chosen = "a"
    assert notebook.said.startswith("**Not: (a).** That forgets")
    assert "The answer is (b)." in notebook.said
    notebook.ask.chosen = "b"
    assert notebook.said.startswith("**Right: (b).**")
    assert kept()["01_c/review_chain"] == {"chosen": "a", "right": False}


def test_the_tally_counts_what_was_predicted_in_this_chapter(notebook):
    for key, right in (("01_c/x", True), ("01_c/y", False), ("02_d/x", True)):
        progress_file.keep(predicting.ANSWERS, key, {"chosen": "a", "right": right})
    progress_file.keep(predicting.ANSWERS, "01_c/z", {"chosen": "a"})  # its cell never ran
    progress_file.keep(predicting.ANSWERS, "01_c/review_q", {"chosen": "a", "right": True})
    predicting.tally("01_c", 13, 6)
    assert "predicted 1 of 13** (2 tried)" in notebook.said
    assert "6 review questions you answered 1 right (1 tried)" in notebook.said


def test_no_more_is_counted_than_the_chapter_asks(notebook):
    for number in range(9):
        for name in (f"01_c/{number}", f"01_c/review_{number}"):
            progress_file.keep(predicting.ANSWERS, name, {"chosen": "a", "right": True})
    predicting.tally("01_c", 3, 2)
    assert "predicted 3 of 3** (3 tried)" in notebook.said
    assert "2 review questions you answered 2 right (2 tried)" in notebook.said


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '{"predictions": 3}', '{"predictions": {"01_c/slope": 7}}',
     '{"predictions": {"01_c/slope": {"chosen": ["a"], "right": "yes"}}}',
     '{"predictions": {"01_c/slope": {"chosen": "z", "right": true}}}', "\x00" * 1000,
     '{"predictions": {"01_c/slope": {"chosen": "ab"}}}',
     '{"predictions": {"01_c/slope": {"chosen": "", "right": true}}}'],
)  # fmt: skip
def test_a_damaged_file_costs_nothing_but_itself(notebook, damage):
    file = progress_file.working_copy() / progress_file.NAME
    file.write_text(damage)
    predicting.predict(KEY, "ab")
    assert notebook.ask.chosen == ""
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert notebook.said.startswith("<details>")
    predicting.predict(KEY, "ab")
    notebook.ask.chosen = "b"
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    predicting.tally("01_c", 1, 0)
    assert json.loads(file.read_text())["predictions"][KEY]["right"] is True


def test_without_a_working_copy_nothing_is_written(notebook, monkeypatch, tmp_path):
    (tmp_path / RECORD).unlink()
    monkeypatch.setattr(progress_file, "_unkept", {})
    predicting.predict(KEY, "ab")
    notebook.ask.chosen = "b"
    predicting.came_out(KEY, "a quarter", **ANSWERS)
    assert kept()[KEY]["right"] is True  # for the kernel's life
    assert not list(tmp_path.rglob(progress_file.NAME))


def test_a_folder_that_cannot_be_written_to_stops_no_lesson(notebook, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    predicting.predict(KEY, "ab")
    notebook.ask.chosen = "b"
    predicting.came_out(KEY, "a quarter", **ANSWERS)
