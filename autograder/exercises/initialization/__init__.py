"""Chapter 2: initialization.  One file an exercise, named as its function."""

from autograder.exercises.initialization.distinct_units import DISTINCT_UNITS
from autograder.exercises.initialization.fan_in_fan_out import FAN_IN_FAN_OUT
from autograder.exercises.initialization.gain_from_activation import GAIN_FROM_ACTIVATION
from autograder.exercises.initialization.lsuv import LSUV
from autograder.exercises.initialization.orthogonal import ORTHOGONAL
from autograder.exercises.initialization.output_bias_from_counts import OUTPUT_BIAS_FROM_COUNTS
from autograder.exercises.initialization.variance_scaling import VARIANCE_SCALING

EXERCISES = (  # in the chapter's order
    FAN_IN_FAN_OUT,
    VARIANCE_SCALING,
    GAIN_FROM_ACTIVATION,
    ORTHOGONAL,
    DISTINCT_UNITS,
    OUTPUT_BIAS_FROM_COUNTS,
    LSUV,
)
