"""Exercise 3.1: a sigmoid that survives large numbers."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def sigmoid_cases(rng):
    yield Case("ordinary numbers", dict(x=2 * torch.randn(3, 4, generator=rng)))
    yield Case("far right", dict(x=torch.tensor([90.0, 800.0, 1000.0])))
    yield Case("far left", dict(x=torch.tensor([-90.0, -800.0, -1000.0])))
    tail = -18 - 6 * (torch.arange(5) + torch.rand(5, generator=rng, dtype=torch.float64))
    # ten times the rounding of 1 + tanh(x / 2), which may stand for it; a clamp errs by more
    yield Case("the left tail, in float64", dict(x=tail), close(rtol=1e-9, atol=1e-15))
    yield Case("zero", dict(x=torch.zeros(())))


def sigmoid_steps():
    return [
        ("x = −1000: e^x", "0"),
        ("σ = e^x / (1 + e^x)", "0"),
        ("x = 0: e^x, σ = 1 / 2", "1, 0.5"),
        ("x = 1000: e^x overflows, e^−x", "0"),
        ("σ = 1 / (1 + e^−x)", "1"),
    ]


def sigmoid_by_tanh(x):
    """Another right way: tanh never overflows."""
    return 0.5 * (1 + torch.tanh(0.5 * x))


def sigmoid_by_mask(x):
    """Another right way: each half of the numbers by the form that suits it."""
    result = torch.empty_like(x)
    right = x >= 0
    result[right] = 1 / (1 + torch.exp(-x[right]))
    growing = torch.exp(x[~right])
    result[~right] = growing / (1 + growing)
    return result


def sigmoid_by_denominator(x):
    """Another right way: 1 / (1 + e^−x) with an infinity in the denominator gives 0."""
    return 1 / (1 + torch.exp(-x))


SMALL = "small = torch.where(right, -x, x).exp()  # e^−|x|, never above 1"
QUOTIENT = "torch.where(right, 1.0, small) / (1 + small)"


def clamped_to(end):
    """The form that overflows on the left, kept from it by force."""
    return Misconception(
        f"clamped to ±{end}",
        instead_of=QUOTIENT,
        wrote=f"1 / (1 + torch.exp(-x.clamp(-{end}, {end})))",
        symptom=f"Beyond {end} your answers do not change any more.",
        hint=f"σ(−40) is not σ(−{end}): its logarithm is −40. A clamp also ends the gradient "
        "there. Choose the form that needs no clamp.",
    )


STABLE_SIGMOID = Exercise(
    target=activations.stable_sigmoid,
    points=2,
    cases=sigmoid_cases,
    accepts=(sigmoid_by_tanh, sigmoid_by_mask, sigmoid_by_denominator),
    goal="write an activation that is right for every number",
    section="A sigmoid that never overflows",
    minutes=5,
    difficulty=2,
    trace=Trace(inputs=dict(x=torch.tensor([-1000.0, 0.0, 1000.0])), steps=sigmoid_steps),
    misconceptions=(
        Misconception(
            "only the form that overflows on the right",
            instead_of=QUOTIENT,
            wrote="x.exp() / (1 + x.exp())",
            symptom="Far on the right your sigmoid is NaN: infinity divided by infinity.",
            hint="Both forms are the same function. Take each where its exponential is small.",
        ),
        clamped_to(20),
        Misconception(
            "tanh of x, not of x / 2",
            instead_of=QUOTIENT,
            wrote="0.5 * (1 + torch.tanh(x))",
            symptom="Your curve rises twice as fast: it is σ(2x).",
            hint="tanh(x) = 2 σ(2x) − 1. Solve for σ(x): x has to be halved.",
        ),
        Misconception(
            "tanh not moved to 0 and 1",
            instead_of=QUOTIENT,
            wrote="torch.tanh(x / 2)",
            symptom="Your curve runs from −1 to 1.",
            hint="A tanh is a sigmoid that was stretched to twice its height and lowered by 1. "
            "Undo both.",
        ),
        Misconception(
            "the branches exchanged",
            instead_of=QUOTIENT,
            wrote="torch.where(right, small, 1.0) / (1 + small)",
            symptom="Your curve falls where it should rise: it is σ(−x).",
            hint="On the right the numerator is 1 and the denominator only a little more.",
        ),
        Misconception(
            "size for number",
            instead_of=QUOTIENT,
            wrote="1 / (1 + small)",
            symptom="On the left you give the values of the right side.",
            hint="e^−|x| is safe on both sides, but 1 / (1 + e^−|x|) is σ(|x|). The left side "
            "needs a numerator of its own.",
        ),
        *map(clamped_to, (10, 30)),
        Misconception(
            "kept away from 0 and 1",
            instead_of=f"return {QUOTIENT}",
            wrote=f"return ({QUOTIENT}).clamp(1e-7, 1 - 1e-7)",
            symptom="Your answers never fall below 1e-7.",
            hint="σ(−30) is 9e-14, and its logarithm is −30. Choose the form that needs no "
            "lower bound.",
        ),
        Misconception(
            "no number replaced by 0",
            instead_of=QUOTIENT,
            wrote="torch.nan_to_num(x.exp() / (1 + x.exp()))",
            symptom="Far on the right your sigmoid is 0, where it should be 1.",
            hint="Infinity divided by infinity can be anything. Take the form whose "
            "exponential is small there, and nothing has to be replaced.",
        ),
    ),
)
