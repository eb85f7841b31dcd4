"""Wrong answers, and the misconception that gives the same ones."""

import pytest
import torch
from toys import ASCENT, ENDLESS, LAX, NO_DECAY, NUMBER, RULE, SQUARED, exercise, rule, wrong

from autograder.calling.attempt import attempt_all
from autograder.calling.outcome import Outcome
from autograder.cases import draw
from autograder.diagnose import Diagnosis, answers, diagnose, same
from autograder.diagnose.edits import edits
from autograder.exercises import EXERCISES
from autograder.spec import Case

SEED = 11


def diagnosis_of(submission, it=RULE):
    return diagnose(it, SEED, attempt_all(submission, [c.inputs for c in draw(it, SEED)], 0.3))


@pytest.mark.parametrize("wrong", RULE.misconceptions, ids=lambda wrong: wrong.name)
def test_each_misconception_is_named_as_itself(wrong):
    assert diagnosis_of(RULE.variant(wrong)) == Diagnosis((wrong,), certain=True)


def test_the_same_wrong_answers_written_differently_are_recognised():
    found = diagnosis_of(lambda grad, lr, decay=0.5: 0.0 - lr * (grad + decay))
    assert found == Diagnosis((ASCENT,), certain=True)


def test_two_misconceptions_at_once_are_both_named():
    found = diagnosis_of(RULE.variant(ASCENT, SQUARED))
    assert (found.misconceptions, found.certain) == ((ASCENT, SQUARED), True)
    assert found.name == "ascent and rate squared"
    assert "you get what “ascent” and “rate squared” together give" in found.evidence


def test_of_pairs_that_cannot_be_told_apart_none_is_certain():
    twins = (
        wrong("doubled here", "sign = 1.0", "sign = 2.0"),
        wrong("doubled there", "size = lr", "size = 2 * lr"),
    )
    it = exercise(NO_DECAY, *twins)
    found = diagnosis_of(lambda grad, lr: 2 * lr * grad, it)
    assert found.misconceptions[0] == NO_DECAY
    assert found.misconceptions[1] in twins
    assert not found.certain


def test_two_misconceptions_that_cannot_be_told_apart_are_not_certain():
    twins = (
        wrong("doubled here", "sign = 1.0", "sign = 2.0"),
        wrong("doubled there", "size = lr", "size = 2 * lr"),
    )
    assert diagnosis_of(lambda grad, lr: 2 * lr * (grad + 0.5), exercise(*twins)) == Diagnosis(
        (twins[0],), certain=False
    )


def test_where_no_mistake_explains_enough_it_is_said_what_the_values_are_to_the_right_ones():
    def squared_where_it_runs(grad, lr, decay=0.5):
        if lr > 1:
            raise ValueError
        return lr * lr * (grad + decay)

    found = diagnosis_of(squared_where_it_runs)
    assert found.misconceptions in ((), (SQUARED,))
    assert found.name in ("the right one times lr", SQUARED.name)


def test_one_value_among_many_errors_names_no_mistake():
    def squared_once(grad, lr, decay=0.5):
        if lr != 0.01:
            raise ValueError
        return lr * lr * (grad + decay)

    assert diagnosis_of(squared_once).misconceptions == ()


def test_what_loses_the_dtype_besides_is_named_and_the_rest_is_told():
    def squared_in_float32(grad, lr, decay=0.5):
        return lr * lr * (grad.float() + decay)

    found = diagnosis_of(squared_in_float32)
    assert SQUARED in found.misconceptions
    assert len(found.misconceptions) == 2 or "float64" in found.rest


def test_a_second_fault_in_one_case_is_told_beside_the_name():
    def mostly_squared(grad, lr, decay=0.5):
        return lr * lr * (grad + decay) if lr < 1 else grad

    found = diagnosis_of(mostly_squared)
    assert found.misconceptions == (SQUARED,)
    assert "“a larger step” something else is off" in found.rest
    assert "should be" in found.rest
    assert "should be" not in found.rest.guarded


def is_typical(grad, lr):
    return lr == 0.3 and grad.dtype == torch.float32 and grad.is_contiguous()


def test_what_explains_all_but_the_typical_case_says_that_it_does_not():
    def squared_elsewhere(grad, lr, decay=0.5):
        return grad if is_typical(grad, lr) else lr * lr * (grad + decay)

    found = diagnosis_of(squared_elsewhere)
    assert found is None or "On “typical” something else is off" in found.rest


def test_what_explains_the_typical_case_and_few_others_is_not_named():
    def squared_there(grad, lr, decay=0.5):
        return lr * lr * (grad + decay) if is_typical(grad, lr) else grad

    assert diagnosis_of(squared_there) is None


def test_where_cases_are_secret_a_relation_does_not_lead_to_the_right_numbers():
    found = diagnosis_of(lambda grad, lr, decay=0.5: 3.7 * lr * (grad + decay))
    assert found.relation == "Your result is the right one times 3.7."
    assert found.relation.guarded == "Your result is the right one times a constant."


def test_a_slip_in_one_case_does_not_hide_a_mistake_in_whole_numbers():
    it = EXERCISES["gradients.depth_limit"]
    few = next(each for each in it.misconceptions if each.name == "one layer too few")

    def slips(weight, tol):
        return {}["four"] if weight == 4 else it.variant(few)(weight, tol)

    found = diagnosis_of(slips, it)
    assert (found.misconceptions, found.certain) == ((few,), True)
    assert "“a weight of exactly 4” something else happens" in found.rest


@pytest.mark.parametrize(
    "submission",
    [lambda grad, lr: grad.sin(), lambda grad, lr: lr * grad.cos() + 3],
    ids=["sine", "cosine"],
)
def test_what_nobody_foresaw_has_no_name(submission):
    assert diagnosis_of(submission) is None


@pytest.mark.parametrize(
    ("submission", "name"),
    [
        (lambda grad, lr: None, "nothing returned"),
        (lambda grad, lr: grad.no_such_thing, "nothing named no_such_thing there"),
        (lambda grad, lr: grad * torch.nan, "NaN everywhere"),
        (lambda grad, lr: 3 * lr * (grad + 0.5), "the right one times 3"),
        (lambda grad, lr: grad, "grad as it came"),
    ],
    ids=["nothing", "error", "nan", "factor", "input"],
)
def test_a_plain_cause_and_a_relation_are_named_without_a_list(submission, name):
    found = diagnosis_of(submission)
    assert (found.misconceptions, found.name) == ((), name)
    assert found.relation.endswith(".")


def test_what_is_no_number_is_not_called_one():
    found = diagnosis_of(lambda grad, lr: (lr * grad).numpy())
    assert found is None or "NaN" not in found.name


def test_the_same_error_alone_is_no_likeness():
    raises = wrong("asks too much", "size = lr", "size = lr.item()")

    def other(grad, lr):
        return lr.shape

    assert diagnosis_of(other, exercise(raises)) == Diagnosis((raises,))  # alike in every case

    def once(grad, lr):
        return lr.shape if lr == 0.3 else grad

    assert diagnosis_of(once, exercise(raises)).misconceptions == ()


def test_a_misconception_that_never_ends_is_recognised_and_tried_in_no_pair():
    def ends_for_none(grad, lr, decay=0.5):
        while lr == 0:
            pass
        return -lr * (grad + decay)

    assert ASCENT in diagnosis_of(ends_for_none).misconceptions
    assert diagnosis_of(RULE.variant(ENDLESS)) == Diagnosis((ENDLESS,))


def test_edits_of_the_same_place_are_tried_in_no_pair():
    it = exercise(ASCENT, wrong("doubled", "sign = 1.0", "sign = 2.0"))
    assert diagnosis_of(lambda grad, lr: -2 * lr * (grad + 0.5), it).misconceptions == ()


def test_a_misconception_that_the_cases_do_not_tell_from_right_is_not_named():
    harmless = wrong("written otherwise", "size = lr", "size = 1.0 * lr")
    assert diagnosis_of(rule, exercise(harmless)) is None


def test_cases_that_were_not_run_neither_speak_for_nor_against():
    right, ended = answers(RULE, SEED), Outcome(failure=("ended", ""))
    assert diagnose(RULE, SEED, [*right[:-1], ended]) is None
    ascent = answers(RULE, SEED, ASCENT)
    assert diagnose(RULE, SEED, [*ascent[:2], *[ended] * (len(right) - 2)]).name == "ascent"


def test_a_changed_input_is_part_of_the_likeness():
    case = Case("typical", {})
    one, other = Outcome(result=1), Outcome(result=1, changed=("x",))
    assert same(case, one, one)
    assert not same(case, one, other)


def test_likeness_is_what_the_case_judges():
    one, other = Outcome(result=1.0), Outcome(result=1.05)
    assert not same(Case("strict", {}), one, other)
    assert same(Case("lax", {}, LAX), one, other)


def test_different_failures_are_not_alike():
    case = Case("typical", {})
    one, other = (Outcome(failure=("raised", kind)) for kind in ("KeyError", "ValueError"))
    assert same(case, one, one)
    assert not same(case, one, other)
    assert not same(case, one, Outcome(result=1))


def test_the_answers_are_those_of_the_variant():
    typical = draw(RULE, SEED)[0].inputs
    expected = -typical["lr"] * (typical["grad"] + 0.5)
    torch.testing.assert_close(answers(RULE, SEED, ASCENT)[0].result, expected)
    assert isinstance(answers(RULE, SEED, NUMBER)[0].result, float)


# ── Slips of the pen ────────────────────────────────────────────────────────────────


def test_a_slip_of_the_pen_is_told_by_its_kind_and_its_argument():
    it = EXERCISES["normalization.rms_norm"]

    def no_root(x, gamma, eps=1e-6):
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        mean_square = wide.square().mean(dim=-1, keepdim=True)
        return (wide * (mean_square - eps).rsqrt()).to(x.dtype) * gamma

    found = diagnosis_of(no_root, it)
    assert found.name == "subtracted instead of added"
    assert "(the one with eps)" in found.misconceptions[0].symptom


@pytest.mark.slow
def test_edits_are_functions_that_differ_and_say_no_code():
    for it in EXERCISES.values():
        found = edits(it)
        assert found, it.id
        for edit in found:
            assert edit.function.__name__ == it.name
            assert "`" not in edit.symptom + edit.hint
            assert edit.symptom.endswith(".")


def test_an_edit_changes_one_operation_and_no_condition_of_a_loop():
    found = {edit.name: edit for edit in edits(EXERCISES["gradients.depth_limit"])}
    assert found["5 for 4"].function(4.0, 0.1) == -1  # the last of that name: |w| / 5
    assert found["a divisor forgotten"].function(0.5, 0.4) == 2  # 1, 0.5, 0.25
    assert "an edge on the wrong side" in found  # |w| ≥ 4, not the loop's own
