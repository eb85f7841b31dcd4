"""Exercise 8.6: down, and up with a jump, in cycles that grow."""

import math

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def restart_cases(rng):
    def case(name, t0, mult, *, low=None):
        begins = [sum(t0 * mult**i for i in range(n)) for n in range(6)]
        ts = [0, 1, *(b + d for b in begins[1:4] for d in (-1, 0, 1)), begins[4] - 2, begins[5]]
        low = between(rng, 0.1, 0.6) if low is None else low
        inputs = dict(t=Each(ts), max_lr=between(rng, 1, 3), min_lr=low, t0=t0)
        return Case(name, inputs | ({} if mult == 1 else {"mult": mult}), rates(ts))

    yield case("cycles that double", whole(rng, 5, 8), 2)
    yield case("cycles of one length", whole(rng, 6, 9), 1)
    yield case("cycles that grow threefold", whole(rng, 3, 5), 3)
    yield case("down to zero", whole(rng, 5, 8), 2, low=0.0)
    yield case("a first cycle of one step", 1, 2)


def restart_steps():
    ts = (0, 1, 2, 4, 6)
    values = [schedules.cosine_warm_restarts(t, 1.0, 0.2, 2, 2) for t in ts]
    return [
        ("lengths of the cycles", "2, 4, 8"),
        ("they begin at", "0, 2, 6"),
        ("shares of their cycle at t = 0, 1, 2, 4, 6", "0, 0.5, 0, 0.5, 0"),
        ("rates", listed(values)),
    ]


def restarts_by_logarithm(t, max_lr, min_lr, t0, mult=1):
    """Another right way: the number of the cycle from a geometric series."""
    if mult == 1:
        share = t % t0 / t0
    else:
        number = int(math.log(t * (mult - 1) / t0 + 1 + 1e-9, mult))
        begun = t0 * (mult**number - 1) // (mult - 1)
        share = (t - begun) / (t0 * mult**number)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * share)) / 2


def restarts_by_subtraction(t, max_lr, min_lr, t0, mult=1):
    """Another: take whole cycles off t."""
    while t >= t0:
        t, t0 = t - t0, t0 * mult
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(math.pi * t / t0))


SHARE = "share = (t - begun) / length"
WAVE = "min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * share)) / 2"
LOOP = "while t >= begun + length:"
BODY = "begun += length\n        length *= mult"

COSINE_WARM_RESTARTS = Exercise(
    target=schedules.cosine_warm_restarts,
    points=3,
    cases=restart_cases,
    accepts=(restarts_by_logarithm, restarts_by_subtraction),
    goal="warm up, cool down and restart without being off by one",
    section="Again and again",
    minutes=8,
    difficulty=3,
    trace=Trace(
        inputs=dict(t=Each([0, 1, 2, 4, 6]), max_lr=1.0, min_lr=0.2, t0=2, mult=2),
        steps=restart_steps,
    ),
    misconceptions=(
        Misconception(
            "cycles do not grow",
            instead_of="length *= mult",
            wrote="length *= 1",
            symptom="All your cycles are as long as the first.",
            hint="Each cycle is mult times as long as the one before.",
        ),
        Misconception(
            "cycles grow by a fixed amount",
            instead_of="length *= mult",
            wrote="length += t0 * (mult - 1)",
            symptom="Your first two cycles are right, and the third is too short.",
            hint="Lengths are multiplied, not added to.",
        ),
        Misconception(
            "first cycle grown already",
            instead_of="begun, length = 0, t0",
            wrote="begun, length = 0, t0 * mult",
            symptom="Your first cycle is too long.",
            hint="Cycle 0 has t0 steps; growing begins with the second.",
        ),
        Misconception(
            "length from all that went before",
            instead_of=BODY,
            wrote="begun += length\n        length = begun * mult",
            symptom="Your third cycle is too long.",
            hint="A cycle's length follows from that of the one before it, not from all steps "
            "that were taken.",
        ),
        Misconception(
            "back up instead of a restart",
            instead_of="begun += length",
            wrote="begun, max_lr, min_lr = begun + length, min_lr, max_lr",
            symptom="In every other cycle your rate climbs as slowly as it fell.",
            hint="A restart is a jump: every cycle begins at the top.",
        ),
        Misconception(
            "one step late",
            instead_of="while t >= begun + length:",
            wrote="while t > begun + length:",
            symptom="Where a cycle should begin your rate is at its lowest.",
            hint="A cycle that begins at b with n steps has its last at b + n − 1.",
        ),
        Misconception(
            "one step early",
            instead_of="while t >= begun + length:",
            wrote="while t + 1 >= begun + length:",
            symptom="Your cycles restart one step too soon.",
            hint="A cycle of n steps has n steps: the next begins at its start plus n.",
        ),
        Misconception(
            "not counted from the cycle's begin",
            instead_of=SHARE,
            wrote="share = t / length",
            symptom="From the second cycle on your rates do not begin at the top.",
            hint="Count the steps since the cycle began.",
        ),
        Misconception(
            "reaches the bottom",
            instead_of=SHARE,
            wrote="share = (t - begun) / max(1, length - 1)",
            symptom="The last step of your cycles has min_lr.",
            hint="The wave takes all n steps: its bottom would fall on the first step of the "
            "next cycle, which has max_lr.",
        ),
        Misconception(
            "a whole wave",
            instead_of="math.pi * share",
            wrote="2 * math.pi * share",
            symptom="Your rate is down in the middle of a cycle, and up again at its end.",
            hint="From top to bottom is half a wave: an angle of π.",
        ),
        Misconception(
            "no half",
            instead_of=WAVE,
            wrote="min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * share))",
            symptom="At the top your rate is nearly twice max_lr.",
            hint="1 + cos goes from 2 to 0.",
        ),
        Misconception(
            "down to zero instead of min_lr",
            instead_of=WAVE,
            wrote="max_lr * (1 + math.cos(math.pi * share)) / 2",
            symptom="Your cycles go down to 0.",
            hint="The wave spans from max_lr to min_lr.",
        ),
        Misconception(
            "min_lr on top",
            instead_of=WAVE,
            wrote="min_lr + max_lr * (1 + math.cos(math.pi * share)) / 2",
            symptom="Your peaks are max_lr plus min_lr.",
            hint="What the wave spans is the difference of the two rates.",
        ),
        Misconception(
            "straight down",
            instead_of=WAVE,
            wrote="min_lr + (max_lr - min_lr) * (1 - share)",
            symptom="Your cycles are straight lines.",
            hint="Half a cosine wave is level at the top and at the bottom.",
        ),
        Misconception(
            "one cycle only",
            instead_of=f"while t >= begun + length:\n        {BODY}",
            wrote="t = min(t, length)",
            symptom="After the first cycle your rate stays at the bottom.",
            hint="When a cycle is over the next one begins, and so on without an end.",
        ),
        Misconception(
            "two cycles only",
            instead_of=LOOP,
            wrote="if t >= begun + length:",
            symptom="Your third cycle never begins.",
            hint="When a cycle is over the next one begins, and so on without an end.",
        ),
        Misconception(
            "grown before it is taken off",
            instead_of=BODY,
            wrote="length *= mult\n        begun += length",
            symptom="Your second cycle begins in the wrong place.",
            hint="The next cycle begins where this one, with its own length, is over. Then "
            "grow.",
        ),
        Misconception(
            "share of the first cycle",
            instead_of=SHARE,
            wrote="share = (t - begun) / t0",
            symptom="From the second cycle on your wave is over too soon, and comes up again.",
            hint="Divide by the length of the present cycle.",
        ),
        Misconception(
            "ends taken for lengths",
            instead_of=LOOP + "\n        " + BODY,
            wrote="while t >= length:\n        begun, length = length, length * max(mult, "
            "2)\n    length -= begun",
            symptom="Your cycles begin at t0, t0 · mult, t0 · mult², …",
            hint="These are the lengths. A cycle begins after all lengths before it, added up.",
        ),
        Misconception(
            "in whole numbers",
            instead_of=SHARE,
            wrote="share = (t - begun) // length",
            symptom="Your rate is always at the top.",
            hint="Divide without rounding.",
        ),
        Misconception(
            "no π",
            instead_of="math.pi * share",
            wrote="share",
            symptom="Your waves have hardly begun to fall when they restart.",
            hint="From top to bottom is half a wave: an angle of π.",
        ),
        Misconception(
            "a sine",
            instead_of="math.cos",
            wrote="math.sin",
            symptom="Your cycles begin half-way and rise.",
            hint="The cosine of 0 is 1: it starts at the top.",
        ),
        Misconception(
            "peaks that fall",
            instead_of=BODY,
            wrote=BODY + "\n        max_lr /= 2",
            symptom="Each of your peaks is half as high as the one before.",
            hint="A restart goes back up to max_lr.",
        ),
        Misconception(
            "logarithm rounded down",
            instead_of=LOOP + "\n        " + BODY,
            wrote="number = int(math.log(t / t0 * (mult - 1) + 1, mult)) if mult > 1 else t "
            "// t0\n    begun = t0 * sum(mult**i for i in range(number))\n"
            "    length = t0 * mult**number",
            symptom="At the start of a late cycle your rate is at its lowest.",
            hint="log 243 to the base 3 is 5, and in floating point a little less: int() "
            "makes it 4. Count the cycles with whole numbers instead.",
        ),
        Misconception(
            "counted from 1",
            instead_of="begun, length = 0, t0",
            wrote="t, begun, length = t + 1, 0, t0",
            symptom="All your rates are those of the step after.",
            hint="Steps count from 0: the first has max_lr.",
        ),
    ),
)
