"""Wrong answers that are right on one side of an edge: each was accepted while nobody asked
for the other side.  (Those that many people hold are misconceptions of their exercise.)
"""

import pytest

from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here
from autograder.spec import Misconception

ONE_SIDED = {  # what they overlook: (exercise, the edit that overlooks it)
    "a zero velocity is no first step": (
        "momentum.sgd",
        "gradient if state is None",
        "gradient if state is None or not state.any()",
    ),
    "fewer examples than one batch, to be left out": (
        "momentum.minibatches",
        "if drop_last else n",
        "if drop_last and n > batch_size else n",
    ),
    "a weight with one row is a weight": (
        "momentum.param_groups",
        "p.ndim >= 2]",
        "p.ndim >= 2 and len(p) > 1]",
    ),
    "a valley that is nearly level": (
        "momentum.max_stable_lr",
        "if largest == 0",
        "if torch.allclose(hessian, torch.zeros_like(hessian))",
    ),
    "a matrix that is nearly zero": (
        "adaptive.newton_schulz",
        "x / x.norm().clamp(min=eps)",
        "(x / x.norm()).nan_to_num(0.0)",
    ),
    "an eps of one's own": ("adaptive.newton_schulz", "min=eps", "min=1e-7"),
    "parameters that move between the steps": (
        "adaptive.adamw",
        "direction, state = adam(gradient, state, betas=betas, eps=eps)",
        "theta, old = (theta, None) if state is None else state\n"
        "    direction, new = adam(gradient, old, betas=betas, eps=eps)\n"
        "    state = theta, new",
    ),
    "a metric of exactly 0": (
        "schedules.plateau",
        "metric < best * (1 - threshold)",
        "metric and metric < best * (1 - threshold)",
    ),
    "a loss that is no number at the very first step": (
        "schedules.lr_finder",
        "if not loss.isfinite():",
        "if not loss.isfinite() and t:",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "right", "wrong"), ONE_SIDED.values(), ids=ONE_SIDED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_overlooks_one_side_of_an_edge_loses_points(name, right, wrong, seed):
    exercise = EXERCISES[name]
    overlooks = exercise.variant(Misconception(wrong, right, wrong, "", ""))
    assert grade(exercise, run_here(overlooks), seed).score < exercise.points
