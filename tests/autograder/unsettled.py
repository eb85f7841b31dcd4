"""What a cell, or a function, may set for the whole process: a table."""

import builtins
import contextlib
import decimal
import locale
import os
import random
import signal
import sys
import warnings

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.state import known_state

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


def replace_methods():
    torch.Tensor.detach = lambda *_, **__: 7
    torch.Tensor.clone = None


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
    "methods": replace_methods,
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


@contextlib.contextmanager
def unspoilt():
    """Whatever is done inside, the process is afterwards as it was."""
    with known_state():
        numpy = np.random.get_bit_generator()
        np.random.set_bit_generator(np.random.MT19937(1))  # as someone's own
        try:
            yield
        finally:
            np.random.set_bit_generator(numpy)
            ENTERED.clear()
