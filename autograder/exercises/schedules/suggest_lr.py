"""Exercise 8.9: a rate to start from, read off a curve."""

import math
from itertools import pairwise

import torch

from autograder.exercises.schedules.rates import a_number, between, whole
from autograder.judges import refusal
from autograder.recipes import Refused
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def suggest_cases(rng):
    def curve(fall, rise, spacing=None, *, steep=3.0):
        """Down around the rate 10^fall, up from 10^rise on; as a finder draws it."""
        logs = torch.linspace(-5, 1, 61, dtype=torch.float64) if spacing is None else spacing
        losses = 2.3 - torch.sigmoid(steep * (logs - fall)) + 20 * (logs - rise).clamp(min=0)
        noise = 0.002 * torch.randn(len(logs), generator=rng, dtype=torch.float64)
        return dict(lrs=10**logs, losses=losses + noise)

    def somewhere():
        return between(rng, -3, -1.5)

    yield Case("a finder's curve", curve(somewhere(), 0), a_number)
    uneven = torch.cat([torch.linspace(-5, -3.2, 5), torch.linspace(-3, 0, 31)]).double()
    yield Case("rates of uneven spacing", curve(-2.0, -0.5, uneven, steep=2.0), a_number)
    back = curve(somewhere(), -0.5)
    back["losses"][-8:] = torch.tensor([40.0, 42, 43, 44, 20, 9, 6, 5], dtype=torch.float64)
    yield Case("it comes down again at the end", back, a_number)
    # a cliff that falls further than any slope, over a wide gap
    logs = torch.tensor([-4.0, -3.9, -3.8, -3.0, -2.0, -1.9, -1.8, -1.0], dtype=torch.float64)
    shifted = torch.tensor([2.3, 2.29, 2.27, 2.2, 1.5, 1.2, 1.19, 3.0], dtype=torch.float64)
    drops = dict(lrs=10 ** (logs + between(rng, -0.5, 0.5)), losses=shifted)
    yield Case("a large drop over a wide gap", drops, a_number)
    first = dict(
        lrs=10 ** torch.tensor([-3.0, -2.0, -1.0, 0.0]),
        losses=torch.tensor([2.0, 1.0, 0.9, 0.5 + 0.1 * whole(rng, 1, 3)]),
    )
    bump = dict(
        lrs=10 ** (torch.tensor([-4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0]) + somewhere() / 9),
        losses=torch.tensor([2.3, 2.25, 2.9, 2.6, 2.2, 1.6, 4.0]),
    )
    yield Case("after a bump, the last fall", bump, a_number)
    yield Case("steepest at the first pair", first, a_number)
    last = dict(lrs=first["lrs"], losses=torch.tensor([2.0, 1.9, 1.7, 0.8]))
    yield Case("steepest at the last pair, and never up again", last, a_number)
    for name, losses in (
        ("a loss that only rises", [1.0, 1.5, 2.0, 9.0]),
        ("a fall that never comes below the first loss", [1.0, 1.5, 1.1, 9.0]),
    ):
        never = dict(lrs=first["lrs"], losses=Refused(torch.tensor(losses), "ValueError"))
        yield Case(name, never, refusal)


TINY = dict(
    lrs=torch.tensor([0.01, 0.04, 0.16, 0.64]), losses=torch.tensor([2.2, 2.0, 1.0, 3.0])
)


def suggest_steps():
    return [
        ("lowest loss", "1, the third: what follows is left out"),
        ("falls between neighbours", "−0.2, −1"),
        ("log 4, between the rates", f"{math.log(4):.4g}"),
        ("slopes", f"{-0.2 / math.log(4):.4g}, {-1 / math.log(4):.4g}"),
        ("steepest", "between 0.04 and 0.16"),
        ("half-way on a log axis", f"√(0.04 · 0.16) = {schedules.suggest_lr(**TINY):.4g}"),
    ]


def suggest_by_loop(lrs, losses):
    """Another right way: pair by pair."""
    best, found = 0.0, None
    points = list(zip(lrs.tolist(), losses.tolist(), strict=True))
    lowest = min(range(len(points)), key=lambda i: points[i][1])
    for (a, low), (b, high) in pairwise(points[: lowest + 1]):
        slope = (high - low) / math.log10(b / a)
        if slope < best:
            best, found = slope, math.sqrt(a * b)
    if found is None:
        raise ValueError("no fall")
    return found


SLOPES = (
    "slopes = heights.diff() / logs.diff()\n    steepest = int(slopes.argmin())\n    "
    "return logs[steepest : steepest + 2].mean().exp().item()"
)
NO_FALL = (
    "if lowest == 0:\n        "
    'raise ValueError("The loss never falls; look again from a smaller rate.")'
)
RETURN = "return logs[steepest : steepest + 2].mean().exp().item()"
CUT = "heights, logs = losses[: lowest + 1], lrs[: lowest + 1].log()"
MIDDLE = "In between means half-way on the log axis: the root of the product of both rates."

SUGGEST_LR = Exercise(
    target=schedules.suggest_lr,
    points=2,
    cases=suggest_cases,
    accepts=(suggest_by_loop,),
    goal="find a rate to start from",
    section="Where to start",
    minutes=8,
    difficulty=2,
    trace=Trace(inputs=TINY, steps=suggest_steps),
    misconceptions=(
        Misconception(
            "slopes over the rate itself",
            instead_of="slopes = heights.diff() / logs.diff()",
            wrote="slopes = heights.diff() / logs.exp().diff()",
            symptom="You find the steepest fall over the rate, which is far on the left.",
            hint="A finder's curve is drawn over the logarithm of the rate; take slopes there.",
        ),
        Misconception(
            "a curve without a fall not refused",
            instead_of=NO_FALL,
            wrote="pass",
            symptom="Where the loss never falls, your function stumbles over an empty list.",
            hint="Say what is wrong yourself: raise a ValueError where the first loss is the "
            "lowest.",
        ),
        Misconception(
            "the first rate where nothing falls",
            instead_of=NO_FALL,
            wrote="if lowest == 0:\n        return lrs[0].item()",
            symptom="Where the loss never falls, you suggest the smallest rate.",
            hint="Where nothing falls there is nothing to suggest. A number would be believed: "
            "raise a ValueError.",
        ),
        Misconception(
            "none suggested where nothing falls",
            instead_of=NO_FALL,
            wrote="if lowest == 0:\n        return None",
            symptom="Where the loss never falls, you return None.",
            hint="Whoever called you would stumble over None later: raise a ValueError at "
            "once.",
        ),
        Misconception(
            "the minimum itself",
            instead_of=RETURN,
            wrote="return lrs[lowest].item()",
            symptom="You suggest the rate of the lowest loss.",
            hint="There the loss has stopped falling: one step further and it diverges. Look "
            "for the steepest fall.",
        ),
        Misconception(
            "a tenth of the minimum",
            instead_of=RETURN,
            wrote="return lrs[lowest].item() / 10",
            symptom="You suggest a tenth of the rate of the lowest loss.",
            hint="That is a rule of thumb, too, but asked for is the steepest fall.",
        ),
        Misconception(
            "slope over the rate itself",
            instead_of="lrs[: lowest + 1].log()",
            wrote="lrs[: lowest + 1]",
            symptom="Your steepest fall lies at the smallest rates.",
            hint="Rates are tried on a log axis, and the slope is taken over it: the smallest "
            "rates lie very close to each other otherwise.",
        ),
        Misconception(
            "what comes after the lowest loss",
            instead_of=CUT,
            wrote="heights, logs = losses, lrs.log()",
            symptom="You found a fall beyond the lowest loss, where the run diverges.",
            hint="Look only at what comes before the lowest loss.",
        ),
        Misconception(
            "largest drop",
            instead_of="heights.diff() / logs.diff()",
            wrote="heights.diff()",
            symptom="Where rates lie far apart you take a long way down for a steep one.",
            hint="A slope is a fall divided by the distance over which it happens.",
        ),
        Misconception(
            "left end",
            instead_of=RETURN,
            wrote="return lrs[steepest].item()",
            symptom="You return the rate before the fall.",
            hint=MIDDLE,
        ),
        Misconception(
            "right end",
            instead_of=RETURN,
            wrote="return lrs[steepest + 1].item()",
            symptom="You return the rate after the fall.",
            hint=MIDDLE,
        ),
        Misconception(
            "half-way between the rates",
            instead_of=RETURN,
            wrote="return lrs[steepest : steepest + 2].mean().item()",
            symptom="Your rates are a little too large.",
            hint=MIDDLE,
        ),
        Misconception(
            "steepest rise",
            instead_of="slopes.argmin()",
            wrote="slopes.argmax()",
            symptom="You found where the loss rises most, or falls least.",
            hint="A fall has a negative slope: the steepest is the smallest number.",
        ),
        Misconception(
            "logarithm returned",
            instead_of=".mean().exp().item()",
            wrote=".mean().item()",
            symptom="Your rates are negative: they are logarithms.",
            hint="Come back from the log axis before you return.",
        ),
        Misconception(
            "slope of the logarithm of the loss",
            instead_of="heights.diff()",
            wrote="heights.log().diff()",
            symptom="Your steepest fall lies a little too far to the right.",
            hint="Only the rate is taken on a log axis. The loss is taken as it is.",
        ),
        Misconception(
            "lowest loss left out",
            instead_of=CUT,
            wrote="heights, logs = losses[:lowest], lrs[:lowest].log()",
            symptom="You leave out the last fall, the one down to the lowest loss.",
            hint="A slice ends before its second number. The lowest loss belongs to the last "
            "fall.",
        ),
        Misconception(
            "steepest either way",
            instead_of="slopes.argmin()",
            wrote="slopes.abs().argmax()",
            symptom="You found a steep rise.",
            hint="Without its sign a slope does not tell a rise from a fall.",
        ),
        Misconception(
            "slopes at the rates",
            instead_of=SLOPES,
            wrote="slopes = torch.gradient(heights, spacing=(logs,))[0]\n"
            "    return lrs[int(slopes.argmin())].item()",
            symptom="You found a rate at which the loss falls, averaged over both its "
            "neighbours.",
            hint="Asked for are the slopes between neighbours: one fewer than there are rates.",
        ),
        Misconception(
            "two kinds of logarithm",
            instead_of="lrs[: lowest + 1].log()",
            wrote="lrs[: lowest + 1].log10()",
            symptom="You found the right place, and your rates are too large.",
            hint="exp undoes the natural logarithm. For the one to the base 10 take a power "
            "of 10.",
        ),
        Misconception(
            "no root",
            instead_of=".mean().exp()",
            wrote=".sum().exp()",
            symptom="You return the product of the two rates.",
            hint="In between means half-way on the log axis: the root of the product.",
        ),
        Misconception(
            "last point left out",
            instead_of="losses.argmin()",
            wrote="losses[:-1].argmin()",
            symptom="Where the loss falls to the very end you miss its last fall.",
            hint="The lowest loss may be the last one. Nothing is left out.",
        ),
    ),
)
