"""Exercise 3.2: a smooth ReLU."""

import torch

from autograder.judges import value_and_gradient
from autograder.recipes import Traced
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def softplus_cases(rng):
    def around(*shape, dtype=torch.float32):
        return 2 * torch.randn(*shape, generator=rng, dtype=dtype)

    both = value_and_gradient()
    digits = value_and_gradient(rtol=1e-6, atol=0.0)
    yield Case("ordinary numbers, another β", dict(x=around(3, 4), beta=2.5))
    yield Case("the default β", dict(x=around(5)))
    yield Case("value and gradient", dict(x=Traced(around(4)), beta=0.5), both)
    far = torch.tensor([800.0, 1000.0])
    yield Case("far right, with gradient", dict(x=Traced(far), beta=3.0), both)
    yield Case("far left, with gradient", dict(x=Traced(-far), beta=3.0), both)
    bend = torch.linspace(4, 18, 8, dtype=torch.float64)
    yield Case("on the way to a straight line", dict(x=Traced(bend)), both)
    tail = -38 - 5 * torch.rand(3, generator=rng, dtype=torch.float64)
    yield Case("the left tail, digit by digit", dict(x=Traced(tail)), digits)


def softplus_steps():
    return [
        ("z = βx", "2 · 1 = 2"),
        ("max(z, 0)", "2"),
        ("log(1 + e^−2)", "0.1269"),
        ("their sum", "2.1269"),
        ("divided by β", "1.063"),
        ("to four digits", "1.0635"),
    ]


def softplus_by_logaddexp(x, beta=1.0):
    """Another right way: the logarithm of a sum of exponentials, with e^0 = 1."""
    z = beta * x
    return torch.logaddexp(z, torch.zeros_like(z)) / beta


def softplus_by_relu(x, beta=1.0):
    """Another right way: a ReLU and what it lacks."""
    return x.relu() + torch.log1p(torch.exp(-beta * x.abs())) / beta


SMALL = "small = torch.where(z >= 0, -z, z).exp()  # e^−|z|, never above 1"
RESULT = "(z.clamp(min=0) + torch.log1p(small)) / beta"

SOFTPLUS = Exercise(
    target=activations.softplus,
    points=3,
    cases=softplus_cases,
    accepts=(softplus_by_logaddexp, softplus_by_relu),
    goal="write an activation whose value and gradient are right for every number",
    section="Softplus, and a shortcut",
    minutes=8,
    difficulty=3,
    trace=Trace(inputs=dict(x=torch.tensor(1.0), beta=2.0), steps=softplus_steps),
    misconceptions=(
        Misconception(
            "β only as a divisor",
            instead_of="z = beta * x",
            wrote="z = x",
            symptom="You divide by β, but the exponent lacks it.",
            hint="β occurs twice: in the exponent it makes the bend sharp, and as a divisor it "
            "keeps the right slope at 1.",
        ),
        Misconception(
            "β missing from the exponent",
            instead_of=SMALL,
            wrote="small = (-x.abs()).exp()",
            symptom="The bend is that of β = 1, in part.",
            hint="The argument of the exponential is β x everywhere.",
        ),
        Misconception(
            "written as it stands",
            instead_of=RESULT,
            wrote="torch.log1p(z.exp()) / beta",
            symptom="Far on the right your softplus is infinite.",
            hint="Take the large number out of the logarithm first: "
            "log(1 + e^z) = z + log(1 + e^−z).",
        ),
        Misconception(
            "written as it stands, 1 added first",
            instead_of=RESULT,
            wrote="torch.log(1 + z.exp()) / beta",
            symptom="Far on the right your softplus is infinite, far on the left it is 0.",
            hint="Take the large number out of the logarithm first, and on the left do not add "
            "a small number to 1 before the logarithm is taken.",
        ),
        Misconception(
            "chosen after the overflow",
            instead_of=RESULT,
            wrote="torch.where(z > 20, z, torch.log1p(z.exp())) / beta",
            symptom="Your values are right; far on the right the gradient is NaN.",
            hint="A choice between two branches does not keep the other branch from being "
            "computed, nor from being differentiated: 0 times infinity. Pass to the "
            "exponential only numbers for which it is finite.",
        ),
        Misconception(
            "β x beyond the threshold",
            instead_of=RESULT,
            wrote="torch.where(z > 20, z, (z.clamp(min=0) + torch.log1p(small)) / beta)",
            symptom="Far on the right your answers are β times too large.",
            hint="On the right softplus is x. The division by β belongs to that branch, too.",
        ),
        Misconception(
            "not divided by β",
            instead_of=RESULT,
            wrote="z.clamp(min=0) + torch.log1p(small)",
            symptom="Your answers are β times too large.",
            hint="β stretches the axis of x; dividing by it afterwards gives the slope 1 back.",
        ),
        Misconception(
            "β ignored",
            instead_of="z = beta * x",
            wrote="z, beta = x, 1.0",
            symptom="Your answers do not depend on β.",
            hint="β goes in twice: x is multiplied by it, and the result divided.",
        ),
        Misconception(
            "log of 1 + a small number",
            instead_of="torch.log1p(small)",
            wrote="torch.log(1 + small)",
            symptom="In the left tail your answers are 0, or have lost their digits.",
            hint="Next to 1 a number such as 1e-17 is rounded away before the logarithm is "
            "taken. There is a function that computes log(1 + s) from s itself.",
        ),
        Misconception(
            "the small part left out",
            instead_of=RESULT,
            wrote="z.clamp(min=0) / beta",
            symptom="You give a ReLU.",
            hint="What makes it smooth is the term log(1 + e^−|z|).",
        ),
        Misconception(
            "a straight line too early",
            instead_of=RESULT,
            wrote="torch.where(z > 10, z, z.clamp(min=0) + torch.log1p(small)) / beta",
            symptom="From 10 on your softplus is x itself: in float64 that shows.",
            hint="At 10 softplus is still 5e-5 above x. The stable form needs no border at "
            "all.",
        ),
        Misconception(
            "large numbers clamped",
            instead_of=RESULT,
            wrote="torch.log1p(z.clamp(max=20).exp()) / beta",
            symptom="Far on the right your softplus does not rise any more.",
            hint="A clamp keeps the exponential from overflowing, and the function from "
            "growing. Take the large number out of the logarithm instead.",
        ),
        Misconception(
            "z for its positive part",
            instead_of="z.clamp(min=0) + torch.log1p(small)",
            wrote="z + torch.log1p(small)",
            symptom="Your right side is right, and your left side falls below 0.",
            hint="What is added to the logarithm is max(z, 0), which is 0 on the left.",
        ),
        Misconception(
            "only the small part divided by β",
            instead_of=RESULT,
            wrote="z.clamp(min=0) + torch.log1p(small) / beta",
            symptom="Your right side has slope β.",
            hint="The division is for the whole sum.",
        ),
        Misconception(
            "only the straight part divided by β",
            instead_of=RESULT,
            wrote="z.clamp(min=0) / beta + torch.log1p(small)",
            symptom="Around zero your bend is β times too high.",
            hint="The division is for the whole sum.",
        ),
    ),
)
