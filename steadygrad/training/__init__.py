"""Training: the loop that every chapter shares, its record, and what it leaves on disk.

    for each epoch:  shuffle;  for each batch:  θ ← θ − step(∇ loss(model(x), y))

A run that diverges is not an error here: it is something to look at.

    evaluation     pick_device, batches, evaluate: running a model without changing it
    runs           History, what a run saw; Run and Callback, what it shares on the way
    checkpoints    save_checkpoint, load_checkpoint for weights; save_run for all of a run
    callbacks      Schedule, EarlyStopping, TensorBoard, Checkpoint
    fitting        fit: the loop
    descent        Descent: any rule of this course as an optimizer in the manner of PyTorch
    flat           its vectors: parameters and gradients laid end to end
    states         what a rule remembers, as a tree that can be changed and saved
    fused          a rule, compiled where that is right
"""

from steadygrad.training.callbacks import (
    Checkpoint,
    EarlyStopping,
    Schedule,
    TensorBoard,
    Writer,
    tensorboard_writer,
)
from steadygrad.training.checkpoints import (
    Model,
    load_checkpoint,
    resume_run,
    save_checkpoint,
    save_run,
)
from steadygrad.training.descent import Descent, Rule
from steadygrad.training.evaluation import Evaluation, Loss, batches, evaluate, pick_device
from steadygrad.training.fitting import AfterStep, fit
from steadygrad.training.runs import Callback, History, Run

__all__ = [
    "AfterStep",
    "Callback",
    "Checkpoint",
    "Descent",
    "EarlyStopping",
    "Evaluation",
    "History",
    "Loss",
    "Model",
    "Rule",
    "Run",
    "Schedule",
    "TensorBoard",
    "Writer",
    "batches",
    "evaluate",
    "fit",
    "load_checkpoint",
    "pick_device",
    "resume_run",
    "save_checkpoint",
    "save_run",
    "tensorboard_writer",
]
