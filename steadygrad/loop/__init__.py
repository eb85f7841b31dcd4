"""The training loop under control: its order, its modes, and its gradients kept in bounds.

steps           train_step, evaluate, overfit_one_batch
accumulating    accumulate_gradients: a large batch in small pieces
clipping        clip_grad_norm_, clip_grad_value_, and cosine to compare directions
residual        residual_variance: how large a branch may be
cliffs          cliff, a loss with a steep wall, and descend, gradient descent on it
"""

from steadygrad.loop.accumulating import IGNORED, accumulate_gradients, counted
from steadygrad.loop.cliffs import CLIPS, Step, cliff, descend
from steadygrad.loop.clipping import clip_grad_norm_, clip_grad_value_, cosine
from steadygrad.loop.residual import residual_variance
from steadygrad.loop.steps import Loss, evaluate, overfit_one_batch, train_step

__all__ = [
    "CLIPS",
    "IGNORED",
    "Loss",
    "Step",
    "accumulate_gradients",
    "cliff",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cosine",
    "counted",
    "descend",
    "evaluate",
    "overfit_one_batch",
    "residual_variance",
    "train_step",
]
