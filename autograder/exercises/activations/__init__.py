"""Chapter 3: activation functions.  One file an exercise, named as its function."""

from autograder.exercises.activations.dead_unit_fraction import DEAD_UNIT_FRACTION
from autograder.exercises.activations.elu import ELU
from autograder.exercises.activations.gelu import GELU
from autograder.exercises.activations.prelu_backward import PRELU_BACKWARD
from autograder.exercises.activations.randomized_leaky_relu import RANDOMIZED_LEAKY_RELU
from autograder.exercises.activations.selu import SELU
from autograder.exercises.activations.selu_constants import SELU_CONSTANTS
from autograder.exercises.activations.softplus import SOFTPLUS
from autograder.exercises.activations.stable_sigmoid import STABLE_SIGMOID
from autograder.exercises.activations.swiglu import SWIGLU

EXERCISES = (  # in the chapter's order
    STABLE_SIGMOID,
    SOFTPLUS,
    ELU,
    RANDOMIZED_LEAKY_RELU,
    PRELU_BACKWARD,
    SELU_CONSTANTS,
    SELU,
    GELU,
    SWIGLU,
    DEAD_UNIT_FRACTION,
)
