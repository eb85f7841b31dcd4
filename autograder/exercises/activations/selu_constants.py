"""Exercise 3.5: the two numbers behind SELU."""

import math

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def constants_cases(_rng):
    named = close(rtol=1e-5, atol=0.0, call=constant)
    yield Case("both constants", {}, named)


def constant(path) -> str:
    return ("α, the first", "λ, the second")[path[0]] if path else "result"


def constants_steps():
    return [
        ("mean of the positive part, 1/√(2π)", "0.3989"),
        ("∫ e^z φ over z < 0 = √e Φ(−1)", "0.2616"),
        ("α = 0.3989 / (0.5 − 0.2616)", "1.673"),
        ("E[elu²] = 1/2 + α² (e² Φ(−2) − 2 √e Φ(−1) + 1/2)", "0.9058"),
        ("λ = 1 / √0.9058", "1.051"),
        ("with all their digits", "1.6732632423543778 1.0507009873554805"),
    ]


def constants_by_quadrature():
    """Another right way: sums on a fine grid, α from the mean, λ from the variance.

    With the mean at 0, the variance and the mean square are one.
    """
    z = torch.linspace(-12, 12, 480_001, dtype=torch.float64)
    weight = torch.exp(-z * z / 2)
    weight = weight / weight.sum()
    left = torch.where(z < 0, torch.expm1(z), 0.0)
    alpha = ((weight * z.clamp(min=0)).sum() / -(weight * left).sum()).item()
    values = torch.where(z > 0, z, alpha * left)
    variance = (weight * values**2).sum() - (weight * values).sum() ** 2
    return alpha, 1 / math.sqrt(variance.item())


def constants_by_bisection():
    """Another right way: halve an interval until the mean of the unscaled function is 0."""

    def mean(alpha):
        return 1 / math.sqrt(2 * math.pi) + alpha * (math.exp(0.5) * phi(-1) - 0.5)

    def phi(x):
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mean(middle) > 0 else (low, middle)
    second = 0.5 + low**2 * (math.exp(2) * phi(-2) - 2 * math.exp(0.5) * phi(-1) + 0.5)
    return [low, second**-0.5]


ALPHA = "alpha = (1 / math.sqrt(2 * math.pi)) / (below(0) - below(1))"
SECOND = "second = 1 / 2 + alpha**2 * (below(2) - 2 * below(1) + below(0))"
RESULT = "return alpha, 1 / math.sqrt(second)"

SELU_CONSTANTS = Exercise(
    target=activations.selu_constants,
    points=4,
    cases=constants_cases,
    accepts=(constants_by_quadrature, constants_by_bisection),
    goal="solve for an activation that keeps mean 0 and variance 1",
    section="An activation that normalizes itself",
    minutes=15,
    difficulty=4,
    trace=Trace(inputs={}, steps=constants_steps),
    misconceptions=(
        Misconception(
            "α and λ in the other order",
            instead_of=RESULT,
            wrote="return 1 / math.sqrt(second), alpha",
            symptom="Your two numbers are right, but stand in the wrong order.",
            hint="First α, 1.67, which shapes the left side; then λ, 1.05, which scales all.",
        ),
        Misconception(
            "root not taken",
            instead_of=RESULT,
            wrote="return alpha, 1 / second",
            symptom="α is right; λ is the square of what it should be.",
            hint="Scaling a function by λ scales its mean square by λ².",
        ),
        Misconception(
            "plain ELU scaled",
            instead_of=ALPHA,
            wrote="alpha = 1.0",
            symptom="Your α is 1: that is ELU, scaled. Its mean is not 0.",
            hint="There are two equations. The one for the mean fixes α.",
        ),
        Misconception(
            "mean of |z| for that of its positive part",
            instead_of="(1 / math.sqrt(2 * math.pi)) /",
            wrote="math.sqrt(2 / math.pi) /",
            symptom="Your α is twice as large as it should be.",
            hint="√(2/π) is the mean of |z|, to which both sides contribute. Here it is only "
            "the right side's half.",
        ),
        Misconception(
            "mean square of z for that of its positive part",
            instead_of="second = 1 / 2 + ",
            wrote="second = 1 + ",
            symptom="α is right; λ is too small.",
            hint="E[z²] = 1 counts both sides. The right side alone contributes half.",
        ),
        Misconception(
            "mixed term forgotten",
            instead_of="(below(2) - 2 * below(1) + below(0))",
            wrote="(below(2) + below(0))",
            symptom="α is right; λ is too small: your left side is too large.",
            hint="(e^z − 1)² has three terms: e^2z − 2 e^z + 1.",
        ),
        Misconception(
            "Φ(k) for Φ(−k)",
            instead_of="math.erfc(k / math.sqrt(2))",
            wrote="math.erfc(-k / math.sqrt(2))",
            symptom="Your α is negative.",
            hint="Completing the square moves the density to the right by k; what is left of 0 "
            "was left of −k before.",
        ),
        Misconception(
            "factor of the square forgotten",
            instead_of="math.exp(k**2 / 2) * ",
            wrote="",
            symptom="Your α is about 1.17, and λ is off as well.",
            hint="Completing the square in e^kz φ(z) leaves a factor e^(k²/2) before it.",
        ),
        Misconception(
            "α and λ multiplied",
            instead_of=RESULT,
            wrote="return alpha / math.sqrt(second), 1 / math.sqrt(second)",
            symptom="λ is right; your first number, 1.758, is λ α.",
            hint="λα is how deep the curve goes in the end. α is the factor inside the "
            "bracket, before λ scales everything.",
        ),
        Misconception(
            "α with the other sign",
            instead_of="(below(0) - below(1))",
            wrote="(below(1) - below(0))",
            symptom="λ is right; α has the wrong sign.",
            hint="The left side's mean α (I₁ − I₀) must be negative, to cancel that of "
            "the right side, and I₁ is less than I₀.",
        ),
        Misconception(
            "mixed term once",
            instead_of="2 * below(1)",
            wrote="below(1)",
            symptom="α is right; λ is too small: your mixed term has no factor 2.",
            hint="(e^z − 1)² has three terms: e^2z − 2 e^z + 1.",
        ),
        Misconception(
            "α not squared",
            instead_of="alpha**2 *",
            wrote="alpha *",
            symptom="α is right; λ is too large.",
            hint="The left side is α times (e^z − 1), so its square has α².",
        ),
        Misconception(
            "the inverse not taken",
            instead_of=RESULT,
            wrote="return alpha, math.sqrt(second)",
            symptom="α is right; λ is the inverse of what it should be.",
            hint="The mean square before scaling, times λ², is 1.",
        ),
        Misconception(
            "error function of k itself",
            instead_of="math.erfc(k / math.sqrt(2))",
            wrote="math.erfc(k)",
            symptom="Your α is about 1.08, and λ is off as well.",
            hint="erf belongs to a normal variable of variance 1/2. To have Φ, divide its "
            "argument by √2.",
        ),
        Misconception(
            "rounded to four digits",
            instead_of=RESULT,
            wrote="return round(alpha, 4), round(1 / math.sqrt(second), 4)",
            symptom="Your α is right to four digits only.",
            hint="Asked for are six digits or better. Solve, and do not round.",
        ),
        Misconception(
            "2π without its root",
            instead_of="(1 / math.sqrt(2 * math.pi)) /",
            wrote="(1 / (2 * math.pi)) /",
            symptom="Your α is 0.67, too small by a factor of 2.5.",
            hint="The mean of the positive part is φ(0) = 1/√(2π).",
        ),
        Misconception(
            "twice Φ",
            instead_of="math.erfc(k / math.sqrt(2)) / 2",
            wrote="math.erfc(k / math.sqrt(2))",
            symptom="Your α is half of what it should be.",
            hint="Φ(−k) is half of erfc(k/√2): at k = 0 it must be 1/2.",
        ),
        Misconception(
            "all of e^z − 1, not its left side",
            instead_of="(below(0) - below(1))",
            wrote="(math.exp(0.5) - 1)",
            symptom="Your α is 0.61: you take e^z − 1 over all z.",
            hint="The bend is there for z < 0 only, so its mean is an integral up to 0.",
        ),
    ),
)
