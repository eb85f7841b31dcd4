"""Training: the loop that every chapter shares, its record, and what it leaves on disk.

    for each epoch:  shuffle;  for each batch:  θ ← θ − step(∇ loss(model(x), y))

A run that diverges is not an error here: it is something to look at.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil, isfinite
from os import PathLike
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Int64
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.optim import SGD, Optimizer
from tqdm.auto import tqdm

from steadygrad.data import Examples

Model = TypeVar("Model", bound=nn.Module)
Loss = Callable[[Tensor, Tensor], Tensor]  # (scores, classes) -> the batch's mean
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


class Evaluation(NamedTuple):
    """How good a model is on a set: its mean loss, and its share of right classes."""

    loss: float
    accuracy: float


def pick_device(name: str | None = None) -> torch.device:
    """The accelerator (CUDA, MPS, …) if this machine has one, else the CPU.

    Raises ValueError for a device that this machine lacks.
    """
    here = ["cpu"]
    if torch.accelerator.is_available():
        here.insert(0, torch.accelerator.current_accelerator().type)
    device = torch.device(name or here[0])
    if device.type not in here:
        raise ValueError(f"This machine has no {name!r}; choose one of {', '.join(here)}.")
    return device


def batches(
    examples: Examples,
    batch_size: int,
    *,
    rng: torch.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[Examples]:
    """One epoch of mini-batches: every example once, in a fresh order from `rng`.

    Without `rng` the order is the set's own. The last batch is smaller when the size does
    not divide the set; `drop_last` leaves it out (batch normalization cannot learn from a
    batch of one).

    >>> four = Examples(torch.eye(4), torch.arange(4))
    >>> [batch.y.tolist() for batch in batches(four, 3)]
    [[0, 1, 2], [3]]

    Raises ValueError for a size below one and when there would be no batch at all.
    """
    n = len(examples.y)
    if batch_size < 1 or n < (batch_size if drop_last else 1):
        raise ValueError(
            f"{n} examples in batches of {batch_size} (drop_last={drop_last}) make no batch; "
            "choose a size between 1 and the number of examples."
        )
    chunks = _order(n, rng).to(examples.x.device).split(batch_size)
    if drop_last and n % batch_size:
        chunks = chunks[:-1]
    return (Examples(examples.x[chunk], examples.y[chunk]) for chunk in chunks)


def _order(n: int, rng: torch.Generator | None) -> Int64[Tensor, " n"]:
    return (
        torch.arange(n) if rng is None else torch.randperm(n, generator=rng, device=rng.device)
    )


def evaluate(
    model: nn.Module,
    examples: Examples,
    *,
    loss: Loss = F.cross_entropy,
    batch_size: int = 1000,
) -> Evaluation:
    """The mean loss and the share of right classes, measured in eval mode.

    Batches of unequal size are weighted by their size, so `batch_size` changes only memory
    and speed. Leaves gradients, running statistics and every layer's mode as they were.
    """
    lost, right, device = 0.0, 0, _device(model)
    with _mode(model, training=False), torch.no_grad():
        for x, y in batches(examples, batch_size):
            scores, y = model(x.to(device)), y.to(device)
            lost += loss(scores, y).item() * len(y)
            right += int((scores.argmax(dim=1) == y).sum())
    return Evaluation(lost / len(examples.y), right / len(examples.y))


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
    device = _device(model) if device is None else torch.device(device)
    model.to(device)
    train, test = _to(train, device), None if test is None else _to(test, device)
    if optimizer is None:
        optimizer = SGD(model.parameters(), lr=learning_rate)
    _check_that_it_steps(optimizer, model)
    history, shuffling = History(), torch.Generator().manual_seed(seed)
    total = epochs * ceil(len(train.y) / batch_size)
    with _seeded(seed), _mode(model, training=True), _bar(total, progress) as bar:
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


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


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


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Every layer in one mode, and afterwards each in its own: some may be frozen."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before.items():
            module.training = was_training


def save_checkpoint(model: nn.Module, path: str | PathLike) -> None:
    """Write a model's parameters and buffers in safetensors, a format that runs no code."""
    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    # A copy of each: safetensors refuses tensors that share memory, as tied weights do.
    save_file({name: tensor.clone().contiguous() for name, tensor in weights.items()}, path)


def load_checkpoint(model: Model, path: str | PathLike) -> Model:
    """Put the weights of a checkpoint into a model of the same build, and return it.

    Raises ValueError, and leaves the model as it was, when a name or a shape differs.
    """
    stored, own = load_file(path), model.state_dict()
    there = {name: tuple(tensor.shape) for name, tensor in stored.items()}
    here = {name: tuple(tensor.shape) for name, tensor in own.items()}
    wrong = sorted(
        name for name in there.keys() | here.keys() if there.get(name) != here.get(name)
    )
    if wrong:
        name = wrong[0]
        raise ValueError(
            f"The checkpoint {str(path)!r} is of another model: {len(wrong)} tensors differ, "
            f"first {name!r}, which is {there.get(name, 'absent')} in the file and "
            f"{here.get(name, 'absent')} in the model; build the model as it was saved."
        )
    model.load_state_dict(stored)
    return model
