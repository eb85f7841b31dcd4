"""Exercise 8.1: a rate that falls as a power of time."""

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def power_cases(rng):
    def case(name, power, *, steps=None, ts=None):
        steps = whole(rng, 7, 15) if steps is None else steps
        ts = [0, 1, 2, steps - 1, steps, 3 * steps, 40 * steps] if ts is None else ts
        base = between(rng, 0.2, 3)
        inputs = dict(t=Each(ts), base=base, steps=steps)
        return Case(name, inputs | ({} if power is None else {"power": power}), rates(ts))

    yield case("a power of its own", between(rng, 1.3, 2.5))
    yield case("the default power", None)
    yield case("a power below 1", between(rng, 0.3, 0.7))
    yield case("a power of 0", 0.0)
    yield case("one step", between(rng, 1.5, 2), steps=1, ts=[0, 1, 2, 9])


def power_steps():
    values = [schedules.power_decay(t, 0.8, 10, 2.0) for t in (0, 10, 30)]
    return [
        ("t / steps", "0, 1, 3"),
        ("1 + t / steps, to the power 2", "1, 4, 16"),
        ("rates", listed(values)),
    ]


def power_by_negative_power(t, base, steps, power=1.0):
    """Another right way: one product."""
    return base * ((steps + t) / steps) ** -power


RETURN = "return base / (1 + elapsed) ** power"

POWER_DECAY = Exercise(
    target=schedules.power_decay,
    points=1,
    cases=power_cases,
    accepts=(power_by_negative_power,),
    goal="write any schedule as a function of the step count",
    section="Slower and slower",
    minutes=4,
    difficulty=1,
    trace=Trace(
        inputs=dict(t=Each([0, 10, 30]), base=0.8, steps=10, power=2.0), steps=power_steps
    ),
    misconceptions=(
        Misconception(
            "a staircase",
            instead_of="elapsed = t / steps",
            wrote="elapsed = t // steps",
            symptom="Your rate stays the same for a while and then jumps.",
            hint="Time is to pass at every step: divide without rounding.",
        ),
        Misconception(
            "power of the time only",
            instead_of="(1 + elapsed) ** power",
            wrote="(1 + elapsed**power)",
            symptom="After twice as long and more your rates are off, unless the power is 1.",
            hint="The 1 belongs under the power as well.",
        ),
        Misconception(
            "power as a factor",
            instead_of="(1 + elapsed) ** power",
            wrote="(1 + power * elapsed)",
            symptom="Your rate falls as 1/t, whatever the power.",
            hint="The power is an exponent, not a factor of the time.",
        ),
        Misconception(
            "base under the power",
            instead_of=RETURN,
            wrote="return (base / (1 + elapsed)) ** power",
            symptom="At t = 0 your rate is a power of the base.",
            hint="The base rate is what the schedule starts from: it is not under the power.",
        ),
        Misconception(
            "times steps",
            instead_of="elapsed = t / steps",
            wrote="elapsed = t * steps",
            symptom="Your rate collapses within the first step.",
            hint="The more steps, the slower the fall: divide by them.",
        ),
        Misconception(
            "counted from 1",
            instead_of="elapsed = t / steps",
            wrote="elapsed = (t + 1) / steps",
            symptom="Your first step has less than the base rate already.",
            hint="Steps count from 0, and at t = 0 the rate is the base.",
        ),
        Misconception(
            "exponential",
            instead_of=RETURN,
            wrote="return base * math.exp(-power * elapsed)",
            symptom="Your rate falls by the same share at every step, and is gone too soon.",
            hint="Here time stands in the base of the power, not in its exponent.",
        ),
        Misconception(
            "a straight line to zero",
            instead_of=RETURN,
            wrote="return base * max(0.0, 1 - elapsed) ** power",
            symptom="From t = steps on your rate is 0.",
            hint="This schedule has no end: divide by a number that grows.",
        ),
        Misconception(
            "no 1",
            instead_of="(1 + elapsed) ** power",
            wrote="elapsed**power",
            symptom="At t = 0 you divide by zero.",
            hint="Add 1 to the time, so that the schedule starts at the base rate.",
        ),
        Misconception(
            "power ignored",
            instead_of="(1 + elapsed) ** power",
            wrote="(1 + elapsed)",
            symptom="Your rates are right for the power 1 only.",
            hint="Raise what you divide by to the power that was given.",
        ),
        Misconception(
            "steps not divided by alone",
            instead_of="(1 + elapsed) ** power",
            wrote="((1 + t) / steps) ** power",
            symptom="At t = 0 you divide by 1 / steps, not by 1.",
            hint="Only the time is divided by steps. Mind the brackets: the 1 is added "
            "afterwards.",
        ),
        Misconception(
            "steps under the power",
            instead_of="(1 + elapsed) ** power",
            wrote="(1 + t / steps**power)",
            symptom="Unless the power is 1, your time runs at another speed.",
            hint="The power applies to the whole sum. Python raises to a power before it "
            "divides or adds.",
        ),
        Misconception(
            "time under the power",
            instead_of="(1 + elapsed) ** power",
            wrote="(1 + t**power / steps)",
            symptom="Unless the power is 1, your time runs at another speed from step 2 on.",
            hint="The power applies to the whole sum. Python raises to a power before it "
            "divides or adds.",
        ),
        Misconception(
            "multiplied",
            instead_of=RETURN,
            wrote="return base * (1 + elapsed) ** power",
            symptom="Your rate grows.",
            hint="The power of time stands below the line.",
        ),
        Misconception(
            "base forgotten",
            instead_of=RETURN,
            wrote="return 1 / (1 + elapsed) ** power",
            symptom="You return the factor by which the rate falls.",
            hint="At t = 0 the rate is the base.",
        ),
        Misconception(
            "power rounded",
            instead_of="** power",
            wrote="** int(power)",
            symptom="Powers between two whole numbers count as the lower one for you.",
            hint="A power need not be a whole number.",
        ),
        Misconception(
            "steps forgotten",
            instead_of="elapsed = t / steps",
            wrote="elapsed = t",
            symptom="Your rate falls within a few steps, however many were asked for.",
            hint="Time is measured in units of so many steps: divide by them.",
        ),
        Misconception(
            "an even staircase",
            instead_of="elapsed = t / steps",
            wrote="elapsed = round(t / steps)",
            symptom="Your rate stays the same for a while and then jumps.",
            hint="Time is to pass at every step: divide without rounding.",
        ),
    ),
)
