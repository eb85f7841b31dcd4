"""Exercise 6.3: one walk, three ways to write it."""

from autograder.judges import refusal
from autograder.recipes import Refused
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum


def conversions(rng):
    import torch

    def number(low, high):
        return round(low + (high - low) * float(torch.rand((), generator=rng)), 3)

    def case(source, target, beta=None):
        beta = number(0.55, 0.95) if beta is None else beta
        inputs = dict(lr=number(0.01, 0.5), beta=beta, source=source, target=target)
        return Case(f"{source} to {target}" + f", β = {beta}" * (beta == 0), inputs)

    yield case("heavy_ball", "ema")
    yield case("ema", "heavy_ball")
    yield case("heavy_ball", "lr_inside")
    yield case("lr_inside", "heavy_ball")
    yield case("lr_inside", "ema")
    yield case("ema", "lr_inside")
    yield case("ema", "ema")
    yield case("heavy_ball", "ema", beta=0.0)
    unknown = Refused("running_mean", "ValueError")
    for name in ("source", "target"):
        inputs = dict(lr=0.1, beta=0.9, source="ema", target="heavy_ball") | {name: unknown}
        yield Case(f"a {name} that is none of the three", inputs, refusal)


def conversion_by_ratio(lr, beta, source, target):
    """Another right way: how far a gradient of 1 leads in the end, in units of the rate."""
    reach = {"heavy_ball": 1 / (1 - beta), "lr_inside": 1 / (1 - beta), "ema": 1.0}
    if not {source, target} <= reach.keys():
        raise ValueError(f"{source} or {target} is no convention")
    return lr * reach[source] / reach[target], beta


TO = 'if target == "ema":\n        lr = lr / (1 - beta)'
FROM = 'if source == "ema":\n        lr = lr * (1 - beta)'
BOTH = f"{FROM}\n    {TO}"
CHECKED = "for name in (source, target):"

CONVERT_MOMENTUM = Exercise(
    target=momentum.convert_momentum,
    points=2,
    cases=conversions,
    accepts=(conversion_by_ratio,),
    goal="convert a rate between the three conventions of momentum",
    section="Three conventions",
    minutes=6,
    difficulty=2,
    trace=Trace(
        inputs=dict(lr=0.5, beta=0.75, source="heavy_ball", target="ema"),
        steps=lambda: [
            ("the mean is 1 − 0.75 times the sum", "0.25"),
            ("so that the rate has to be 0.5 / 0.25", "2"),
            ("how long it remembers stays", "0.75"),
        ],
    ),
    misconceptions=(
        Misconception(
            "converted from a mean to a mean",
            instead_of=TO,
            wrote='if target == "ema" and source != "ema":\n        lr = lr / (1 - beta)',
            symptom="From the running mean to itself your rate changes.",
            hint="To stay in one convention, nothing is to be done.",
        ),
        Misconception(
            "multiplied where it must be divided",
            instead_of=TO,
            wrote='if target == "ema":\n        lr = lr * (1 - beta)',
            symptom="To the running mean your rate gets smaller.",
            hint="The mean is shorter than the sum, so its rate has to be larger to go as far.",
        ),
        Misconception(
            "divided where it must be multiplied",
            instead_of=FROM,
            wrote='if source == "ema":\n        lr = lr / (1 - beta)',
            symptom="From the running mean your rate gets larger.",
            hint="The sum is longer than the mean, so its rate has to be smaller.",
        ),
        Misconception(
            "no conversion",
            instead_of=BOTH,
            wrote="pass",
            symptom="You return the rate as it was.",
            hint="At the same rate the running mean goes 1 − β times as far.",
        ),
        Misconception(
            "the rate inside taken for a mean",
            instead_of=BOTH,
            wrote='if source != "heavy_ball":\n        lr = lr * (1 - beta)\n'
            '    if target != "heavy_ball":\n        lr = lr / (1 - beta)',
            symptom="You convert the form with the rate inside as if it were a mean.",
            hint="With the rate inside, v = −lr b at every step: the same steps at the same "
            "rate.",
        ),
        Misconception(
            "β changed as well",
            instead_of="return lr, beta",
            wrote='return lr, 1 - beta if target == "ema" else beta',
            symptom="Your momentum is another one.",
            hint="How fast the past fades is β in all three. Only the lengths of the steps "
            "differ.",
        ),
        Misconception(
            "β for its complement",
            instead_of=BOTH,
            wrote='if source == "ema":\n        lr = lr * beta\n'
            '    if target == "ema":\n        lr = lr / beta',
            symptom="You convert with β.",
            hint="The new gradient enters the mean with the weight 1 − β. That is the factor.",
        ),
        Misconception(
            "only towards the mean",
            instead_of=FROM,
            wrote="pass",
            symptom="You never look at the convention that the rate came from.",
            hint="A rate that was made for the mean has to be converted back.",
        ),
        Misconception(
            "the mean's start corrected",
            instead_of=TO,
            wrote='if target == "ema":\n        lr = lr / (1 - beta**2)',
            symptom="You divide by 1 − β².",
            hint="It is the weight of one gradient that counts, 1 − β, at every step.",
        ),
        Misconception(
            "only from the mean",
            instead_of=TO,
            wrote="pass",
            symptom="You never look at the convention that the rate is for.",
            hint="The mean is shorter than the sum, so a rate for it has to be larger by the "
            "same factor.",
        ),
        Misconception(
            "unknown conventions not refused",
            instead_of=CHECKED,
            wrote="for name in ():",
            symptom="You convert from or to conventions that do not exist.",
            hint="A name that is misspelt must not pass for one that needs no conversion: "
            "raise a ValueError.",
        ),
        Misconception(
            "only the source checked",
            instead_of=CHECKED,
            wrote="for name in (source,):",
            symptom="You convert to conventions that do not exist.",
            hint="Both names can be misspelt.",
        ),
        Misconception(
            "only the target checked",
            instead_of=CHECKED,
            wrote="for name in (target,):",
            symptom="You convert from conventions that do not exist.",
            hint="Both names can be misspelt.",
        ),
        Misconception(
            "momentum first",
            instead_of="return lr, beta",
            wrote="return beta, lr",
            symptom="Both numbers are right, in the other order.",
            hint="The rate comes first.",
        ),
        Misconception(
            "both ways exchanged",
            instead_of=BOTH,
            wrote='if source == "ema":\n        lr = lr / (1 - beta)\n    if target == "ema":\n'
            "        lr = lr * (1 - beta)",
            symptom="You multiply where you should divide, and the other way round.",
            hint="The mean is shorter than the sum. Towards the mean the rate grows, and "
            "from it the rate shrinks.",
        ),
    ),
)
