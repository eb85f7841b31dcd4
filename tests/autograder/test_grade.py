"""Cases in, verdicts out."""

import math
import re

import numpy
import pytest
import torch
from toys import ASCENT, RULE, exercise, rule

from autograder.calling.outcome import NOT_ATTEMPTED, Outcome
from autograder.cases import draw
from autograder.compare import Complaint, Kind
from autograder.exercises import EXERCISES
from autograder.grade import grade, judge, run_here
from autograder.spec import Case


def graded(submission, it=RULE, **how):
    return grade(it, run_here(submission), **how)


def complaints(submission):
    return [verdict.complaint for verdict in graded(submission).verdicts]


def test_the_reference_earns_everything():
    report = graded(rule)
    assert report.passed
    assert report.score == RULE.points
    assert report.diagnosis is None
    assert [v.case for v in report.verdicts] == [case.name for case in draw(RULE, 0)]


def test_an_unwritten_stub_is_not_attempted():
    def stub(grad, lr):
        raise NotImplementedError

    report = graded(stub)
    assert not report.attempted
    assert (report.score, report.diagnosis) == (0, None)
    assert {verdict.complaint.kind for verdict in report.verdicts} == {Kind.MISSING}


def test_what_is_written_for_some_cases_only_is_attempted():
    def half(grad, lr):
        if lr == 0:
            raise NotImplementedError
        return rule(grad, lr)

    report = graded(half)
    assert report.attempted
    assert 0 < report.score < RULE.points


def test_a_missing_function_is_said_as_it_is():
    missing = Outcome(failure=("missing", ""), error="`rule` is not defined")
    report = grade(RULE, lambda inputs: [missing] * len(inputs))
    assert report.first_complaint == "On “typical”: `rule` is not defined."


def test_the_tiny_example_is_run_with_the_cases_but_is_none_of_them():
    asked = []

    def run(inputs):
        asked.extend(inputs)
        return run_here(rule)(inputs)

    report = grade(RULE, run)
    assert len(asked) == len(report.verdicts) + 1
    assert asked[-1] == RULE.trace.inputs
    torch.testing.assert_close(report.traced.result, torch.tensor([0.15, -0.15]))


def test_every_seed_has_cases_of_its_own():
    table = {case.inputs["lr"]: rule(**case.inputs) for case in draw(RULE, 0)}
    assert graded(lambda grad, lr: table[lr].to(grad.dtype), seed=3).score == 0


def test_remarks_are_made_once():
    def talks(grad, lr):
        print("here")
        return rule(grad, lr)

    report = graded(talks)
    assert report.passed
    assert len(report.remarks) == 1


def test_a_secret_is_kept():
    assert graded(rule, secret=True).secret
    assert not graded(rule).secret


def test_a_wrong_answer_is_diagnosed():
    assert graded(RULE.variant(ASCENT)).diagnosis.misconceptions == (ASCENT,)


# ── Complaints ──────────────────────────────────────────────────────────────────────


def test_an_error_is_told_as_the_functions_own():
    assert complaints(lambda grad, lr: 1 / 0)[0].startswith("your function raised ZeroDivision")


def test_changing_an_input_fails_even_when_the_answer_is_right():
    def in_place(grad, lr):
        return grad.add_(0.5).mul_(lr)

    assert complaints(in_place)[0] == (
        "your function changed its input `grad`, which belongs to the caller; "
        "only read it, or work on a copy"
    )
    assert graded(in_place).score == 0


CASE = Case("typical", {})
CHANGED = ("x", "y")


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (None, Kind.TYPE),
        (torch.ones(3), Kind.SHAPE),
        (torch.ones(2).double(), Kind.DTYPE),
        (torch.tensor([1.0, math.nan]), Kind.MODIFIED),
        (torch.tensor([1.0, 7.0]), Kind.MODIFIED),
        (torch.ones(2), Kind.MODIFIED),
    ],
)
def test_a_changed_input_is_heard_of_after_type_shape_and_dtype_before_values(result, kind):
    assert judge(CASE, Outcome(result, changed=CHANGED), torch.ones(2)).kind is kind


def test_all_changed_inputs_are_named():
    assert "inputs" not in judge(CASE, Outcome(1.0, changed=("x",)), 1.0)
    assert "`x` and `y`" in judge(CASE, Outcome(1.0, changed=CHANGED), 1.0)


FAILURES = {
    "not attempted": (NOT_ATTEMPTED, Kind.MISSING),
    "missing": (Outcome(failure=("missing", ""), error="gone"), Kind.MISSING),
    "raised": (Outcome(failure=("raised", "KeyError"), error="raised"), Kind.RAISED),
    "time": (Outcome(failure=("time", ""), error="ran long"), Kind.RAISED),
    "died": (Outcome(failure=("died", ""), error="died"), Kind.RAISED),
}


@pytest.mark.parametrize(("outcome", "kind"), FAILURES.values(), ids=FAILURES)
def test_each_failure_has_its_kind(outcome, kind):
    complaint = judge(CASE, outcome, 1.0)
    assert isinstance(complaint, Complaint)
    assert complaint.kind is kind


# ── Whose fault ─────────────────────────────────────────────────────────────────────


def fails(grad: torch.Tensor, lr: float) -> torch.Tensor:
    """A broken reference."""
    raise ValueError("ours")


def changes(grad: torch.Tensor, lr: float) -> torch.Tensor:
    """Another broken reference."""
    return grad.mul_(lr)


@pytest.mark.parametrize("target", [fails, changes])
def test_a_broken_reference_is_our_fault(target):
    it = exercise(target=target, misconceptions=())
    with pytest.raises(RuntimeError, match="the reference fails 'typical'"):
        graded(rule, it)


ODD = {
    "nothing": None,
    "truth": True,
    "text": "x",
    "NaN": math.nan,
    "inf": math.inf,
    "huge": 10**5000,
    "beyond floats": 10**308 * 7,
    "complex": 1j,
    "array": numpy.ones((2, 3)),
    "set": {1},
    "object": object(),
    "type": int,
    "list": [1, [2, "x"]],
    "empty": (),
    "dict": {None: 1, (1,): []},
    "keys": {"0": 1.0, 1: 2},
    "sparse": torch.eye(2).to_sparse(),
    "complex tensor": torch.ones(2) * 1j,
    "meta": torch.ones(2, 3, device="meta"),
    "0-d": torch.tensor(1),
    "no entries": torch.empty(0),
    "eight bits": torch.zeros(3, dtype=torch.float8_e5m2),
    "tuple of tensors": (torch.ones(2), torch.ones(2)),
    "lists of odd things": ([None], [1j]),
}


@pytest.mark.slow
@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["depth_limit", "layer_gradient_rms", "mlp_backward"])
def test_whatever_is_returned_is_graded_and_reported(name, value):
    it = EXERCISES[f"gradients.{name}"]  # a number, a dictionary, a nest of tensors
    report = graded(lambda **_: value, it)
    assert report.score == 0
    for text in (str(report), report._repr_html_(), report.first_complaint):
        text.encode()
        assert len(text) < 20_000


@pytest.mark.parametrize(
    ("epoch", "words"),
    [
        (lambda x, y: (x, y), "an epoch should be a generator or a list of batches"),
        (lambda x, y: [x], r"a batch should be a pair \(x, y\), got a tensor"),
        (lambda x, y: [(x, y.tolist())], "y of a batch should be a real tensor"),
        (lambda x, y: [(y, x)], "that do not belong to their y"),
        (lambda x, y: [(x, y[0])], "that do not belong to their y"),
        (lambda x, y: [(x * 1j, y)], "x of a batch should be a real tensor"),
        (lambda x, y: [], "yours holds none"),
        (lambda x, y: [(x[:0], y[:0])], "should be a list of 5, got a list of 1"),
    ],
)
def test_batches_of_another_form_are_named(epoch, words):
    def minibatches(x, y, batch_size, generator=None, drop_last=False):
        return epoch(x, y)

    it = EXERCISES["momentum.minibatches"]
    report = graded(minibatches, it)
    assert report.score == 0
    assert re.search(words, report.first_complaint)
