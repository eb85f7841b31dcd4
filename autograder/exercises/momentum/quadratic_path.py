"""Exercise 6.5: where the heavy ball goes in a valley."""

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum


def quadratic_cases(rng):
    def valley(size):
        a = torch.randn(size, size, generator=rng)
        return a @ a.T / size + 0.1 * torch.eye(size)

    def case(name, size, **settings):
        x0 = 2 * torch.randn(size, generator=rng)
        return Case(name, dict(h=valley(size), x0=x0, **settings))

    yield case("two dimensions", 2, lr=0.2, mu=0.7, steps=6)
    yield case("without momentum", 3, lr=0.15, mu=0.0, steps=5)
    yield case("five dimensions", 5, lr=0.1, mu=0.85, steps=8)
    yield case("one step", 2, lr=0.3, mu=0.5, steps=1)
    yield case("no step", 2, lr=0.3, mu=0.5, steps=0)
    yield case("one dimension", 1, lr=0.1, mu=0.6, steps=4)


def quadratic_steps():
    return [
        ("x₀", "[1.0]"),
        ("first gradient 2 · 1, which is b", "2"),
        ("x = 1 − 0.25 · 2", "0.5"),
        ("gradient 2 · 0.5 = 1, b = 0.5 · 2 + 1", "2"),
        ("x = 0.5 − 0.25 · 2", "0"),
    ]


def path_in_a_table(h, x0, lr, mu, steps):
    """Another right way: rows of a table, each from the two before it (Polyak's own form)."""
    path = x0.new_empty(steps + 1, len(x0))
    path[0] = x0
    for t in range(steps):
        before = path[t] - path[t - 1] if t else torch.zeros_like(x0)
        path[t + 1] = path[t] - lr * (path[t] @ h) + mu * before
    return path


VELOCITY = "velocity = mu * velocity + h @ x"
MOVE = "x = x - lr * velocity"
LOOP = "for _ in range(steps):"

QUADRATIC_PATH = Exercise(
    target=momentum.quadratic_path,
    points=2,
    cases=quadratic_cases,
    accepts=(path_in_a_table,),
    goal="follow a ball through a quadratic valley",
    section="A valley to roll in",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(h=torch.tensor([[2.0]]), x0=torch.tensor([1.0]), lr=0.25, mu=0.5, steps=2),
        steps=quadratic_steps,
    ),
    misconceptions=(
        Misconception(
            "moves along the old velocity",
            instead_of=f"{VELOCITY}\n        {MOVE}",
            wrote="x, velocity = x - lr * velocity, mu * velocity + h @ x",
            symptom="Your first step goes nowhere: you move with the velocity before it.",
            hint="First the gradient enters the velocity, then the point moves with it.",
        ),
        Misconception(
            "the start left out",
            instead_of="points = [x]",
            wrote="points = [x][:0] or [x - lr * (h @ x)]\n    velocity = h @ x\n"
            "    x, steps = points[0], steps - 1",
            symptom="Your first row is the point after the first step.",
            hint="steps + 1 rows: the start is one of them.",
        ),
        Misconception(
            "one step too few",
            instead_of=LOOP,
            wrote="for _ in range(steps - 1):",
            symptom="Your path has one row too few: the last step is missing.",
            hint="The start, and then a row for every step.",
        ),
        Misconception(
            "one step too many",
            instead_of=LOOP,
            wrote="for _ in range(steps + 1):",
            symptom="Your path has one row too many.",
            hint="The start is the first of the steps + 1 rows.",
        ),
        Misconception(
            "one tensor in every row",
            instead_of="x, velocity = x0, torch.zeros_like(x0)\n    points = [x]\n"
            f"    {LOOP}\n        {VELOCITY}\n        {MOVE}",
            wrote="x, velocity = x0.clone(), torch.zeros_like(x0)\n    points = [x]\n"
            f"    {LOOP}\n        {VELOCITY}\n        x -= lr * velocity",
            symptom="All your rows are the last point.",
            hint="You keep one tensor and write to it, and a list holds tensors, not values. "
            "Make a new tensor at each step, or keep copies.",
        ),
        Misconception(
            "the caller's start moved",
            instead_of=MOVE,
            wrote="x -= lr * velocity",
            symptom="All your rows are the last point, and so is the start that was handed in.",
            hint="Writing into x writes into the caller's tensor. Make a new one at each step.",
        ),
        Misconception(
            "momentum ignored",
            instead_of=VELOCITY,
            wrote="velocity = h @ x",
            symptom="Your path is that of plain descent.",
            hint="The velocity keeps μ of what it was.",
        ),
        Misconception(
            "a running mean",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + (1 - mu) * (h @ x)",
            symptom="Your steps are too short by 1 − μ.",
            hint="The gradient is added whole.",
            section="Three conventions",
        ),
        Misconception(
            "the half forgotten",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + 2 * h @ x",
            symptom="Your gradients are twice too large.",
            hint="The loss has a factor ½, so its gradient is H x.",
        ),
        Misconception(
            "the diagonal only",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + h.diagonal() * x",
            symptom="In one dimension you are right, and in more you are not.",
            hint="H couples the coordinates: its product with x is one of matrix and vector.",
        ),
        Misconception(
            "the slope itself for the gradient",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + x @ h @ x",
            symptom="Your gradient is one number.",
            hint="xᵀ H x is twice the loss. Its gradient has an entry for each coordinate.",
        ),
        Misconception(
            "Nesterov's step",
            instead_of=MOVE,
            wrote="x = x - lr * (h @ x + mu * velocity)",
            symptom="Your path is the one that looks ahead.",
            hint="The heavy ball moves along its velocity, in which the gradient is already.",
            section="Look ahead",
        ),
        Misconception(
            "always the slope of the start",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + h @ x0",
            symptom="Your first step is right, and then the slope does not change any more.",
            hint="The gradient is H x at the point where the ball is now, not where it began.",
        ),
        Misconception(
            "moved before the velocity is renewed",
            instead_of=f"{VELOCITY}\n        {MOVE}",
            wrote=f"{MOVE}\n        {VELOCITY}",
            symptom="Your first step does not move.",
            hint="First the velocity takes in the gradient, then x moves by it.",
        ),
        Misconception(
            "uphill",
            instead_of=MOVE,
            wrote="x = x + lr * velocity",
            symptom="Your path leads up.",
            hint="Downhill is against the velocity of summed gradients.",
        ),
        Misconception(
            "the rate inside as well",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + lr * (h @ x)",
            symptom="Your steps are too short by the rate: it enters twice.",
            hint="Here the velocity is a sum of gradients, and the rate comes in with the "
            "step.",
            section="Three conventions",
        ),
        Misconception(
            "slope taken ahead",
            instead_of=VELOCITY,
            wrote="velocity = mu * velocity + h @ (x - lr * mu * velocity)",
            symptom="Your path is the one that looks ahead.",
            hint="The heavy ball asks for the slope where it stands.",
            section="Look ahead",
        ),
    ),
)
