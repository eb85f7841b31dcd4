"""The settings of the whole process that could reach the judging: how to read and set each."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.state import of_python as py
from autograder.state import of_torch as th


@dataclass(frozen=True)
class Setting:
    """What it is called, how to read and set it, and what it has to be.

    One that is taken `as_found` may be anything; only what is changed meanwhile is put back.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    known: Any = None
    as_found: bool = False

    def left_at(self, value: Any) -> str:
        """What to say of someone who left it at this value."""
        if isinstance(value, bool | int | float | str | torch.dtype):
            return f"{self.name} at {str(value).removeprefix('torch.')[:40]}"
        return f"{self.name} changed"


OF_PYTHON = (
    # first, since it could be in the way of all others
    Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit, 1000),
    Setting("the trace function", py.tracing, py.set_tracing, as_found=True),
    Setting("Python's own functions", py.replaced_builtins, py.replace_builtins, {}),
    Setting("blocked signals", py.blocked_signals, py.block_signals, set()),
    Setting("signal handlers", py.handlers, py.set_handlers, as_found=True),
    Setting("the switch interval", sys.getswitchinterval, sys.setswitchinterval, 0.005),
    Setting("the current folder", py.folder, os.chdir, py.folder()),
    Setting("environment variables", py.environment, py.set_environment, py.environment()),
    Setting("the locale", py.place, py.set_place, py.place()),
)

OF_TORCH = (
    # first, since it changes what all others create
    Setting("torch's default device or a mode of torch", th.modes, th.set_modes, th.NO_MODES),
    Setting("methods of torch's tensors", th.replaced_methods, th.replace_methods, {}),
    Setting(
        "torch's default dtype", torch.get_default_dtype, torch.set_default_dtype, torch.float32
    ),
    Setting("torch's gradients", torch.is_grad_enabled, torch.set_grad_enabled, True),
    Setting("autocast", th.autocast, th.set_autocast, (th.AUTOCAST, 0, True)),
    Setting("anomaly detection", th.anomaly, th.set_anomaly, (False, True)),
    Setting("deterministic algorithms", th.deterministic, th.set_deterministic, (False, False)),
    Setting("the precision of matrix products", th.precision, th.set_precision, th.HIGHEST),
    Setting("the flushing of tiny numbers", th.flushes, torch.set_flush_denormal, False),
    Setting("the number of threads", torch.get_num_threads, torch.set_num_threads, 1),
    Setting("repeated warnings", torch.is_warn_always_enabled, torch.set_warn_always, False),
    Setting("torch's print options", th.prints, th.set_prints, th.PRINTS),
)

OF_NUMPY = (
    Setting("numpy's error state", np.geterr, py.set_numpy_errors, py.NUMPY_ERRORS),
    Setting("numpy's print options", py.numpy_prints, py.set_numpy_prints, py.NUMPY_PRINTS),
)

SETTINGS = (*OF_PYTHON, *OF_TORCH, *OF_NUMPY)
