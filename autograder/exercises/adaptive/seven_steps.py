"""What every rule of this chapter is asked: seven steps, because one from zero tells little."""

from collections.abc import Sequence

import torch
from torch import Tensor

from autograder.compare import close
from autograder.recipes import Carried, Each


def seven(rng: torch.Generator, size: int = 4) -> Each:
    """Gradients whose coordinates differ a hundredfold, one ten times as large, one zero."""
    scale = torch.logspace(-1, 1, size)
    gradients = scale * torch.randn(7, size, generator=rng)
    gradients[2] *= 10
    gradients[4] = 0
    return Each(list(gradients))


def seven_steps(rng: torch.Generator, size: int = 4, **settings: object) -> dict:
    """The inputs of a rule for seven steps, its state carried from each to the next."""
    return dict(gradient=seven(rng, size), state=Carried(), **settings)


def few_steps(*gradients: float | Sequence[float] | Tensor, **settings: object) -> dict:
    """The same for gradients that are given."""
    tensors = [torch.as_tensor(g, dtype=torch.float32).reshape(-1) for g in gradients]
    return dict(gradient=Each(tensors), state=Carried(), **settings)


directions = close(call=lambda path: " ".join(["the direction of step", *named(path)]))


def named(path: tuple) -> list[str]:
    """Steps are counted from 1."""
    return [str(path[0] + 1), *map(str, path[1:])] if path else ["1"]
