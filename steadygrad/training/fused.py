"""Fused: a rule compiled, so that it reads and writes each entry once.

A pure rule writes every intermediate result to memory and reads it again.  `torch.compile`
sees the whole formula and makes one loop of it.
"""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from steadygrad.training.flat import Vector
from steadygrad.training.states import State, mapped

Ask = Callable[[Vector | None, Vector, State, Any, dict[str, Any]], tuple[Vector, State]]


class Fused:
    """A rule that is compiled where that is right, and called as it is where it is not.

    The two give the same numbers up to rounding.  torch.compile looks at all that it was told
    before it trusts what it has made: settings that change, and counts in the state, make it
    compile once more and are variables from then on.  A step without a state is not compiled:
    the first, and every step of a rule that remembers nothing.

    What cannot be compiled is said once, in a warning, and goes on as it is.
    """

    def __init__(self, ask: Ask):
        self._ask, self._plainly = ask, False
        self._compiled: Ask | None = None

    def __call__(self, *told: Any) -> tuple[Vector, State]:
        _, _, state, _, _ = told
        if state is None or self._plainly:
            return self._ask(*told)
        try:
            mapped(_refuse, state)
            direction, after = self._compile()(*told)
            mapped(_refuse, after)
        except Exception as error:  # of any kind: if it is the rule's own, it comes again below
            self._plainly = True
            why = str(error.__cause__ or error).strip().partition("\n")[0]
            warnings.warn(
                f"This rule goes on uncompiled ({why}): the same numbers, only slower.",
                stacklevel=2,
            )
            return self._ask(*told)
        return direction, after

    def _compile(self) -> Ask:
        if self._compiled is None:
            self._compiled = torch.compile(
                self._ask,
                fullgraph=True,  # or an error: pieces of a rule gain nothing
                isolate_recompiles=True,  # another optimizer's settings are not this one's
                options={"fallback_random": True},  # a rule draws what it draws uncompiled
            )
        return self._compiled


def _refuse(leaf: Any) -> Any:
    """Refuse what is no tensor, count or None.

    A float that a compiled function returns is a constant to torch 2.13: it would never change.
    """
    if not isinstance(leaf, Tensor) and type(leaf) not in (int, type(None)):
        raise TypeError(
            f"its state holds a {type(leaf).__name__}, which torch.compile may take for a "
            "constant; a tensor with one entry can be compiled"
        )
    return leaf
