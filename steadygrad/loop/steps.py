"""Steps: one step of training in the right order, a measurement in the right mode."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.optim import Optimizer

from steadygrad.checks import bound, checked, not_negative

Loss = Callable[[Tensor, Tensor], Tensor]  # (outputs, targets) -> the batch's mean


@checked(max_norm=bound)
def train_step(
    model: nn.Module,
    optimizer: Optimizer,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float | None = None,
) -> float:
    """One step of training on one batch, in the only order that works.

        forget → predict → compare → differentiate → (clip) → step

    The model trains in training mode, whatever mode it came in, and stays in it.  Gradients
    that it holds from before must not count.  With `max_norm` all gradients together are
    clipped to that norm.  Those of this step, clipped or not, stay in place for whoever wants
    to look.
    `loss_fn` gets what the model returns.

    Returns the loss of the batch before the step, as a plain number.
    """
    model.train()
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    if max_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()


@checked
def evaluate(model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
    """The mean cross-entropy and the share of right classes, over all examples.

        loss = (1/n) Σ over all n examples        accuracy = right / n

    Measured in evaluation mode and without a graph; each module gets its own mode back, since
    some may be frozen while others train.  Batches may differ in size: every example counts
    the same.  The model returns scores of shape (batch, classes).
    """
    modes = {module: module.training for module in model.modules()}
    lost, right, n = 0.0, 0, 0
    model.eval()
    try:
        with torch.no_grad():
            for x, y in loader:
                scores = model(x)
                lost += F.cross_entropy(scores, y, reduction="sum").item()
                right += int((scores.argmax(dim=1) == y).sum())
                n += len(y)
    finally:  # also when it is interrupted
        for module, was_training in modes.items():
            module.training = was_training
    if n == 0:
        raise ValueError("The loader held no example, so there is nothing to measure.")
    return lost / n, right / n


@checked(lr=not_negative)
def overfit_one_batch(
    model: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float
) -> list[float]:
    """The loss on one batch, step after step: a network that cannot learn this is broken.

    Plain gradient descent, θ ← θ − lr · ∇ cross-entropy, on the same batch every time, in
    training mode but with every `nn.Dropout` switched off: nothing may stand in the way of
    memorising.  A healthy network gets below 0.01.

    Returns the loss before each of the `steps` steps, as plain numbers: the first one is
    that of the model as it was given.  Works on a copy; the model is not changed.
    """
    model = copy.deepcopy(model).train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses
