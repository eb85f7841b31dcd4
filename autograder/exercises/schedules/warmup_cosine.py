"""Exercise 8.5: a line up, half a cosine wave down."""

import math

import torch

from autograder.exercises.schedules.rates import between, listed, rates, whole
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def warmup_cases(rng):
    def case(name, warmup, length, *, low=None):
        total = warmup + length
        ts = sorted({0, 1, warmup // 2, warmup, warmup + 1, warmup + length // 3, total - 1})
        ts = [*ts, total, total + 1, total + 2 + length // 2, 2 * total + 30]
        top = between(rng, 1, 3)
        low = between(rng, 0.1, 0.6) if low is None else low
        inputs = dict(t=Each(ts), max_lr=top, min_lr=low, warmup=warmup, total=total)
        return Case(name, inputs, rates(ts))

    yield case("up and down", whole(rng, 4, 8), whole(rng, 13, 20))
    yield case("down to zero", whole(rng, 4, 8), whole(rng, 13, 20), low=0.0)
    yield case("no warm-up", 0, whole(rng, 9, 15))
    yield case("nothing but warm-up", whole(rng, 5, 9), 0)
    yield case("one step after the warm-up", whole(rng, 5, 9), 1)


def warmup_steps():
    ts = (0, 1, 2, 3, 4)
    values = [schedules.warmup_cosine(t, 1.0, 0.2, 2, 4) for t in ts]
    return [
        ("t = 0 and 1, on the way up: t / 2", "0 and 0.5"),
        ("s at t = 2 and 3: (t − 2) / 2", "0 and 0.5"),
        ("cos(π s)", "1 and 0"),
        ("0.2 + ½ · 0.8 · (1 + cos)", "1 and 0.6"),
        ("t = 4 is past the end", "0.2"),
        ("rates", listed(values)),
    ]


def warmup_in_torch(t, max_lr, min_lr, warmup, total):
    """Another right way: a tensor without a shape."""
    if t < warmup and t < total:
        return torch.tensor(max_lr) * (t / warmup)
    share = min(1.0, (t - warmup) / max(1, total - warmup)) if t < total else 1.0
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + torch.cos(torch.tensor(math.pi * share)))


def warmup_by_square(t, max_lr, min_lr, warmup, total):
    """Another: ½ (1 + cos x) = cos²(x / 2)."""
    if t < warmup:
        return max_lr * (t / warmup)
    if t >= total:
        return min_lr
    wave = math.cos(math.pi / 2 * (t - warmup) / (total - warmup)) ** 2
    return max_lr * wave + min_lr * (1 - wave)


END = "if t >= total:\n        return min_lr\n    "
UP = "max_lr * t / warmup"
SHARE = "share = (t - warmup) / (total - warmup)"
WAVE = "min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * share)) / 2"
BODY = f"{END}if t < warmup:\n        return {UP}\n    {SHARE}\n    return {WAVE}\n"

WARMUP_COSINE = Exercise(
    target=schedules.warmup_cosine,
    points=4,
    cases=warmup_cases,
    accepts=(warmup_in_torch, warmup_by_square),
    goal="warm up, cool down and restart without being off by one",
    section="Up before down",
    minutes=10,
    difficulty=2,
    trace=Trace(
        inputs=dict(t=Each([0, 1, 2, 3, 4]), max_lr=1.0, min_lr=0.2, warmup=2, total=4),
        steps=warmup_steps,
    ),
    misconceptions=(
        Misconception(
            "warm-up from t + 1",
            instead_of=UP,
            wrote="max_lr * (t + 1) / warmup",
            symptom="Your warm-up is one step ahead, and step 0 has a rate already.",
            hint="The line begins at zero at t = 0 and reaches max_lr at t = warmup. (Others "
            "count from 1; here steps count from 0.)",
        ),
        Misconception(
            "warm-up from min_lr",
            instead_of=UP,
            wrote="min_lr + (max_lr - min_lr) * t / warmup",
            symptom="Your warm-up begins at min_lr.",
            hint="min_lr is where the cosine ends. The warm-up begins at zero.",
        ),
        Misconception(
            "rises again past the end",
            instead_of=END,
            wrote="",
            symptom="Past the end your rate goes on along the wave, and up again.",
            hint="A schedule is defined for every t: past its end it stays where it ended.",
        ),
        Misconception(
            "zero past the end",
            instead_of="return min_lr\n",
            wrote="return 0.0\n",
            symptom="Past the end your rate is 0, whatever min_lr is.",
            hint="It ends at min_lr and stays there.",
        ),
        Misconception(
            "wave as long as everything",
            instead_of=SHARE,
            wrote="share = (t - warmup) / total",
            symptom="Your wave is not down when the end comes, and the rate then jumps.",
            hint="The warm-up has used some of the steps. The wave has the rest.",
        ),
        Misconception(
            "wave begins at step 0",
            instead_of=SHARE,
            wrote="share = t / (total - warmup)",
            symptom="Your wave is under way when the warm-up ends: the rate jumps there.",
            hint="Count the wave's steps from where the warm-up ends.",
        ),
        Misconception(
            "wave under the warm-up",
            instead_of=SHARE,
            wrote="share = t / total",
            symptom="Your rate jumps at the end of the warm-up: the wave began at step 0.",
            hint="The warm-up comes first, the whole wave after it: shift it, and shorten it.",
        ),
        Misconception(
            "straight down",
            instead_of=WAVE,
            wrote="min_lr + (max_lr - min_lr) * (1 - share)",
            symptom="Your way down is a straight line.",
            hint="A straight line has corners at both ends. Half a cosine wave has none.",
        ),
        Misconception(
            "a whole wave",
            instead_of="math.pi * share",
            wrote="2 * math.pi * share",
            symptom="Your rate is down half-way, and comes up again.",
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
            symptom="Your wave goes down to 0, and the rate then jumps up to min_lr.",
            hint="The wave spans from max_lr to min_lr.",
        ),
        Misconception(
            "min_lr on top",
            instead_of=WAVE,
            wrote="min_lr + max_lr * (1 + math.cos(math.pi * share)) / 2",
            symptom="Your peak is max_lr plus min_lr.",
            hint="What the wave spans is the difference of the two rates.",
        ),
        Misconception(
            "one step too short",
            instead_of=SHARE,
            wrote="share = (t - warmup) / (total - warmup - 1)",
            symptom="Your wave is down one step too soon.",
            hint="Step total is the first with min_lr, so the wave takes all steps between.",
        ),
        Misconception(
            "divides by a warm-up of no steps",
            instead_of="if t < warmup:",
            wrote="if t <= warmup:",
            symptom="Without a warm-up your first step divides zero by zero.",
            hint="Step warmup is the first of the wave. Then nobody divides by a warm-up "
            "of no steps.",
        ),
        Misconception(
            "divides by a wave of no steps",
            instead_of="if t >= total:",
            wrote="span = 1 / (total - warmup)\n    if t >= total:",
            symptom="When the warm-up takes all steps you divide by zero.",
            hint="Find out first whether there is a wave at all, then divide by its length.",
        ),
        Misconception(
            "total without the warm-up",
            instead_of=BODY,
            wrote=BODY.replace("t >= total", "t >= warmup + total").replace(
                "/ (total - warmup)", "/ total"
            ),
            symptom="Your schedule ends too late, by as many steps as the warm-up has.",
            hint="The total counts all steps, those of the warm-up too.",
        ),
        Misconception(
            "upside down",
            instead_of="(1 + math.cos(math.pi * share))",
            wrote="(1 - math.cos(math.pi * share))",
            symptom="After the warm-up your rate drops to min_lr and climbs from there.",
            hint="The cosine of 0 is 1: with a plus it starts at the top.",
        ),
        Misconception(
            "a quarter of a wave",
            instead_of=WAVE,
            wrote="min_lr + (max_lr - min_lr) * math.cos(math.pi / 2 * share)",
            symptom="Your rate comes down with a corner at the end.",
            hint="Half a wave is level at both ends; a quarter only at the first.",
        ),
        Misconception(
            "degrees",
            instead_of="math.pi * share",
            wrote="180 * share",
            symptom="Your rate goes up and down many times.",
            hint="The cosine takes radians: half a turn is π.",
        ),
        Misconception(
            "warm-up over one step more",
            instead_of=UP,
            wrote="max_lr * (t + 1) / (warmup + 1)",
            symptom="Step 0 has a rate already, and your warm-up is a little flatter.",
            hint="The line begins at zero at t = 0 and reaches max_lr at t = warmup. (Others "
            "count from 1; here steps count from 0.)",
        ),
        Misconception(
            "warm-up one step short",
            instead_of=UP,
            wrote="max_lr * t / (warmup - 1)",
            symptom="Your warm-up reaches the top one step too soon.",
            hint="The line reaches max_lr at t = warmup, not at its last own step.",
        ),
        Misconception(
            "warm-up in whole numbers",
            instead_of=UP,
            wrote="max_lr * (t // warmup)",
            symptom="Your rate is 0 for the whole warm-up.",
            hint="Divide without rounding.",
        ),
        Misconception(
            "no warm-up",
            instead_of=UP,
            wrote="max_lr",
            symptom="Your rate is at the top from the start.",
            hint="Before step warmup the rate is on a line from zero up to max_lr.",
        ),
        Misconception(
            "warm-up along a wave",
            instead_of=UP,
            wrote="max_lr * (1 - math.cos(math.pi * t / warmup)) / 2",
            symptom="Your warm-up is a wave, and not a straight line.",
            hint="Only the way down is a cosine.",
        ),
        Misconception(
            "warm-up times the wave",
            instead_of=BODY,
            wrote="if t >= total:\n        return min_lr\n"
            "    ramp = t / warmup if t < warmup else 1\n    share = t / total\n"
            "    return ramp * (" + WAVE + ")",
            symptom="Your wave has begun at step 0, so that the peak is below max_lr.",
            hint="The warm-up comes first, the whole wave after it. They are not multiplied.",
        ),
        Misconception(
            "min_lr as a floor",
            instead_of=WAVE,
            wrote="max(min_lr, max_lr * (1 + math.cos(math.pi * share)) / 2)",
            symptom="Your wave goes down towards 0 and is cut off at min_lr.",
            hint="The wave spans from max_lr to min_lr, and is level at both ends.",
        ),
        Misconception(
            "no π",
            instead_of="math.pi * share",
            wrote="share",
            symptom="Your wave has hardly begun to fall when the end comes.",
            hint="From top to bottom is half a wave: an angle of π.",
        ),
        Misconception(
            "goes on along the wave",
            instead_of=BODY,
            wrote=BODY.replace(END, "").replace("(total - warmup)", "max(1, total - warmup)"),
            symptom="Past the end your rate goes on along the wave, and up again.",
            hint="A schedule is defined for every t: past its end it stays where it ended.",
        ),
        Misconception(
            "zero at the end, then min_lr",
            instead_of=BODY,
            wrote=BODY.replace("t >= total", "t > total")
            .replace(WAVE, "max_lr * (1 + math.cos(math.pi * share)) / 2")
            .replace("(total - warmup)", "max(1, total - warmup)"),
            symptom="Your wave goes down to 0 and is there at step total; only after it you "
            "return min_lr.",
            hint="The wave spans from max_lr to min_lr, and so ends where the rate stays.",
        ),
        Misconception(
            "counted from 1",
            instead_of=BODY,
            wrote="t = t + 1\n    " + BODY,
            symptom="All your rates are those of the step after.",
            hint="Steps count from 0: the rate at t is asked for, and t is 0 at the first.",
        ),
        Misconception(
            "warm-up as long as everything",
            instead_of=UP,
            wrote="max_lr * t / total",
            symptom="Your line has not reached the top when the warm-up ends: the rate then "
            "jumps up.",
            hint="The line reaches max_lr at the end of the warm-up, not of everything.",
        ),
        Misconception(
            "warm-up without max_lr",
            instead_of=UP,
            wrote="t / warmup",
            symptom="Your warm-up goes up to 1.",
            hint="The share of the warm-up that is over is a factor of max_lr.",
        ),
    ),
)
