"""A small exercise of the tests' own, so that they do not depend on the course's."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace


def rule(grad: torch.Tensor, lr: float, decay: float = 0.5) -> torch.Tensor:
    """A step of plain gradient descent with decay.

    lr (g + decay)
    """
    step = grad + decay
    size = lr
    sign = 1.0
    return sign * size * step


def cases(rng):
    for name, lr in (("typical", 0.3), ("a larger step", 1.7), ("a tiny step", 0.01)):
        yield Case(name, dict(grad=torch.randn(3, generator=rng), lr=lr))
    yield Case("no step", dict(grad=torch.randn(3, generator=rng), lr=0.0))


def wrong(name, instead_of, wrote, **changes):
    return Misconception(
        name,
        instead_of,
        wrote,
        symptom=f"Symptom of {name}.",
        hint=f"Hint at {name}.",
        **changes,
    )


ASCENT = wrong("ascent", "sign = 1.0", "sign = -1.0", section="Which way is down")
NO_DECAY = wrong("no decay", "grad + decay", "grad")
SQUARED = wrong("rate squared", "size = lr", "size = lr * lr")
NUMBER = wrong(
    "a number", "return sign * size * step", "return (sign * size * step).sum().item()"
)
ENDLESS = wrong(
    "never ends", "    size = lr\n", "    size = lr\n    while lr == 0:\n        pass\n"
)


def exercise(*misconceptions, target=rule, draw=cases, points=3, **changes):
    fields = dict(
        target=target,
        points=points,
        cases=draw,
        misconceptions=misconceptions or (ASCENT, NO_DECAY, SQUARED, NUMBER, ENDLESS),
        trace=Trace(
            dict(grad=torch.tensor([1.0, -2.0]), lr=0.1),
            lambda: [("g + decay", "[1.5, -1.5]"), ("times lr", "[0.15, -0.15]")],
        ),
        goal="take a step",
        section="One step",
        minutes=3,
        difficulty=1,
    )
    return Exercise(**fields | changes)


RULE = exercise()
LAX = close(rtol=0.1)
