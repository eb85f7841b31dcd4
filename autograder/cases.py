"""The cases of an exercise for one seed: its own, and what every exercise is asked besides."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograder.recipes import Each, each_tensor, spread
from autograder.spec import Case, Exercise
from autograder.state import known_state


@known_state()
def draw(exercise: Exercise, seed: int) -> list[Case]:
    """Its own cases first, the typical one in front; then the properties that all must have."""
    cases = list(exercise.cases(torch.Generator().manual_seed(seed)))
    return [*cases, *properties(cases[0])]


def properties(typical: Case) -> Iterator[Case]:
    """The typical case again: in another dtype, with gaps in memory, a second time."""
    seen = _tensors(typical)
    floats = {tensor.dtype for tensor in seen if tensor.is_floating_point()}
    if floats:
        other = torch.float32 if torch.float64 in floats else torch.float64
        yield _again(
            typical,
            f"in {str(other).removeprefix('torch.')}",
            lambda tensor: tensor.to(other) if tensor.is_floating_point() else tensor,
        )
    if any(tensor.numel() > 1 for tensor in seen):
        yield _again(typical, "inputs that are not contiguous in memory", spread)
    yield Case("the first case a second time", typical.inputs, typical.judge, besides=True)


def on_accelerator(exercise: Exercise, seed: int) -> Case | None:
    """The typical case on this machine's accelerator, if it has one and the case a tensor.

    Not one of those that count: a score must not depend on the machine.
    """
    typical = draw(exercise, seed)[0]
    # a generator draws on its own device only, and the one of a case lives on the CPU
    inputs = [*typical.inputs.values()]
    inputs += [part for value in inputs if isinstance(value, Each) for part in value.values]
    draws = any(isinstance(value, torch.Generator) for value in inputs)
    if draws or not torch.accelerator.is_available() or not _tensors(typical):
        return None
    device = torch.accelerator.current_accelerator()
    return _again(typical, f"on {device.type}", lambda tensor: tensor.to(device))


def _tensors(case: Case) -> list[Tensor]:
    seen: list[Tensor] = []
    each_tensor(case.inputs, lambda tensor: seen.append(tensor) or tensor)
    return seen


def _again(typical: Case, name: str, change: Callable[[Tensor], Tensor]) -> Case:
    return Case(name, each_tensor(typical.inputs, change), typical.judge, besides=True)
