"""Exercise 1.2: the depth at which a gradient is gone."""

import math

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def depth_cases(rng):
    def uniform(low, high):
        return low + (high - low) * torch.rand((), generator=rng, dtype=torch.float64).item()

    yield Case("a weight below 2", dict(weight=uniform(1.0, 1.9), tol=10 ** -uniform(4, 7)))
    yield Case(
        "a weight between 2 and 4", dict(weight=uniform(2.1, 3.5), tol=10 ** -uniform(2, 4))
    )
    yield Case("a bound that meets tol exactly", dict(weight=2.0, tol=0.5**5))
    yield Case("a negative weight", dict(weight=-uniform(1.0, 1.9), tol=10 ** -uniform(3, 6)))
    yield Case("a weight of 0", dict(weight=0.0, tol=0.01))
    yield Case("a weight of exactly 4", dict(weight=4.0, tol=0.01))
    yield Case("a weight far beyond 4", dict(weight=-uniform(5, 9), tol=1e-3))


def depth_steps():
    rows = [(f"bound of {layers} layers", f"{0.25**layers:.4g}") for layers in range(4)]
    return [*rows, ("bound of 4 layers", "0.003906, the first below 0.01")]


def depth_by_logarithm(weight, tol):
    """Another right way: solve for L, with care at whole numbers."""
    ratio = abs(weight) / 4
    if ratio >= 1:
        return -1
    if ratio == 0:
        return 1
    depth = max(0, math.floor(math.log(tol) / math.log(ratio)) - 1)
    while ratio**depth >= tol:
        depth += 1
    return depth


DEPTH_LIMIT = Exercise(
    target=gradients.depth_limit,
    points=2,
    cases=depth_cases,
    accepts=(depth_by_logarithm,),
    goal="derive and predict the size of a gradient after L layers",
    section="How deep before it is gone",
    minutes=6,
    difficulty=2,
    trace=Trace(inputs=dict(weight=1.0, tol=0.01), steps=depth_steps),
    misconceptions=(
        Misconception(
            "one layer too few",
            instead_of="return depth",
            wrote="return depth - 1",
            symptom="Your answers are one layer short: the bound there is still at least tol.",
            hint="Asked for is the first depth below tol, not the last one above it.",
        ),
        Misconception(
            "one layer too many",
            instead_of="return depth",
            wrote="return depth + 1",
            symptom="Your answers are one layer too deep.",
            hint="With no layer at all the bound is 1. Count from there.",
        ),
        Misconception(
            "content with reaching tol",
            instead_of="while bound >= tol:",
            wrote="while bound > tol:",
            symptom="You stop where the bound equals tol.",
            hint="The bound must be smaller than tol; equal is not yet enough.",
        ),
        Misconception(
            "sign of the weight kept",
            instead_of="bound *= abs(weight) / 4",
            wrote="bound *= weight / 4",
            symptom="With a negative weight you stop too early: your bound turns negative.",
            hint="A bound is about size. The sign of a weight turns a gradient round, "
            "it does not make it smaller.",
        ),
        Misconception(
            "4 itself not refused",
            instead_of="abs(weight) >= 4",
            wrote="abs(weight) > 4",
            symptom="At a weight of exactly 4 you look for a depth that does not exist.",
            hint="At 4 each layer's bound is 1, and a product of ones never shrinks.",
        ),
        Misconception(
            "large weights not refused",
            instead_of="if abs(weight) >= 4:\n        return -1\n    ",
            wrote="",
            symptom="From a weight of 4 on your search does not end.",
            hint="Where each layer's bound is 1 or more there is no such depth: return −1.",
        ),
        Misconception(
            "large negative weights not refused",
            instead_of="abs(weight) >= 4",
            wrote="weight >= 4",
            symptom="A weight of −5 is not refused, although 5 is.",
            hint="Ask for the size of the weight: a bound knows no sign.",
        ),
        Misconception(
            "logarithms of different bases",
            instead_of="depth, bound = 0, 1.0\n    while bound >= tol:\n"
            "        bound *= abs(weight) / 4\n        depth += 1\n    return depth",
            wrote="if weight == 0:\n        return 1\n"
            "    return math.floor(math.log10(tol) / math.log(abs(weight) / 4)) + 1",
            symptom="Your depths are 2.3 times too small.",
            hint="A quotient of logarithms is free of its base only if both share it. "
            "2.3 is the natural logarithm of 10.",
        ),
        Misconception(
            "1/2 for 1/4",
            instead_of="abs(weight) / 4",
            wrote="abs(weight) / 2",
            symptom="Your bound shrinks by |w| / 2 a layer.",
            hint="σ(0) is 1/2, but its slope there, σ′(0), is 1/4.",
        ),
    ),
)
