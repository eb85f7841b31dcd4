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
        "a weight between 2 and 4", dict(weight=uniform(2.1, 3.2), tol=10 ** -uniform(2, 4))
    )
    yield Case("a bound that meets tol exactly", dict(weight=2.0, tol=0.5**5))
    yield Case("a negative weight", dict(weight=-uniform(1.0, 1.9), tol=10 ** -uniform(3, 6)))
    yield Case("a weight of 0", dict(weight=0.0, tol=0.01))
    yield Case("a weight of exactly 4", dict(weight=4.0, tol=0.01))
    yield Case("a weight of exactly −4", dict(weight=-4.0, tol=0.01))
    yield Case("one layer is enough", dict(weight=uniform(1, 3), tol=uniform(0.8, 0.95)))
    yield Case("a tol of 1e-300", dict(weight=uniform(0.5, 1.5), tol=1e-300))
    yield Case("a weight far beyond 4", dict(weight=uniform(5, 9), tol=1e-3))
    yield Case("a weight far beyond −4", dict(weight=-uniform(5, 9), tol=1e-3))
    weight, layers = uniform(3.98, 3.99), round(uniform(2000, 4000))
    between = (weight / 4) ** (layers - 0.5)  # half a layer from the next whole number
    yield Case("thousands of layers", dict(weight=weight, tol=between))


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


REFUSAL = "if abs(weight) >= 4:\n        return -1\n    "
SEARCH = (
    "depth, bound = 0, 1.0\n    while bound >= tol:\n"
    "        bound *= abs(weight) / 4\n        depth += 1\n    return depth\n"
)
REFUSES_0 = "if weight == 0:\n        return 1\n    "
FORMULA = "return math.floor(math.log(tol) / math.log(abs(weight) / 4)) + 1\n"
POWERS = SEARCH.replace("bound >= tol", "(abs(weight) / 4) ** depth >= tol").replace(
    "        bound *= abs(weight) / 4\n", ""
)

NO_SUCH_DEPTH = "Where each layer's bound is 1 or more there is no such depth: return −1."
ONE_NEVER_SHRINKS = "At 4 each layer's bound is 1, and a product of ones never shrinks."
SIZE_ONLY = "Ask for the size of the weight: a bound knows no sign."
TURNED = (
    "A bound is about size. The sign of a weight changes that of the gradient, "
    "it does not make it smaller."
)

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
            symptom="With a negative weight you stop too early: your bound becomes negative.",
            hint=TURNED,
        ),
        Misconception(
            "4 itself not refused",
            instead_of="abs(weight) >= 4",
            wrote="abs(weight) > 4",
            symptom="At a weight of exactly 4 you look for a depth that does not exist.",
            hint=ONE_NEVER_SHRINKS,
        ),
        Misconception(
            "large weights not refused",
            instead_of=REFUSAL,
            wrote="",
            symptom="From a weight of 4 on your search does not end.",
            hint=NO_SUCH_DEPTH,
        ),
        Misconception(
            "large negative weights not refused",
            instead_of=REFUSAL + SEARCH,
            wrote=REFUSAL.replace("abs(weight)", "weight") + SEARCH,
            symptom="A weight of −5 is not refused, although 5 is.",
            hint=SIZE_ONLY,
        ),
        Misconception(
            "logarithms of different bases",
            instead_of=SEARCH,
            wrote=REFUSES_0 + FORMULA.replace("math.log(tol)", "math.log10(tol)"),
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
        Misconception(
            "large weights not refused, by powers",
            instead_of=REFUSAL + SEARCH,
            wrote=POWERS,
            symptom="From a weight of 4 on your search does not end, or its powers outgrow "
            "every float.",
            hint=NO_SUCH_DEPTH,
        ),
        Misconception(
            "large weights not refused, by a formula",
            instead_of=REFUSAL + SEARCH,
            wrote=REFUSES_0 + FORMULA,
            symptom="At a weight of 4 you divide by log 1, which is 0; beyond it your depths "
            "are negative or 0.",
            hint=NO_SUCH_DEPTH,
        ),
        Misconception(
            "4 itself not refused, by a formula",
            instead_of=REFUSAL + SEARCH,
            wrote=REFUSAL.replace(">=", ">") + REFUSES_0 + FORMULA,
            symptom="At a weight of exactly 4 you divide by log 1, which is 0.",
            hint=ONE_NEVER_SHRINKS,
        ),
        Misconception(
            "large negative weights not refused, by powers",
            instead_of=REFUSAL + SEARCH,
            wrote=REFUSAL.replace("abs(weight)", "weight") + POWERS,
            symptom="A weight of −5 is not refused, although 5 is: its powers outgrow every "
            "float.",
            hint=SIZE_ONLY,
        ),
        Misconception(
            "large negative weights not refused, by a formula",
            instead_of=REFUSAL + SEARCH,
            wrote=REFUSAL.replace("abs(weight)", "weight") + REFUSES_0 + FORMULA,
            symptom="A weight of −5 is not refused, although 5 is: your depth for it is "
            "negative or 0.",
            hint=SIZE_ONLY,
        ),
        Misconception(
            "sign of the weight kept throughout",
            instead_of=REFUSAL + SEARCH,
            wrote=(REFUSAL + SEARCH).replace("abs(weight)", "weight"),
            symptom="With a negative weight your bound becomes negative, which is below tol at "
            "once; and −5 is not refused.",
            hint=TURNED,
        ),
        Misconception(
            "logarithm of a negative number",
            instead_of=REFUSAL + SEARCH,
            wrote=(REFUSAL + REFUSES_0 + FORMULA).replace("abs(weight)", "weight"),
            symptom="A negative weight has no logarithm, and stops your function.",
            hint=TURNED,
        ),
        Misconception(
            "logarithm of a negative number and of 0",
            instead_of=REFUSAL + SEARCH,
            wrote=(REFUSAL + FORMULA).replace("abs(weight)", "weight"),
            symptom="Neither a negative weight nor 0 has a logarithm: both stop your function.",
            hint=f"{TURNED} A weight of 0 lets nothing through: one layer is enough.",
        ),
        Misconception(
            "logarithm of 0",
            instead_of=SEARCH,
            wrote=FORMULA,
            symptom="A weight of 0 has no logarithm, and stops your function.",
            hint="A weight of 0 lets nothing through, so one layer is enough. Treat it by "
            "itself.",
        ),
        Misconception(
            "quotient of logarithms cut off",
            instead_of=SEARCH,
            wrote=REFUSES_0 + FORMULA.removesuffix(" + 1\n"),
            symptom="Your answers are one layer short, but for a weight of 0.",
            hint="The quotient says at which depth, seldom a whole number, the bound meets "
            "tol. The next whole number is the first below it.",
        ),
        Misconception(
            "a search that gives up",
            instead_of=REFUSAL + SEARCH,
            wrote="for depth in range(1, 1000):\n"
            "        if (abs(weight) / 4) ** depth < tol:\n"
            "            return depth\n"
            "    return -1",
            symptom="You find no depth for a weight just below 4, although there is one.",
            hint="Below 4 every bound shrinks, however slowly: to 1e-6 it takes 5519 "
            "layers at 3.99. Decide by the weight, not by the number of steps.",
        ),
        Misconception(
            "the weight left out",
            instead_of=REFUSAL + SEARCH,
            wrote=(REFUSAL + SEARCH).replace("abs(weight) / 4", "1 / 4"),
            symptom="Your depth is the same for every weight below 4.",
            hint="Each layer contributes w σ′(z): at most |w| / 4, not 1/4.",
        ),
        Misconception(
            "the weight once for all layers",
            instead_of=SEARCH,
            wrote=SEARCH.replace("bound = 0, 1.0", "bound = 0, abs(weight)").replace(
                "abs(weight) / 4", "1 / 4"
            ),
            symptom="Your bound is |w| times (1/4) to the L: the weight counts once.",
            hint="Every layer has a weight, so every layer contributes a factor |w| / 4.",
        ),
        Misconception(
            "computed in float32",
            instead_of="depth, bound = 0, 1.0",
            wrote="depth, bound = 0, torch.ones(())",
            symptom="With a tiny tol you stop too early: below 1e-45 a number in float32 is 0.",
            hint="tol may be any number above 0. Plain Python numbers go down to 5e-324.",
        ),
    ),
)
