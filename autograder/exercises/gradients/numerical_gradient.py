"""Exercise 1.4: a gradient by measurement."""

import torch

from autograder.compare import close
from autograder.recipes import Function
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def numerical_cases(rng):
    def point(*shape):
        return torch.randn(shape, generator=rng, dtype=torch.float64)

    judge = close(rtol=1e-6, atol=1e-7)  # ten times the rounding of eps = 1e-5
    coupled = Function("square of the sum of squares")
    yield Case(
        "a function of six coupled numbers", dict(f=coupled, x=point(2, 3), eps=1e-3), judge
    )
    yield Case("the default step", dict(f=coupled, x=point(4)), judge)
    yield Case("a coarse step", dict(f=Function("sum of cubes"), x=point(3), eps=0.1), judge)
    yield Case("one number", dict(f=Function("sum of sines"), x=point(1), eps=1e-4), judge)
    yield Case(
        "a product, in float32", dict(f=Function("product"), x=1 + point(4).float()), judge
    )
    yield Case("a transposed matrix", dict(f=coupled, x=point(3, 2).T, eps=1e-2), judge)
    rows = Function("cubes of the row sums")
    yield Case("a function of rows", dict(f=rows, x=1 + point(2, 3), eps=1e-3), judge)
    crossing = point(4) * torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    yield Case("coordinates that are 0", dict(f=coupled, x=crossing, eps=1e-3), judge)
    yield Case("a number without a shape", dict(f=Function("sum of sines"), x=point()), judge)


def numerical_steps():
    return [
        ("f(x + 0.1)", "2.1³ = 9.261"),
        ("f(x − 0.1)", "1.9³ = 6.859"),
        ("their difference", "2.402"),
        ("divided by 2 · 0.1", "12.01 (the derivative itself is 12)"),
    ]


def numerical_by_loop(f, x, eps=1e-5):
    """Another right way: one entry after the other, put back after each."""
    point = x.double().clone().contiguous()
    flat, grad = point.view(-1), torch.zeros(x.numel(), dtype=torch.float64)
    for index in range(x.numel()):
        kept = flat[index].item()
        flat[index] = kept + eps
        above = f(point).item()
        flat[index] = kept - eps
        below = f(point).item()
        flat[index] = kept
        grad[index] = (above - below) / (2 * eps)
    return grad.reshape(x.shape).to(x.dtype)


QUOTIENT = "(f((flat + step).view(x.shape)) - f((flat - step).view(x.shape))) / (2 * eps)"

FLAT = "flat = x.double().flatten()"
EYE = "torch.eye(len(flat), dtype=flat.dtype, device=flat.device)"
STEPS = (
    f"steps = eps * {EYE}\n    slopes = [\n        {QUOTIENT}\n        for step in steps\n    ]"
)
RETURN = "return torch.stack(slopes).view(x.shape).to(x.dtype)"

PUT_BACK = (
    "After a coordinate was moved it has to go back to where it was, "
    "before the next one is moved."
)
DTYPE_OF_X = (
    "Compute in float64, but hand back what was asked for: a gradient has the dtype of x."
)

NUMERICAL_GRADIENT = Exercise(
    target=gradients.numerical_gradient,
    points=3,
    cases=numerical_cases,
    accepts=(numerical_by_loop,),
    goal="check any gradient numerically",
    section="Checking a gradient",
    minutes=8,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            f=Function("sum of cubes"), x=torch.tensor([2.0], dtype=torch.float64), eps=0.1
        ),
        steps=numerical_steps,
    ),
    misconceptions=(
        Misconception(
            "forward difference",
            instead_of=QUOTIENT,
            wrote="(f((flat + step).view(x.shape)) - f(flat.view(x.shape))) / eps",
            symptom="Your error shrinks with ε, not with ε²: you step to one side only.",
            hint="Step to both sides of x. The terms of even order then cancel.",
        ),
        Misconception(
            "backward difference",
            instead_of=QUOTIENT,
            wrote="(f(flat.view(x.shape)) - f((flat - step).view(x.shape))) / eps",
            symptom="Your error shrinks with ε, not with ε²: you step down only.",
            hint="Step to both sides of x. The terms of even order then cancel.",
        ),
        Misconception(
            "divided by one step",
            instead_of="/ (2 * eps)",
            wrote="/ eps",
            symptom="Every entry is exactly twice what it should be.",
            hint="From x − ε to x + ε is a way of 2 ε.",
        ),
        Misconception(
            "all coordinates together",
            instead_of=EYE,
            wrote="torch.ones(len(flat), len(flat), dtype=flat.dtype, device=flat.device)",
            symptom="All entries of your answer are the same number.",
            hint="You move every coordinate at once, and measure the sum of all slopes. "
            "Move one, and leave the others where they are.",
        ),
        Misconception(
            "steps that pile up",
            instead_of=FLAT,
            wrote="flat = x.double().flatten().clone()\n    _f = f\n"
            "    f = lambda p: (_f(p), flat.sub_((flat - p.reshape(-1)).clamp(min=0)))[0]",
            symptom="Your first entry is right, and the others drift away from it.",
            hint=PUT_BACK,
        ),
        Misconception(
            "computed in float32",
            instead_of="x.double()",
            wrote="x.float()",
            symptom="Your answers carry noise: about seven digits are all that float32 keeps, "
            "and the difference of two close numbers loses most of them.",
            hint="Do the differences in float64, whatever x comes in.",
        ),
        Misconception(
            "computed in the dtype of x",
            instead_of="x.double()",
            wrote="x.clone()",
            symptom="With x in float32 your answer carries noise; in float64 it is right.",
            hint="Do the differences in float64, whatever x comes in.",
        ),
        Misconception(
            "x moved and not put back",
            instead_of=FLAT,
            wrote="flat, _f = x.double().view(-1), f\n"
            "    f = lambda p: (_f(p), flat.sub_((flat - p.reshape(-1)).clamp(min=0)))[0]",
            symptom="After your function has run, x is no longer where it was: a conversion "
            "to float64 makes no copy of what is in float64 already.",
            hint="x belongs to the caller. Work on a copy, and put every coordinate back.",
        ),
        Misconception(
            "x put back with a rounding error",
            instead_of="steps = eps",
            wrote="flat.add_(eps).sub_(2 * eps).add_(eps)\n    steps = eps",
            symptom="After your function has run, x is off in its last digits.",
            hint="x + ε − 2 ε + ε is not x in floating point, and in float64 you work on "
            "the caller's x. Take a copy.",
        ),
        Misconception(
            "shape lost",
            instead_of="torch.stack(slopes).view(x.shape)",
            wrote="torch.stack(slopes)",
            symptom="Your slopes come as one long vector.",
            hint="There is one slope for each entry of x, so the answer has the shape of x.",
        ),
        Misconception(
            "steps that pile up on both sides",
            instead_of=EYE,
            wrote=EYE.replace("eye(len(flat)", "ones(len(flat), len(flat)") + ".tril()",
            symptom="Your first entry is right, and each later one is the sum of the slopes "
            "so far.",
            hint=PUT_BACK,
        ),
        Misconception(
            "multiplied by the step",
            instead_of="/ (2 * eps)",
            wrote="/ 2 * eps",
            symptom="Your answers are far too small: by a factor of ε².",
            hint="A quotient and a product are worked off from left to right: put what you "
            "divide by into brackets.",
        ),
        Misconception(
            "step of the caller ignored",
            instead_of="steps = eps",
            wrote="eps = 1e-5\n    steps = eps",
            symptom="Your answers do not depend on ε: a coarse step gives the slope of a fine "
            "one.",
            hint="How far to step is the caller's to say. Autograd, too, takes no step at all.",
        ),
        Misconception(
            "half a step to each side",
            instead_of=QUOTIENT,
            wrote=QUOTIENT.replace("step", "step / 2").replace("(2 * eps)", "eps"),
            symptom="Your error is a quarter of what it should be: you go ε / 2 to each side.",
            hint="From x − ε to x + ε: a whole step to each side, and a way of 2 ε.",
        ),
        Misconception(
            "whole rows moved",
            instead_of=EYE,
            wrote="torch.eye(len(x), dtype=flat.dtype, device=flat.device)"
            ".repeat_interleave(len(flat) // len(x), dim=0)"
            ".repeat_interleave(len(flat) // len(x), dim=1)",
            symptom="With a matrix all entries of a row are the same number, and a number "
            "without a shape stops your function.",
            hint="A row is not one coordinate: go through all entries of x, whatever its "
            "shape.",
        ),
        Misconception(
            "sign flipped",
            instead_of=QUOTIENT,
            wrote=f"-{QUOTIENT}",
            symptom="Every entry has the wrong sign.",
            hint="What f rises by is f(x + ε) − f(x − ε), in this order.",
        ),
        Misconception(
            "f asked about a flat x",
            instead_of=QUOTIENT,
            wrote="(f(flat + step) - f(flat - step)) / (2 * eps)",
            symptom="Where f looks at rows and columns, your slopes are those of another "
            "function.",
            hint="f is made for tensors of the shape of x. Lay x out flat to count its "
            "entries, but not for f.",
        ),
        Misconception(
            "left in float64",
            instead_of=RETURN,
            wrote="return torch.stack(slopes).view(x.shape)",
            symptom="With x in float32 your answer is in float64.",
            hint=DTYPE_OF_X,
        ),
        Misconception(
            "always in float32",
            instead_of=RETURN,
            wrote=RETURN.replace("x.dtype", "torch.float32"),
            symptom="Your answer is in float32 even if x is in float64.",
            hint=DTYPE_OF_X,
        ),
        Misconception(
            "x itself moved and not put back",
            instead_of=f"{FLAT}\n    {STEPS}",
            wrote="slopes = []\n"
            "    for place in map(tuple, torch.ones_like(x).nonzero().tolist()):\n"
            "        x[place] += eps\n"
            "        above = f(x)\n"
            "        x[place] -= 2 * eps\n"
            "        slopes.append((above - f(x)) / (2 * eps))",
            symptom="After your function has run, x is no longer where it was, in float32 as "
            "well.",
            hint=f"{PUT_BACK} And x belongs to the caller: work on a copy.",
        ),
        Misconception(
            "each coordinate left a step above",
            instead_of=EYE,
            wrote=f"{EYE}\n"
            "    _f, base, n = f, flat, iter(range(2 * len(flat)))\n"
            "    done = lambda: torch.arange(len(base)) < next(n) // 2\n"
            "    f = lambda p: _f((p.reshape(-1) + eps * done()).view(x.shape))",
            symptom="Your first entry is right, and the others are measured with the "
            "coordinates before them a step too high.",
            hint=PUT_BACK,
        ),
        Misconception(
            "one step to one side, divided by two",
            instead_of=QUOTIENT,
            wrote="(f((flat + step).view(x.shape)) - f(flat.view(x.shape))) / (2 * eps)",
            symptom="Your entries are about half of what they should be: from x + ε you come "
            "back to x, and not to x − ε.",
            hint="From x + ε down to x − ε it is two steps: one back to x, one further.",
        ),
        Misconception(
            "step in proportion to x",
            instead_of=QUOTIENT,
            wrote="("
            "f((flat + step * flat).view(x.shape)) - f((flat - step * flat).view(x.shape))"
            ") / (2 * (step * flat).sum())",
            symptom="Where x is 0 your slope is NaN: you have not moved at all.",
            hint="The step is ε for every coordinate, however large or small it is itself.",
        ),
    ),
)
