"""Chapter 1: what a gradient goes through.  One file an exercise, named as its function."""

from autograder.exercises.gradients.depth_limit import DEPTH_LIMIT
from autograder.exercises.gradients.gradient_check import GRADIENT_CHECK
from autograder.exercises.gradients.layer_gradient_rms import LAYER_GRADIENT_RMS
from autograder.exercises.gradients.mlp_backward import MLP_BACKWARD
from autograder.exercises.gradients.numerical_gradient import NUMERICAL_GRADIENT
from autograder.exercises.gradients.sigmoid_chain_gradient import SIGMOID_CHAIN_GRADIENT
from autograder.exercises.gradients.softmax_cross_entropy_grad import SOFTMAX_CROSS_ENTROPY_GRAD

EXERCISES = (  # in the chapter's order
    SIGMOID_CHAIN_GRADIENT,
    DEPTH_LIMIT,
    SOFTMAX_CROSS_ENTROPY_GRAD,
    NUMERICAL_GRADIENT,
    GRADIENT_CHECK,
    MLP_BACKWARD,
    LAYER_GRADIENT_RMS,
)
