"""What the data know already: how frequent each class is, and how large a layer's outputs."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from steadygrad.checks import checked, positive, rule
from steadygrad.initialization.schemes import LAYERS

SCALED = (*LAYERS, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@checked(counts=rule("counts, 0 or more", lambda v: v.numel() > 0 and bool((v >= 0).all())))
def output_bias_from_counts(
    counts: Shaped[Tensor, " classes"],
) -> Float[Tensor, " classes"]:
    """The last layer's bias with which a network starts at the classes' own shares.

        b_k = log(n_k / Σ n),  so that  softmax(b)_k = n_k / Σ n

    A class that never occurred counts as if it had occurred once: log 0 would be −∞.  So does
    every count below 1: give it counts, not shares.  Adding the same number to all of b
    changes nothing.

    >>> output_bias_from_counts(torch.tensor([90, 10])).softmax(dim=0)
    tensor([0.9000, 0.1000])
    """
    counts = counts.clamp(min=1)
    shares = counts / counts.sum()
    return shares.log()


def _modes_kept(initializer: Callable) -> Callable:
    """Give each module its mode back, also when it is interrupted."""

    @functools.wraps(initializer)
    def careful(model: nn.Module, *args: Any, **kwargs: Any) -> None:
        modes = {module: module.training for module in model.modules()}
        try:
            initializer(model, *args, **kwargs)
        finally:
            for module, training in modes.items():
                module.training = training

    return careful


_SEVERAL = rule("several different examples", lambda v: len(v) > 1 and bool((v != v[0]).any()))


@checked(x=_SEVERAL, tol=positive)
@_modes_kept
def lsuv_(
    model: nn.Sequential,
    x: Float[Tensor, "batch *shape"],
    tol: float = 0.02,
    max_iter: int = 10,
) -> None:
    """Layer-sequential unit variance: measure, and divide (Mishkin & Matas, 2016).

        for each linear or convolutional layer, first to last:
            up to max_iter times, while |Var(z) − 1| ≥ tol:   W ← W / √Var(z)
            b ← b − mean(z), once

    z is what the layer puts out for the batch `x`, before its activation; variance and mean
    go over all of its entries.  Weights first, then the bias: scaling W moves the mean again.
    (The paper scales the weights only.)  A layer inside another module is left as it is.
    The parameters of the model are written into.  It is measured as it will be used, without
    dropout, and each module is left in the mode, training or evaluation, in which it came.

    A layer whose biases alone spread more than 1 never gets there, hence max_iter.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        for number, layer in enumerate(model, start=1):
            if not isinstance(layer, SCALED):
                continue
            for _ in range(max_iter):
                variance = model[:number](x).var()
                if abs(variance - 1) < tol:
                    break
                layer.weight /= variance.sqrt()
            if layer.bias is not None:
                layer.bias -= model[:number](x).mean()
    for module, training in modes.items():
        module.training = training
