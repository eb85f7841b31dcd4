"""Exercise 3.6: SELU itself."""

import torch

from autograder.judges import value_and_gradient
from autograder.recipes import Traced
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def selu_cases(rng):
    both = value_and_gradient()
    yield Case("ordinary numbers", dict(x=2 * torch.randn(3, 4, generator=rng)))
    yield Case("value and gradient", dict(x=Traced(torch.randn(6, generator=rng))), both)
    far = torch.tensor([-800.0, 800.0])
    yield Case("far out, with gradient", dict(x=Traced(far)), both)
    yield Case("zero", dict(x=torch.zeros(1)))


def selu_steps():
    return [
        ("x = 1: λ x", "1.051"),
        ("x = −1: e^−1 − 1", "−0.6321"),
        ("times α", "−1.0577"),
        ("times λ", "−1.111"),
    ]


def selu_by_clamps(x):
    """Another right way: both sides added, with the constants typed in."""
    left = 1.6732632423543772 * torch.expm1(x.clamp(max=0))
    return 1.0507009873554805 * (x.clamp(min=0) + left)


def selu_by_torch(x):
    """Another right way: PyTorch's own."""
    return torch.nn.functional.selu(x)


RESULT = "scale * torch.where(x > 0, x, alpha * torch.expm1(left))"

SELU = Exercise(
    target=activations.selu,
    points=2,
    cases=selu_cases,
    accepts=(selu_by_clamps, selu_by_torch),
    goal="write the activation that keeps mean 0 and variance 1",
    section="An activation that normalizes itself",
    minutes=4,
    difficulty=2,
    trace=Trace(inputs=dict(x=torch.tensor([1.0, -1.0])), steps=selu_steps),
    misconceptions=(
        Misconception(
            "plain ELU",
            instead_of=RESULT,
            wrote="torch.where(x > 0, x, torch.expm1(left))",
            symptom="You give ELU with α = 1.",
            hint="SELU has two constants: α on the left side, and λ around everything.",
        ),
        Misconception(
            "λ on the right side only",
            instead_of=RESULT,
            wrote="torch.where(x > 0, scale * x, alpha * torch.expm1(left))",
            symptom="Your left side is too small by the factor λ.",
            hint="λ scales the whole function, both sides.",
        ),
        Misconception(
            "λ on the left side only",
            instead_of=RESULT,
            wrote="torch.where(x > 0, x, scale * alpha * torch.expm1(left))",
            symptom="Your right side has slope 1.",
            hint="λ scales the whole function. A slope above 1 on the right is what can make "
            "a variance grow that is too small.",
        ),
        Misconception(
            "α on both sides",
            instead_of=RESULT,
            wrote="scale * alpha * torch.where(x > 0, x, torch.expm1(left))",
            symptom="Your right side has slope λ α.",
            hint="α belongs to the left side; λ to both.",
        ),
        Misconception(
            "α and λ exchanged",
            instead_of="alpha, scale = SELU",
            wrote="scale, alpha = SELU",
            symptom="Your right side has slope 1.67.",
            hint="The larger number, 1.67, is α and belongs to the left side.",
        ),
        Misconception(
            "the exponential sees everything",
            instead_of="torch.expm1(left)",
            wrote="torch.expm1(x)",
            symptom="Your values are right; at 800 the gradient is NaN.",
            hint="The branch that is not chosen is differentiated as well: 0 times infinity.",
            section="Softplus, and a shortcut",
        ),
        Misconception(
            "five digits typed in",
            instead_of="alpha, scale = SELU",
            wrote="alpha, scale = 1.67326, 1.0507",
            symptom="Your constants have five or six digits; in float64 that shows.",
            hint="SELU holds the pair (α, λ) with all its digits.",
        ),
        Misconception(
            "λ left out",
            instead_of=RESULT,
            wrote="torch.where(x > 0, x, alpha * torch.expm1(left))",
            symptom="You give ELU with SELU's α.",
            hint="λ scales the whole function, both sides.",
        ),
        Misconception(
            "α left out",
            instead_of=RESULT,
            wrote="scale * torch.where(x > 0, x, torch.expm1(left))",
            symptom="Your left side levels off at −λ.",
            hint="On the left there are two factors, λ and α.",
        ),
        Misconception(
            "the 1 forgotten",
            instead_of="torch.expm1(left)",
            wrote="torch.exp(left)",
            symptom="Your curve jumps at zero: left of it you are λ α too high.",
            hint="At zero both sides must meet: e^0 is 1, so 1 has to be taken off.",
        ),
        Misconception(
            "α inside the exponential",
            instead_of="alpha * torch.expm1(left)",
            wrote="torch.expm1(alpha * left)",
            symptom="Your left side levels off at −λ, only sooner.",
            hint="α says how deep the curve goes, not how fast: it stands before the bracket.",
        ),
        Misconception(
            "four digits typed in",
            instead_of="alpha, scale = SELU",
            wrote="alpha, scale = 1.6733, 1.0507",
            symptom="Your constants have four digits behind the point; in float64 that shows.",
            hint="SELU holds the pair (α, λ) with all its digits.",
        ),
    ),
)
