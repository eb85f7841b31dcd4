"""Chapter 7: adaptive optimizers.  One file an exercise, named as its function."""

from autograder.exercises.adaptive.adadelta import ADADELTA
from autograder.exercises.adaptive.adagrad import ADAGRAD
from autograder.exercises.adaptive.adam import ADAM
from autograder.exercises.adaptive.adamw import ADAMW
from autograder.exercises.adaptive.amsgrad import AMSGRAD
from autograder.exercises.adaptive.lion import LION
from autograder.exercises.adaptive.matching_rate import MATCHING_RATE
from autograder.exercises.adaptive.newton_schulz import NEWTON_SCHULZ
from autograder.exercises.adaptive.rmsprop import RMSPROP

EXERCISES = (  # in the chapter's order
    ADAGRAD,
    RMSPROP,
    ADADELTA,
    ADAM,
    AMSGRAD,
    ADAMW,
    LION,
    MATCHING_RATE,
    NEWTON_SCHULZ,
)
