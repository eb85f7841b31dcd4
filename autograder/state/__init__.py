"""One known state of the process, in which cases are drawn and functions are called.

A setting of the whole process, such as torch's default dtype, reaches whatever runs after it.
So a score would depend on what else a notebook has set, and expected results that are kept
would be wrong from then on.  `known_state` puts every such setting at its known value, and
afterwards at what it was before.
"""

import contextlib
import decimal
import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from autograder.state.of_python import CLOCKS, set_clock
from autograder.state.settings import SETTINGS, Setting

SEED = 271_828_182  # of all global random numbers; no case is drawn from it
OWN = np.random.MT19937(SEED)  # numpy's global generator while the state is known
PLAIN = decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN)


@contextlib.contextmanager
def known_state(*, anew: bool = True) -> Iterator[list[str]]:
    """Run a block in the known state; its value fills up with what the block leaves behind.

    The caller's own state is put back at the end, whatever happens.  What does not begin `anew`
    goes on with the global random numbers and the clocks of the block around it.
    """
    left: list[str] = []
    with (
        torch.inference_mode(False),
        decimal.localcontext(PLAIN),
        warnings.catch_warnings(),
        _anew() if anew else contextlib.nullcontext(),
    ):
        warnings.simplefilter("ignore")
        found = [_enter(setting) for setting in SETTINGS]
        try:
            yield left
        finally:
            for setting, (_, during) in zip(SETTINGS, found, strict=True):
                left += _undo(setting, during)
            for setting, (before, during) in zip(SETTINGS[::-1], found[::-1], strict=True):
                if before != during:
                    _write(setting, before)


def _enter(setting: Setting) -> tuple[Any, Any]:
    """Set it to what is known; what it was before, and what it is now."""
    before = setting.read()
    if setting.as_found or before == setting.known:
        return before, before
    _write(setting, setting.known)
    return before, setting.read()


def _undo(setting: Setting, during: Any) -> list[str]:
    """Set it back to what it was in the block; what to say if the block has changed it."""
    now = setting.read()
    if now == during:
        return []
    _write(setting, during)
    return [setting.left_at(now)]


def _write(setting: Setting, value: Any) -> None:
    with contextlib.suppress(Exception):  # a folder that is gone, a limit below where we are
        setting.write(value)


@contextlib.contextmanager
def _anew() -> Iterator[None]:
    with _known_randomness(), _still_clocks():
        yield


@contextlib.contextmanager
def _still_clocks() -> Iterator[None]:
    """No alarm that someone has set rings meanwhile."""
    before = {clock: set_clock(clock, 0) for clock in CLOCKS}
    try:
        yield
    finally:
        for clock, at in before.items():
            set_clock(clock, *at)


@contextlib.contextmanager
def _known_randomness() -> Iterator[None]:
    """Everybody's global random numbers begin anew, and go on afterwards as if nothing was."""
    generator = np.random.get_bit_generator()
    if generator is OWN:  # inside another known state nobody's numbers have to go on
        _begin_anew()
        yield
        return
    for_torch, for_python = torch.default_generator.get_state(), random.getstate()
    for_numpy = np.random.get_state(legacy=False)
    _begin_anew()
    try:
        yield
    finally:
        torch.default_generator.set_state(for_torch)
        random.setstate(for_python)
        np.random.set_bit_generator(generator)
        np.random.set_state(for_numpy)


def _begin_anew() -> None:
    torch.default_generator.manual_seed(SEED)
    random.seed(SEED)
    np.random.set_bit_generator(OWN)
    np.random.seed(SEED)
