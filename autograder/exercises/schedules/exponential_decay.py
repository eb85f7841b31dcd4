"""Exercise 8.2: the same share off at every step."""

import math

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def exponential_cases(rng):
    def case(name, gamma, ts, **tolerance):
        inputs = dict(t=Each(ts), base=between(rng, 0.2, 3), gamma=gamma)
        return Case(name, inputs, rates(ts, **tolerance))

    yield case("a share at a time", between(rng, 0.8, 0.95), [0, 1, 2, 3, 10, 25])
    yield case("a slow fall", between(rng, 0.985, 0.995), [0, 1, 7, 100, whole(rng, 300, 400)])
    yield case("a fast fall", between(rng, 0.1, 0.4), [0, 1, 2, 5])
    yield case("asked in any order, and again", between(rng, 0.8, 0.95), [5, 0, 5, 2, 2])
    yield case("a share of one", 1.0, [0, 1, 50])
    yield case("far down, without a floor", 0.5, [0, 30, 60], rtol=1e-6, atol=0.0)


def exponential_steps():
    values = [schedules.exponential_decay(t, 0.8, 0.5) for t in (0, 1, 3)]
    return [("0.5 to the powers 0, 1, 3", "1, 0.5, 0.125"), ("rates", listed(values))]


def exponential_by_e(t, base, gamma):
    """Another right way: the exponential function."""
    return base * math.exp(t * math.log(gamma))


def exponential_by_loop(t, base, gamma):
    """Another: one share after the other."""
    for _ in range(t):
        base = base * gamma
    return base


RETURN = "return base * gamma**t"

EXPONENTIAL_DECAY = Exercise(
    target=schedules.exponential_decay,
    points=1,
    cases=exponential_cases,
    accepts=(exponential_by_e, exponential_by_loop),
    goal="write any schedule as a function of the step count",
    section="By the same share",
    minutes=3,
    difficulty=1,
    trace=Trace(inputs=dict(t=Each([0, 1, 3]), base=0.8, gamma=0.5), steps=exponential_steps),
    misconceptions=(
        Misconception(
            "a floor that nobody asked for",
            instead_of=RETURN,
            wrote="return max(base * gamma**t, 1e-6)",
            symptom="Your rate stops falling at a millionth.",
            hint="An exponential falls for ever and never reaches 0: it needs no floor.",
        ),
        Misconception(
            "base under the power",
            instead_of=RETURN,
            wrote="return (base * gamma) ** t",
            symptom="At t = 0 your rate is 1, whatever the base.",
            hint="Only γ is raised to the power. Mind the brackets.",
        ),
        Misconception(
            "base to the power of time",
            instead_of=RETURN,
            wrote="return gamma * base**t",
            symptom="You raise the base to a power: at t = 0 your rate is γ.",
            hint="The base is what the schedule starts from. The share γ is taken again and "
            "again.",
        ),
        Misconception(
            "time to the power of γ",
            instead_of=RETURN,
            wrote="return base * t**gamma",
            symptom="At t = 0 your rate is 0, and then it grows.",
            hint="The time is the exponent, not what is raised to a power.",
        ),
        Misconception(
            "multiplied by the time",
            instead_of=RETURN,
            wrote="return base * (gamma * t if t else 1)",
            symptom="Your rate grows with the time.",
            hint="γ is taken once more at every step: the time is an exponent, not a factor.",
        ),
        Misconception(
            "an amount, not a share",
            instead_of=RETURN,
            wrote="return base * max(0.0, 1 - (1 - gamma) * t)",
            symptom="Your rate falls on a straight line, to zero.",
            hint="Each step takes a share of what is left, not of the base.",
        ),
        Misconception(
            "one over the time",
            instead_of=RETURN,
            wrote="return base / (1 + gamma * t)",
            symptom="Your rate falls ever more slowly, as 1/t does.",
            hint="That is another schedule, with the time below the line. Here the time is an "
            "exponent.",
        ),
        Misconception(
            "a power of time",
            instead_of=RETURN,
            wrote="return base / (1 + t) ** gamma",
            symptom="Your rate falls as a power of time: by smaller shares at every step.",
            hint="Here the time is the exponent, and γ is what is raised to it.",
        ),
        Misconception(
            "e to the power of γ",
            instead_of=RETURN,
            wrote="return base * math.exp(-gamma * t)",
            symptom="Your rates do not keep the share γ at a step: a larger γ falls faster.",
            hint="γ itself is raised to the power t, not e to the power −γ t.",
        ),
        Misconception(
            "e to the power of what is taken",
            instead_of=RETURN,
            wrote="return base * math.exp(-(1 - gamma) * t)",
            symptom="Your rates are a little too large, and ever more so.",
            hint="For small shares e to the power −(1 − γ) is nearly γ, but not quite. Raise "
            "γ itself.",
        ),
        Misconception(
            "γ taken off",
            instead_of=RETURN,
            wrote="return base * (1 - gamma) ** t",
            symptom="Each step takes the share γ off your rate.",
            hint="γ is the share that is kept.",
        ),
        Misconception(
            "counted from 1",
            instead_of=RETURN,
            wrote="return base * gamma ** (t + 1)",
            symptom="Your first step has less than the base rate already.",
            hint="Steps count from 0, and at t = 0 the rate is the base.",
        ),
        Misconception(
            "one step late",
            instead_of=RETURN,
            wrote="return base * gamma ** max(0, t - 1)",
            symptom="Your second step still has the base rate.",
            hint="At t = 1 one share has been taken off.",
        ),
        Misconception(
            "one share only",
            instead_of=RETURN,
            wrote="return base * gamma if t else base",
            symptom="After the first step your rate does not fall any further.",
            hint="Every step takes its share.",
        ),
        Misconception(
            "a staircase",
            instead_of=RETURN,
            wrote="return base * gamma ** (t // 10)",
            symptom="Your rate stays the same for ten steps and then falls.",
            hint="Every step takes its share: the exponent is the time itself.",
        ),
        Misconception(
            "divided by γ",
            instead_of=RETURN,
            wrote="return base / gamma**t",
            symptom="Your rate grows.",
            hint="γ is below 1 and multiplies the rate.",
        ),
        Misconception(
            "base forgotten",
            instead_of=RETURN,
            wrote="return gamma**t",
            symptom="You return the factor by which the rate has fallen.",
            hint="At t = 0 the rate is the base.",
        ),
        Misconception(
            "state kept between calls",
            instead_of=RETURN,
            wrote="_kept = exponential_decay.__dict__\n"
            "    _kept['lr'] = base if t == 0 else _kept.get('lr', base) * gamma\n"
            "    return _kept['lr']",
            symptom="Your answer depends on what was asked before.",
            hint="A schedule is a function of t alone. Whoever skips a step, or asks twice, "
            "must get the same answers.",
        ),
    ),
)
