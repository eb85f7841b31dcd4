"""One report, three ways to read it: text, HTML, data."""

import json
import math
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch
from toys import ASCENT, RULE, exercise

from autograder.calling.attempt import attempt
from autograder.compare import Complaint, Foreign, Kind, disagreement
from autograder.diagnose import PARAGRAPH, Diagnosis
from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here
from autograder.recipes import Function, Leaf, Written
from autograder.report import (
    PRACTICE_NOTE,
    Practice,
    Report,
    Score,
    Verdict,
    anchor,
    html,
    shown,
)
from autograder.report.html import NEITHER, RIGHT, WRONG, _link

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


def verdict(case, kind=None, said="wrong", guarded="", besides=False):
    return Verdict(case, Complaint(said, kind, guarded) if kind else "", besides=besides)


def report(*verdicts, **changes):
    return Report(RULE, verdicts or (verdict("typical"),), **changes)


# ── The score ───────────────────────────────────────────────────────────────────────


def test_points_are_shared_by_the_cases_in_quarters_rounded_down():
    right, off = verdict("a"), verdict("b", Kind.VALUES)
    assert report(right, right).score == 3
    assert report(right, off).score == 1.5
    assert report(right, right, off, off, off, off, off).score == 0.75


def test_a_case_of_the_exercises_own_costs_half_and_one_besides_its_share():
    right, besides = verdict("a"), verdict("b", Kind.VALUES, besides=True)
    assert report(*[right] * 9, verdict("b", Kind.VALUES)).score == 1.5
    assert report(*[right] * 9, besides).score == 2.5
    assert report(*[right] * 99, besides).score == 2.75  # not everything
    assert report(*[right] * 8, verdict("b", Kind.VALUES), besides).score == 1.5
    assert report(right, besides, besides, besides).score == 0.75


def test_a_report_says_why_many_right_cases_earn_only_half():
    right, off = verdict("a"), verdict("b", Kind.VALUES)
    said = "Half of the points are for having every case of the exercise right."
    assert said in str(report(right, right, off))
    assert said not in str(report(right, right, verdict("b", Kind.VALUES, besides=True)))


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


def test_the_first_case_that_is_wrong_is_complained_of():
    said = report(
        verdict("a", Kind.VALUES, "values"),
        verdict("b", Kind.SHAPE, "shape"),
        verdict("c", Kind.SHAPE, "another shape"),
        verdict("d", Kind.DTYPE, "dtype"),
    )
    assert said.first_complaint == "On “a”: values."


def test_of_equal_complaints_the_first_case_speaks():
    said = report(verdict("a"), verdict("b", Kind.VALUES, "one"), verdict("c", Kind.VALUES))
    assert said.first_complaint == "On “b”: one."


def test_a_right_answer_has_no_complaint():
    assert report().first_complaint == ""
    assert report().passed


# ── What is written ─────────────────────────────────────────────────────────────────


def test_a_right_answer_reads_well():
    assert str(report(verdict("typical"), verdict("large"))) == (
        "`rule` is right.\n"
        "This was so that you can take a step.\n"
        "rule: 2 of 2 cases right, 3 of 3 points"
    )


def test_an_untouched_stub_reads_not_attempted_and_no_more():
    def stub(**inputs):
        raise NotImplementedError

    assert str(grade(RULE, run_here(stub))) == (
        "`rule` is not written yet.\nrule: not attempted (0 of 3 points)"
    )


def test_a_wrong_answer_reads_diagnosis_then_complaint_then_the_number_of_right_cases():
    lines = str(grade(RULE, run_here(RULE.variant(ASCENT)))).splitlines()
    assert lines[:2] == ["Looks like: ascent.", "Symptom of ascent. Hint at ascent."]
    assert lines[2].startswith("On “typical”: result[0] should be ")
    assert lines[3] == "No case counts without the first one, which is the typical one."
    assert lines[4] == "See “Which way is down”."
    assert lines[5] == "rule: 1 of 7 cases right, 0 of 3 points"


def test_without_a_diagnosis_the_first_complaint_leads():
    complaint = Complaint("result[0] should be 1, got 2; right: result[1]", Kind.VALUES)
    said = report(Verdict("a", complaint), verdict("b"))
    assert said.lead == "On “a”: result[0] should be 1, got 2."
    assert said.sentences[0] == "Right: result[1]."


def test_ones_own_line_follows_what_it_raised():
    raised = verdict(
        "a", Kind.RAISED, "your function raised KeyError: 1 (in your line 2: f(x))"
    )
    assert report(raised).lead == "On “a”: your function raised KeyError: 1."
    assert report(raised).sentences == ("In your line 2: `f(x)`.",)


EVIDENCE = Diagnosis(
    RULE.misconceptions[:2],
    evidence="On “a” this is exactly what you get.",
    rest=Complaint("On “b” it should be 123.", Kind.VALUES, "On “b” it is something else."),
)
RELATION = Diagnosis((), certain=False, relation="Your result is the right one times 0.1")


def test_what_a_diagnosis_explains_and_what_it_does_not_follow_it():
    said = report(verdict("a", Kind.VALUES, "off"), diagnosis=EVIDENCE)
    assert said.lead == "Looks like: ascent and no decay."
    assert said.sentences[0].startswith("“ascent”: ")
    assert said.sentences[1].startswith("“no decay”: ")
    assert said.sentences[2:] == (
        "On “a” this is exactly what you get.",
        "On “b” it should be 123.",
        "On “a”: off.",
    )
    assert said.sections == ("Which way is down", "One step")
    assert str(said).splitlines()[6] == "See “Which way is down” and “One step”."


def test_what_a_mistake_beside_another_does_not_show_is_not_said():
    hidden = replace(EVIDENCE, unseen=EVIDENCE.misconceptions[1:])
    said = str(report(verdict("a", Kind.VALUES, "off"), diagnosis=hidden))
    assert "“ascent”: Symptom of ascent. Hint at ascent." in said
    assert "“no decay”: Hint at no decay." in said


def test_what_two_parts_are_stands_in_two_paragraphs():
    two = Diagnosis((), relation=PARAGRAPH.join(["In your result, a is b.", "And c is d."]))
    said = report(verdict("a", Kind.VALUES, "off"), diagnosis=two)
    assert said.lead == "In your result, a is b."
    assert said.sentences == ("And c is d.", "On “a”: off.")


def test_where_only_a_relation_is_known_it_leads():
    said = report(verdict("a", Kind.VALUES, "off"), diagnosis=RELATION)
    assert said.lead == "Your result is the right one times 0.1."
    assert said.sentences == ("On “a”: off.",)
    assert said.data()["relation"] == RELATION.relation
    assert said.idea == (said.lead, "One step")


@pytest.mark.parametrize("diagnosis", [EVIDENCE, RELATION], ids=["evidence", "relation"])
def test_text_and_html_say_the_same_in_the_same_order(diagnosis):
    said = report(
        verdict("a", Kind.VALUES, "off"), diagnosis=diagnosis, remarks=("It printed.",)
    )
    text, html = str(said), Page(said._repr_html_()).text
    parts = [said.lead, *said.sentences, "One step", said.tally, "It printed."]
    for form in (text, html):
        places = [form.index(part) for part in parts]
        assert places == sorted(places)


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
    "in practice": lambda: grade(RULE, run_here(RULE.variant(ASCENT)), practice=True),
    "ascent": lambda: grade(RULE, run_here(RULE.variant(ASCENT))),
    "with a trace": lambda: wrong_report(with_trace=True),
    "hostile": hostile_report,
}


@pytest.mark.parametrize("write", REPORTS.values(), ids=REPORTS)
def test_html_is_well_formed_and_asks_for_nothing_from_elsewhere(write):
    page = Page(write()._repr_html_())
    known = "div p strong ul li span a dl dt dd samp mark code em small details summary"
    assert set(page.tags) <= set(known.split())
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert all(link.startswith("#") for link in links)


def test_each_case_is_told_to_those_who_see_no_colours():
    html = report(verdict("a"), verdict("b", Kind.VALUES))._repr_html_()
    labels = [value for name, value in Page(html).attributes if name == "aria-label"]
    assert labels == ["Report on rule: 1.5 of 3 points", "passed", "failed"]


def contrast(one, other):
    """WCAG's ratio of two colours."""

    def light(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    low, high = sorted([light(one), light(other)])
    return high / low


@pytest.mark.parametrize("colour", [RIGHT, WRONG, NEITHER])
def test_each_colour_can_be_told_from_white_and_black_and_bears_black_signs(colour):
    assert contrast(colour, "#000000") >= 4.5
    assert contrast(colour, "#111111") >= 3
    assert contrast(colour, "#FFFFFF") >= 3


@pytest.mark.parametrize(
    ("verdicts", "opened"),
    [((None, None), False), ((Kind.VALUES,) * 2, False), ((None, Kind.VALUES), True)],
    ids=["all right", "all wrong", "some of both"],
)
def test_the_list_of_cases_is_folded_where_all_fared_alike(verdicts, opened):
    said = report(*(verdict(str(number), kind) for number, kind in enumerate(verdicts)))
    attributes = Page(said._repr_html_()).attributes
    assert (("open", None) in attributes) == opened
    assert ("✓" in str(said)) == opened


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_report_on_any_exercise_is_light(exercise):
    wrong = exercise.variant(exercise.misconceptions[0])
    said = grade(exercise, run_here(wrong), practice=True)
    assert len(said._repr_html_().encode()) < 60_000
    json.dumps(said.data(), allow_nan=False)


def test_of_many_large_cases_the_wrong_ones_are_shown():
    large = (("x", "1, " * 4000),)
    many = [Verdict(str(k), "", large) for k in range(9)]
    many.append(Verdict("last", Complaint("off", Kind.VALUES), large))
    html = report(*many, practice=True)._repr_html_()
    assert len(html) < 60_000
    assert html.rindex("<samp>") > html.index("last")


# ── A case unfolded ─────────────────────────────────────────────────────────────────


def test_in_practice_each_case_shows_what_went_in_and_both_results():
    first = grade(RULE, run_here(RULE.variant(ASCENT)), practice=True).data()["cases"][0]
    assert list(first["inputs"]) == ["grad", "lr"]
    assert first["inputs"]["lr"] == "0.3"
    assert first["got"].startswith("float32, 3 entries: [→")
    assert first["expected"].count("→") == 1
    assert first["expected"] != first["got"]


def test_a_right_case_shows_one_result():
    said = grade(RULE, run_here(RULE.target), practice=True)
    assert said.verdicts[0].got
    assert not said.verdicts[0].expected
    assert "should come out" not in said._repr_html_()


@pytest.mark.parametrize("how", [dict(), dict(secret=True), dict(secret=True, practice=True)])
def test_outside_practice_no_case_shows_its_inputs(how):
    said = grade(RULE, run_here(RULE.variant(ASCENT)), **how)
    assert not any(v.inputs or v.got or v.expected for v in said.verdicts)
    assert "<dl" not in said._repr_html_()
    shown = Verdict("a", Complaint("off", Kind.VALUES), (("x", "123"),), "456", "789")
    said = report(shown, **how | {"secret": True})
    assert not any(n in f"{said._repr_html_()}{said.data()}" for n in ("123", "456", "789"))


def test_an_unwritten_function_has_nothing_to_unfold():
    def stub(**inputs):
        raise NotImplementedError

    assert "details" not in grade(RULE, run_here(stub), practice=True)._repr_html_()


def test_names_in_back_quotes_become_code_unless_a_quote_is_left_over():
    assert "<code>x</code>" in report(remarks=("see `x` there",))._repr_html_()
    assert "see `x there" in report(remarks=("see `x there",))._repr_html_()


def test_the_link_is_the_id_that_jupyter_gives_the_heading():
    assert anchor("One step") == "One-step"
    assert anchor("adam · 4 points") == "adam"  # as the builder marks it
    assert 'href="#&quot;"' in _link('"')


# ── Secrets ─────────────────────────────────────────────────────────────────────────


def test_a_secret_report_shows_no_expected_number_in_any_form():
    complaint = disagreement(torch.ones(2), torch.full((2,), 123.5))
    said = report(
        Verdict("a", complaint), Verdict("b", complaint), secret=True, diagnosis=EVIDENCE
    )
    everything = str(said) + said._repr_html_() + json.dumps(said.data())
    everything += json.dumps(Score(said)._repr_mimebundle_())
    assert "123" not in everything
    assert "got 1" in str(said)
    assert "something else" in str(said)
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


def test_values_stand_in_one_column_however_long_a_name_is():
    page = Page(html._listed([("x", "1"), ("product of the factors", "2")]))
    widths = [value for name, value in page.attributes if name == "style" and "ch;" in value]
    assert len(widths) == 2
    assert len(set(widths)) == 1


def test_a_name_in_the_line_of_progress_is_set_as_code():
    beside = Practice(progress="3 of 20 points; of `f` you have seen the solution.")
    page = Page(report(verdict("one", Kind.VALUES), beside=beside)._repr_html_())
    assert "of f you have seen" in page.text


def test_names_that_hold_an_and_are_not_joined_by_one():
    names = ("a negative number and 0", "not refused, by a formula", "ascent")
    several = [replace(RULE.misconceptions[0], name=name) for name in names]
    assert Diagnosis(tuple(several)).name == "; ".join(names)
    assert Diagnosis(tuple(RULE.misconceptions[:2])).name == "ascent and no decay"
