"""Checkpoints: the weights of a model on disk, or a whole run, so that it can go on."""

from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from steadygrad.checks import checked
from steadygrad.training.evaluation import device_of
from steadygrad.training.runs import History, Run

Model = TypeVar("Model", bound=nn.Module)


@checked
def save_checkpoint(model: nn.Module, path: str | PathLike) -> None:
    """Write a model's parameters and buffers in safetensors, a format that runs no code."""
    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    # A copy of each: safetensors refuses tensors that share memory, as tied weights do.
    save_file({name: tensor.clone().contiguous() for name, tensor in weights.items()}, path)


@checked
def load_checkpoint(model: Model, path: str | PathLike) -> Model:
    """Put the weights of a checkpoint into a model of the same build, and return it.

    Raises ValueError, and leaves the model as it was, when a name or a shape differs.
    """
    stored = load_file(path)
    _check_the_build(stored, model, path)
    model.load_state_dict(stored)
    return model


def _check_the_build(stored: Mapping[str, Tensor], model: nn.Module, path) -> None:
    there = {name: tuple(tensor.shape) for name, tensor in stored.items()}
    here = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
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


# ── A whole run ─────────────────────────────────────────────────────────────────────


@checked
def save_run(run: Run, path: str | PathLike) -> None:
    """Write all that decides how a run goes on: six things, of which the weights are one.

        weights and buffers · the optimizer's state · the callbacks' (schedules among them) ·
        the random states · the place within the epoch · the history

    The file replaces an older one only once it is whole, so that an interruption while
    saving costs nothing.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    torch.save(
        {
            "model": run.model.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            "kinds": _kinds(run),
            "callbacks": [callback.state_dict() for callback in run.callbacks],
            "random": _random_states(run.model),
            "shuffling": run.shuffling,
            "place": {"epoch": run.epoch, "batch": run.batch, "stop": run.stop},
            "history": asdict(run.history),
        },
        part,
    )
    part.replace(path)


@checked
def resume_run(run: Run, path: str | PathLike) -> None:
    """Put a saved run's state into a new one of the same build, in place.

    The random states are PyTorch's global ones, so that dropout draws on where it stopped.
    The file is read as data: it can run no code.  Raises ValueError, before anything is
    changed, when the model or the callbacks are others than those that were saved.
    """
    stored = torch.load(path, weights_only=True, map_location="cpu")
    if not isinstance(stored, dict) or not {"model", "kinds", "place"} <= stored.keys():
        raise ValueError(f"The file {str(path)!r} holds no run that a Checkpoint has saved.")
    _check_the_build(stored["model"], run.model, path)
    kinds = _kinds(run)
    if stored["kinds"] != kinds:
        raise ValueError(
            f"The run in {str(path)!r} had {', '.join(stored['kinds'])}, this one has "
            f"{', '.join(kinds)}; give `fit` the optimizer and the callbacks that it had, in "
            "the same order."
        )
    run.optimizer.load_state_dict(stored["optimizer"])
    run.model.load_state_dict(stored["model"])
    for callback, state in zip(run.callbacks, stored["callbacks"], strict=True):
        callback.load_state_dict(state)
    run.history, run.shuffling = History(**stored["history"]), stored["shuffling"]
    place = stored["place"]
    run.epoch, run.batch, run.stop = place["epoch"], place["batch"], place["stop"]
    _set_random_states(run.model, stored["random"])


def _kinds(run: Run) -> list[str]:
    """Of which classes the optimizer and the callbacks are."""
    return [type(each).__name__ for each in (run.optimizer, *run.callbacks)]


def _random_states(model: nn.Module) -> dict[str, Tensor]:
    """The global generators that this model's layers draw from, by device."""
    states, kind = {"cpu": torch.get_rng_state()}, device_of(model).type
    if kind != "cpu":
        states[kind] = torch.get_device_module(kind).get_rng_state()
    return states


def _set_random_states(model: nn.Module, states: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    kind = device_of(model).type
    if kind != "cpu" and kind in states:
        torch.get_device_module(kind).set_rng_state(states[kind])
