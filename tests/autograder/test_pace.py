"""The time of a right answer beside the reference's."""

import re
import sys
import time
import warnings

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from toys import exercise

from autograder.exercises import EXERCISES
from autograder.pace import BUDGET, pace
from autograder.recipes import Traced
from autograder.spec import Case

BUSY = 1.0  # seconds, so that some calls are not interrupted though the machine is busy


def halting(grad, lr):
    """Takes a millisecond or two: enough to tell."""
    time.sleep(1e-3)
    return grad * lr


def timed(target=halting, **inputs):
    inputs = inputs or dict(grad=torch.ones(3), lr=0.5)
    made = exercise()
    for name, value in (("target", target), ("cases", lambda rng: [Case("typical", inputs)])):
        object.__setattr__(made, name, value)
    return made


def test_the_ratio_and_both_times_are_told():
    def slower(grad, lr):
        time.sleep(3e-3)
        return grad * lr

    said = pace(timed(), slower, BUSY)
    found = re.fullmatch(
        r"It takes (\S+) times as long as the reference \((\S+) ms against (\S+) ms\)\.", said
    )
    ratio, yours, its = map(float, found.groups())
    assert 1.5 < ratio < 4
    assert yours > its >= 1


def test_a_faster_answer_is_told_so_as_well():
    said = pace(timed(), lambda grad, lr: time.sleep(2e-4), BUSY)
    assert re.match(r"It takes 0\.\d+ times as long", said)


def test_the_checks_of_the_reference_are_not_part_of_its_time():
    def slow_to_check(grad, lr):
        time.sleep(5e-3)
        return halting(grad, lr)

    slow_to_check.__wrapped__, slow_to_check.checks = halting, ()
    said = pace(timed(slow_to_check), lambda grad, lr: time.sleep(1e-3), BUSY)
    assert said.startswith("It takes about as long")


def test_an_answer_that_takes_as_long_is_not_made_a_race():
    assert pace(timed(), lambda grad, lr: time.sleep(1e-3), BUSY).startswith(
        "It takes about as long"
    )


def test_calls_that_are_too_short_to_tell_are_not_compared():
    assert pace(timed(lambda grad, lr: 0), lambda grad, lr: 1) == ""


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_copy_of_the_reference_is_not_compared_so_that_solved_notebooks_stay_as_they_are(
    shell,
):
    known = EXERCISES["gradients.softmax_cross_entropy_grad"]
    header, body = known.header.replace("row", "line"), known.body
    shell.run_cell(f"import time\n{known.imports}\n\n\n{header}\n{body}")
    copy = shell.user_ns[known.name]
    assert pace(known, copy) == ""
    shell.run_cell(f"{known.imports}\n\n\n{header}    time.sleep(2e-3)\n{body}")
    assert pace(known, shell.user_ns[known.name], BUSY) != ""


@pytest.mark.parametrize(
    "value", [torch.Generator(), Traced(torch.ones(2))], ids=["random", "built"]
)
def test_inputs_that_are_drawn_from_or_built_are_not_compared(value):
    assert pace(timed(grad=value, lr=1.0), lambda grad, lr: time.sleep(1e-3)) == ""


def test_nothing_of_a_call_is_seen_or_left_behind(capsys):
    def noisy(grad, lr):
        print("printed")
        print("complained", file=sys.stderr)
        warnings.warn("warned", stacklevel=1)
        torch.set_grad_enabled(False)
        grad.zero_()
        time.sleep(1e-3)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pace(timed(), noisy)
    assert capsys.readouterr() == ("", "")
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("raised", [ValueError, SystemExit, NotImplementedError])
def test_an_answer_that_raises_now_costs_nothing(raised):
    def moody(grad, lr):
        raise raised

    assert pace(timed(), moody) == ""


def test_nobody_waits_for_it():
    calls = []

    def endless(grad, lr):
        calls.append(0)
        while True:
            pass

    begin = time.perf_counter()
    assert pace(timed(), endless) == ""
    assert time.perf_counter() - begin < 5  # the machine may be busy
    assert len(calls) == 1
    assert 1.5 * BUDGET < 0.05


def test_a_real_exercise_can_be_compared():
    known = EXERCISES["gradients.softmax_cross_entropy_grad"]

    def slower(logits, target):
        time.sleep(1e-3)
        return known.target(logits, target)

    assert " times as long as the reference" in pace(known, slower, BUSY)


def test_where_everything_has_to_stay_the_same_nothing_is_compared(monkeypatch):
    monkeypatch.setenv("AUTOGRADER_PACE", "0")
    called = pace.__wrapped__  # without the known state, which has an environment of its own
    assert called(timed(), lambda grad, lr: time.sleep(1e-3)) == ""
