"""One report, three ways to read it: text, HTML, data."""

import json
import math
from html.parser import HTMLParser

import pytest
import torch
from toys import ASCENT, RULE, exercise

from autograder.attempt import attempt
from autograder.compare import Complaint, Foreign, Kind, disagreement
from autograder.diagnose import Diagnosis
from autograder.grade import grade, run_here
from autograder.recipes import Function, Leaf, Written
from autograder.report import PRACTICE_NOTE, Report, Score, Verdict, anchor, shown

HOSTILE = "<script>alert('`1`')</script><img src=x onerror=alert(1)>&\"'`"


class Page(HTMLParser):
    """Checks that tags close in order; remembers them, their attributes and the text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def verdict(case, kind=None, said="wrong", guarded=""):
    return Verdict(case, Complaint(said, kind, guarded) if kind else "")


def report(*verdicts, **changes):
    return Report(RULE, verdicts or (verdict("typical"),), **changes)


# ── The score ───────────────────────────────────────────────────────────────────────


def test_points_are_shared_by_the_cases_and_rounded_to_hundredths():
    right, off = verdict("a"), verdict("b", Kind.VALUES)
    assert report(right, right).score == 3
    assert report(right, off).score == 1.5
    assert report(right, right, off, off, off, off, off).score == 0.86


def test_without_the_typical_case_there_are_no_points():
    assert report(verdict("a", Kind.VALUES), verdict("b"), verdict("c")).score == 0


@pytest.mark.parametrize("of", range(1, 12))
def test_the_score_is_written_exactly_as_a_float_literal(of):
    for passed in range(of + 1):
        verdicts = [verdict(str(i), None if i < passed else Kind.VALUES) for i in range(of)]
        score = Score(report(*verdicts))
        written = score._repr_mimebundle_()["text/plain"]
        assert written == repr(float(score))
        assert 0 <= float(written) <= RULE.points


def test_the_score_is_a_number_that_carries_its_report():
    full = report()
    assert Score(full) == 3.0
    assert Score(full).report is full
    bundle = Score(full)._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/html"] == full._repr_html_()
    assert bundle["application/vnd.steady-gradients.report+json"] == full.data()


# ── The first complaint ─────────────────────────────────────────────────────────────


def test_the_complaint_that_helps_most_comes_first():
    said = report(
        verdict("a", Kind.VALUES, "values"),
        verdict("b", Kind.SHAPE, "shape"),
        verdict("c", Kind.SHAPE, "another shape"),
        verdict("d", Kind.DTYPE, "dtype"),
    )
    assert said.first_complaint == "On “b”: shape."


def test_of_equal_complaints_the_first_case_speaks():
    said = report(verdict("a"), verdict("b", Kind.VALUES, "one"), verdict("c", Kind.VALUES))
    assert said.first_complaint == "On “b”: one."


def test_a_right_answer_has_no_complaint():
    assert report().first_complaint == ""
    assert report().passed


# ── What is written ─────────────────────────────────────────────────────────────────


def test_a_right_answer_reads_well():
    assert str(report(verdict("typical"), verdict("large"))) == (
        "rule: 3 of 3 points\n  ✓ typical\n  ✓ large"
    )


def test_an_untouched_stub_reads_not_attempted_and_no_more():
    def stub(**inputs):
        raise NotImplementedError

    assert str(grade(RULE, run_here(stub))) == "rule: not attempted (0 of 3 points)"


def test_a_wrong_answer_reads_complaint_then_diagnosis_with_its_section():
    text = str(grade(RULE, run_here(RULE.variant(ASCENT))))
    lines = text.splitlines()
    assert lines[0] == "rule: 0 of 3 points"
    assert lines[1] == "  ✗ typical"
    assert lines[-2].startswith("On “typical”: result[0] should be ")
    assert lines[-1] == (
        "Looks like: ascent. Symptom of ascent. Hint at ascent. See “Which way is down”."
    )


def test_an_uncertain_diagnosis_says_so_and_points_to_the_exercises_own_section():
    one = report(
        verdict("a", Kind.VALUES), diagnosis=Diagnosis(RULE.misconceptions[1:2], False)
    )
    idea, section = one.idea
    assert idea == "Looks most like: no decay. Symptom of no decay. Hint at no decay."
    assert section == "One step"


def test_practice_is_told_apart_from_grading():
    assert PRACTICE_NOTE in str(report(practice=True))
    assert PRACTICE_NOTE in report(practice=True)._repr_html_()
    assert PRACTICE_NOTE not in str(report())
    assert PRACTICE_NOTE not in str(report(practice=True, attempted=False))


def test_remarks_and_notes_are_said():
    noted = report(remarks=("It printed.",)).noting("Mended.").noting("Twice.")
    for text in (str(noted), noted._repr_html_()):
        assert all(each in text for each in ("It printed.", "Mended.", "Twice."))
    assert noted.data()["notes"] == ["Mended.", "Twice."]


# ── The worked example ──────────────────────────────────────────────────────────────


def wrong_report(**changes):
    traced = attempt(RULE.variant(ASCENT), RULE.trace.inputs)
    return report(verdict("a", Kind.VALUES), traced=traced, **changes)


def test_the_worked_example_is_shown_only_when_asked_for():
    assert wrong_report().trace == []
    assert "Worked by hand" not in str(wrong_report())
    text = str(wrong_report(with_trace=True))
    assert text.splitlines()[-6:] == [
        "  grad: [1, -2]",
        "  lr: 0.1",
        "  g + decay: [1.5, -1.5]",
        "  times lr: [0.15, -0.15]",
        "  should come out: [0.15, -0.15]",
        "  yours: [-0.15, 0.15]",
    ]


@pytest.mark.parametrize("submission", [lambda grad, lr: 1 / 0, RULE.target])
def test_the_worked_example_is_left_out_where_it_would_show_nothing_wrong(submission):
    traced = attempt(submission, RULE.trace.inputs)
    assert report(verdict("a", Kind.VALUES), traced=traced, with_trace=True).trace == []


def test_no_points_beside_passed_cases_are_explained():
    assert "typical one" in str(report(verdict("a", Kind.VALUES), verdict("b")))
    assert "typical one" not in str(report(verdict("a"), verdict("b", Kind.VALUES)))


@pytest.mark.parametrize(
    "changes", [dict(), dict(attempted=False)], ids=["all right", "not attempted"]
)
def test_the_worked_example_is_not_for_those_who_need_none(changes):
    kind = None if not changes else Kind.MISSING
    traced = attempt(RULE.target, RULE.trace.inputs)
    assert report(verdict("a", kind), traced=traced, with_trace=True, **changes).trace == []


SHOWN = {
    "numbers": ([1.23456, 2], "[1.235, 2]"),
    "nest": ({"a": (torch.ones(2), None)}, "{a: [[1, 1], None]}"),
    "text": ("adam", "'adam'"),
    "recipe": (Function("product"), "product"),
    "foreign": (Foreign("set"), "a value of type set"),
}


@pytest.mark.parametrize(("value", "text"), SHOWN.values(), ids=SHOWN)
def test_small_values_are_shown_as_in_a_worked_example(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("submission", "text"),
    [
        (lambda w: w.data.mul_(2), "{w afterwards: {values: [2, 2]}}"),
        (lambda w: 3.0, "{result: 3, w afterwards: {values: [1, 1]}}"),
    ],
)
def test_what_was_written_is_shown_once(submission, text):
    assert shown(attempt(submission, {"w": Written(Leaf(torch.ones(2)))}).result) == text


@pytest.mark.parametrize(
    "value", [torch.zeros(10**5), ["x" * 10**6], 10**4000, {i: i for i in range(10**5)}],
    ids=["tensor", "text", "digits", "dictionary"],
)  # fmt: skip
def test_a_huge_answer_is_shown_in_few_letters(value):
    assert len(shown(value)) <= 300


# ── Data ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "submission",
    [RULE.target, RULE.variant(ASCENT), lambda **_: math.nan, lambda **_: {1j: object()}],
    ids=["right", "ascent", "NaN", "foreign"],
)
def test_data_can_be_written_as_json(submission):
    said = grade(RULE, run_here(submission))
    data = json.loads(json.dumps(said.data(), allow_nan=False))
    assert data["exercise"] == "toys.rule"
    assert data["score"] == said.score
    assert [case["passed"] for case in data["cases"]] == [v.passed for v in said.verdicts]


def test_data_names_the_misconceptions():
    data = grade(RULE, run_here(RULE.variant(ASCENT))).data()
    assert (data["diagnosis"], data["certain"]) == (["ascent"], True)
    assert data["section"] == "Which way is down"


# ── HTML ────────────────────────────────────────────────────────────────────────────


def hostile_report():
    it = exercise()
    object.__setattr__(it, "section", f"Section {HOSTILE}")
    traced = attempt(lambda grad, lr: HOSTILE, it.trace.inputs)
    said = verdict(f"case {HOSTILE}", Kind.VALUES, f"got {HOSTILE}")
    return Report(
        it, (said,), remarks=(HOSTILE,), notes=(HOSTILE,), traced=traced, with_trace=True,
        diagnosis=Diagnosis(it.misconceptions[1:2]),
    )  # fmt: skip


def test_hostile_text_stays_text():
    page = Page(hostile_report()._repr_html_())
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.replace("`", "").count("<script>alert('1')</script>") >= 6


REPORTS = {
    "right": lambda: grade(RULE, run_here(RULE.target)),
    "ascent": lambda: grade(RULE, run_here(RULE.variant(ASCENT))),
    "with a trace": lambda: wrong_report(with_trace=True),
    "hostile": hostile_report,
}


@pytest.mark.parametrize("write", REPORTS.values(), ids=REPORTS)
def test_html_is_well_formed_and_asks_for_nothing_from_elsewhere(write):
    page = Page(write()._repr_html_())
    known = "div p strong ul li span a table tr td code em small"
    assert set(page.tags) <= set(known.split())
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert all(link.startswith("#") for link in links)


def test_each_case_is_told_to_those_who_see_no_colours():
    html = report(verdict("a"), verdict("b", Kind.VALUES))._repr_html_()
    labels = [value for name, value in Page(html).attributes if name == "aria-label"]
    assert labels == ["passed", "failed"]


def test_names_in_back_quotes_become_code_unless_a_quote_is_left_over():
    assert "<code>x</code>" in report(remarks=("see `x` there",))._repr_html_()
    assert "see `x there" in report(remarks=("see `x there",))._repr_html_()


def test_the_link_is_the_id_that_jupyter_gives_the_heading():
    assert anchor("One step") == "One-step"
    assert anchor('"') == "&quot;"


# ── Secrets ─────────────────────────────────────────────────────────────────────────


def test_a_secret_report_shows_no_expected_number_in_any_form():
    complaint = disagreement(torch.ones(2), torch.full((2,), 123.5))
    said = report(Verdict("a", complaint), Verdict("b", complaint), secret=True)
    everything = str(said) + said._repr_html_() + json.dumps(said.data())
    everything += json.dumps(Score(said)._repr_mimebundle_())
    assert "123" not in everything
    assert "got 1" in str(said)
    open_ = report(Verdict("a", complaint))
    assert all("123" in text for text in (str(open_), open_._repr_html_(), str(open_.data())))


@pytest.mark.parametrize(
    "returned",
    [
        {"hooks": 1},
        {"hooks": 1, "tensors": 2},
        {"asks for gradients": True},
        {"result": torch.ones(2), "x": {"values": torch.ones(2).double()}},
        {"result": torch.ones(2), "x": {"values": None}},
        {"result": torch.ones(2), "x": {}},
    ],
    ids=str,
)
def test_a_dictionary_of_a_learners_own_is_shown_whatever_its_keys(returned):
    assert shown(attempt(lambda: returned, {}).result).startswith("{")
