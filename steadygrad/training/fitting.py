"""Fitting: one loop over epochs and batches, that can be watched, stopped and resumed."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from math import ceil, isfinite
from os import PathLike

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.optim import SGD, Optimizer
from tqdm.auto import tqdm

from steadygrad.checks import at_least, bound, checked, not_negative
from steadygrad.data import Examples
from steadygrad.training.callbacks import Checkpoint
from steadygrad.training.checkpoints import resume_run
from steadygrad.training.evaluation import Loss, batches, device_of, evaluate, mode
from steadygrad.training.runs import Callback, History, Run

AfterStep = Callable[[int, nn.Module, float], object]


@checked(batch_size=at_least(1), learning_rate=not_negative, max_norm=bound)
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
    drop_last: bool = False,
    device: torch.device | str | None = None,
    progress: bool = True,
    after_step: AfterStep | None = None,
    max_norm: float | None = None,
    callbacks: Sequence[Callback] = (),
    resume: str | PathLike | None = None,
) -> History:
    """Train a model in place by mini-batch descent, and return what was seen on the way.

    Without an `optimizer` it is plain SGD with `learning_rate`; with one, that number is not
    used. The model stays on its device unless `device` names another; give an optimizer only
    to a model that is already there. `after_step(step, model, batch_loss)` is called after
    every step, counted from zero, while the gradients of that step are still in place: room
    for a probe or a schedule.

    The last batch of an epoch is smaller where the size does not divide the set; `drop_last`
    leaves it out, as batch norm needs it where a single example is left over.

    With `max_norm` all gradients together are clipped to that norm before each step. Each of
    the `callbacks` hears of every step and epoch, in their order, and may end the run.
    `resume` names the file of a `Checkpoint`: with the same arguments otherwise, the run goes
    on where that file was written, to the bit, and `epochs` counts from its first start.

    The seed decides the order of the batches and what dropout draws, so a run can be repeated
    to the bit on one machine, whatever happened before it; a test set changes nothing in it.

    A batch whose loss is infinite or NaN ends the run, unstepped, with `diverged=True`; the
    epoch it broke off has no entries. Raises ValueError for an optimizer that holds none of
    the model's parameters, for a `Checkpoint` that is not the last callback, for a file to
    resume from that is of another model, and for a batch norm that would meet a batch of one.
    """
    device = device_of(model) if device is None else torch.device(device)
    model.to(device)
    train, test = _to(train, device), None if test is None else _to(test, device)
    if optimizer is None:
        optimizer = SGD(model.parameters(), lr=learning_rate)
    _check_that_it_steps(optimizer, model)
    _check_the_order(callbacks)
    if not drop_last and (len(train.y) - 1) % batch_size == 0:
        _check_a_batch_of_one(model, train)
    run = Run(model, optimizer, History(), tuple(callbacks))
    shuffling = torch.Generator().manual_seed(seed)
    run.shuffling = shuffling.get_state()
    steps = len(train.y) // batch_size if drop_last else ceil(len(train.y) / batch_size)
    with (
        _seeded(seed),
        mode(model, training=True),
        _bar(epochs * steps, progress) as bar,
        _announced(run),
    ):
        for callback in run.callbacks:
            callback.at_start(run)
        if resume is not None:
            resume_run(run, resume)
            shuffling.set_state(run.shuffling)
            bar.update(len(run.history.batch_loss))
        while run.epoch < epochs and not run.stop:
            epoch = batches(train, batch_size, rng=shuffling, drop_last=drop_last)
            for batch in islice(epoch, run.batch, None):
                value = _step(model, batch, optimizer, loss, max_norm)
                run.history.batch_loss.append(value)
                if not isfinite(value):
                    return _ended(run, diverged=True)
                run.batch += 1
                if after_step:
                    after_step(len(run.history.batch_loss) - 1, model, value)
                for callback in run.callbacks:
                    callback.after_step(run)
                bar.update()
                if run.stop:
                    return _ended(run)
            run.epoch, run.batch, run.shuffling = run.epoch + 1, 0, shuffling.get_state()
            _record(run.history, model, train, test, loss)
            bar.set_postfix(loss=run.history.train_loss[-1])
            for callback in run.callbacks:
                callback.after_epoch(run)
        return _ended(run)


def _ended(run: Run, *, diverged: bool = False) -> History:
    for callback in run.callbacks:
        callback.at_end(run)
    diverged = diverged or not all(map(isfinite, run.history.train_loss))
    return replace(run.history, diverged=diverged)


def _step(
    model: nn.Module,
    batch: Examples,
    optimizer: Optimizer,
    loss: Loss,
    max_norm: float | None,
) -> float:
    optimizer.zero_grad()
    value = loss(model(batch.x), batch.y)
    if isfinite(value.item()):  # a step along NaN would only spread it over the weights
        value.backward()
        if max_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
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


@contextmanager
def _announced(run: Run) -> Iterator[None]:
    """Tell the callbacks of an end that was not foreseen, a Ctrl-C say."""
    try:
        yield
    except BaseException:
        _ended(run)
        raise


def _check_that_it_steps(optimizer: Optimizer, model: nn.Module) -> None:
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held.isdisjoint(map(id, model.parameters())):
        raise ValueError(
            f"This {type(optimizer).__name__} holds none of the model's parameters, so it "
            "would train another model; make a new one from model.parameters()."
        )


def _check_the_order(callbacks: Sequence[Callback]) -> None:
    if any(isinstance(callback, Checkpoint) for callback in callbacks[:-1]):
        raise ValueError(
            "A Checkpoint saves what the callbacks before it have done, so it comes last; "
            "move it to the end of the list."
        )


def _check_a_batch_of_one(model: nn.Module, train: Examples) -> None:
    """Better before the run than in the middle of its first epoch."""
    kinds = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm
    if not any(isinstance(module, kinds) for module in model.modules()):
        return
    alone = copy.deepcopy(model).train()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            alone(train.x[:1])
    except ValueError as error:
        raise ValueError(
            "The last batch of each epoch has a single example, of which batch norm cannot "
            "take a variance; call fit(..., drop_last=True) or choose another batch_size."
        ) from error


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
