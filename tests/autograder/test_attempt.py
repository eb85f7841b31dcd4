"""One call of a submission, whatever it does."""

import gc
import math
import signal
import sys
import threading
import time
import warnings

import pytest
import torch
from tqdm import tqdm

from autograder.calling.attempt import attempt, attempt_all
from autograder.calling.outcome import NOT_ASKED, NOT_ATTEMPTED, Outcome
from autograder.calling.patience import patience
from autograder.calling.plain import SHOWN

ONES = torch.ones(3)


# ── What went wrong ─────────────────────────────────────────────────────────────────


def test_an_unwritten_stub_is_not_an_error():
    def stub(x):
        raise NotImplementedError()

    assert attempt(stub, {"x": ONES}) == NOT_ATTEMPTED


def test_what_torch_has_not_implemented_is_an_error():
    def submission():
        return torch.eye(2).to_sparse().view(4)

    outcome = attempt(submission, {})
    assert outcome.failure[0] == "raised"
    assert outcome.error.startswith("raised ")


def test_an_exception_is_told_with_the_learners_own_line():
    def helper(values):
        return values[7]

    def submission(x):
        return helper(x)

    outcome = attempt(submission, {"x": ONES})
    assert outcome.failure == ("raised", "IndexError")
    assert outcome.error.startswith("raised IndexError: index 7 is out of bounds")
    assert outcome.error.endswith(": return values[7])")
    assert f"in your line {helper.__code__.co_firstlineno + 1}:" in outcome.error


def test_an_exception_deep_inside_torch_is_told_with_the_line_that_led_there():
    def submission(x):
        y = x + 1
        return torch.nn.functional.softmax(y, dim=5)

    said = attempt(submission, {"x": ONES}).error
    assert said.endswith("return torch.nn.functional.softmax(y, dim=5))")


def test_a_wrong_signature_is_told_without_a_line():
    outcome = attempt(lambda y: y, {"x": ONES})
    assert outcome.failure == ("raised", "TypeError")
    assert "unexpected keyword argument 'x'" in outcome.error
    assert "in your line" not in outcome.error


def test_something_without_code_of_its_own_may_fail_too():
    class Submission:
        def __call__(self, x):
            raise KeyError("x")

    assert attempt(Submission(), {"x": 1}).failure == ("raised", "KeyError")
    assert attempt(math.sqrt, {"x": 1}).failure == ("raised", "TypeError")


class SilentError(Exception):
    def __str__(self):
        raise ValueError("cannot say")


class OfItsOwn(BaseException):
    pass


def raises(error):
    def submission():
        raise error

    return submission


@pytest.mark.parametrize(
    ("error", "failure", "sentence"),
    [
        (ValueError("no"), "ValueError", "raised ValueError: no (in your line"),
        (ValueError(), "ValueError", "raised ValueError (in your line"),
        (ValueError("one\ntwo"), "ValueError", "raised ValueError: one (in your line"),
        (SystemExit(0), "SystemExit", "called exit(), which ends Python; return a value"),
        (SilentError(), "SilentError", "raised SilentError (in your line"),
        (OfItsOwn("x"), "OfItsOwn", "raised OfItsOwn: x (in your line"),
        (GeneratorExit(), "GeneratorExit", "raised GeneratorExit (in your line"),
        (
            NotImplementedError("later"),
            "NotImplementedError",
            "raised NotImplementedError: later",
        ),
        (StopIteration(), "StopIteration", "raised StopIteration"),
        (MemoryError(), "MemoryError", "raised MemoryError"),
    ],
)
def test_whatever_is_raised_becomes_a_sentence(error, failure, sentence):
    outcome = attempt(raises(error), {})
    assert outcome.failure == ("raised", failure)
    assert outcome.error.startswith(sentence)


def test_the_learners_own_interrupt_ends_the_marking():
    with pytest.raises(KeyboardInterrupt):
        attempt(raises(KeyboardInterrupt()), {})


def test_endless_recursion_is_an_error():
    def submission():
        return submission()

    assert attempt(submission, {}).failure == ("raised", "RecursionError")


@pytest.mark.parametrize("text", ["\ud800", "x" * 10**6], ids=["half a character", "long"])
def test_a_message_can_be_written_and_stays_short(text):
    said = attempt(raises(ValueError(text)), {}).error
    said.encode()
    assert len(said) < 2 * SHOWN


def test_an_endless_loop_ends_in_time():
    def submission():
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    outcome = attempt(submission, {}, seconds=0.2)
    assert outcome.failure == ("time", "")
    assert outcome.error == "ran longer than 0.2 seconds: look for a loop that never ends"


def test_an_endless_result_ends_in_time():
    class Endless(list):
        def __iter__(self):
            while True:
                yield 1

    assert attempt(lambda: Endless(), {}, seconds=0.2).failure == ("time", "")


def test_a_finalizer_cannot_swallow_the_end():
    class Slow:
        def __del__(self):  # Python ignores what is raised in here
            until = time.monotonic() + 0.15
            while time.monotonic() < until:
                pass

    def submission():
        Slow()
        while True:
            pass

    assert attempt(submission, {}, seconds=0.1).failure == ("time", "")


def test_no_garbage_is_collected_within_the_limit_and_all_of_it_after():
    collecting = attempt(gc.isenabled, {}).result
    assert (collecting, gc.isenabled()) == (False, True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_else_is_raised_in_a_finalizer_is_reported_as_ever(monkeypatch):
    class Broken:
        def __del__(self):
            raise ValueError("mine")

    reported = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    assert attempt(lambda: Broken() and None, {}).failure is None
    assert [each.exc_type for each in reported] == [ValueError]


def test_after_endless_calls_the_others_get_less_time():
    late, fine = Outcome(failure=("time", "")), Outcome(result=1)
    assert patience([], 5.0) == 10.0
    assert patience([fine], 5.0) == 5.0
    assert patience([fine, late], 5.0) == 1.0
    assert patience([fine, late, fine, late], 5.0) == 0.2
    assert patience([fine, late], 0.1) == 0.1


def test_what_never_ends_is_over_in_the_time_that_it_is_told():
    def endless(n):
        while True:
            pass

    begin = time.monotonic()
    first, *others = attempt_all(endless, [dict(n=n) for n in range(12)], 0.2)
    assert time.monotonic() - begin < 0.6
    assert first.error == "ran longer than 0.4 seconds: look for a loop that never ends"
    assert others == [NOT_ASKED] * 11


@pytest.mark.parametrize("seconds", [0.1, 5.0])
def test_the_alarm_is_left_as_it_was(seconds):
    def handler(*_):
        raise AssertionError("a stray alarm")

    def submission():
        while True:
            if seconds > 1:
                return

    running = signal.getitimer(signal.ITIMER_REAL)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        attempt(submission, {}, seconds)
        assert signal.getsignal(signal.SIGALRM) is handler
        left = signal.getitimer(signal.ITIMER_REAL)
        assert left == pytest.approx(running, abs=5.0)  # pytest's own goes on
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN])
def test_an_endless_loop_is_ended_where_there_are_no_alarms(monkeypatch, ctrl_c):
    """As on Windows, which has no SIGALRM, and in the background, where Ctrl-C is ignored."""

    def endless():
        while True:
            pass

    before = signal.signal(signal.SIGINT, ctrl_c)
    try:
        with monkeypatch.context() as windows:
            windows.delattr("signal.setitimer")
            ended, quick = (attempt(each, {}, seconds=0.2) for each in (endless, lambda: 3))
        assert signal.getsignal(signal.SIGINT) is ctrl_c
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.failure == ("time", "")
    assert quick.result == 3


def test_it_runs_in_another_thread_too():
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(attempt(lambda: 3, {})))
    thread.start()
    thread.join()
    assert outcomes == [Outcome(result=3)]


def test_all_calls_are_answered_in_order():
    outcomes = attempt_all(lambda x: 6 / x, [{"x": 2}, {"x": 0}, {"x": 3}])
    assert [each.result for each in outcomes] == [3.0, None, 2.0]
    assert outcomes[1].failure == ("raised", "ZeroDivisionError")


# ── What deserves a word ────────────────────────────────────────────────────────────


def test_a_print_is_caught_and_remarked_on(capsys):
    def submission():
        print("here", 3)
        print("more")

    outcome = attempt(submission, {})
    assert outcome.remarks == (
        "It printed 'here 3'. Printing costs no points; take it out when you are done.",
    )
    assert outcome.failure is None
    assert capsys.readouterr() == ("", "")


def test_a_flood_fills_no_memory():
    def submission():
        for _ in range(2000):
            print("x" * 10_000)
            print("x" * 10_000, file=sys.stderr)

    assert sum(map(len, attempt(submission, {}).remarks)) < 400


def test_the_error_stream_is_caught_and_costs_nothing(capsys):
    def submission():
        print("look out", file=sys.stderr)
        return 1

    outcome = attempt(submission, {})
    assert outcome.result == 1
    assert "to the error stream, which costs no points" in outcome.remarks[0]
    assert capsys.readouterr() == ("", "")


def test_a_progress_bar_is_no_error():
    outcome = attempt(lambda: sum(tqdm(range(3), disable=False)), {})
    assert (outcome.result, len(outcome.remarks)) == (3, 1)


def test_a_warning_is_remarked_on_though_the_notebook_ignores_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = attempt(lambda: warnings.warn("old", stacklevel=1), {})
    assert len(outcome.remarks) == 1


def test_a_warning_is_remarked_on_once(recwarn):
    def submission():
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        warnings.warn("older", stacklevel=1)
        return 1

    outcome = attempt(submission, {})
    assert outcome.result == 1
    assert outcome.remarks == (
        "Python warned: DeprecationWarning: old. A warning costs no points, but find out what "
        "it wants.",
    )
    assert len(recwarn) == 0


def test_a_warning_of_pytorchs_is_quoted_without_the_place_in_its_own_code():
    outcome = attempt(lambda: torch.ones(1).var(), {})
    (remark,) = outcome.remarks
    assert "degrees of freedom" in remark
    assert "Triggered" not in remark
    assert ".. " not in remark


def test_remarks_on_a_failed_call_are_kept():
    def submission():
        print("so far")
        raise ValueError

    outcome = attempt(submission, {})
    assert outcome.failure == ("raised", "ValueError")
    assert "'so far'" in outcome.remarks[0]


def test_printing_half_a_character_can_be_written_down():
    attempt(lambda: print("\ud800"), {}).remarks[0].encode()


# ── What was changed ────────────────────────────────────────────────────────────────


def test_a_changed_input_is_named_and_stays_changed_for_no_one():
    def submission(x, y, z):
        x.mul_(2)
        y.append(1)
        z.sum()

    inputs = {"x": ONES.clone(), "y": [], "z": ONES}
    assert attempt(submission, inputs).changed == ("x", "y")
    assert torch.equal(inputs["x"], ONES)
    assert inputs["y"] == []


def test_an_input_that_became_something_incomparable_is_changed():
    def submission(x):
        x[0] = ONES

    assert attempt(submission, {"x": [1.0]}).changed == ("x",)


def test_gradients_left_switched_off_are_told_and_switched_on_again():
    def submission(x):
        torch.set_grad_enabled(False)
        return x + 1

    outcome = attempt(submission, {"x": ONES})
    assert outcome.failure == ("gradient mode", "")
    assert "switched off" in outcome.error
    assert torch.is_grad_enabled()
