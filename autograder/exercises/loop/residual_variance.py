"""Exercise 5.7: how loud a residual branch may be."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop

closely = close(rtol=1e-5, atol=0.0)  # float32 is enough


def variance_cases(rng):
    def uniform(low, high):
        return low + (high - low) * torch.rand((), generator=rng).item()

    def case(name, depth, branch_var, scale):
        return Case(name, dict(depth=depth, branch_var=branch_var, scale=scale), closely)

    yield case("ten blocks", 10, uniform(0.5, 0.9), uniform(0.3, 0.6))
    yield case("loud branches", 7, uniform(2.0, 3.0), uniform(1.2, 1.6))
    yield case("fifty blocks, scaled by the root of the depth", 50, uniform(0.6, 0.9), 50**-0.5)
    yield case("a negative scale", 4, uniform(0.5, 0.9), -0.7)
    yield case("one block", 1, 0.8, 0.5)
    yield case("no block", 0, 0.8, 0.5)
    yield case("silent branches", 12, 0.8, 0.0)


def variance_steps():
    return [
        ("the branch's part of the input variance, 0.5² · 2", "0.5"),
        ("after one block", "1 + 0.5 = 1.5"),
        ("after two", "1.5 · 1.5 = 2.25"),
    ]


def variance_by_power(depth, branch_var, scale):
    """Another right way: the same factor, to the power of the depth."""
    return float((1 + scale**2 * branch_var) ** depth)


BRANCH = "branch = scale**2 * branch_var * variance"

RESIDUAL_VARIANCE = Exercise(
    target=loop.residual_variance,
    points=1,
    cases=variance_cases,
    accepts=(variance_by_power,),
    goal="scale residual branches so that depth does no harm",
    section="Residual branches",
    minutes=5,
    difficulty=1,
    trace=Trace(inputs=dict(depth=2, branch_var=2.0, scale=0.5), steps=variance_steps),
    misconceptions=(
        Misconception(
            "added instead of multiplied",
            instead_of=BRANCH,
            wrote="branch = scale**2 * branch_var",
            symptom="Your variance grows in a straight line.",
            hint="A branch is as loud as its own input, which has grown in the blocks before.",
        ),
        Misconception(
            "scale not squared",
            instead_of=BRANCH,
            wrote="branch = scale * branch_var * variance",
            symptom="Your branches count by their scale, not by its square.",
            hint="Var(c x) = c² Var x.",
        ),
        Misconception(
            "identity path forgotten",
            instead_of="variance = variance + branch",
            wrote="variance = branch",
            symptom="Your variance is that of a plain stack of branches, which vanishes.",
            hint="What a block returns is its input plus the branch.",
        ),
        Misconception(
            "scale over the depth",
            instead_of=BRANCH,
            wrote="branch = scale**2 / depth * branch_var * variance",
            symptom="Your variance does not grow as it should: the branches are divided by "
            "the depth once more.",
            hint="The scale that is given is the whole scale; the depth only says how many "
            "blocks there are.",
        ),
        Misconception(
            "one block short",
            instead_of="range(depth)",
            wrote="range(depth - 1)",
            symptom="You stop one block too early.",
            hint="The input itself has variance 1; each block multiplies once.",
        ),
        Misconception(
            "standard deviation",
            instead_of="return variance",
            wrote="return variance**0.5",
            symptom="Your answer is the root of the variance.",
            hint="Asked for is the variance.",
        ),
        Misconception(
            "branch perfectly correlated",
            instead_of=BRANCH,
            wrote="branch = ((1 + scale * branch_var**0.5) ** 2 - 1) * variance",
            symptom="Your variance grows as if the branch were a copy of its input.",
            hint="Standard deviations add only for what moves together. For uncorrelated "
            "parts the variances do.",
        ),
        Misconception(
            "one factor short",
            instead_of="return variance",
            wrote="return variance / (1 + scale**2 * branch_var)",
            symptom="One factor is missing at every depth, even at none.",
            hint="The input itself has variance 1; each block multiplies once.",
        ),
        Misconception(
            "one block too many",
            instead_of="range(depth)",
            wrote="range(depth + 1)",
            symptom="You go one block too far.",
            hint="The input itself has variance 1; each block multiplies once.",
        ),
        Misconception(
            "scale forgotten",
            instead_of=BRANCH,
            wrote="branch = branch_var * variance",
            symptom="Your branches are as loud as if nothing scaled them.",
            hint="Var(c x) = c² Var x, and c is the scale.",
        ),
        Misconception(
            "branch variance squared",
            instead_of=BRANCH,
            wrote="branch = scale**2 * branch_var**2 * variance",
            symptom="Your branches count by the square of their variance.",
            hint="What is squared is the scale; the variance is a square already.",
        ),
        Misconception(
            "limit of infinite depth",
            instead_of="return variance",
            wrote='return __import__("math").exp(depth * scale**2 * branch_var)',
            symptom="Your variance is a little too large: it is the bound, not the value.",
            hint="(1 + a)^L is below e^(a L), and close to it only where a is small.",
        ),
    ),
)
