"""One known state of the process, whatever a notebook has set; and the notebook's own again."""

import builtins
import decimal
import locale
import os
import random
import signal
import sys
import warnings

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from toys import RULE, rule

from autograder.attempt import attempt
from autograder.grade import grade, run_here
from autograder.state import known_state
from autograder.state.settings import SETTINGS

ENTERED = []  # what was entered and never left is held here, or it would end by itself


def entered(context):
    ENTERED.append(context)
    context.__enter__()


class Loud(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.Tensor.numpy, torch.Tensor.tolist):
            return func(*args, **kwargs or {})
        raise RuntimeError("a mode that was entered and never left")


class Counting(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **kwargs or {})


def replace_sum():
    builtins.sum = lambda *_: 7


# What someone does in a cell, or in a function that leaves it so.
DOES = {
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "half default dtype": lambda: torch.set_default_dtype(torch.bfloat16),
    "default device": lambda: torch.set_default_device("meta"),
    "device entered": lambda: entered(torch.device("meta")),
    "function mode": lambda: entered(Loud()),
    "dispatch mode": lambda: entered(Counting()),
    "no gradients": lambda: torch.set_grad_enabled(False),
    "no gradients entered": lambda: entered(torch.no_grad()),
    "inference mode": lambda: entered(torch.inference_mode()),
    "autocast": lambda: entered(torch.autocast("cpu")),
    "autocast switched on": lambda: torch.set_autocast_enabled("cpu", True),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
    "deterministic": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "precision": lambda: torch.set_float32_matmul_precision("medium"),
    "flushing": lambda: torch.set_flush_denormal(True),
    "threads": lambda: torch.set_num_threads(2),
    "torch's prints": lambda: torch.set_printoptions(precision=1, sci_mode=True),
    "numpy's errors": lambda: np.seterr(all="raise"),
    "numpy's prints": lambda: np.set_printoptions(precision=1),
    "recursion": lambda: sys.setrecursionlimit(len_of_stack() + 60),
    "builtins": replace_sum,
    "folder": lambda: os.chdir("/"),
    "variables": lambda: os.environ.update(HOME="/nowhere", NEW="1"),
    "a variable gone": lambda: os.environ.pop("PATH"),
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C"),
    "switching": lambda: sys.setswitchinterval(1.0),
    "timer": lambda: signal.setitimer(signal.ITIMER_VIRTUAL, 1000.0),
    "blocked": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]),
    "handler": lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "decimals": lambda: decimal.getcontext().__setattr__("prec", 3),
    "warnings": lambda: warnings.simplefilter("error"),
    "random numbers": lambda: (torch.manual_seed(3), random.seed(3), np.random.seed(3)),
    "another generator": lambda: np.random.set_bit_generator(np.random.PCG64(1)),
}
QUIET = (
    "timer",
    "decimals",
    "warnings",
    "random numbers",
    "another generator",
)  # undone, not remarked
OF_GRADIENTS = ("no gradients", "no gradients entered", "inference mode")


def len_of_stack() -> int:
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    return depth


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
    with known_state():
        numpy = np.random.get_bit_generator()
        np.random.set_bit_generator(np.random.MT19937(1))  # as someone's own
        yield
        np.random.set_bit_generator(numpy)
        while ENTERED:
            ENTERED.pop()


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
