"""Chapter 5: the training loop under control.  One file an exercise, named as its function."""

from autograder.exercises.loop.accumulate_gradients import ACCUMULATE_GRADIENTS
from autograder.exercises.loop.clip_grad_norm_ import CLIP_GRAD_NORM_
from autograder.exercises.loop.clip_grad_value_ import CLIP_GRAD_VALUE_
from autograder.exercises.loop.evaluate import EVALUATE
from autograder.exercises.loop.overfit_one_batch import OVERFIT_ONE_BATCH
from autograder.exercises.loop.residual_variance import RESIDUAL_VARIANCE
from autograder.exercises.loop.train_step import TRAIN_STEP

EXERCISES = (  # in the chapter's order
    TRAIN_STEP,
    EVALUATE,
    OVERFIT_ONE_BATCH,
    CLIP_GRAD_NORM_,
    CLIP_GRAD_VALUE_,
    ACCUMULATE_GRADIENTS,
    RESIDUAL_VARIANCE,
)
