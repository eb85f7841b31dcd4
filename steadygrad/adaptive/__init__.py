"""Adaptive optimizers: rules that give every coordinate a rate of its own.

A rule owns no state: it is handed the old one, None at first, and returns the new one.

    rule(gradient, state) -> (direction, state)        θ ← θ − lr · direction

Rules that need the parameters take them third.  Where torch.optim has a rule, its settings
have torch's names and defaults, and 200 steps in float64 agree to 1e-12.  (Not so muon, which
torch computes in bfloat16, with settings and defaults of its own.)  In chapter 7's order:

    squares      adagrad, rmsprop, adadelta
    moments      adam, amsgrad, adamax, nadam
    decay        adam_l2, adamw, lion
    sparse       ftrl_proximal
    switching    matching_rate
    curvature    newton, shampoo, newton_schulz, muon
"""

from steadygrad.adaptive.curvature import (
    CUBIC,
    MUON,
    Heading,
    Matrix,
    Sides,
    muon,
    newton,
    newton_schulz,
    shampoo,
)
from steadygrad.adaptive.decay import Trend, adam_l2, adamw, lion
from steadygrad.adaptive.moments import Moments, Outlook, Peaks, adam, adamax, amsgrad, nadam
from steadygrad.adaptive.sparse import Ledger, ftrl_proximal
from steadygrad.adaptive.squares import Deltas, Squares, Vector, adadelta, adagrad, rmsprop
from steadygrad.adaptive.switching import matching_rate

__all__ = [
    "CUBIC",
    "MUON",
    "Deltas",
    "Heading",
    "Ledger",
    "Matrix",
    "Moments",
    "Outlook",
    "Peaks",
    "Sides",
    "Squares",
    "Trend",
    "Vector",
    "adadelta",
    "adagrad",
    "adam",
    "adam_l2",
    "adamax",
    "adamw",
    "amsgrad",
    "ftrl_proximal",
    "lion",
    "matching_rate",
    "muon",
    "nadam",
    "newton",
    "newton_schulz",
    "rmsprop",
    "shampoo",
]
