"""Chapter 6: SGD and momentum.  One file an exercise, named as its function."""

from autograder.exercises.momentum.convert_momentum import CONVERT_MOMENTUM
from autograder.exercises.momentum.max_stable_lr import MAX_STABLE_LR
from autograder.exercises.momentum.minibatches import MINIBATCHES
from autograder.exercises.momentum.nesterov_step import NESTEROV_STEP
from autograder.exercises.momentum.param_groups import PARAM_GROUPS
from autograder.exercises.momentum.quadratic_path import QUADRATIC_PATH
from autograder.exercises.momentum.sgd import SGD

EXERCISES = (  # in the chapter's order
    MINIBATCHES,
    SGD,
    CONVERT_MOMENTUM,
    NESTEROV_STEP,
    QUADRATIC_PATH,
    MAX_STABLE_LR,
    PARAM_GROUPS,
)
