"""Runs: what a training run has seen so far, and all that decides how it goes on."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


@dataclass(frozen=True)
class History:
    """What one run of `fit` saw: a loss for each step, and four numbers after each epoch."""

    batch_loss: list[float] = field(default_factory=list)  # before each step, dropout and all
    train_loss: list[float] = field(default_factory=list)  # after each epoch, in eval mode
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)  # empty without a test set
    test_accuracy: list[float] = field(default_factory=list)
    diverged: bool = False  # a loss became infinite or NaN, and the run stopped there


@dataclass
class Run:
    """A training run at one moment; the one thing that `fit` and its callbacks share.

    A callback ends the run by setting `stop`: after this step, or this epoch.
    """

    model: nn.Module
    optimizer: Optimizer
    history: History
    callbacks: tuple["Callback", ...] = ()
    epoch: int = 0  # epochs that are over
    batch: int = 0  # batches of the present epoch that are over
    shuffling: Tensor = field(default_factory=lambda: torch.Generator().get_state())
    stop: bool = False  # `shuffling` draws the order of the present epoch


class Callback:
    """Something that happens on the way: `fit` calls each of its callbacks, in their order.

    One that remembers things between its calls returns them from `state_dict`, as PyTorch's
    own classes do, and takes them back in `load_state_dict`: else a resumed run would differ.
    """

    def at_start(self, run: Run) -> None:
        """Before the first step: forget what another run has left, if this one uses it again.

        A run that resumes hands the saved state to `load_state_dict` after this.
        """

    def after_step(self, run: Run) -> None:
        """After each step, its gradients still in place."""

    def after_epoch(self, run: Run) -> None:
        """After each epoch, its numbers already in the history."""

    def at_end(self, run: Run) -> None:
        """Once, when the run is over, whatever ended it."""

    def state_dict(self) -> dict:
        return {}

    def load_state_dict(self, state: dict) -> None:
        pass
