"""Exercise 8.3: constant, and lower after each milestone."""

from bisect import bisect_right

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def step_cases(rng):
    def case(name, milestones, ts=None):
        ts = [0, *(m + d for m in milestones for d in (-1, 0, 1)), 500] if ts is None else ts
        base, gamma = between(rng, 0.5, 4), between(rng, 0.15, 0.85)
        inputs = dict(t=Each(ts), base=base, gamma=gamma, milestones=milestones)
        return Case(name, inputs, rates(ts))

    first = whole(rng, 4, 9)
    second = first + whole(rng, 5, 9)
    third = second + whole(rng, 4, 9)
    yield case("three milestones", [first, second, third])
    yield case("in disorder", [third, first, second])
    yield case("one that is listed twice", [first, second, second])
    yield case(
        "asked in any order, and again", [first, second], [0, second, second, first, 0, second]
    )
    yield case("a milestone at 0", [0, first], [0, 1, first - 1, first, first])
    yield case("no milestones", [], [0, 1, 99])


def step_steps():
    values = [schedules.step_decay(t, 0.8, 0.5, [3, 8]) for t in (2, 3, 9)]
    return [
        ("milestones 3 and 8 passed at t = 2, 3, 9", "0, 1, 2"),
        ("0.5 to these powers", "1, 0.5, 0.25"),
        ("rates", listed(values)),
    ]


def step_by_loop(t, base, gamma, milestones):
    """Another right way: one factor after the other."""
    for milestone in milestones:
        if t >= milestone:
            base = base * gamma
    return base


def step_by_bisection(t, base, gamma, milestones):
    """Another: look up the place of t among the milestones, in order."""
    return base * gamma ** bisect_right(sorted(milestones), t)


PASSED = "passed = sum(milestone <= t for milestone in milestones)"
RETURN = "return base * gamma**passed"

STEP_DECAY = Exercise(
    target=schedules.step_decay,
    points=2,
    cases=step_cases,
    accepts=(step_by_loop, step_by_bisection),
    goal="write any schedule as a function of the step count",
    section="In steps",
    minutes=5,
    difficulty=1,
    trace=Trace(
        inputs=dict(t=Each([2, 3, 9]), base=0.8, gamma=0.5, milestones=[3, 8]),
        steps=step_steps,
    ),
    misconceptions=(
        Misconception(
            "one step late",
            instead_of="milestone <= t",
            wrote="milestone < t",
            symptom="At a milestone your rate is still the old one.",
            hint="The step that has the milestone as its number has the lower rate already.",
        ),
        Misconception(
            "one step early",
            instead_of="milestone <= t",
            wrote="milestone <= t + 1",
            symptom="Your rate falls one step before each milestone.",
            hint="Steps count from 0 here, as milestones do: compare the two as they are.",
        ),
        Misconception(
            "order taken for granted",
            instead_of=PASSED,
            wrote="passed = 0\n    while passed < len(milestones) and "
            "milestones[passed] <= t:\n        passed += 1",
            symptom="With milestones in disorder you stop at the first that lies ahead.",
            hint="A later entry may be an earlier milestone. Look at all of them.",
        ),
        Misconception(
            "a search that asks for order",
            instead_of=PASSED,
            wrote="import bisect\n    passed = bisect.bisect_right(milestones, t)",
            symptom="With milestones in disorder your count is wrong.",
            hint="Bisection finds a place in a list that is sorted, and nobody has sorted it.",
        ),
        Misconception(
            "count as a factor",
            instead_of=RETURN,
            wrote="return base * (gamma * passed if passed else 1)",
            symptom="After two milestones your rate is twice γ times the base.",
            hint="Each milestone multiplies by γ once more: the count is an exponent.",
        ),
        Misconception(
            "first milestone only",
            instead_of=PASSED,
            wrote="passed = any(milestone <= t for milestone in milestones)",
            symptom="After the first milestone your rate does not fall any further.",
            hint="Count the milestones, do not ask whether there was one.",
        ),
        Misconception(
            "milestones as a period",
            instead_of=PASSED,
            wrote="passed = t // milestones[0] if milestones and milestones[0] else 0",
            symptom="Your rate falls again after every multiple of the first milestone.",
            hint="Milestones need not be evenly spaced. Compare t with each of them.",
        ),
        Misconception(
            "milestones as lengths",
            instead_of=PASSED,
            wrote="passed = sum(sum(milestones[: i + 1]) <= t for i in range(len(milestones)))",
            symptom="Your second milestone comes too late: you add the first to it.",
            hint="Milestones count from the start of training, not from the one before.",
        ),
        Misconception(
            "twice listed, counted once",
            instead_of="in milestones)",
            wrote="in set(milestones))",
            symptom="A milestone that is listed twice lowers your rate once.",
            hint="Every entry of the list counts.",
        ),
        Misconception(
            "divided by γ",
            instead_of=RETURN,
            wrote="return base / gamma**passed",
            symptom="Your rate grows.",
            hint="γ is below 1 and multiplies the rate.",
        ),
        Misconception(
            "milestones sorted in place",
            instead_of=PASSED,
            wrote=f"milestones.sort()\n    {PASSED}",
            symptom="The rates are right, but the caller's list is in another order now.",
            hint="The list belongs to the caller: sort a copy, or do without.",
        ),
        Misconception(
            "state kept between calls",
            instead_of=f"{PASSED}\n    {RETURN}",
            wrote="_kept = step_decay.__dict__\n"
            "    if t == 0:\n        _kept['passed'] = 0\n"
            "    _kept['passed'] = _kept.get('passed', 0) + list(milestones).count(t)\n"
            "    return base * gamma ** _kept['passed']",
            symptom="Your answer depends on what was asked before.",
            hint="A schedule is a function of t alone. Whoever skips a step, or asks twice, "
            "must get the same answers.",
        ),
        Misconception(
            "a share off the base each time",
            instead_of=RETURN,
            wrote="return base * max(0.0, 1 - (1 - gamma) * passed)",
            symptom="Your first fall is right, and the later ones are as large as it.",
            hint="Each milestone takes a share of what is left, not of the base.",
        ),
        Misconception(
            "lower at the milestones only",
            instead_of=PASSED,
            wrote="passed = list(milestones).count(t)",
            symptom="After a milestone your rate is back at the base.",
            hint="A milestone counts from its step on, and for ever.",
        ),
        Misconception(
            "lower at every step after",
            instead_of=PASSED,
            wrote="passed = max(0, t - min(milestones) + 1) if milestones else 0",
            symptom="From the first milestone on your rate falls at every step.",
            hint="Between milestones the rate is constant: count the milestones that were "
            "passed, not the steps.",
        ),
        Misconception(
            "base forgotten",
            instead_of=RETURN,
            wrote="return gamma**passed",
            symptom="You return the factor by which the rate has fallen.",
            hint="Before the first milestone the rate is the base.",
        ),
        Misconception(
            "γ taken off",
            instead_of=RETURN,
            wrote="return base * (1 - gamma) ** passed",
            symptom="Each milestone takes the share γ off your rate.",
            hint="γ is the share that is kept.",
        ),
        Misconception(
            "a tenth, always",
            instead_of=RETURN,
            wrote="return base * 0.1**passed",
            symptom="Your rate falls to a tenth, whatever γ is.",
            hint="The factor was given.",
        ),
    ),
)
