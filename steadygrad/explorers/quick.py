"""Quick: what small computations do without, and walks as far as they can be drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float

FAR = 1e4  # beyond any picture, and a line still goes there in its true direction


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrices this small are faster without sharing them out (3 times, on a busy machine)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def tiny_is_zero() -> Iterator[None]:
    """Below 1e-38 a float32 fades digit by digit, and processors get ten times slower."""
    was_on = (torch.tensor(1e-40) * 1).item() == 0  # torch does not tell, so try
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(was_on)


def drawn(path: Float[np.ndarray, "stops 2"]) -> Float[np.ndarray, "shown 2"]:
    """A walk as far as it can be drawn: up to the step that leaves every picture.

    That step is shortened and keeps its direction.
    """
    out = np.flatnonzero(~(np.abs(path) <= FAR).all(axis=1))
    if not len(out):
        return path
    before, after = path[: out[0]], path[out[0]]
    if not np.isfinite(after).all() or not len(before):
        return before
    step = after - before[-1]
    return np.vstack([before, before[-1] + FAR * step / np.abs(step).max()])
