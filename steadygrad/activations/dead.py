"""Dead units: those that no example switches on; how to count them, how to replace them."""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from steadygrad.checks import checked


@checked
def dead_units(outputs: Float[Tensor, "examples units"]) -> Bool[Tensor, " units"]:
    """Which units put out 0 for every one of these examples."""
    return (outputs == 0).all(dim=0)


@checked
def dead_unit_fraction(
    model: nn.Module, layer: str, batches: Iterable[Float[Tensor, "_ ..."]]
) -> float:
    """The share of a layer's units that no example of a data set switches on.

        dead = the output is 0 for every example of every batch
        (and at every place, if the layer puts out images: then a unit is a channel)

    `layer` names the activation's module, as in `model.named_modules()`; its output has the
    units in dimension 1.  The model is read in evaluation mode and handed back as it was: every
    module in its own mode, no hook left.  Raises ValueError if there are no examples, since
    then nothing is known about any unit.
    """
    on = []  # a row for each example, or for each place of it; a column for each unit

    def note(_module, _inputs, output):
        on.append(output.movedim(1, -1).flatten(0, -2) != 0)

    modes = [(module, module.training) for module in model.modules()]
    hook = model.get_submodule(layer).register_forward_hook(note)
    try:
        with torch.no_grad():
            model.eval()
            for batch in batches:
                model(batch)
    finally:
        hook.remove()
        for module, mode in modes:
            module.training = mode
    if not any(len(rows) for rows in on):
        raise ValueError("There are no examples: hand in at least one batch that has some.")
    return 1 - torch.cat(on).any(dim=0).double().mean().item()


@checked
def revived(
    weight: Float[Tensor, "units inputs"],
    bias: Float[Tensor, " units"],
    dead: Bool[Tensor, " units"],
    *,
    rng: torch.Generator,
) -> tuple[Float[Tensor, "units inputs"], Float[Tensor, " units"]]:
    """The same layer, with the dead units drawn anew as He draws them and their bias at 0.

        W ~ N(0, 2 / inputs)        b = 0        for dead units; the others are left alone

    The numbers are drawn on the generator's device and copied to the layer's.
    """
    fresh = torch.randn(weight.shape, generator=rng, device=rng.device, dtype=weight.dtype)
    fresh = fresh.to(weight.device) * math.sqrt(2 / weight.shape[1])
    return torch.where(dead[:, None], fresh, weight), torch.where(dead, 0.0, bias)
