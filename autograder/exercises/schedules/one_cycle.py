"""Exercise 8.7: the rate up and down once, and momentum against it."""

import math

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def cycle_cases(rng):
    def case(name, total, pct_start=None, **more):
        turn = (0.3 if pct_start is None else pct_start) * total - 1
        near = {math.floor(turn), math.ceil(turn), math.ceil(turn) + 1, math.floor(turn / 2)}
        ts = sorted({0, 1, total // 2, 3 * total // 4, total - 2, total - 1} | near)
        ts = [*(t for t in ts if t >= 0), total, total + 1, 2 * total, 5 * total]
        inputs = dict(t=Each(ts), max_lr=between(rng, 2, 4), total=total)
        inputs |= {} if pct_start is None else {"pct_start": pct_start}
        return Case(name, inputs | more, rates(ts, ("rate", "momentum")))

    numbers = dict(div=between(rng, 3, 6), final_div=between(rng, 8, 15))
    yield case("numbers of its own", 4 * whole(rng, 6, 9), 0.25, **numbers)
    yield case("the default numbers", 10 * whole(rng, 2, 4))
    yield case("a turn between two steps", 2 * whole(rng, 8, 9) + 1, 0.45, **numbers)
    yield case("up all the way", whole(rng, 12, 18), 1.0, **numbers)
    yield case("down all the way", whole(rng, 12, 18), 0.0, **numbers)
    yield case("a turn at step 0", 8, 0.125, **numbers)


def cycle_steps():
    ts = (0, 1, 2, 3)
    values = [schedules.one_cycle(t, 1.0, 4, 0.5, 4.0, 5.0) for t in ts]
    up, down = [rate for rate, _ in values], [momentum for _, momentum in values]
    return [
        ("turn, at 0.5 · 4 − 1", "1"),
        ("end, at 4 − 1", "3"),
        ("rates at 0, at the turn and at the end", "0.25, 1, 0.05"),
        ("step 2 is half-way down", f"{values[2][0]:.4g}"),
        ("rates", listed(up)),
        ("momenta", listed(down)),
    ]


def cycle_by_pieces(t, max_lr, total, pct_start=0.3, div=25.0, final_div=1e4):
    """Another right way: momentum from how far up the rate is."""
    turn, last = pct_start * total - 1, total - 1
    t = min(t, last)
    if t <= turn and turn > 0:
        high = 0.5 * (1 - math.cos(math.pi * t / turn))
        low = max_lr / div
    else:
        high = 0.5 * (1 + math.cos(math.pi * (t - turn) / max(last - turn, 1e-300)))
        low = max_lr / (div * final_div)
    return low + (max_lr - low) * high, 0.95 - 0.1 * high


LINE = "line = lambda a, b, s: a + (b - a) * s\n    "  # in place of half a wave
TURN = "turn, last = pct_start * total - 1, total - 1"
ENDS = "start, end = max_lr / div, max_lr / div / final_div"
UP = "return anneal(start, max_lr, share), anneal(0.95, 0.85, share)"
LEFT = "share = (min(t, last) - turn) / (last - turn) if last > turn else 0.0"
DOWN = "return anneal(max_lr, end, share), anneal(0.85, 0.95, share)"
BOTH = f"if t < turn:\n        share = t / turn\n        {UP}\n    {LEFT}\n    {DOWN}"

ONE_CYCLE = Exercise(
    target=schedules.one_cycle,
    points=3,
    cases=cycle_cases,
    accepts=(cycle_by_pieces,),
    goal="warm up, cool down and restart without being off by one",
    section="One cycle, and momentum against it",
    minutes=10,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            t=Each([0, 1, 2, 3]), max_lr=1.0, total=4, pct_start=0.5, div=4.0, final_div=5.0
        ),
        steps=cycle_steps,
    ),
    misconceptions=(
        Misconception(
            "end counted from the peak",
            instead_of=ENDS,
            wrote="start, end = max_lr / div, max_lr / final_div",
            symptom="Your last rate is div times too large.",
            hint="The final divisor divides the rate of the start, not the highest.",
        ),
        Misconception(
            "starts at zero",
            instead_of=UP,
            wrote=UP.replace("anneal(start", "anneal(0.0"),
            symptom="Your first rate is 0.",
            hint="It starts at the highest rate divided by div.",
        ),
        Misconception(
            "returns to the start only",
            instead_of=DOWN,
            wrote=DOWN.replace("(max_lr, end", "(max_lr, start"),
            symptom="Your rate ends where it began.",
            hint="It ends far below its start: there is a second divisor.",
        ),
        Misconception(
            "peak one step late",
            instead_of=TURN,
            wrote=TURN.replace("total - 1, total", "total, total"),
            symptom="Your peak comes one step late.",
            hint="Steps count from 0: the last of the first n steps has the number n − 1.",
        ),
        Misconception(
            "end one step late",
            instead_of=TURN,
            wrote="turn, last = pct_start * total - 1, total",
            symptom="Your last step has not come down to the end yet.",
            hint="The last of `total` steps has the number total − 1.".replace("`", ""),
        ),
        Misconception(
            "momentum in phase with the rate",
            instead_of=BOTH,
            wrote=BOTH.replace("0.95, 0.85", "LOW, HIGH")
            .replace("0.85, 0.95", "0.95, 0.85")
            .replace("LOW, HIGH", "0.85, 0.95"),
            symptom="Your momentum is high where the rate is high.",
            hint="Rate and momentum both lengthen the step, so one makes way for the other.",
        ),
        Misconception(
            "momentum left alone",
            instead_of=BOTH,
            wrote=BOTH.replace("anneal(0.95, 0.85, share)", "0.95").replace(
                "anneal(0.85, 0.95, share)", "0.95"
            ),
            symptom="Your momentum is always 0.95.",
            hint="Momentum has a cycle of its own, against that of the rate.",
        ),
        Misconception(
            "momentum does not come back",
            instead_of=DOWN,
            wrote=DOWN.replace("anneal(0.85, 0.95, share)", "0.85"),
            symptom="After the turn your momentum stays at 0.85.",
            hint="While the rate comes down momentum goes back up.",
        ),
        Misconception(
            "straight lines",
            instead_of=BOTH,
            wrote=LINE + BOTH.replace("anneal", "line"),
            symptom="Your rate has a corner at the top.",
            hint="Go along half cosine waves, which are level at both ends.",
        ),
        Misconception(
            "goes on past the end",
            instead_of="min(t, last)",
            wrote="t",
            symptom="Past the end your rate rises again.",
            hint="A schedule is defined for every t: past the end it stays where it is.",
        ),
        Misconception(
            "turn at half-time",
            instead_of="pct_start * total - 1",
            wrote="0.5 * total - 1",
            symptom="Your rate turns half-way, whatever pct_start is.",
            hint="The share of the way up was given.",
        ),
        Misconception(
            "turn rounded",
            instead_of="pct_start * total - 1",
            wrote="round(pct_start * total) - 1",
            symptom="Where the turn lies between two steps your rates are a little off.",
            hint="The turn need not be at a whole step. Leave it where it is.",
        ),
        Misconception(
            "divides by a way down of no steps",
            instead_of=" if last > turn else 0.0",
            wrote="",
            symptom="When the way up takes everything, the last step divides zero by zero.",
            hint="At the turn nothing of the way down is done: its share is 0, also if "
            "there is no way down.",
        ),
        Misconception(
            "way down counted from step 0",
            instead_of=LEFT,
            wrote="share = min(t, last) / last",
            symptom="At the turn your rate jumps.",
            hint="Count the way down from the turn, and to the last step.",
        ),
        Misconception(
            "momentum first",
            instead_of=BOTH,
            wrote=BOTH.replace(
                UP, "return anneal(0.95, 0.85, share), anneal(start, max_lr, share)"
            ).replace(DOWN, "return anneal(0.85, 0.95, share), anneal(max_lr, end, share)"),
            symptom="What you return as the rate is the momentum.",
            hint="The rate comes first, the momentum second.",
        ),
        Misconception(
            "both one step late",
            instead_of=TURN,
            wrote="turn, last = pct_start * total, total",
            symptom="Your peak and your end come one step late.",
            hint="Steps count from 0: the last of n steps has the number n − 1.",
        ),
        Misconception(
            "share of the last step's number",
            instead_of="pct_start * total - 1",
            wrote="pct_start * (total - 1)",
            symptom="Your peak comes a little late.",
            hint="The way up takes its share of all steps. Only then subtract 1, since steps "
            "count from 0.",
        ),
        Misconception(
            "turn cut off",
            instead_of="pct_start * total - 1",
            wrote="int(pct_start * total) - 1",
            symptom="Where the turn lies between two steps your rates are a little off.",
            hint="The turn need not be at a whole step. Leave it where it is.",
        ),
        Misconception(
            "turn never before step 0",
            instead_of="pct_start * total - 1",
            wrote="max(0, pct_start * total - 1)",
            symptom="Without a way up, your way down begins one step late.",
            hint="The turn may lie before step 0: leave it there.",
        ),
        Misconception(
            "divides by a way up of no steps",
            instead_of="if t < turn:",
            wrote="if t <= turn:",
            symptom="When the turn is at step 0 you divide zero by zero.",
            hint="At the turn the way down begins. Then nobody divides by a way up of no "
            "steps.",
        ),
        Misconception(
            "way down one step too long",
            instead_of="/ (last - turn)",
            wrote="/ (total - turn)",
            symptom="Your last step has not come down to the end yet.",
            hint="The last of all steps has the number total − 1.",
        ),
        Misconception(
            "ends at zero",
            instead_of=ENDS,
            wrote="start, end = max_lr / div, 0.0",
            symptom="Your rate comes down to 0.",
            hint="It ends at the rate of the start divided by final_div: small, but not 0.",
        ),
        Misconception(
            "straight lines for the rate",
            instead_of=BOTH,
            wrote=LINE
            + BOTH.replace("anneal(start", "line(start").replace(
                "anneal(max_lr", "line(max_lr"
            ),
            symptom="Your momentum is right, and your rate has a corner at the top.",
            hint="The rate goes along half cosine waves as the momentum does.",
        ),
        Misconception(
            "straight lines for the momentum",
            instead_of=BOTH,
            wrote=LINE + BOTH.replace("anneal(0", "line(0"),
            symptom="Your rate is right, and your momentum has a corner at the turn.",
            hint="The momentum goes along half cosine waves as the rate does.",
        ),
        Misconception(
            "straight up, a wave down",
            instead_of=BOTH,
            wrote=LINE + BOTH.replace(UP, UP.replace("anneal", "line")),
            symptom="Your way up is a straight line, and only the way down is a wave.",
            hint="Both ways are half cosine waves, which are level at both ends.",
        ),
        Misconception(
            "counted from 1",
            instead_of=TURN,
            wrote="t = t + 1\n    " + TURN,
            symptom="All your numbers are those of the step after.",
            hint="Steps count from 0: the first has the rate of the start.",
        ),
        Misconception(
            "rate down and up",
            instead_of=BOTH,
            wrote=BOTH.replace("anneal(start, max_lr", "anneal(max_lr, start").replace(
                "anneal(max_lr, end", "anneal(end, max_lr"
            ),
            symptom="Your rate begins at the top, and goes down first.",
            hint="The rate goes up to max_lr, and far down again. The momentum goes the "
            "other way.",
        ),
    ),
)
