"""Fitting: one loop over epochs and batches, and the record of what it saw."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil, isfinite

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.optim import SGD, Optimizer
from tqdm.auto import tqdm

from steadygrad.data import Examples
from steadygrad.training.evaluation import Loss, batches, device_of, evaluate, mode

AfterStep = Callable[[int, nn.Module, float], object]


@dataclass(frozen=True)
class History:
    """What one run of `fit` saw: a loss for each step, and four numbers after each epoch."""

    batch_loss: list[float] = field(default_factory=list)  # before each step, dropout and all
    train_loss: list[float] = field(default_factory=list)  # after each epoch, in eval mode
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)  # empty without a test set
    test_accuracy: list[float] = field(default_factory=list)
    diverged: bool = False  # a loss became infinite or NaN, and the run stopped there


def fit(
    model: nn.Module,
    train: Examples,
    *,
    epochs: int,
    batch_size: int = 64,
    optimizer: Optimizer | None = None,
    learning_rate: float = 0.1,
    loss: Loss = F.cross_entropy,
    test: Examples | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    progress: bool = True,
    after_step: AfterStep | None = None,
) -> History:
    """Train a model in place by mini-batch descent, and return what was seen on the way.

    Without an `optimizer` it is plain SGD with `learning_rate`; with one, that number is not
    used. The model stays on its device unless `device` names another; give an optimizer only
    to a model that is already there. `after_step(step, model, batch_loss)` is called after
    every step, counted from zero, while the gradients of that step are still in place: room
    for a probe or a schedule.

    The seed decides the order of the batches and what dropout draws, so a run can be repeated
    to the bit on one machine, whatever happened before it; a test set changes nothing in it.

    A batch whose loss is infinite or NaN ends the run, unstepped, with `diverged=True`; the
    epoch it broke off has no entries. Raises ValueError for an optimizer that holds none of
    the model's parameters.
    """
    device = device_of(model) if device is None else torch.device(device)
    model.to(device)
    train, test = _to(train, device), None if test is None else _to(test, device)
    if optimizer is None:
        optimizer = SGD(model.parameters(), lr=learning_rate)
    _check_that_it_steps(optimizer, model)
    history, shuffling = History(), torch.Generator().manual_seed(seed)
    total = epochs * ceil(len(train.y) / batch_size)
    with _seeded(seed), mode(model, training=True), _bar(total, progress) as bar:
        for _ in range(epochs):
            for batch in batches(train, batch_size, rng=shuffling):
                value = _step(model, batch, optimizer, loss)
                history.batch_loss.append(value)
                if not isfinite(value):
                    return replace(history, diverged=True)
                if after_step:
                    after_step(len(history.batch_loss) - 1, model, value)
                bar.update()
            _record(history, model, train, test, loss)
            bar.set_postfix(loss=history.train_loss[-1])
    return replace(history, diverged=not all(map(isfinite, history.train_loss)))


def _step(model: nn.Module, batch: Examples, optimizer: Optimizer, loss: Loss) -> float:
    optimizer.zero_grad()
    value = loss(model(batch.x), batch.y)
    if isfinite(value.item()):  # a step along NaN would only spread it over the weights
        value.backward()
        optimizer.step()
    return value.item()


def _record(
    history: History, model: nn.Module, train: Examples, test: Examples | None, loss: Loss
) -> None:
    on_train = evaluate(model, train, loss=loss)
    history.train_loss.append(on_train.loss)
    history.train_accuracy.append(on_train.accuracy)
    if test is not None:
        on_test = evaluate(model, test, loss=loss)
        history.test_loss.append(on_test.loss)
        history.test_accuracy.append(on_test.accuracy)


def _check_that_it_steps(optimizer: Optimizer, model: nn.Module) -> None:
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held.isdisjoint(map(id, model.parameters())):
        raise ValueError(
            f"This {type(optimizer).__name__} holds none of the model's parameters, so it "
            "would train another model; make a new one from model.parameters()."
        )


def _to(examples: Examples, device: torch.device) -> Examples:
    return Examples(examples.x.to(device), examples.y.to(device))


def _bar(total: int, progress: bool) -> tqdm:
    # Only a bar that is not told `disable` listens to TQDM_DISABLE.
    return tqdm(
        total=total, unit="step", leave=False, **({} if progress else {"disable": True})
    )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed what dropout draws from, and give the CPU's generator back as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
