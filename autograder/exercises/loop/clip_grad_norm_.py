"""Exercise 5.4: shorten a gradient, and keep its direction."""

import torch

from autograder.compare import close
from autograder.recipes import Leaf, Once, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop

nearly = close(rtol=1e-5, atol=1e-7)  # some divide by the norm + 1e-6, as PyTorch does


def clip_cases(rng):
    def leaves(*shapes, size=1.0, without=()):
        return [
            Leaf(
                torch.randn(shape, generator=rng),
                None if i in without else size * torch.randn(shape, generator=rng),
            )
            for i, shape in enumerate(shapes)
        ]

    def case(name, parameters, max_norm):
        return Case(name, dict(parameters=Written(parameters), max_norm=max_norm), nearly)

    three = ((3, 4), (4,), (2, 5))
    yield case("a gradient ten times too long", leaves(*three, size=10.0), 3.5)
    unlike = [*leaves((6,), size=0.5), *leaves((3, 3), size=50.0)]
    yield case("two tensors, a hundredfold apart", unlike, 20.0)
    yield case("a gradient that is short enough", leaves(*three, size=0.5), 20.0)
    yield case("short, and far below one", leaves(*three, size=0.03), 0.9)
    yield case("below the norm of one", leaves((2, 2), (3,), size=5.0), 0.3)
    yield case("some parameters have no gradient", leaves(*three, without=(0, 2)), 0.7)
    yield case("a generator of parameters", Once(leaves(*three, size=4.0)), 2.0)
    yield case("a single tensor", leaves((7,), size=3.0), 1.5)
    signs = [Leaf(torch.ones(3), torch.tensor([3.0, -4.0, 0.0])), Leaf(torch.ones(1), None)]
    yield case("exactly as long as allowed", signs, 5.0)
    yield case("all zero", [Leaf(torch.ones(2), torch.zeros(2))], 1.0)
    yield case("no gradient at all", leaves((3,), (2, 2), without=(0, 1)), 1.0)


def clip_steps():
    return [
        ("squares of all entries, of both gradients", "9 + 16"),
        ("their root, the norm that is returned", "5"),
        ("the factor", "1 / 5 = 0.2"),
        ("the gradients", "[0.6] and [0.8]"),
        ("the parameters, untouched", "[1] and [2]"),
    ]


def clip_by_torch(parameters, max_norm):
    """Another right way: PyTorch's own, with its 1e-6 in the denominator."""
    return torch.nn.utils.clip_grad_norm_(parameters, max_norm)


def clip_by_one_vector(parameters, max_norm):
    """Another right way: lay all gradients end to end, and give each a new tensor."""
    kept = [p for p in parameters if p.grad is not None]
    norm = torch.cat([torch.zeros(0), *(p.grad.flatten() for p in kept)]).norm()
    if norm > max_norm:
        for p in kept:
            p.grad = p.grad * max_norm / norm
    return norm


FACTOR = "factor = torch.where(total <= max_norm, 1.0, max_norm / total)"
NORMS = "norms = torch.stack([gradient.norm() for gradient in gradients])"
TOTAL = "total = norms.norm()"
SCALED = "gradient.mul_(factor)"

CLIP_GRAD_NORM_ = Exercise(
    target=loop.clip_grad_norm_,
    points=3,
    cases=clip_cases,
    accepts=(clip_by_torch, clip_by_one_vector),
    goal="clip a gradient, and say what that does to its direction",
    section="One factor for all: clipping by norm",
    minutes=10,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            parameters=Written(
                [
                    Leaf(torch.tensor([1.0]), torch.tensor([3.0])),
                    Leaf(torch.tensor([2.0]), torch.tensor([4.0])),
                ]
            ),
            max_norm=1.0,
        ),
        steps=clip_steps,
    ),
    misconceptions=(
        Misconception(
            "norms added up",
            instead_of=TOTAL,
            wrote="total = norms.sum()",
            symptom="The norm that you return is the sum of the tensors' norms.",
            hint="Norms do not add; their squares do. The gradient is one long vector that "
            "happens to be stored in several tensors.",
        ),
        Misconception(
            "each tensor by itself",
            instead_of=SCALED,
            wrote="gradient.mul_((max_norm / gradient.norm()).clamp(max=1.0))",
            symptom="Every tensor is shortened to the norm by itself, so that together they "
            "point elsewhere and may still be too long.",
            hint="One factor for all tensors keeps the direction of the step.",
        ),
        Misconception(
            "by value",
            instead_of=SCALED,
            wrote="gradient.clamp_(-max_norm, max_norm)",
            symptom="Single entries are cut off at the bound, and the others stay.",
            hint="That is clipping by value. By norm, every entry is multiplied by the same "
            "factor.",
        ),
        Misconception(
            "always rescaled",
            instead_of=FACTOR,
            wrote="factor = max_norm / total",
            symptom="A gradient that was short enough comes out longer than it was.",
            hint="The norm is a bound, not a length to reach: the factor is never above 1.",
        ),
        Misconception(
            "square of the norm",
            instead_of=TOTAL,
            wrote="total = norms.norm() ** 2",
            symptom="What you return, and divide by, is the square of the norm.",
            hint="The root of the sum of squares is still to be taken.",
        ),
        Misconception(
            "not in place",
            instead_of=SCALED,
            wrote="gradient = gradient * factor",
            symptom="The norm is right, but the gradients are as they were.",
            hint="The optimizer will read the parameters' own gradients: those must change. A "
            "new tensor under an old name changes nothing.",
        ),
        Misconception(
            "clipped norm returned",
            instead_of="return total",
            wrote="return total * factor",
            symptom="You return the norm after clipping.",
            hint="The norm before clipping is the one worth watching: it says how often, and "
            "by how much, clipping had to act.",
        ),
        Misconception(
            "first tensor only",
            instead_of=NORMS,
            wrote="norms = gradients[0].norm()[None]",
            symptom="The norm is that of the first gradient alone.",
            hint="All gradients together are one vector; collect the squares of all of them.",
        ),
        Misconception(
            "stumbles over None",
            instead_of="[p.grad for p in parameters if p.grad is not None]",
            wrote="[p.grad for p in parameters]",
            symptom="A parameter without a gradient stops you.",
            hint="Frozen or unused parameters have no gradient. Pass over them.",
        ),
        Misconception(
            "generator used up",
            instead_of="for gradient in gradients:\n",
            wrote="for gradient in [p.grad for p in parameters if p.grad is not None]:\n",
            symptom="With a generator the norm is right, but no gradient is clipped.",
            hint="A model hands its parameters out as a generator, which can be run through "
            "once. Keep in a list what you need twice.",
        ),
        Misconception(
            "largest entry for the norm",
            instead_of="gradient.norm() for",
            wrote="gradient.abs().max() for",
            symptom="Your norm is made of the tensors' largest entries.",
            hint="Every entry counts, by its square.",
        ),
        Misconception(
            "always rescaled, with an epsilon",
            instead_of=FACTOR,
            wrote="factor = max_norm / (total + 1e-6)",
            symptom="A gradient that was short enough comes out longer than it was.",
            hint="The norm is a bound, not a length to reach: the factor is never above 1.",
        ),
        Misconception(
            "compared with one",
            instead_of=FACTOR,
            wrote="factor = max_norm / total if total > 1 else torch.ones(())",
            symptom="Whether you clip depends on the number 1, not on the bound.",
            hint="A gradient is too long when its norm exceeds the bound that was given.",
        ),
        Misconception(
            "longest tensor for the norm",
            instead_of=TOTAL,
            wrote="total = norms.max()",
            symptom="The norm that you return is that of the longest tensor.",
            hint="The squares of all entries of all tensors belong under one root.",
        ),
        Misconception(
            "last tensor only",
            instead_of=TOTAL,
            wrote="total = norms[-1]",
            symptom="The norm is that of the last gradient alone.",
            hint="All gradients together are one vector; collect the squares of all of them.",
        ),
        Misconception(
            "stumbles over nothing",
            instead_of="    if not gradients:\n        return torch.tensor(0.0)\n",
            wrote="",
            symptom="Where no parameter has a gradient, something stops you.",
            hint="The norm of nothing is 0.",
        ),
        Misconception(
            "factor from the square",
            instead_of=FACTOR,
            wrote="factor = (max_norm / total**2).clamp(max=1.0)",
            symptom="The norm that you return is right, and the gradients come out too short.",
            hint="What the gradient is divided by is the norm itself, not its square.",
        ),
        Misconception(
            "square returned",
            instead_of="return total",
            wrote="return total**2",
            symptom="The gradients are right, and what you return is the square of the norm.",
            hint="The norm is the root of the sum of squares.",
        ),
        Misconception(
            "norms not squared under the root",
            instead_of=TOTAL,
            wrote="total = norms.sum().sqrt()",
            symptom="The norm that you return is the root of the sum of the tensors' norms.",
            hint="A root undoes a square: what is added up under it are the squares of the "
            "norms.",
        ),
        Misconception(
            "root of the mean",
            instead_of=TOTAL,
            wrote="total = norms.norm() / sum(g.numel() for g in gradients) ** 0.5",
            symptom="The norm that you return does not grow with the number of entries.",
            hint="A norm is the root of the sum of squares; divided by their number it is a "
            "typical entry.",
        ),
        Misconception(
            "sum of sizes",
            instead_of=f"{NORMS}\n    {TOTAL}",
            wrote="total = sum(g.abs().sum() for g in gradients)",
            symptom="The norm that you return is the sum of all entries' sizes.",
            hint="Square, add up, and take the root: that is the length of the gradient.",
        ),
        Misconception(
            "factor upside down",
            instead_of=FACTOR,
            wrote="factor = (total / max_norm).clamp(max=1.0)",
            symptom="Long gradients stay, and short ones get shorter.",
            hint="The longer the gradient, the smaller the factor: the norm stands below the "
            "line.",
        ),
        Misconception(
            "plain number returned",
            instead_of="return total",
            wrote="return total.item()",
            symptom="The norm is right, but it is a plain number.",
            hint="Return it as a tensor: a number would have to wait for the device at every "
            "step.",
        ),
    ),
)
