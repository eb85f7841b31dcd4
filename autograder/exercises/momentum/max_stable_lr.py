"""Exercise 6.6: how fast one may go."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum

judge = close(rtol=1e-5)  # eigenvalues in float32 are good to a few times 1e-7


def stable_cases(rng):
    def rotated(*eigenvalues):
        q, _ = torch.linalg.qr(torch.randn(2 * [len(eigenvalues)], generator=rng))
        h = q @ torch.diag(torch.tensor(eigenvalues)) @ q.T
        return (h + h.T) / 2

    def case(name, hessian, **settings):
        return Case(name, dict(hessian=hessian, **settings), judge)

    def number(low, high):
        return round(low + (high - low) * float(torch.rand((), generator=rng)), 2)

    spread = [number(0.2, 0.8), number(1.5, 2.5), number(3.0, 6.0)]
    yield case("heavy ball", rotated(*spread), momentum=0.8)
    yield case("Nesterov", rotated(*spread), momentum=0.7, nesterov=True)
    yield case("without momentum", rotated(*spread))
    yield case("Nesterov without momentum", rotated(*spread), nesterov=True)
    yield case("a way down without end", rotated(-0.5, 2.0, 4.0), momentum=0.5)
    yield case("a steep one, besides", rotated(-7.0, 1.0, 3.0), momentum=0.5)
    yield case("downhill everywhere", rotated(-2.0, -1.0), momentum=0.5)
    yield case("level", torch.zeros(3, 3), momentum=0.6)
    exactly = torch.diag(torch.tensor([0.0, 1.0, number(2.0, 3.0)]))
    yield case("exactly level in one direction", exactly, momentum=0.7)
    column = torch.randn(6, 1, generator=rng)
    yield case("level in five directions of six", column @ column.T, momentum=0.4)
    yield case("level in five of six, and steep", 2**20 * (column @ column.T), momentum=0.4)
    yield case("nearly level", 2**-30 * rotated(*spread), momentum=0.3)
    yield case("nearly level, with a way down", 2**-24 * rotated(-1.0, 2.0), momentum=0.3)
    yield case("one number", torch.tensor([[number(2.0, 3.0)]]), momentum=0.9, nesterov=True)


def stable_by_general_eigenvalues(hessian, momentum=0.0, nesterov=False):
    """Another right way: eigenvalues of any matrix, of which the real parts are kept."""
    values = torch.linalg.eigvals(hessian.to(torch.float64)).real
    top = values.abs().max()
    if (values < -1e-5 * top).any():
        return 0.0
    if top == 0:
        return float("inf")
    return float((2 + 2 * momentum) / (top * (1 + 2 * momentum * nesterov)))


LARGEST = "eigenvalues[-1].item()"
LIMIT = "limit = 2 * (1 + momentum) / largest"
RETURN = "return limit / (1 + 2 * momentum) if nesterov else limit"
DOWN = "if smallest < -rounding:\n        return 0.0\n    "

MAX_STABLE_LR = Exercise(
    target=momentum.max_stable_lr,
    points=3,
    cases=stable_cases,
    accepts=(stable_by_general_eigenvalues,),
    goal="say which rates a valley allows, with and without momentum",
    section="How fast is too fast",
    minutes=8,
    difficulty=3,
    trace=Trace(
        inputs=dict(hessian=torch.diag(torch.tensor([1.0, 6.0])), momentum=0.5, nesterov=True),
        steps=lambda: [
            ("largest eigenvalue", "6"),
            ("heavy ball: at z = −1 its polynomial is 1 + (1.5 − 6 lr) + 0.5, zero at", "0.5"),
            ("Nesterov's is 1 + 1.5 (1 − 6 lr) + 0.5 (1 − 6 lr) there, zero at", "0.25"),
        ],
    ),
    misconceptions=(
        Misconception(
            "the smallest eigenvalue",
            instead_of="limit = 2 * (1 + momentum) / largest",
            wrote="limit = 2 * (1 + momentum) / max(smallest, 1e-30)",
            symptom="Your rate suits the flattest direction.",
            hint="It is the steepest direction that is overshot first.",
        ),
        Misconception(
            "the trace",
            instead_of=LARGEST,
            wrote="hessian.double().trace().item()",
            symptom="Your rate is too small: all curvatures are added up.",
            hint="The directions do not influence each other. The steepest one alone sets the "
            "limit.",
        ),
        Misconception(
            "the Frobenius norm",
            instead_of=LARGEST,
            wrote="hessian.double().norm().item()",
            symptom="Your rate is a little too small: the root of all squared curvatures.",
            hint="The steepest direction alone sets the limit: the largest eigenvalue.",
        ),
        Misconception(
            "the largest entry",
            instead_of=LARGEST,
            wrote="hessian.double().abs().max().item()",
            symptom="Your rate is too large: you took the largest entry.",
            hint="An entry is a curvature along an axis. The valley's directions need not be "
            "the axes.",
        ),
        Misconception(
            "momentum without influence",
            instead_of=LIMIT,
            wrote="limit = 2 / largest",
            symptom="Your limit is that of plain descent.",
            hint="With momentum the polynomial is another one, and its root reaches −1 at a "
            "larger rate. Put z = −1 in and solve for the rate.",
        ),
        Misconception(
            "momentum narrows the limit",
            instead_of=LIMIT,
            wrote="limit = 2 * (1 - momentum) / largest",
            symptom="With momentum your limit is smaller.",
            hint="The effective rate lr / (1 − β) is about gradients that stay the same. In "
            "the steepest direction they alternate in sign and cancel: momentum allows more.",
        ),
        Misconception(
            "momentum widens it like the step",
            instead_of=LIMIT,
            wrote="limit = 2 / ((1 - momentum) * largest)",
            symptom="Your limit grows as the terminal velocity does, by 1/(1 − β).",
            hint="Put z = −1 into the heavy ball's polynomial and solve for the rate.",
        ),
        Misconception(
            "the heavy ball's limit for Nesterov",
            instead_of=RETURN,
            wrote="return limit",
            symptom="Nesterov gets the heavy ball's limit.",
            hint="Nesterov's rule has a polynomial of its own. Put z = −1 into that one.",
        ),
        Misconception(
            "Nesterov's limit for all",
            instead_of=RETURN,
            wrote="return limit / (1 + 2 * momentum)",
            symptom="The heavy ball gets Nesterov's limit.",
            hint="Only looking ahead narrows the limit.",
        ),
        Misconception(
            "one β in Nesterov's limit",
            instead_of="(1 + 2 * momentum) if",
            wrote="(1 + momentum) if",
            symptom="Nesterov's limit is that of plain descent.",
            hint="At z = −1 Nesterov's polynomial is 1 + (1 + β) (1 − lr λ) + β (1 − lr λ). "
            "Collect the terms with β again.",
        ),
        Misconception(
            "half of it",
            instead_of=LIMIT,
            wrote="limit = (1 + momentum) / largest",
            symptom="You stop where plain descent would land on the bottom in one step.",
            hint="Between 1/λ and 2/λ it overshoots, but less each time. That still converges.",
        ),
        Misconception(
            "a way down overlooked",
            instead_of=DOWN,
            wrote="",
            symptom="Where an eigenvalue is negative you still name a rate.",
            hint="Along a negative curvature every step leads farther down: no rate converges, "
            "and by agreement the limit is 0.",
        ),
        Misconception(
            "absolute values",
            instead_of="eigenvalues = torch.linalg.eigvalsh(hessian.double())",
            wrote="eigenvalues = torch.linalg.eigvalsh(hessian.double()).abs().sort().values",
            symptom="You take a negative curvature for a positive one.",
            hint="The sign of a curvature matters: a negative one cannot converge.",
        ),
        Misconception(
            "rounding taken for a way down",
            instead_of="smallest < -rounding",
            wrote="smallest < 0",
            symptom="Where the valley is level in some directions you find no rate.",
            hint="An eigenvalue that should be 0 comes out as something like −1e-7. Compare it "
            "with the largest one before you call it negative.",
        ),
        Misconception(
            "divided by zero",
            instead_of="if largest == 0:\n        return math.inf\n    ",
            wrote="",
            symptom="On level ground you divide by zero.",
            hint="Where there is no curvature nothing can be overshot.",
        ),
        Misconception(
            "a fixed bound for rounding",
            instead_of="1e-6 * max(abs(smallest), abs(largest))",
            wrote="1e-6",
            symptom="In a steep valley you take rounding for a way down, or in a flat one a "
            "way down for rounding.",
            hint="What rounding leaves of a zero is a share of the largest eigenvalue. "
            "Compare with that.",
        ),
        Misconception(
            "nearly level taken for level",
            instead_of="largest == 0",
            wrote="largest < 1e-6",
            symptom="Where the valley is very flat you name no limit.",
            hint="A small curvature is still one: only the rate that it allows is large.",
        ),
        Misconception(
            "no rate on level ground",
            instead_of="return math.inf",
            wrote="return 0.0",
            symptom="On level ground you allow no rate at all.",
            hint="Where there is no curvature nothing can be overshot, and no rate is too "
            "fast.",
        ),
        Misconception(
            "level in one direction taken for no valley",
            instead_of="if smallest < -rounding",
            wrote="if smallest < rounding",
            symptom="Where some directions are level you allow no rate at all.",
            hint="Along a level direction nothing moves. Only a negative curvature leads "
            "down without end.",
        ),
        Misconception(
            "the mean curvature",
            instead_of=LARGEST,
            wrote="eigenvalues.mean().item()",
            symptom="Your rate suits the typical direction.",
            hint="It is the steepest direction that is overshot first.",
        ),
    ),
)
