"""Exercise 8.8: the right rate at the right step, in every group."""

import torch
from torch.optim.lr_scheduler import LambdaLR

from autograder.compare import disagreement
from autograder.exercises.schedules.rates import as_numbers, between, listed, whole
from autograder.recipes import Downhill, Grouped, Planned, Written, build_all
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def run_cases(rng):
    def case(name, epochs, steps, per=None, *, optimizer="SGD", groups=2, zero=(), **settings):
        parameters = [torch.randn(2, generator=rng) + 2 for _ in range(groups)]
        rates = [between(rng, 0.05, 0.12) * 2.5**n for n in range(groups)]
        factors = [
            (t not in zero) * (1.3 + between(rng, -0.6, 0.6)) for t in range(epochs * steps + 3)
        ]
        inputs = dict(
            optimizer=Grouped(optimizer, parameters, rates, settings),
            schedule=Planned(factors),
            closure=Written(Downhill("optimizer")),
            epochs=epochs,
            steps_per_epoch=steps,
        )
        return Case(name, inputs | ({} if per is None else {"per": per}), both)

    yield case("two groups, by step", 2, whole(rng, 3, 4), "step")
    yield case("two groups, by epoch", 3, whole(rng, 2, 3), "epoch")
    yield case("the default is by step", 2, 3)
    yield case("with momentum", 2, 3, "step", momentum=0.8)
    yield case("under Adam", 2, 3, "epoch", optimizer="Adam")
    yield case("one group, one step an epoch", 4, 1, "epoch", groups=1)
    yield case("no epochs", 0, 3, "step")
    yield case("a first factor of zero, and one on the way", 2, 3, "step", zero=(0, 3))


def call(path) -> str:
    if not path:
        return "the result"
    if path[0] == "result":
        return f"the rate of step {path[1]}" if len(path) > 1 else "the list of rates"
    return "where the parameters were " + (
        f"at call {path[1]} of the closure" if len(path) > 1 else "at the closure's calls"
    )


def both(got, expected) -> str:
    """The rates that were returned, and the way that the parameters went."""
    if isinstance(got, dict) and "result" in got:
        got = got | {"result": as_numbers(got["result"])}
    return disagreement(got, expected, call=call)


TINY = dict(
    optimizer=Grouped("SGD", [torch.tensor([2.0])], [0.5]),
    schedule=Planned([1.0, 0.5]),
    closure=Written(Downhill("optimizer")),
    epochs=2,
    steps_per_epoch=1,
)


def run_steps():
    used = schedules.run_with_schedule(**build_all(TINY))
    return [
        ("factors", "1, 0.5"),
        ("rates", listed(used)),
        ("the closure finds the parameter at, first", "2"),
        ("whose gradient is itself; then at 2 − 0.5 · 2", "1"),
        ("in the end at 1 − 0.25 · 1", "0.75"),
    ]


def run_with_lambda_lr(optimizer, schedule, closure, epochs, steps_per_epoch, per="step"):
    """Another right way: PyTorch's own, in the right order."""
    scheduler, used = LambdaLR(optimizer, schedule), []
    for _ in range(epochs):
        for _ in range(steps_per_epoch):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step(closure)
            if per == "step":
                scheduler.step()
        if per == "epoch":
            scheduler.step()
    return used


def run_with_rate_set_late(optimizer, schedule, closure, epochs, steps_per_epoch, per="step"):
    """Another: the rate is needed for the step only, so it may be set after the closure."""
    first, used = [group["lr"] for group in optimizer.param_groups], []
    for epoch in range(epochs):
        for step in range(steps_per_epoch):
            closure()
            count = {"epoch": epoch, "step": epoch * steps_per_epoch + step}[per]
            for group, lr in zip(optimizer.param_groups, first, strict=True):
                group["lr"] = lr * schedule(count)
            used.append(first[0] * schedule(count))
            optimizer.step()
    return used


LOOP = "for t in range(epochs * steps_per_epoch):"
FACTOR = 'factor = schedule(t if per == "step" else t // steps_per_epoch)'
SET = (
    "for group, lr in zip(optimizer.param_groups, first, strict=True):\n"
    '            group["lr"] = lr * factor'
)
GO = "closure()\n        optimizer.step()"
NOTE = 'used.append(optimizer.param_groups[0]["lr"])'

RUN_WITH_SCHEDULE = Exercise(
    target=schedules.run_with_schedule,
    points=4,
    cases=run_cases,
    accepts=(run_with_lambda_lr, run_with_rate_set_late),
    goal="run a schedule in the right order, and resume it anywhere",
    section="Two calls, one order",
    minutes=12,
    difficulty=3,
    trace=Trace(inputs=TINY, steps=run_steps),
    misconceptions=(
        Misconception(
            "first rate skipped",
            instead_of="t if per",
            wrote="t + 1 if per",
            symptom="By steps your first rate is that of the second step.",
            hint="The first step uses what the schedule says for 0. With PyTorch's schedulers: "
            "the optimizer steps first, the scheduler after it.",
        ),
        Misconception(
            "epochs counted from 1",
            instead_of="t // steps_per_epoch",
            wrote="t // steps_per_epoch + 1",
            symptom="By epochs your first rate is that of the second epoch.",
            hint="Epochs count from 0, as steps do.",
        ),
        Misconception(
            "a schedule of epochs asked at every step",
            instead_of=FACTOR,
            wrote="factor = schedule(t)",
            symptom="By epochs your rate changes with every step.",
            hint="A schedule that counts epochs wants the number of the epoch, which is the "
            "same for all of its steps.",
        ),
        Misconception(
            "a schedule of steps asked once an epoch",
            instead_of=FACTOR,
            wrote="factor = schedule(t // steps_per_epoch)",
            symptom="By steps your rate changes only once an epoch.",
            hint="By steps the schedule is asked anew for every step.",
        ),
        Misconception(
            "steps counted anew in each epoch",
            instead_of="t if per",
            wrote="t % steps_per_epoch if per",
            symptom="With each epoch your schedule begins again.",
            hint="The step count goes on through all epochs.",
        ),
        Misconception(
            "an attribute that nobody reads",
            instead_of=SET,
            wrote="optimizer.lr = first[0] * factor",
            symptom="Your rates stay what they were.",
            hint="An optimizer reads its rate from its parameter groups. An attribute of its "
            "own it does not look at.",
        ),
        Misconception(
            "one rate for all groups",
            instead_of="= lr * factor",
            wrote="= first[0] * factor",
            symptom="Your second group gets the rate of the first.",
            hint="Groups may have rates of their own, whose ratio a schedule must keep.",
        ),
        Misconception(
            "factor taken for the rate",
            instead_of="= lr * factor",
            wrote="= factor",
            symptom="Your rate is the schedule's number itself.",
            hint="The schedule returns a factor of the rate that each group started with.",
        ),
        Misconception(
            "factors pile up",
            instead_of="= lr * factor",
            wrote='= group["lr"] * factor',
            symptom="Your first rate is right, and the later ones are products of all factors "
            "so far.",
            hint="Each factor belongs to the rate at the start, not to the one before.",
        ),
        Misconception(
            "first group only",
            instead_of=SET,
            wrote='optimizer.param_groups[0]["lr"] = first[0] * factor',
            symptom="Your second group keeps its first rate.",
            hint="Every group has a rate.",
        ),
        Misconception(
            "rate set after the step",
            instead_of=f"{SET}\n        {GO}",
            wrote=f"{GO}\n        {SET}",
            symptom="Each of your steps uses the rate of the step before it.",
            hint="The rate must be there before the optimizer steps.",
        ),
        Misconception(
            "step before the gradient",
            instead_of=GO,
            wrote="optimizer.step()\n        closure()",
            symptom="Your first step has no gradient, and each other one an old gradient.",
            hint="First the closure computes the gradient, then the optimizer uses it.",
        ),
        Misconception(
            "gradient computed twice",
            instead_of=GO,
            wrote="closure()\n        optimizer.step(closure)",
            symptom="You call the closure twice for each step.",
            hint="An optimizer that is handed the closure calls it. Do one or the other.",
        ),
        Misconception(
            "no step at all",
            instead_of=GO,
            wrote="closure()",
            symptom="Your rates are right, and the parameters stay where they were.",
            hint="The optimizer has to step, and while the gradients of the closure are "
            "still there.",
        ),
        Misconception(
            "one step an epoch",
            instead_of=LOOP,
            wrote="for t in range(epochs):",
            symptom="You take as many steps as there are epochs.",
            hint="Each epoch has several steps.",
        ),
        Misconception(
            "factors returned",
            instead_of=NOTE,
            wrote="used.append(factor)",
            symptom="You return the factors.",
            hint="Asked for are the rates of the first group, as the steps used them.",
        ),
        Misconception(
            "losses returned",
            instead_of=f"{GO}\n        {NOTE}",
            wrote="used.append(closure())\n        optimizer.step()",
            symptom="You return the losses.",
            hint="Asked for are the rates of the first group, as the steps used them.",
        ),
        Misconception(
            "rate noted after it moved on",
            instead_of=NOTE,
            wrote='used.append(first[0] * schedule(t + 1 if per == "step" else t // '
            "steps_per_epoch))",
            symptom="By steps you train at the right rates, and return the next ones.",
            hint="Note the rate before anything sets the next one.",
        ),
        Misconception(
            "steps counted from 1",
            instead_of=LOOP,
            wrote="for t in range(1, epochs * steps_per_epoch + 1):",
            symptom="Each rate comes one step too soon, and the first one never.",
            hint="Steps count from 0, and so do epochs.",
        ),
        Misconception(
            "step within the epoch for its number",
            instead_of="t // steps_per_epoch",
            wrote="t % steps_per_epoch",
            symptom="By epochs you ask for the number of the step in its epoch.",
            hint="The number of the epoch is how many epochs are over: divide, and keep the "
            "whole part.",
        ),
        Misconception(
            "number of epochs for the steps of one",
            instead_of="t if per",
            wrote="t // steps_per_epoch * epochs + t % steps_per_epoch if per",
            symptom="From the second epoch on your step count is off.",
            hint="Before this epoch as many steps were taken as there were epochs, times the "
            "steps of each.",
        ),
        Misconception(
            "rate set once only",
            instead_of=FACTOR,
            wrote="factor = schedule(0)",
            symptom="Your rate never changes.",
            hint="Ask the schedule anew, again and again.",
        ),
        Misconception(
            "moved on by ratios",
            instead_of=SET,
            wrote="before = factor if t == 0 else before\n"
            "        for group in optimizer.param_groups:\n"
            '            group["lr"] *= factor / before if t else factor\n'
            "        before = factor",
            symptom="You divide by the last factor, which may be 0: then you stop, or the "
            "rate stays at 0.",
            hint="The rate of a step is the one at the start times its own factor. What the "
            "factor was before does not matter.",
        ),
        Misconception(
            "a factor of 0 passed over",
            instead_of="= lr * factor",
            wrote="= lr * (factor or 1)",
            symptom="Where the factor is 0 your rate is that of the start.",
            hint="Zero is a factor like any other: such a step goes nowhere.",
        ),
        Misconception(
            "rates of the last group",
            instead_of=NOTE,
            wrote='used.append(optimizer.param_groups[-1]["lr"])',
            symptom="You return the rates of the last group.",
            hint="Asked for are those of the first.",
        ),
    ),
)
