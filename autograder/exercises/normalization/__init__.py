"""Exercises of chapter 4: normalization.  One file an exercise, named as its function."""

from autograder.exercises.normalization.batch_norm import BATCH_NORM
from autograder.exercises.normalization.batch_norm_backward import BATCH_NORM_BACKWARD
from autograder.exercises.normalization.fold_batch_norm import FOLD_BATCH_NORM
from autograder.exercises.normalization.group_norm import GROUP_NORM
from autograder.exercises.normalization.layer_norm import LAYER_NORM
from autograder.exercises.normalization.recalibrate import RECALIBRATE
from autograder.exercises.normalization.rms_norm import RMS_NORM

EXERCISES = (  # in the chapter's order
    BATCH_NORM,
    BATCH_NORM_BACKWARD,
    LAYER_NORM,
    GROUP_NORM,
    RMS_NORM,
    FOLD_BATCH_NORM,
    RECALIBRATE,
)
