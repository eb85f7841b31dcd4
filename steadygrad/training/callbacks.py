"""Callbacks: a schedule's step, stopping early, curves for TensorBoard, and a checkpoint."""

import copy
import math
from os import PathLike
from pathlib import Path
from typing import Protocol, runtime_checkable

from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from steadygrad.checks import at_least, checked, not_negative, one_of
from steadygrad.training.checkpoints import save_run
from steadygrad.training.runs import Callback, Run


class Schedule(Callback):
    """Lets one of PyTorch's schedulers take its step, after every step or after every epoch.

    Each run begins where the scheduler stood when this was made, unless it resumes another.
    One that watches a metric (`ReduceLROnPlateau`) is given the test loss of the epoch, or the
    training loss where there is no test set.
    """

    @checked(each=one_of("step", "epoch"))
    def __init__(self, scheduler: LRScheduler, each: str = "step"):
        self.scheduler, self.each = scheduler, each
        if isinstance(scheduler, ReduceLROnPlateau) and each == "step":
            raise ValueError(
                "ReduceLROnPlateau watches the loss of an epoch; write Schedule(..., 'epoch')."
            )
        groups = scheduler.optimizer.param_groups
        self.first = copy.deepcopy(scheduler.state_dict())
        self.settings = [{k: v for k, v in g.items() if k != "params"} for g in groups]

    def at_start(self, run: Run) -> None:
        if self.scheduler.optimizer is not run.optimizer:
            raise ValueError(
                "This Schedule moves the rate of another optimizer than the run's; make its "
                "scheduler from the optimizer that you give to fit."
            )
        self.scheduler.load_state_dict(copy.deepcopy(self.first))
        for group, settings in zip(run.optimizer.param_groups, self.settings, strict=True):
            group.update(settings)

    def after_step(self, run: Run) -> None:  # noqa: ARG002 - the signature is Callback's
        if self.each == "step":
            self.scheduler.step()

    def after_epoch(self, run: Run) -> None:
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step((run.history.test_loss or run.history.train_loss)[-1])
        elif self.each == "epoch":
            self.scheduler.step()

    def state_dict(self) -> dict:
        return self.scheduler.state_dict()

    def load_state_dict(self, state: dict) -> None:
        self.scheduler.load_state_dict(state)


class EarlyStopping(Callback):
    """Ends a run when the test loss has not fallen for `patience` epochs, and keeps the best.

    When the run is over, whatever ended it, the model gets the weights of its best epoch.  Each
    run begins anew, unless it resumes another.
    """

    @checked(patience=at_least(1), min_delta=not_negative)
    def __init__(self, patience: int = 5, min_delta: float = 0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.waited, self.weights = math.inf, 0, None

    def at_start(self, run: Run) -> None:  # noqa: ARG002 - the signature is Callback's
        self.best, self.waited, self.weights = math.inf, 0, None

    def after_epoch(self, run: Run) -> None:
        if not run.history.test_loss:
            raise ValueError(
                "EarlyStopping watches the test loss, but this run has no test set; "
                "call fit(..., test=...)."
            )
        if run.history.test_loss[-1] < self.best - self.min_delta:
            self.best, self.waited = run.history.test_loss[-1], 0
            state = run.model.state_dict()
            self.weights = {name: value.detach().clone() for name, value in state.items()}
        else:
            self.waited += 1
        run.stop = run.stop or self.waited >= self.patience

    def at_end(self, run: Run) -> None:
        if self.weights is not None:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict:
        return {"best": self.best, "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state: dict) -> None:
        self.best, self.waited = state["best"], state["waited"]
        self.weights = state["weights"]


@runtime_checkable
class Writer(Protocol):
    """What takes numbers by name and step; `torch.utils.tensorboard.SummaryWriter` does."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> object: ...


class TensorBoard(Callback):
    """Hands the losses, the accuracies and the learning rate to a writer as they come."""

    @checked
    def __init__(self, writer: Writer):
        self.writer = writer

    def after_step(self, run: Run) -> None:
        step = len(run.history.batch_loss) - 1
        self.writer.add_scalar("step/loss", run.history.batch_loss[-1], step)
        self.writer.add_scalar("step/rate", run.optimizer.param_groups[0]["lr"], step)

    def after_epoch(self, run: Run) -> None:
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
            if values := getattr(run.history, name):
                self.writer.add_scalar(f"epoch/{name}", values[-1], len(values) - 1)


@checked
def tensorboard_writer(folder: str | PathLike) -> Writer:
    """PyTorch's own writer of TensorBoard's files.

    Raises ModuleNotFoundError, with what to install, where TensorBoard is missing.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter  # an extra, not a dependency
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "TensorBoard is not installed; `pip install tensorboard` brings it, and everything "
            "else in the course works without."
        ) from error
    return SummaryWriter(folder)


class Checkpoint(Callback):
    """Saves the whole run after each epoch, and every so many steps, always to one file.

    Comes last in the list of callbacks, since what follows it would be saved a step too early.
    """

    @checked(every_steps=at_least(1))
    def __init__(self, path: str | PathLike, *, every_steps: int | None = None):
        self.path, self.every_steps = Path(path), every_steps

    def after_step(self, run: Run) -> None:
        if self.every_steps and len(run.history.batch_loss) % self.every_steps == 0:
            save_run(run, self.path)

    def after_epoch(self, run: Run) -> None:
        save_run(run, self.path)
