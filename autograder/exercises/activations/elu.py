"""Exercise 3.3: ELU, by value and by gradient."""

import torch

from autograder.compare import close
from autograder.judges import value_and_gradient
from autograder.recipes import Traced
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def elu_cases(rng):
    def around(*shape):
        return 2 * torch.randn(*shape, generator=rng)

    both = value_and_gradient()
    yield Case("ordinary numbers, another α", dict(x=around(3, 4), alpha=0.3))
    yield Case("the default α", dict(x=around(6)))
    yield Case("a large α, close to zero", dict(x=torch.linspace(-2, 2, 6), alpha=3.0))
    yield Case("value and gradient", dict(x=Traced(around(6)), alpha=1.7), both)
    far = torch.tensor([-1000.0, -800.0, 800.0, 1000.0])
    yield Case("far out, with gradient", dict(x=Traced(far), alpha=0.5), both)
    tiny = -1e-12 * (1 + torch.rand(3, generator=rng, dtype=torch.float64))
    yield Case("close to zero, digit by digit", dict(x=tiny), close(rtol=1e-6, atol=0.0))
    yield Case("zero itself", dict(x=torch.zeros(2), alpha=2.0))


def elu_steps():
    return [
        ("x = −1 is not positive: e^−1 − 1", "−0.6321"),
        ("times α = 2", "−1.264"),
        ("x = 3 is positive", "3"),
    ]


def elu_by_clamps(x, alpha=1.0):
    """Another right way: what is positive, plus the bend of what is negative."""
    return x.clamp(min=0) + alpha * torch.expm1(x.clamp(max=0))


def elu_by_minimum(x, alpha=1.0):
    """Another right way: both sides by maximum and minimum."""
    zero = torch.zeros_like(x)
    return torch.maximum(x, zero) + alpha * torch.expm1(torch.minimum(x, zero))


RESULT = "torch.where(x > 0, x, alpha * torch.expm1(left))"

ELU = Exercise(
    target=activations.elu,
    points=3,
    cases=elu_cases,
    accepts=(elu_by_clamps, elu_by_minimum),
    goal="write an activation whose value and gradient are right for every number",
    section="Something on the left",
    minutes=7,
    difficulty=3,
    trace=Trace(inputs=dict(x=torch.tensor([-1.0, 3.0]), alpha=2.0), steps=elu_steps),
    misconceptions=(
        Misconception(
            "the exponential sees everything",
            instead_of="torch.expm1(left)",
            wrote="torch.expm1(x)",
            symptom="Your values are right; at 800 the gradient is NaN.",
            hint="The branch that is not chosen is differentiated as well: 0 times infinity. "
            "Replace the positive numbers before the exponential is computed, not after.",
        ),
        Misconception(
            "the exponential of everything, minus 1",
            instead_of="torch.expm1(left)",
            wrote="(torch.exp(x) - 1)",
            symptom="At 800 the gradient is NaN, and close to zero digits are lost.",
            hint="The branch that is not chosen is differentiated as well: 0 times infinity. "
            "Replace the positive numbers before the exponential is computed, and compute e^x "
            "− 1 in one step.",
        ),
        Misconception(
            "e^x − 1 by subtraction",
            instead_of="torch.expm1(left)",
            wrote="(torch.exp(left) - 1)",
            symptom="Close to zero your answers have lost most of their digits.",
            hint="e^−1e-12 is 0.999999999999; taking 1 away leaves the rounding. There is a "
            "function that computes e^x − 1 in one step.",
        ),
        Misconception(
            "α ignored",
            instead_of=RESULT,
            wrote="torch.where(x > 0, x, torch.expm1(left))",
            symptom="Your left side always levels off at −1.",
            hint="It should level off at −α.",
        ),
        Misconception(
            "α on both sides",
            instead_of=RESULT,
            wrote="alpha * torch.where(x > 0, x, torch.expm1(left))",
            symptom="Your right side has slope α.",
            hint="On the right ELU is the identity, whatever α is. SELU has a factor on both "
            "sides, but that is λ.",
        ),
        Misconception(
            "α inside the exponential",
            instead_of="alpha * torch.expm1(left)",
            wrote="torch.expm1(alpha * left)",
            symptom="Your left side levels off at −1, only sooner or later.",
            hint="α says how deep the curve goes, not how fast: it stands before the bracket.",
        ),
        Misconception(
            "a leaky line",
            instead_of="alpha * torch.expm1(left)",
            wrote="alpha * left",
            symptom="Your left side is a straight line.",
            hint="That is a leaky ReLU. ELU bends and levels off at −α.",
        ),
        Misconception(
            "the 1 forgotten",
            instead_of="torch.expm1(left)",
            wrote="torch.exp(left)",
            symptom="Your curve jumps at zero: left of it you are α too high.",
            hint="At zero both sides must meet: e^0 is 1, so 1 has to be taken off.",
        ),
        Misconception(
            "the sides exchanged",
            instead_of=RESULT,
            wrote="torch.where(x > 0, alpha * torch.expm1(x.clamp(min=0)), x)",
            symptom="Your curve is straight on the left and bends on the right.",
            hint="The identity is for positive x, the exponential for the others.",
        ),
        Misconception(
            "1 taken off after α",
            instead_of="alpha * torch.expm1(left)",
            wrote="alpha * torch.exp(left) - 1",
            symptom="Your left side levels off at −1, and jumps at zero.",
            hint="α stands before the bracket: e^x − 1 first, then the factor.",
        ),
        Misconception(
            "1 − e^x for e^x − 1",
            instead_of="alpha * torch.expm1(left)",
            wrote="-alpha * torch.expm1(left)",
            symptom="Your left side rises to α where it should fall to −α.",
            hint="Left of zero e^x is less than 1: e^x − 1 is negative.",
        ),
        Misconception(
            "e to the −x",
            instead_of="alpha * torch.expm1(left)",
            wrote="alpha * torch.expm1(-left)",
            symptom="Your left side grows beyond all bounds.",
            hint="On the left x is negative, and e^x small. Its sign stays as it is.",
        ),
        Misconception(
            "the larger of both sides",
            instead_of=RESULT,
            wrote="torch.maximum(x, alpha * torch.expm1(left))",
            symptom="With α below 1 your answers are right; above 1 your left side begins as x "
            "itself.",
            hint="Which side counts is a question of the sign of x. Near zero α (e^x − 1) may "
            "well lie below x.",
        ),
    ),
)
