"""Exercise 7.9, bonus: every direction of a matrix made alike, by products alone."""

import torch

from autograder.compare import close, numbers
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive
from steadygrad.adaptive import CUBIC

# An eps added to the norm instead of a lower bound for it shifts results by about 1e-5.
orthogonalised = close(rtol=1e-3, atol=1e-4)


def newton_schulz_cases(rng):
    def matrix(*shape, scale=1.0):
        return scale * torch.randn(shape, generator=rng)

    yield Case("a wide matrix", dict(matrix=matrix(3, 5)), orthogonalised)
    yield Case("a tall matrix", dict(matrix=matrix(6, 4), steps=3), orthogonalised)
    yield Case("large entries", dict(matrix=matrix(4, 4, scale=1e3)), orthogonalised)
    yield Case(
        "other coefficients",
        dict(matrix=matrix(3, 4), steps=4, coefficients=(2.0, -1.5, 0.5)),
        orthogonalised,
    )
    yield Case(
        "the cubic iteration",
        dict(matrix=matrix(5, 3), steps=8, coefficients=CUBIC),
        orthogonalised,
    )
    yield Case("nothing but zeros", dict(matrix=torch.zeros(2, 3)), orthogonalised)
    # far below eps, so that the lower bound divides, whether it is a bound or is added
    tiny = dict(matrix=matrix(3, 4, scale=1e-9), steps=4, eps=1e-3)
    yield Case("next to nothing, a large eps", tiny, close(rtol=1e-3, atol=0.0))
    yield Case("one row", dict(matrix=matrix(1, 4)), orthogonalised)


def newton_schulz_steps():
    return [
        ("norm √(3² + 4²)", "5"),
        ("X = M / 5", "0.6, 0.8"),
        ("A = 0.6² + 0.8²", "1"),
        ("a + b A + c A² = 2 − 1.5 + 0.5", "1"),
        ("times X", numbers(adaptive.newton_schulz(**traced()))),
    ]


def traced():
    return dict(matrix=torch.tensor([[3.0, 4.0]]), steps=1, coefficients=(2.0, -1.5, 0.5))


def newton_schulz_without_transposing(
    matrix, steps=5, coefficients=(3.4445, -4.7750, 2.0315), eps=1e-7
):
    """Another right way: on either side the polynomial is the same; only the work is not."""
    x = matrix / (matrix.norm() + eps)
    for _ in range(steps):
        a = x @ x.T
        x = coefficients[0] * x + coefficients[1] * a @ x + coefficients[2] * a @ a @ x
    return x


def newton_schulz_by_svd(matrix, steps=5, coefficients=(3.4445, -4.7750, 2.0315), eps=1e-7):
    """Another right way: the polynomial on the singular values."""
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    s = s / s.norm().clamp(min=eps)
    for _ in range(steps):
        s = sum(c * s ** (2 * power + 1) for power, c in enumerate(coefficients))
    return u * s @ vh


NORM = "x = x / x.norm().clamp(min=eps)"
GRAM = "gram = x @ x.T"
STEP = "x = a * x + (b * gram + c * gram @ gram) @ x"
RETURN = "return x.T if tall else x"

NEWTON_SCHULZ = Exercise(
    target=adaptive.newton_schulz,
    points=2,
    cases=newton_schulz_cases,
    accepts=(newton_schulz_without_transposing, newton_schulz_by_svd),
    goal="say what rules do that turn the gradient",
    section="Muon: make all directions alike",
    minutes=10,
    difficulty=3,
    bonus=True,
    trace=Trace(inputs=traced(), steps=newton_schulz_steps),
    misconceptions=(
        Misconception(
            "not normalised",
            instead_of=NORM,
            wrote="x = x + 0",
            symptom="Your iteration explodes, or starts from other singular values.",
            hint="The polynomial works for singular values up to 1. Divide by the norm first.",
        ),
        Misconception(
            "normalised by the largest entry",
            instead_of=NORM,
            wrote="x = x / x.abs().max().clamp(min=eps)",
            symptom="Your start is too large: entries below 1 do not bound singular values.",
            hint="The root of the sum of squares bounds every singular value.",
        ),
        Misconception(
            "normalised row by row",
            instead_of=NORM,
            wrote="x = x / x.norm(dim=1, keepdim=True).clamp(min=eps)",
            symptom="Your rows are scaled apart, which turns the singular vectors.",
            hint="One number divides the whole matrix.",
        ),
        Misconception(
            "zero over zero",
            instead_of=NORM,
            wrote="x = x / x.norm()",
            symptom="A matrix of zeros gives you NaN.",
            hint="The norm has a lower bound, eps.",
        ),
        Misconception(
            "left lying on its side",
            instead_of=RETURN,
            wrote="return x",
            symptom="A tall matrix comes back wide.",
            hint="What was transposed at the start is transposed back at the end.",
        ),
        Misconception(
            "last coefficient forgotten",
            instead_of=STEP,
            wrote="x = a * x + (b * gram) @ x",
            symptom="Your polynomial ends at the cube.",
            hint="There are three coefficients: for the first, third and fifth power.",
        ),
        Misconception(
            "coefficients out of order",
            instead_of=STEP,
            wrote="x = a * x + (c * gram + b * gram @ gram) @ x",
            symptom="Your second and third coefficients have changed places.",
            hint="The second belongs to the cube, the third to the fifth power.",
        ),
        Misconception(
            "normalised at every step",
            instead_of=GRAM,
            wrote="x = x / x.norm().clamp(min=eps)\n        gram = x @ x.T",
            symptom="Your singular values never come near 1.",
            hint="Normalise once, before the iteration.",
        ),
        Misconception(
            "one step too many",
            instead_of="range(steps)",
            wrote="range(steps + 1)",
            symptom="You take one step more than asked.",
            hint="The start is no step.",
        ),
        Misconception(
            "squares entry by entry",
            instead_of=GRAM,
            wrote="gram = (x @ x.T) * torch.eye(x.shape[0], dtype=x.dtype, device=x.device)",
            symptom="You use the rows' lengths only, not the angles between them.",
            hint="The whole product of the matrix with its transpose is needed.",
        ),
        Misconception(
            "coefficients reversed",
            instead_of="a, b, c = coefficients",
            wrote="c, b, a = coefficients",
            symptom="Your first and third coefficients have changed places.",
            hint="They come in the order of the powers: first, third, fifth.",
        ),
        Misconception(
            "coefficients fixed",
            instead_of="a, b, c = coefficients",
            wrote="a, b, c = 3.4445, -4.7750, 2.0315",
            symptom="You are right with Muon's coefficients, and only with them.",
            hint="The coefficients are a setting: use the ones that you are given.",
        ),
        Misconception(
            "always five steps",
            instead_of="range(steps)",
            wrote="range(5)",
            symptom="You are right where five steps are asked for, and only there.",
            hint="The number of steps is a setting: use the one that you are given.",
        ),
        Misconception(
            "one step too few",
            instead_of="range(steps)",
            wrote="range(1, steps)",
            symptom="You take one step less than asked.",
            hint="Count what your loop runs through: a range that starts at 1 is one short.",
        ),
        Misconception(
            "A times A entry by entry",
            instead_of=STEP,
            wrote="x = a * x + (b * gram + c * gram * gram) @ x",
            symptom="Your fifth power is not one of the singular values.",
            hint="A A is a product of matrices: its rows times its columns.",
        ),
        Misconception(
            "divided by the largest singular value",
            instead_of=NORM,
            wrote="x = x / torch.linalg.matrix_norm(x, 2).clamp(min=eps)",
            symptom="Your iteration starts nearer to 1 than the text says.",
            hint="Here the norm is the root of the sum of squares, which costs no "
            "decomposition.",
        ),
        Misconception(
            "guarded at exactly zero only",
            instead_of=NORM,
            wrote="x = x / x.norm() if x.any() else x",
            symptom="A matrix that is next to nothing comes out as large as any other.",
            hint="What is below eps is rounding, not a direction: divide by no less than eps.",
        ),
        Misconception(
            "sum of squares for the norm",
            instead_of=NORM,
            wrote="x = x / x.square().sum().clamp(min=eps)",
            symptom="You divide by the square of the norm.",
            hint="The root of the sum of squares is still to be taken.",
        ),
        Misconception(
            "first power forgotten",
            instead_of=STEP,
            wrote="x = (b * gram + c * gram @ gram) @ x",
            symptom="Your polynomial begins with the cube.",
            hint="There are three coefficients: for the first, third and fifth power.",
        ),
        Misconception(
            "each step adds to X",
            instead_of=STEP,
            wrote="x = x + a * x + (b * gram + c * gram @ gram) @ x",
            symptom="Your first coefficient counts as one more than it is.",
            hint="The polynomial takes the place of X. It is not added to it.",
        ),
    ),
)
