"""Training: the loop that every chapter shares, its record, and what it leaves on disk.

    for each epoch:  shuffle;  for each batch:  θ ← θ − step(∇ loss(model(x), y))

A run that diverges is not an error here: it is something to look at.

    evaluation     pick_device, batches, evaluate: running a model without changing it
    fitting        fit, and the History it returns
    checkpoints    save_checkpoint, load_checkpoint
    descent        Descent: any rule of this course as an optimizer in the manner of PyTorch
    flat           its buffers: parameters laid end to end
    states         what a rule remembers, cut, moved and packed
    fused          a rule and its step, compiled into one
"""

from steadygrad.training.checkpoints import Model, load_checkpoint, save_checkpoint
from steadygrad.training.descent import Descent, Rule
from steadygrad.training.evaluation import Evaluation, Loss, batches, evaluate, pick_device
from steadygrad.training.fitting import AfterStep, History, fit

__all__ = [
    "AfterStep",
    "Descent",
    "Evaluation",
    "History",
    "Loss",
    "Model",
    "Rule",
    "batches",
    "evaluate",
    "fit",
    "load_checkpoint",
    "pick_device",
    "save_checkpoint",
]
