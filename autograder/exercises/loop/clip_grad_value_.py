"""Exercise 5.5: cut single entries off."""

import math

import torch

from autograder.recipes import Leaf, Once, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop


def value_cases(rng):
    def leaf(*shape, size=1.0):
        return Leaf(
            3 * torch.randn(shape, generator=rng), size * torch.randn(shape, generator=rng)
        )

    def case(name, parameters, clip_value):
        return Case(name, dict(parameters=Written(parameters), clip_value=clip_value))

    yield case("entries of both signs", [leaf(4, 5), leaf(6)], 0.4)
    yield case("one tensor large, one small", [leaf(8, size=100.0), leaf(8, size=0.2)], 0.7)
    yield case("nothing to cut", [leaf(3, 3, size=0.01)], 2.5)
    one_sided = Leaf(torch.ones(4), torch.tensor([-9.0, -3.0, -0.5, -2.0]))
    yield case("negative entries only", [one_sided], 1.5)
    yield case("a parameter without gradient", [Leaf(torch.ones(2)), leaf(5, size=4.0)], 0.9)
    broken = torch.tensor([math.nan, math.inf, -math.inf, 0.2])
    yield case("NaN and infinity", [Leaf(torch.ones(4), broken)], 0.5)
    yield case("a generator of parameters", Once([leaf(3, size=9.0), leaf(2)]), 0.25)


def value_steps():
    return [
        ("the gradient, entry by entry", "3, −0.5, −4"),
        ("cut off at −1 and 1", "[1, −0.5, −1]"),
        ("the parameter, untouched", "[5, 6, 7]"),
    ]


def value_by_torch(parameters, clip_value):
    """Another right way: PyTorch's own."""
    torch.nn.utils.clip_grad_value_(parameters, clip_value)


def value_by_where(parameters, clip_value):
    """Another right way: compare and choose."""
    for p in parameters:
        if p.grad is not None:
            large = p.grad.abs() > clip_value
            p.grad[large] = clip_value * p.grad[large].sign()


CLAMPED = "parameter.grad.clamp_(min=-clip_value, max=clip_value)"

CLIP_GRAD_VALUE_ = Exercise(
    target=loop.clip_grad_value_,
    points=1,
    cases=value_cases,
    accepts=(value_by_torch, value_by_where),
    goal="clip a gradient, and say what that does to its direction",
    section="Entry by entry: clipping by value",
    minutes=4,
    difficulty=1,
    trace=Trace(
        inputs=dict(
            parameters=Written(
                [Leaf(torch.tensor([5.0, 6.0, 7.0]), torch.tensor([3.0, -0.5, -4.0]))]
            ),
            clip_value=1.0,
        ),
        steps=value_steps,
    ),
    misconceptions=(
        Misconception(
            "one-sided",
            instead_of=CLAMPED,
            wrote="parameter.grad.clamp_(max=clip_value)",
            symptom="Entries far below zero are still there.",
            hint="A gradient may be too large in either direction.",
        ),
        Misconception(
            "rescaled to the bound",
            instead_of=CLAMPED,
            wrote="parameter.grad.mul_((clip_value / parameter.grad.abs().max()).clamp(max=1))",
            symptom="Small entries have shrunk along with the large ones.",
            hint="Each entry is cut off by itself; one within the bound stays.",
        ),
        Misconception(
            "weights clipped",
            instead_of=CLAMPED,
            wrote="parameter.data.clamp_(min=-clip_value, max=clip_value)",
            symptom="The parameters changed; their gradients did not.",
            hint="The bound is for the gradients. The weights are the optimizer's business.",
        ),
        Misconception(
            "NaN repaired",
            instead_of=CLAMPED,
            wrote="parameter.grad.nan_to_num_(0.0).clamp_(min=-clip_value, max=clip_value)",
            symptom="An entry that was not a number has become 0.",
            hint="NaN means that something broke before. Hidden, it would be found much later.",
        ),
        Misconception(
            "not in place",
            instead_of=CLAMPED,
            wrote="parameter.grad.clamp(min=-clip_value, max=clip_value)",
            symptom="The gradients are as they were.",
            hint="The clipped values must be where the optimizer will look for them.",
        ),
        Misconception(
            "stumbles over None",
            instead_of="if parameter.grad is not None:",
            wrote="if True:",
            symptom="A parameter without a gradient stops you.",
            hint="Frozen or unused parameters have no gradient. Pass over them.",
        ),
        Misconception(
            "large entries dropped",
            instead_of=CLAMPED,
            wrote="parameter.grad.masked_fill_(parameter.grad.abs() > clip_value, 0.0)",
            symptom="Entries beyond the bound have become 0.",
            hint="They keep their sign and go to the bound, not away.",
        ),
        Misconception(
            "one-sided, from below",
            instead_of=CLAMPED,
            wrote="parameter.grad.clamp_(min=-clip_value)",
            symptom="Entries far above zero are still there.",
            hint="A gradient may be too large in either direction.",
        ),
        Misconception(
            "sign lost",
            instead_of=CLAMPED,
            wrote="parameter.grad[parameter.grad.abs() > clip_value] = clip_value",
            symptom="Entries far below zero have gone to the bound above it.",
            hint="A large entry keeps its sign: the bound has two ends.",
        ),
        Misconception(
            "by norm",
            instead_of="for parameter in parameters:",
            wrote="__import__('torch').nn.utils.clip_grad_norm_(parameters, clip_value)\n"
            "    for parameter in ():",
            symptom="All entries have shrunk by one factor.",
            hint="That is clipping by norm. By value each entry is cut off by itself; one "
            "within the bound stays.",
        ),
        Misconception(
            "stops at None",
            instead_of="if parameter.grad is not None:\n            parameter",
            wrote="if parameter.grad is None:\n            return\n        parameter",
            symptom="After a parameter without a gradient you clip no more.",
            hint="Pass over what has no gradient, and go on with the next.",
        ),
        Misconception(
            "first parameter only",
            instead_of=CLAMPED,
            wrote=CLAMPED + "\n            return",
            symptom="Only your first gradient is clipped.",
            hint="Every parameter has its turn. Return after the last one.",
        ),
        Misconception(
            "squashed",
            instead_of=CLAMPED,
            wrote="parameter.grad.div_(clip_value).tanh_().mul_(clip_value)",
            symptom="Entries within the bound have shrunk a little.",
            hint="What is within the bound stays exactly as it is, and what is beyond it "
            "goes to the bound.",
        ),
    ),
)
