"""Exercise 2.3: the gain of any activation."""

import numpy as np
import torch

from autograder.compare import close
from autograder.recipes import Function
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization

# ten million random draws know a gain to 0.04 %, ten thousand to 1 %
three_digits = close(rtol=1.5e-3, atol=0.0)


def gain_cases(rng):
    factor = 1.2 + torch.rand((), generator=rng).item()
    yield Case("a louder relu", dict(phi=Function("relu", factor)), three_digits)
    for name in (
        "relu", "tanh", "sigmoid", "leaky relu with slope 0.3", "softplus", "absolute value",
        "two times",
    ):  # fmt: skip
        yield Case(name, dict(phi=Function(name)), three_digits)


def gain_by_hermite(phi):
    """Another right way: Gauss and Hermite's points, made for this integral."""
    points, weights = np.polynomial.hermite_e.hermegauss(120)
    values = phi(torch.from_numpy(points)).numpy()
    return float((weights @ values**2 / np.sqrt(2 * np.pi)) ** -0.5)


def gain_by_very_many_draws(phi):
    """Another right way: ten million random numbers."""
    z = torch.randn(10_000_000)
    return 1 / phi(z).square().mean().sqrt().item()


DENSITY = "density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)"
BY_THE_NORMAL = "A sum of many inputs is close to normal, so weigh z with the normal density."


def evenly_to(end):
    """The average over a grid, without any density."""
    return Misconception(
        f"an even spread up to {end}",
        instead_of=DENSITY,
        wrote=f"density = (z.abs() <= {end}).double() / {2 * end}",
        symptom=f"You average φ over numbers spread evenly from −{end} to {end}: each counts "
        "alike, however rare it is.",
        hint=BY_THE_NORMAL,
    )


GAIN_FROM_ACTIVATION = Exercise(
    target=initialization.gain_from_activation,
    points=3,
    cases=gain_cases,
    accepts=(gain_by_hermite, gain_by_very_many_draws),
    goal="compute the gain of any activation",
    section="The gain of any activation",
    minutes=10,
    difficulty=3,
    trace=Trace(
        inputs=dict(phi=Function("two times")),
        steps=lambda: [
            ("φ(z)²", "4 z²"),
            ("E[4 z²] for z ~ N(0, 1)", "4 · 1 = 4"),
            ("its root", "2"),
            ("gain", "1 / 2 = 0.5"),
        ],
    ),
    misconceptions=(
        Misconception(
            "variance for second moment",
            instead_of="return 1 / math.sqrt(second_moment.item())",
            wrote="mean = torch.trapezoid(phi(z) * density, z)\n"
            "    return 1 / math.sqrt((second_moment - mean**2).item())",
            symptom="You take the mean of φ off before you square: your gain for ReLU is 1.71.",
            hint="The next layer adds up what it gets. A mean that is not zero is part of it, "
            "so it counts.",
        ),
        Misconception(
            "reciprocal",
            instead_of="return 1 / math.sqrt(second_moment.item())",
            wrote="return math.sqrt(second_moment.item())",
            symptom="Your gain is one over what it should be.",
            hint="The gain makes up for what the activation takes away. Where φ makes the "
            "signal smaller, the gain is above 1.",
        ),
        Misconception(
            "root forgotten",
            instead_of="1 / math.sqrt(second_moment.item())",
            wrote="1 / second_moment.item()",
            symptom="Your gain is the square of what it should be.",
            hint="gain² · E[φ²] should be 1. Solve for the gain.",
        ),
        Misconception(
            "root and reciprocal forgotten",
            instead_of="1 / math.sqrt(second_moment.item())",
            wrote="second_moment.item()",
            symptom="You return the second moment itself.",
            hint="gain² · E[φ²] should be 1. Solve for the gain.",
        ),
        Misconception(
            "absolute value for square",
            instead_of="phi(z).square()",
            wrote="phi(z).abs()",
            symptom="You average |φ(z)|.",
            hint="Variances add up in a sum of many inputs, sizes do not: average φ(z)².",
        ),
        Misconception(
            "uniform numbers for normal ones",
            instead_of=DENSITY,
            wrote="density = (z.abs() <= 1).double() / 2",
            symptom="You average φ over numbers spread evenly from −1 to 1.",
            hint=BY_THE_NORMAL,
        ),
        Misconception(
            "density not normalised",
            instead_of="torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)",
            wrote="torch.exp(-z.square() / 2)",
            symptom="All your gains are too small by the same factor, 0.63.",
            hint="The weights of an average add up to 1. Divide by √(2π).",
        ),
        Misconception(
            "2π without its root",
            instead_of="/ math.sqrt(2 * math.pi)",
            wrote="/ (2 * math.pi)",
            symptom="All your gains are too large by the same factor, 1.58.",
            hint="The weights of an average add up to 1. Divide by √(2π), not by 2π.",
        ),
        Misconception(
            "density squared as well",
            instead_of="phi(z).square() * density",
            wrote="(phi(z) * density).square()",
            symptom="You square the density together with φ.",
            hint="Average φ(z)²: the density is the weight of each z, and is not squared.",
        ),
        Misconception(
            "averaged before squaring",
            instead_of="torch.trapezoid(phi(z).square() * density, z)",
            wrote="torch.trapezoid(phi(z) * density, z) ** 2 + 1e-300",
            symptom="You square the mean of φ: of odd functions nothing is left.",
            hint="Square first, then average: signs must not cancel.",
        ),
        Misconception(
            "the right half only",
            instead_of="torch.linspace(-10, 10, 20_000, dtype=torch.float64)",
            wrote="torch.linspace(0, 10, 20_000, dtype=torch.float64)",
            symptom="You leave out all negative z.",
            hint="Half of all z are negative, and what φ makes of them counts as well.",
        ),
        Misconception(
            "density without the half",
            instead_of="torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)",
            wrote="torch.exp(-z.square()) / math.sqrt(math.pi)",
            symptom="Your z has the variance 1/2.",
            hint="The standard normal density has z²/2 in its exponent.",
        ),
        Misconception(
            "too narrow a range",
            instead_of="torch.linspace(-10, 10, 20_000, dtype=torch.float64)",
            wrote="torch.linspace(-2, 2, 20_000, dtype=torch.float64)",
            symptom="You leave out the tails: everything beyond 2 is missing.",
            hint="5 % of all z lie beyond 2, and their squares are the largest. Go on to 6.",
        ),
        Misconception(
            "too few random draws",
            instead_of="second_moment = torch.trapezoid(phi(z).square() * density, z)",
            wrote="rng = torch.Generator().manual_seed(0)\n"
            "    second_moment = phi(torch.randn(10_000, generator=rng).to(z)).square().mean()",
            symptom="Your gains are off by about one per cent, now up and now down.",
            hint="The error of n draws falls with √n: three digits take ten million. "
            "A sum over an even grid takes a few hundred.",
        ),
        Misconception(
            "slope for value",
            instead_of="phi(z).square() * density",
            wrote="torch.gradient(phi(z), spacing=(z,))[0].square() * density",
            symptom="You average the square of the slope: this is the gain of the way back.",
            hint="On the way forward the next layer sees the values of φ.",
        ),
        Misconception(
            "tensor for a number",
            instead_of="1 / math.sqrt(second_moment.item())",
            wrote="1 / second_moment.sqrt()",
            symptom="Your gain is a tensor.",
            hint="Turn it into a Python number at the end.",
        ),
        *map(evenly_to, (3, 4, 5, 6, 8, 10)),
        Misconception(
            "numbers from 0 to 1",
            instead_of=DENSITY,
            wrote="density = ((z >= 0) & (z <= 1)).double()",
            symptom="You average φ over numbers spread evenly from 0 to 1.",
            hint=BY_THE_NORMAL,
        ),
        Misconception(
            "a range up to 3",
            instead_of="torch.linspace(-10, 10, 20_000, dtype=torch.float64)",
            wrote="torch.linspace(-3, 3, 20_000, dtype=torch.float64)",
            symptom="Your gains are 1 or 2 per cent too large: everything beyond 3 is missing.",
            hint="Few z lie beyond 3, but their squares are large. Go on to 6.",
        ),
        Misconception(
            "both halves taken for alike",
            instead_of="phi(z).square()",
            wrote="phi(z.abs()).square()",
            symptom="Your gains are right for even and odd functions only.",
            hint="On the left φ need not do what it does on the right: ReLU is 0 there.",
        ),
    ),
)
