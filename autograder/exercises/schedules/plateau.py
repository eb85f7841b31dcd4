"""Exercise 8.4: lower the rate when the metric stops falling."""

import math

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Carried, Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def plateau_cases(rng):
    def case(name, metrics, **settings):
        inputs = dict(metric=Each(metrics), state=Carried(), lr=between(rng, 1, 3), **settings)
        steps = list(range(len(metrics)))
        return Case(name, inputs, rates(steps))

    factor = between(rng, 0.3, 0.6)
    top = between(rng, 8, 12)
    level = [top] * 4 + [top / 2] * 9
    yield case("falls, and is level", level, factor=factor, patience=2)
    # in small steps down, which add up to more than the threshold
    creep = [top * 0.9**n for n in range(12)]
    yield case("too little at a time", creep, factor=factor, patience=2, threshold=0.4)
    wavy = [top, 1.2 * top, 1.1 * top, 1.3 * top, 1.2 * top, 0.8 * top, *[0.9 * top] * 4]
    yield case("up and down", wavy, factor=factor, patience=3, threshold=0.01)
    # worse, then better than last time but not than ever; each pause shorter than patience
    pauses = [top, 2 * top, 2 * top, 0.8 * top, 2 * top, 2 * top, 0.6 * top, *[top] * 4]
    yield case("pauses between new bests", pauses, factor=factor, patience=2, threshold=0.01)
    yield case(
        "a lowest rate", [1.0] * 9, factor=factor, patience=0, min_lr=between(rng, 0.3, 0.5)
    )
    small = [0.01 * n for n in (9, 7, 5, 3, 2, 2, 2, 2)]
    yield case("small numbers", small, factor=factor, patience=1, threshold=0.05)
    yield case(
        "after a reduction", [1.0, 3.0, 3.0, 2.0, 1.9, 1.8, 1.7], factor=factor, patience=1
    )
    grows = [1.0 + 0.02 * n for n in range(8)]
    yield case("a little worse each time", grows, factor=factor, patience=2, threshold=0.05)
    lost = [3.0, math.nan, math.nan, math.nan, 2.0, 2.5, math.nan, 2.5, 2.5]
    yield case("NaN", lost, factor=factor, patience=2)
    lost_at_once = [math.nan, 3.0, math.nan, 2.0, 2.0, 2.5, 2.5]
    yield case("NaN first", lost_at_once, factor=factor, patience=1)
    down = [0.5, 0.0, 0.0, 0.1, 0.2, 0.0, 0.1]
    yield case("down to zero", down, factor=factor, patience=2, threshold=0.1)
    # at a threshold of 0.2 the bar lies at −1.6, −1.36, −1.6, and then −2.4
    below = [-2.0, -1.7, -2.0, -3.0, -2.3, -2.2, -2.1, -2.0]
    yield case("below zero", below, factor=factor, patience=1, threshold=0.2)
    yield case("no threshold", [2.0] * 6, factor=factor, patience=1, threshold=0.0)
    yield case("the defaults", [*[2.0] * (12 + whole(rng, 0, 3)), *[1.9999] * 14])


TINY = [4.0, 4.0, 4.0, 3.0, 3.0, 3.0]


def plateau_steps():
    state, found, bad = None, [], []
    for metric in TINY:
        rate, state = schedules.plateau(metric, state, lr=0.8, factor=0.5, patience=1)
        found.append(rate)
        bad.append(state.bad)
    return [
        ("metrics", listed(TINY)),
        ("no better, in a row, after each (0 again after a reduction)", listed(bad)),
        ("reduced at the second in a row, because 2 is more than 1", "0.8 · 0.5"),
        ("rates", listed(found)),
    ]


def plateau_in_a_dictionary(
    metric, state, *, lr, factor=0.1, patience=10, threshold=1e-4, min_lr=0.0
):
    """Another right way: the state in a form of one's own."""
    new = dict(state or {"lr": lr, "best": float("inf"), "left": patience})
    if metric < new["best"] - threshold * new["best"] or new["best"] == float("inf") > metric:
        new.update(best=metric, left=patience)
    elif new["left"] == 0:
        if new["lr"] > min_lr:
            new["lr"] = max(new["lr"] * factor, min_lr)
        new["left"] = patience
    else:
        new["left"] -= 1
    return new["lr"], new


BETTER = "metric < best * (1 - threshold)"
LOWER = "rate, bad = min(rate, max(rate * factor, min_lr)), 0"
REDUCE = f"if bad > patience:\n        {LOWER}\n    return rate, Plateau(rate, best, bad)"
BEGIN = "rate, best, bad = state or (lr, math.inf, 0)"

PLATEAU = Exercise(
    target=schedules.plateau,
    points=4,
    cases=plateau_cases,
    accepts=(plateau_in_a_dictionary,),
    goal="lower the rate when progress stops",
    section="When nothing else helps",
    minutes=12,
    difficulty=3,
    trace=Trace(
        inputs=dict(metric=Each(TINY), state=Carried(), lr=0.8, factor=0.5, patience=1),
        steps=plateau_steps,
    ),
    misconceptions=(
        Misconception(
            "patience one too short",
            instead_of="bad > patience",
            wrote="bad >= patience",
            symptom="You lower the rate one metric too soon.",
            hint="As many bad metrics as the patience says are borne. One more is too many.",
        ),
        Misconception(
            "absolute threshold",
            instead_of=BETTER,
            wrote="metric < best - threshold",
            symptom="Large metrics count as better too easily, and small ones not at all.",
            hint="The threshold is a share of the best metric.",
        ),
        Misconception(
            "threshold ignored",
            instead_of=BETTER,
            wrote="metric < best",
            symptom="Any improvement counts for you, however small.",
            hint="Better by less than the threshold is not better.",
        ),
        Misconception(
            "threshold on the wrong side",
            instead_of=BETTER,
            wrote="metric < best * (1 + threshold)",
            symptom="A metric that is a little worse counts as better for you.",
            hint="The bar lies below the best metric, not above it.",
        ),
        Misconception(
            "compared with the last metric",
            instead_of="else:\n        bad += 1",
            wrote="else:\n        best, bad = metric, bad + 1",
            symptom="A metric that is better than the last one counts, though a better one "
            "has been there.",
            hint="Remember the best metric of all, and compare with that.",
        ),
        Misconception(
            "best moves without counting",
            instead_of="else:\n        bad += 1",
            wrote="else:\n        best, bad = min(best, metric), bad + 1",
            symptom="Small improvements never add up for you.",
            hint="The best metric moves only when a new one beats it by the threshold.",
        ),
        Misconception(
            "not reset by an improvement",
            instead_of="best, bad = metric, 0",
            wrote="best = metric",
            symptom="You go on counting after an improvement.",
            hint="Only bad metrics in a row count. A good one begins the count again.",
        ),
        Misconception(
            "not reset by a reduction",
            instead_of=LOWER,
            wrote="rate = min(rate, max(rate * factor, min_lr))",
            symptom="After the first reduction you lower the rate at every bad metric.",
            hint="The lower rate is to be given its time: begin the count again.",
        ),
        Misconception(
            "lowest rate ignored",
            instead_of="max(rate * factor, min_lr)",
            wrote="rate * factor",
            symptom="Your rate falls below its lowest.",
            hint="The rate never goes below min_lr.",
        ),
        Misconception(
            "best forgotten at a reduction",
            instead_of=LOWER,
            wrote="rate, best, bad = min(rate, max(rate * factor, min_lr)), math.inf, 0",
            symptom="After a reduction any metric is the best for you.",
            hint="A lower rate does not make a past success undone. Keep the best metric.",
        ),
        Misconception(
            "more is better",
            instead_of=BETTER,
            wrote="metric > best * (1 + threshold) or best == math.inf",
            symptom="You wait for the metric to grow.",
            hint="The metric is a loss: small is good.",
        ),
        Misconception(
            "first rate multiplied",
            instead_of="rate * factor",
            wrote="lr * factor",
            symptom="Your rate falls once and never again.",
            hint="Each reduction starts from the present rate.",
        ),
        Misconception(
            "state not kept",
            instead_of="state or (lr",
            wrote="(lr",
            symptom="Every metric is the first one for you: the rate never falls.",
            hint="What the last call returned comes back as the state. Go on from it.",
        ),
        Misconception(
            "rate not kept",
            instead_of=BEGIN,
            wrote=f"{BEGIN}\n    rate = lr",
            symptom="Your rate is low for one call and then the first rate again.",
            hint="The present rate is a part of the state.",
        ),
        Misconception(
            "NaN is better",
            instead_of=BETTER,
            wrote="not metric >= best * (1 - threshold)",
            symptom="A metric of NaN counts as the best one for you.",
            hint="NaN compares as false, whatever you ask. Ask whether it is better, not "
            "whether it is not worse.",
        ),
        Misconception(
            "divided by the factor",
            instead_of="min(rate, max(rate * factor, min_lr))",
            wrote="max(rate / factor, min_lr)",
            symptom="Your rate grows.",
            hint="The factor is below 1 and multiplies the rate.",
        ),
        Misconception(
            "equal is better",
            instead_of=BETTER,
            wrote="metric <= best * (1 - threshold)",
            symptom="Without a threshold a metric that stays the same counts as better for "
            "you.",
            hint="To be better a metric must lie below the bar, not on it.",
        ),
        Misconception(
            "share of the new metric",
            instead_of=BETTER,
            wrote="best == math.inf or best - metric > threshold * metric",
            symptom="A metric counts as better for you a little too easily.",
            hint="The threshold is a share of the best metric, not of the new one.",
        ),
        Misconception(
            "exactly the patience",
            instead_of="bad > patience",
            wrote="bad == patience",
            symptom="You lower the rate one metric too soon, and with a patience of 0 never.",
            hint="As many bad metrics as the patience says are borne. One more is too many.",
        ),
        Misconception(
            "first metric compared with itself",
            instead_of=BEGIN,
            wrote="rate, best, bad = state or (lr, metric, 0)",
            symptom="The first metric counts as no better for you.",
            hint="At first nothing has been seen, and any number is better than nothing.",
        ),
        Misconception(
            "best begun at 0",
            instead_of=BEGIN,
            wrote="rate, best, bad = state or (lr, 0.0, 0)",
            symptom="No metric is ever better for you.",
            hint="Small metrics are good ones. At first any number must be better than what "
            "you remember.",
        ),
        Misconception(
            "best replaced at a reduction",
            instead_of=LOWER,
            wrote="rate, best, bad = min(rate, max(rate * factor, min_lr)), metric, 0",
            symptom="After a reduction you compare with the metric at which it came.",
            hint="A lower rate does not make a past success undone. Keep the best metric.",
        ),
        Misconception(
            "stops above the lowest rate",
            instead_of=LOWER,
            wrote="rate, bad = (rate * factor if rate * factor >= min_lr else rate), 0",
            symptom="Your last reduction is missing: the rate stays above its lowest.",
            hint="A reduction that would go below min_lr goes to min_lr.",
        ),
        Misconception(
            "NaN passed over",
            instead_of=BEGIN,
            wrote=f"{BEGIN}\n    if metric != metric:\n"
            f"        return rate, Plateau(rate, best, bad)",
            symptom="A metric of NaN does not count at all for you.",
            hint="NaN is no better than the best: it counts as a bad metric.",
        ),
        Misconception(
            "lowered for the next call only",
            instead_of=REDUCE,
            wrote=REDUCE.replace("if bad", "before = rate\n    if bad").replace(
                "return rate", "return before"
            ),
            symptom="The call that lowers the rate still returns the old one.",
            hint="Return the rate that holds from now on: the lowered one.",
        ),
        Misconception(
            "bad metrics forgiven one by one",
            instead_of="best, bad = metric, 0",
            wrote="best, bad = metric, max(0, bad - 1)",
            symptom="An improvement takes only one off your count.",
            hint="Only bad metrics in a row count. A good one begins the count again.",
        ),
        Misconception(
            "first metric not looked at",
            instead_of=BEGIN,
            wrote="if state is None:\n"
            "        return lr, Plateau(lr, metric, 0)\n"
            "    rate, best, bad = state",
            symptom="A first metric of NaN stays the best one for ever.",
            hint="At first nothing has been seen, and any number is better than that; but "
            "NaN is none.",
        ),
        Misconception(
            "a best of 0 forgotten",
            instead_of=BEGIN,
            wrote=BEGIN + "\n    best = best or math.inf",
            symptom="When the best metric is 0 any other counts as better for you.",
            hint="Zero counts as false in Python. Ask for what stands for nothing seen, not "
            "for something false.",
        ),
        Misconception(
            "share of the size of the best",
            instead_of=BETTER,
            wrote="metric < (best - threshold * abs(best) if best < math.inf else best)",
            symptom="Below zero your bar lies lower than it should.",
            hint="The bar is the best times 1 − threshold. That of a negative best lies "
            "above it, here as in PyTorch.",
        ),
        Misconception(
            "relative improvement",
            instead_of=BETTER,
            wrote="best == math.inf > metric or best < math.inf and (best - metric) / best > "
            "threshold",
            symptom="At a best of 0 you divide by zero, and below zero better and worse "
            "change places.",
            hint="Compare the metric with the best times 1 − threshold: that needs no "
            "division.",
        ),
        Misconception(
            "factor taken off",
            instead_of="rate * factor",
            wrote="rate * (1 - factor)",
            symptom="Each reduction takes the share off your rate that should be left.",
            hint="The rate is multiplied by the factor: it is what is kept.",
        ),
    ),
)
