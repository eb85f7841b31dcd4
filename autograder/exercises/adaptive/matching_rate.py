"""Exercise 7.8: the rate at which SGD goes as far."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive

judge = close(rtol=1e-4)


def matching_cases(rng):
    def case(name, step, gradient):
        return Case(name, dict(step=step, gradient=gradient), judge)

    def pair(size, rate=0.03):
        """A step that goes roughly down the gradient, and the gradient."""
        gradient = 4 * torch.randn(size, generator=rng)
        return rate * (gradient + torch.randn(size, generator=rng)), gradient

    yield case("eight coordinates", *pair(8))
    yield case("one coordinate", torch.tensor([0.06]), torch.tensor([1.5]))
    yield case("SGD's own step", 0.2 * (g := torch.randn(5, generator=rng)), g)
    yield case("a long step", *pair(6, rate=50.0))
    yield case("seven coordinates, in float64", *(part.double() for part in pair(7)))
    yield case(
        "a step of signs", torch.tensor([0.1, 0.1, -0.1]), torch.tensor([3.0, 0.2, -0.5])
    )
    yield case(
        "they disagree about the way down", torch.tensor([0.1, 0.1]), torch.tensor([1.0, -3.0])
    )
    yield case("at right angles", torch.tensor([0.0, 0.5]), torch.tensor([2.0, 0.0]))


def matching_by_cosine(step, gradient):
    """Another right way: a ratio of lengths, over the cosine of the angle between them."""
    cosine = (step / step.norm() * (gradient / gradient.norm())).sum()
    return step.norm() / gradient.norm() / cosine


def matching_steps():
    return [
        ("SGD's step at the rate 1 is g; its part along p = (2, 0) is", "4"),
        ("p itself is this long", "2"),
        ("so the rate is 2 / 4", "0.5"),
    ]


RATE = "torch.dot(step, step) / torch.dot(step, gradient)"

MATCHING_RATE = Exercise(
    target=adaptive.matching_rate,
    points=2,
    cases=matching_cases,
    accepts=(matching_by_cosine,),
    goal="derive the rate at which SGD takes over from another rule",
    section="From Adam to SGD",
    minutes=6,
    difficulty=3,
    trace=Trace(
        inputs=dict(step=torch.tensor([2.0, 0.0]), gradient=torch.tensor([4.0, 3.0])),
        steps=matching_steps,
    ),
    misconceptions=(
        Misconception(
            "upside down",
            instead_of=RATE,
            wrote="torch.dot(step, gradient) / torch.dot(step, step)",
            symptom="Your rate gets smaller when the step gets longer.",
            hint="A step twice as long takes twice the rate to match.",
        ),
        Misconception(
            "lengths alone",
            instead_of=RATE,
            wrote="step.norm() / gradient.norm()",
            symptom="Your rate is right where step and gradient point the same way.",
            hint="SGD's step as a whole is then as long as the other one. What has to be as "
            "long is only its part along the other.",
        ),
        Misconception(
            "projected onto the gradient",
            instead_of=RATE,
            wrote="torch.dot(step, gradient) / torch.dot(gradient, gradient)",
            symptom="Your rate is too small wherever the two point different ways.",
            hint="You have projected the step onto the gradient. Project SGD's step onto the "
            "other rule's.",
        ),
        Misconception(
            "squares of the lengths",
            instead_of=RATE,
            wrote="torch.dot(step, step) / torch.dot(gradient, gradient)",
            symptom="Where step and gradient point the same way your rate is the square of the "
            "right one.",
            hint="Check it with a step that is SGD's own: its rate has to come back.",
        ),
        Misconception(
            "length over product",
            instead_of=RATE,
            wrote="step.norm() / torch.dot(step, gradient)",
            symptom="Your rate stays the same when the step gets longer.",
            hint="The part of SGD's step along the other is rate · (g · p) / ‖p‖, and it is "
            "to be as long as ‖p‖.",
        ),
        Misconception(
            "never negative",
            instead_of=RATE,
            wrote="torch.dot(step, step) / torch.dot(step, gradient).abs()",
            symptom="Where the two rules disagree about the way down, your rate has the wrong "
            "sign.",
            hint="There SGD would have to go uphill, so the rate is negative. Whoever averages "
            "has to see that to leave it out.",
        ),
        Misconception(
            "a rate for each coordinate",
            instead_of=RATE,
            wrote="step / gradient",
            symptom="You return a rate for each coordinate.",
            hint="SGD has one rate for all coordinates: one condition for one number.",
        ),
    ),
)
