"""Checkpoints: the weights of a model on disk."""

from os import PathLike
from typing import TypeVar

from safetensors.torch import load_file, save_file
from torch import nn

Model = TypeVar("Model", bound=nn.Module)


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
