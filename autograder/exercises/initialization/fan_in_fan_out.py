"""Exercise 2.1: fans of dense, convolutional and grouped weights."""

from math import prod

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization


def fan_cases(rng):
    def case(name, *shape, groups=1):
        return Case(name, dict(shape=shape, groups=groups), by_fan)

    def some(low, high):
        return int(torch.randint(low, high, (), generator=rng))

    each = some(26, 40)
    yield case("a convolution of 3 × 5", some(40, 80), some(8, 30), 3, 5)
    yield case("a dense layer", some(20, 90), some(100, 900))
    yield case("a convolution in 4 groups", 4 * some(7, 20), 4 * some(1, 4), 3, 3, groups=4)
    yield case("every channel a group of its own", each, 1, 5, 5, groups=each)
    yield case("a convolution over time", some(16, 30), some(2, 15), 7)
    yield case("a convolution in space and time", 8, 4, 3, 3, 2)
    yield case("a dense layer of one unit", 1, 9)


def fan_called(path):
    return ("fan_in", "fan_out")[path[0]] if path else "result"


by_fan = close(call=fan_called)


def fans_by_size_of_the_weight(shape, groups=1):
    """Another right way: all weights, shared out over the outputs or over the inputs."""
    return prod(shape[1:]), prod(shape) // (shape[1] * groups)


FAN_IN_FAN_OUT = Exercise(
    target=initialization.fan_in_fan_out,
    points=2,
    cases=fan_cases,
    accepts=(fans_by_size_of_the_weight,),
    goal="derive the scale of first weights from one variance equation",
    section="Who feeds whom",
    minutes=5,
    difficulty=1,
    trace=Trace(
        inputs=dict(shape=(4, 3, 2, 2), groups=2),
        steps=lambda: [
            ("kernel area", "2 · 2 = 4"),
            ("fan_in, 3 channels times the area", "12"),
            ("outputs of one group", "4 / 2 = 2"),
            ("fan_out, times the area", "8"),
        ],
    ),
    misconceptions=(
        Misconception(
            "kernel area forgotten",
            instead_of="area = math.prod(shape[2:])",
            wrote="area = 1",
            symptom="Your fans count channels only.",
            hint="One output of a convolution adds up a whole window: every channel, at every "
            "place that the kernel covers.",
        ),
        Misconception(
            "in and out swapped",
            instead_of="return fan_in, fan_out",
            wrote="return fan_out, fan_in",
            symptom="Your two fans have changed places.",
            hint="PyTorch stores a weight with its outputs first.",
        ),
        Misconception(
            "one kernel side only",
            instead_of="math.prod(shape[2:])",
            wrote="math.prod(shape[2:3])",
            symptom="Your fans count one side of the kernel.",
            hint="A kernel covers an area, and in space and time a volume: "
            "all its sides multiply.",
        ),
        Misconception(
            "kernel taken for a square",
            instead_of="math.prod(shape[2:])",
            wrote="shape[-1] ** 2 if len(shape) > 2 else 1",
            symptom="Your fans take every kernel for a square.",
            hint="A kernel may be higher than wide, have one side, or three: multiply "
            "the sides that there are.",
        ),
        Misconception(
            "images only",
            instead_of="math.prod(shape[2:])",
            wrote="shape[2] * shape[3] if len(shape) == 4 else 1",
            symptom="You leave out the kernel of convolutions over time, or in space and time.",
            hint="A kernel has as many sides as there are numbers after the first two.",
        ),
        Misconception(
            "fan out multiplied by the groups",
            instead_of="shape[0] // groups * area",
            wrote="shape[0] * groups * area",
            symptom="With groups your fan_out is too large by the square of their number.",
            hint="An input goes to the outputs of its own group only.",
        ),
        Misconception(
            "fan in divided by the groups again",
            instead_of="fan_in = shape[1] * area",
            wrote="fan_in = shape[1] // groups * area",
            symptom="With groups your fan_in is too small by the number of groups.",
            hint="The second number of the shape is what one group sees: it has been divided "
            "already.",
        ),
        Misconception(
            "fan in multiplied by the groups",
            instead_of="fan_in = shape[1] * area",
            wrote="fan_in = shape[1] * groups * area",
            symptom="With groups your fan_in counts the channels of all groups.",
            hint="A unit sees the channels of its own group and no others.",
        ),
        Misconception(
            "groups ignored in fan out",
            instead_of="shape[0] // groups * area",
            wrote="shape[0] * area",
            symptom="With groups your fan_out is too large by the number of groups.",
            hint="An input goes to the outputs of its own group only.",
        ),
        Misconception(
            "kernel area in fan in only",
            instead_of="fan_out = shape[0] // groups * area",
            wrote="fan_out = shape[0] // groups",
            symptom="Your fan_out leaves out the kernel.",
            hint="The window slides. So one input falls under every place of the kernel once.",
        ),
        Misconception(
            "all weights of the layer",
            instead_of="fan_in = shape[1] * area",
            wrote="fan_in = math.prod(shape)",
            symptom="Your fan_in is the number of weights in the whole layer.",
            hint="Count what one unit adds up, not what all of them do.",
        ),
        Misconception(
            "quotient left a float",
            instead_of="shape[0] // groups * area",
            wrote="shape[0] / groups * area",
            symptom="Your fan_out has the right value, but is a float.",
            hint="A fan is a count. The groups divide the outputs without remainder, so divide "
            "whole numbers.",
        ),
        Misconception(
            "kernel area in fan out only",
            instead_of="fan_in = shape[1] * area",
            wrote="fan_in = shape[1]",
            symptom="Your fan_in leaves out the kernel.",
            hint="One output adds up a whole window, at every place that the kernel covers.",
        ),
        Misconception(
            "sides of the kernel added",
            instead_of="area = math.prod(shape[2:])",
            wrote="area = sum(shape[2:]) or 1",
            symptom="You add the sides of the kernel.",
            hint="An area is the product of its sides.",
        ),
        Misconception(
            "inputs and outputs last",
            instead_of="area = math.prod(shape[2:])\n"
            "    fan_in = shape[1] * area\n"
            "    fan_out = shape[0] // groups * area",
            wrote="area = math.prod(shape[:-2])\n"
            "    fan_in = shape[-2] * area\n"
            "    fan_out = shape[-1] // groups * area",
            symptom="You read the shape from its end: kernel first, then inputs, then outputs.",
            hint="That is TensorFlow's order. PyTorch's is outputs, inputs, kernel.",
        ),
        Misconception(
            "all weights, shared out over the inputs",
            instead_of="fan_out = shape[0] // groups * area",
            wrote="fan_out = math.prod(shape)",
            symptom="Your fan_out is the number of weights in the whole layer.",
            hint="Count where one input goes, not where all of them do.",
        ),
    ),
)
