"""Chapter 8: learning-rate schedules.  One file an exercise, named as its function."""

from autograder.exercises.schedules.cosine_warm_restarts import COSINE_WARM_RESTARTS
from autograder.exercises.schedules.exponential_decay import EXPONENTIAL_DECAY
from autograder.exercises.schedules.lr_finder import LR_FINDER
from autograder.exercises.schedules.one_cycle import ONE_CYCLE
from autograder.exercises.schedules.plateau import PLATEAU
from autograder.exercises.schedules.power_decay import POWER_DECAY
from autograder.exercises.schedules.run_with_schedule import RUN_WITH_SCHEDULE
from autograder.exercises.schedules.step_decay import STEP_DECAY
from autograder.exercises.schedules.suggest_lr import SUGGEST_LR
from autograder.exercises.schedules.warmup_cosine import WARMUP_COSINE

EXERCISES = (  # in the chapter's order
    POWER_DECAY,
    EXPONENTIAL_DECAY,
    STEP_DECAY,
    PLATEAU,
    WARMUP_COSINE,
    COSINE_WARM_RESTARTS,
    ONE_CYCLE,
    RUN_WITH_SCHEDULE,
    SUGGEST_LR,
    LR_FINDER,
)
