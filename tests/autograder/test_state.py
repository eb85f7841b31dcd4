"""One known state of the process, whatever a notebook has set; and the notebook's own again."""

import decimal
import os
import random
import signal
import warnings

import numpy as np
import pytest
import torch
from toys import RULE, rule
from unsettled import DOES, OF_GRADIENTS, QUIET, unspoilt

from autograder.calling.attempt import attempt
from autograder.grade import grade, run_here
from autograder.state import known_state
from autograder.state.settings import SETTINGS


def state():
    """Everything that can be seen of the state."""
    return [setting.read() for setting in SETTINGS] + [
        torch.is_inference_mode_enabled(),
        decimal.getcontext().prec,
        warnings.filters[:],
        signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0,
        hash(torch.get_rng_state().numpy().tobytes()),
        random.getstate(),
        repr(np.random.get_state(legacy=False)),
    ]


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """Even where a test fails, the next one finds an unspoilt process."""
    with unspoilt():
        yield


@pytest.mark.parametrize("do", DOES.values(), ids=DOES)
def test_nothing_that_was_set_before_reaches_the_known_state_and_all_of_it_comes_back(do):
    with known_state():
        known = state()
    do()
    state()  # the first look may load parts of torch, which set something for themselves
    before = state()
    with known_state() as left:
        during = state()
    after = state()
    assert left == []
    for place, setting in enumerate(SETTINGS):
        if not setting.as_found:
            assert during[place] == known[place], setting.name
        assert after[place] == before[place], setting.name
    assert during[len(SETTINGS) :][:2] == known[len(SETTINGS) :][:2]
    assert during[-3:-1] == known[-3:-1]
    assert after[len(SETTINGS) :] == before[len(SETTINGS) :]


@pytest.mark.parametrize("name", DOES)
def test_what_a_function_leaves_behind_is_undone_and_remarked(name):
    def submission():
        DOES[name]()
        return 3

    before = state()
    outcome = attempt(submission, {})
    assert state() == before
    if name in OF_GRADIENTS:
        assert outcome.failure == ("gradient mode", "")
        return
    assert outcome.result == 3
    said = [remark for remark in outcome.remarks if remark.startswith("It left ")]
    assert len(said) == (name not in QUIET)


def test_the_remark_names_what_was_left_and_at_what():
    def submission():
        torch.set_default_dtype(torch.float64)
        os.environ["NEW"] = "1"

    assert attempt(submission, {}).remarks == (
        "It left environment variables changed and torch's default dtype at float64. This was "
        "put back and costs no points; a function should leave such settings as they were.",
    )


def test_a_folder_that_is_gone_stops_nothing(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert attempt(lambda: 3, {}).result == 3


@pytest.mark.parametrize("do", DOES.values(), ids=DOES)
def test_a_toy_is_graded_alike_whatever_was_set(do):
    right = grade(RULE, run_here(rule), 5)
    do()
    assert grade(RULE, run_here(rule), 5).data() == right.data()
