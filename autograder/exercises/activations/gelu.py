"""Exercise 3.7: GELU, exact and approximate."""

import math

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def gelu_cases(rng):
    def around(*shape):
        return 1.5 * torch.randn(*shape, generator=rng)

    yield Case("exact", dict(x=around(3, 4)))
    yield Case("approximate", dict(x=around(3, 4), approximate=True))
    grid = torch.linspace(-4, 4, 17, dtype=torch.float64)
    yield Case("exact, in float64", dict(x=grid, approximate=False))
    yield Case("approximate, in float64", dict(x=grid, approximate=True))
    far = torch.tensor([-50.0, 50.0, 0.0])
    yield Case("far out", dict(x=far))
    yield Case("far out, approximate", dict(x=far, approximate=True))


def gelu_steps():
    return [
        ("x / √2", "0.7071"),
        ("erf of it", "0.6827"),
        ("Φ(1) = (1 + 0.6827) / 2", "0.8413"),
        ("x Φ(x)", "0.8413"),
    ]


def gelu_by_normal(x, approximate=False):
    """Another right way: the distribution function from torch, the cube taken apart."""
    if approximate:
        bend = torch.tanh(0.7978845608028654 * x * (1 + 0.044715 * x * x))
        return x * (bend + 1) / 2
    return x * torch.special.ndtr(x)


def gelu_by_torch(x, approximate=False):
    """Another right way: PyTorch's own."""
    return torch.nn.functional.gelu(x, approximate="tanh" if approximate else "none")


def gelu_by_erfc(x, approximate=False):
    """Another right way: the tail by erfc, the tanh form as a sigmoid."""
    if approximate:
        return x * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3)))
    return x * torch.erfc(-x / math.sqrt(2)) / 2


EXACT = "0.5 * x * (1 + torch.erf(x / math.sqrt(2)))"
CLOSE = "0.5 * x * (1 + torch.tanh(inner))"

GELU = Exercise(
    target=activations.gelu,
    points=2,
    cases=gelu_cases,
    accepts=(gelu_by_normal, gelu_by_torch, gelu_by_erfc),
    goal="write GELU in both forms, and know which a model was trained with",
    section="x times a switch of x",
    minutes=6,
    difficulty=2,
    trace=Trace(inputs=dict(x=torch.tensor(1.0)), steps=gelu_steps),
    misconceptions=(
        Misconception(
            "the two forms exchanged",
            instead_of="if approximate:",
            wrote="if not approximate:",
            symptom="Each form stands where the other should.",
            hint="The tanh form is the approximation; the exact one has the error function.",
        ),
        Misconception(
            "always exact",
            instead_of=CLOSE,
            wrote="0.5 * x * (1 + torch.erf(x / math.sqrt(2)))",
            symptom="You give the exact form in both cases.",
            hint="They differ by up to 0.0005: a model that was trained with one gives other "
            "outputs when it is run with the other.",
        ),
        Misconception(
            "always approximate",
            instead_of="if approximate:",
            wrote="if True:",
            symptom="You give the approximate form in both cases.",
            hint="The exact form is x Φ(x), with the error function in Φ.",
        ),
        Misconception(
            "√(2/π) missing",
            instead_of="inner = math.sqrt(2 / math.pi) * (",
            wrote="inner = (",
            symptom="Your approximate form bends too sharply.",
            hint="Near zero Φ has slope 1/√(2π), and half a tanh has half its argument's. "
            "Hence the factor √(2/π).",
        ),
        Misconception(
            "only the cube in the bracket",
            instead_of="(x + 0.044715 * x**3)",
            wrote="(0.044715 * x**3)",
            symptom="Your approximate form is flat around zero.",
            hint="The cube corrects a straight line: the line x itself must be there.",
        ),
        Misconception(
            "the outer x missing",
            instead_of=CLOSE,
            wrote="0.5 * (1 + torch.tanh(inner))",
            symptom="Your approximate form is the switch alone, between 0 and 1.",
            hint="GELU is x times the switch.",
        ),
        Misconception(
            "error function of x itself",
            instead_of=EXACT,
            wrote="0.5 * x * (1 + torch.erf(x))",
            symptom="Your exact form bends too sharply.",
            hint="erf belongs to a normal variable of variance 1/2. To have Φ, divide its "
            "argument by √2.",
        ),
        Misconception(
            "x σ(1.702 x)",
            instead_of=CLOSE,
            wrote="x * torch.sigmoid(1.702 * x)",
            symptom="Your approximate form is off by up to 0.02.",
            hint="The sigmoid form is a third function, forty times less exact. Asked for is "
            "the one with tanh.",
        ),
        Misconception(
            "the root on the straight line only",
            instead_of="math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)",
            wrote="math.sqrt(2 / math.pi) * x + 0.044715 * x**3",
            symptom="Your approximate form multiplies x by the root, and the cube not.",
            hint="The root stands before the bracket: it multiplies both.",
        ),
        Misconception(
            "the root upside down",
            instead_of="math.sqrt(2 / math.pi) * ",
            wrote="math.sqrt(math.pi / 2) * ",
            symptom="Your approximate form has √(π/2) for √(2/π).",
            hint="Half a tanh must have Φ's slope at zero, 1/√(2π) = 0.4. Half of √(2/π) "
            "is that.",
        ),
        Misconception(
            "the half missing in the approximate form",
            instead_of=CLOSE,
            wrote="x * (1 + torch.tanh(inner))",
            symptom="Your approximate form is twice as large as it should be.",
            hint="1 + tanh runs from 0 to 2. A switch runs from 0 to 1.",
        ),
        Misconception(
            "the half missing in the exact form",
            instead_of=EXACT,
            wrote="x * (1 + torch.erf(x / math.sqrt(2)))",
            symptom="Your exact form is twice as large as it should be.",
            hint="1 + erf runs from 0 to 2. Φ runs from 0 to 1.",
        ),
        Misconception(
            "the outer x missing in the exact form",
            instead_of=EXACT,
            wrote="0.5 * (1 + torch.erf(x / math.sqrt(2)))",
            symptom="Your exact form is the switch alone, between 0 and 1.",
            hint="GELU is x times the switch.",
        ),
        Misconception(
            "tanh by its exponentials",
            instead_of="torch.tanh(inner)",
            wrote="(inner.exp() - (-inner).exp()) / (inner.exp() + (-inner).exp())",
            symptom="Far out your approximate form is NaN: infinity divided by infinity.",
            hint="PyTorch's tanh never overflows.",
        ),
        Misconception(
            "the cube without its factor",
            instead_of="0.044715 * x**3",
            wrote="x**3",
            symptom="Your approximate form bends far too sharply: the cube counts in full.",
            hint="The cube is a small correction, with the factor 0.044715.",
        ),
        Misconception(
            "0.44715 for 0.044715",
            instead_of="0.044715 * x**3",
            wrote="0.44715 * x**3",
            symptom="Your cube counts ten times too much.",
            hint="Count the zeros: the factor of the cube is 0.044715.",
        ),
        Misconception(
            "square for cube",
            instead_of="x**3",
            wrote="x**2",
            symptom="Your approximate form corrects both sides upwards.",
            hint="A switch is odd around its middle: only x and x³ keep it so, x² does not.",
        ),
        Misconception(
            "2/π without its root",
            instead_of="math.sqrt(2 / math.pi) *",
            wrote="2 / math.pi *",
            symptom="Your approximate form bends too gently.",
            hint="Half a tanh must have Φ's slope at zero, 1/√(2π) = 0.4. Half of √(2/π) is "
            "that.",
        ),
        Misconception(
            "√(2π) for √(2/π)",
            instead_of="math.sqrt(2 / math.pi) *",
            wrote="math.sqrt(2 * math.pi) *",
            symptom="Your approximate form bends about three times too sharply.",
            hint="Half a tanh must have Φ's slope at zero, 1/√(2π) = 0.4. Half of √(2/π) is "
            "that.",
        ),
        Misconception(
            "x σ(1.702 x) for the exact form",
            instead_of=EXACT,
            wrote="x * torch.sigmoid(1.702 * x)",
            symptom="Your exact form is off by up to 0.02.",
            hint="That is a rougher approximation of GELU. The exact form has the error "
            "function.",
        ),
        Misconception(
            "SiLU for GELU",
            instead_of=EXACT,
            wrote="x * torch.sigmoid(x)",
            symptom="Your exact form is x σ(x).",
            hint="That is SiLU. GELU's switch is Φ, the share of normal numbers below x.",
        ),
    ),
)
