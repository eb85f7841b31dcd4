"""Exercise 6.2: gradient descent with memory."""

import torch

from autograder.compare import numbers
from autograder.recipes import Carried, Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum


def seven_gradients(rng, size=4):
    """One ten times as large as the rest, one zero; entries a hundred times apart."""
    scales = torch.tensor([1.0, 100.0, 0.1, 10.0])[:size]
    found = [scales * torch.randn(size, generator=rng) for _ in range(7)]
    found[2], found[4] = 10 * found[2], torch.zeros(size)
    return Each(found)


def sgd_cases(rng):
    def case(name, *, size=4, first=1.0, **settings):
        gradients = seven_gradients(rng, size).values
        gradients = Each([first * gradients[0], *gradients[1:]])
        return Case(name, dict(gradient=gradients, state=Carried(), **settings))

    yield case("seven steps with momentum 0.8", momentum=0.8)
    yield case("without momentum")
    yield case("dampened", momentum=0.7, dampening=0.4)
    yield case("Nesterov", momentum=0.6, nesterov=True)
    yield case("Nesterov, dampened", momentum=0.85, dampening=0.25, nesterov=True)
    yield case("momentum 0.3", momentum=0.3)
    yield case("one parameter", momentum=0.95, size=1)
    yield case("dampened, a zero gradient first", momentum=0.6, dampening=0.5, first=0.0)


def sgd_steps():
    return [
        ("first step: b is the gradient", "1"),
        ("momentum 0.5, dampening 0.2: b = 0.5 · 1 + 0.8 · 3", "2.9"),
        ("nesterov: first direction 1 + 0.5 · 1", "1.5"),
        ("second direction 3 + 0.5 · 2.9", numbers(torch.tensor([4.45]))),
    ]


def sgd_with_a_dictionary(gradient, state, *, momentum=0.0, dampening=0.0, nesterov=False):
    """Another right way: a dictionary that is written to, as torch.optim keeps one."""
    if state is None:
        state = {"buffer": gradient.clone()}
    else:
        state["buffer"].mul_(momentum).add_(gradient, alpha=1 - dampening)
    if nesterov:
        return gradient.add(state["buffer"], alpha=momentum), state
    return state["buffer"].clone(), state


def sgd_from_zero(gradient, state, *, momentum=0.0, dampening=0.0, nesterov=False):
    """Another right way: a velocity and a count of the steps."""
    steps, b = (0, torch.zeros_like(gradient)) if state is None else state
    b = momentum * b + (gradient if steps == 0 else gradient - dampening * gradient)
    return (b if not nesterov else gradient + momentum * b), (steps + 1, b)


VELOCITY = "gradient if state is None else momentum * state + (1 - dampening) * gradient"
NESTEROV = "gradient + momentum * velocity if nesterov else velocity"
RETURN = "return direction, velocity"

SGD = Exercise(
    target=momentum.sgd,
    points=4,
    cases=sgd_cases,
    accepts=(sgd_with_a_dictionary, sgd_from_zero),
    goal="write plain, heavy-ball and Nesterov steps as one rule",
    section="A ball with mass",
    minutes=12,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            gradient=Each([torch.tensor([1.0]), torch.tensor([3.0])]),
            state=Carried(),
            momentum=0.5,
            dampening=0.2,
            nesterov=True,
        ),
        steps=sgd_steps,
    ),
    misconceptions=(
        Misconception(
            "a running mean",
            instead_of=VELOCITY,
            wrote="(1 - momentum) * gradient if state is None else momentum * state + "
            "(1 - momentum) * gradient",
            symptom="Your directions are averages of the gradients: too short by 1 − μ.",
            hint="The velocity adds the new gradient to what is left of the old. It is not "
            "divided among them: under a constant gradient it grows to 1/(1 − μ) times that.",
            section="Three conventions",
        ),
        Misconception(
            "a running mean that starts full",
            instead_of=VELOCITY,
            wrote="gradient if state is None else momentum * state + (1 - momentum) * gradient",
            symptom="Your first step is right, and then you average.",
            hint="The new gradient enters with weight 1, or 1 − dampening, not with 1 − μ.",
            section="Three conventions",
        ),
        Misconception(
            "momentum and its complement swapped",
            instead_of=VELOCITY,
            wrote="gradient if state is None else (1 - momentum) * state + "
            "(1 - dampening) * gradient",
            symptom="You keep 1 − μ of the old velocity.",
            hint="Momentum near 1 means a long memory: the factor of the old velocity is μ.",
        ),
        Misconception(
            "the first step dampened",
            instead_of=VELOCITY,
            wrote="(0 if state is None else momentum * state) + (1 - dampening) * gradient",
            symptom="Your first step is too short where there is dampening.",
            hint="In this convention dampening begins with the second step; the first velocity "
            "is the gradient itself.",
        ),
        Misconception(
            "dampening ignored",
            instead_of="(1 - dampening) * gradient",
            wrote="gradient",
            symptom="Dampening changes nothing.",
            hint="From the second step on, the new gradient enters with the weight "
            "1 − dampening.",
        ),
        Misconception(
            "dampening as a weight",
            instead_of="(1 - dampening) * gradient",
            wrote="dampening * gradient",
            symptom="Without dampening your velocity only fades.",
            hint="Dampening is the part that is left out. The weight is what remains of 1.",
        ),
        Misconception(
            "Nesterov ignored",
            instead_of=NESTEROV,
            wrote="velocity",
            symptom="Nesterov's steps are those of the heavy ball.",
            hint="With Nesterov the direction is one step of memory ahead: the gradient plus μ "
            "times the new velocity.",
            section="Look ahead",
        ),
        Misconception(
            "Nesterov without its factor",
            instead_of="gradient + momentum * velocity",
            wrote="gradient + velocity",
            symptom="With Nesterov the velocity enters whole.",
            hint="It fades once more before it is added: μ times the velocity.",
            section="Look ahead",
        ),
        Misconception(
            "Nesterov with the velocity for the gradient",
            instead_of="gradient + momentum * velocity",
            wrote="velocity + momentum * velocity",
            symptom="With Nesterov you add the velocity to itself.",
            hint="The gradient of now is added to what memory will contribute next.",
            section="Look ahead",
        ),
        Misconception(
            "Nesterov with the dampened gradient",
            instead_of="gradient + momentum * velocity",
            wrote="(1 - dampening) * gradient + momentum * velocity",
            symptom="With Nesterov the gradient enters your direction dampened.",
            hint="Dampening is for what enters the velocity. The direction takes the gradient "
            "whole.",
            section="Look ahead",
        ),
        Misconception(
            "Nesterov with the two exchanged",
            instead_of="gradient + momentum * velocity",
            wrote="velocity + momentum * gradient",
            symptom="With Nesterov it is the gradient that fades, not the velocity.",
            hint="μ is what friction leaves of the velocity: the gradient plus μ times that.",
            section="Look ahead",
        ),
        Misconception(
            "Nesterov with the old velocity",
            instead_of="gradient + momentum * velocity",
            wrote="gradient + momentum * (0 * gradient if state is None else state)",
            symptom="With Nesterov you look at the velocity from before this step.",
            hint="The velocity is renewed first, and the direction uses the new one.",
            section="Look ahead",
        ),
        Misconception(
            "the gradient kept for the velocity",
            instead_of=RETURN,
            wrote="return direction, gradient",
            symptom="You remember one step and forget all before it.",
            hint="What goes into the next call is the velocity: it holds all gradients so far.",
        ),
        Misconception(
            "the direction kept for the velocity",
            instead_of=RETURN,
            wrote="return direction, direction",
            symptom="With Nesterov, what you remember is the direction.",
            hint="Direction and velocity are two things under Nesterov. Remember the velocity.",
            section="Look ahead",
        ),
        Misconception(
            "the velocity forgotten",
            instead_of=RETURN,
            wrote="return direction, None",
            symptom="Every step looks like a first one: the state is not kept.",
            hint="Return the new velocity as the state; it is what the next call is handed.",
        ),
        Misconception(
            "the gradient added once more",
            instead_of=NESTEROV,
            wrote="gradient + momentum * velocity if nesterov else gradient + velocity",
            symptom="Without Nesterov you add the gradient twice.",
            hint="The heavy ball goes along its velocity. The gradient is in there already.",
        ),
        Misconception(
            "stands still without a slope",
            instead_of=RETURN,
            wrote="if not gradient.any():\n        return gradient, state\n"
            "    return direction, velocity",
            symptom="Where the gradient is zero you do not move.",
            hint="A ball rolls on over level ground: only the new push is zero.",
        ),
        Misconception(
            "uphill",
            instead_of=RETURN,
            wrote="return -direction, velocity",
            symptom="Your directions have the opposite sign.",
            hint="The caller subtracts. A rule's direction points up, as the gradient does.",
        ),
        Misconception(
            "the gradient's memory used for the velocity",
            instead_of=VELOCITY,
            wrote="gradient if state is None else "
            "state.mul_(momentum).add_(gradient, alpha=1 - dampening)",
            symptom="The numbers are right, but the first gradient is not what it was: you "
            "write to it.",
            hint="The first velocity is the gradient itself, so writing into the velocity "
            "writes into the caller's gradient. Make new tensors.",
        ),
        Misconception(
            "0.9 where no momentum is given",
            instead_of="momentum: float = 0.0",
            wrote="momentum: float = 0.9",
            symptom="Where nobody asks for momentum you use 0.9.",
            hint="The default is in the first line of the function: without momentum this is "
            "plain descent.",
        ),
        Misconception(
            "Nesterov always",
            instead_of=NESTEROV,
            wrote="gradient + momentum * velocity",
            symptom="You look ahead even where nobody asked for it.",
            hint="Looking ahead is a setting. The heavy ball's direction is its velocity.",
            section="Look ahead",
        ),
        Misconception(
            "along the old velocity",
            instead_of=NESTEROV,
            wrote="gradient + momentum * velocity if nesterov else 0 * gradient if state is "
            "None else state",
            symptom="Your first step does not move, and each other one comes a step late.",
            hint="The velocity takes the gradient in first. Then the ball goes along the new "
            "one.",
        ),
        Misconception(
            "dampening for the memory, too",
            instead_of=VELOCITY,
            wrote="gradient if state is None else (1 - dampening) * (momentum * state + "
            "gradient)",
            symptom="Dampening takes a part of your old velocity as well.",
            hint="What dampening weakens is the new gradient. The old velocity fades by μ "
            "alone.",
        ),
        Misconception(
            "the gradient times the momentum",
            instead_of=VELOCITY,
            wrote="gradient if state is None else state + momentum * gradient",
            symptom="Your old velocity stays whole, and it is the new gradient that fades.",
            hint="μ is what is left of the old velocity. The new gradient is added to that.",
        ),
    ),
)
