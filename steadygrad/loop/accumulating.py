"""Accumulating: the gradient of a batch that is too large to be held at once."""

from collections.abc import Callable

from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]  # (outputs, targets) -> the batch's mean


def accumulate_gradients(
    model: nn.Module, loss_fn: Loss, micro_batches: list[tuple[Tensor, Tensor]]
) -> float:
    """Leave in the model the gradient of the mean loss over all micro-batches together.

        n = Σ nᵢ        loss = Σ (nᵢ / n) lossᵢ        ∇ loss = Σ (nᵢ / n) ∇ lossᵢ

    `loss_fn` is a batch's mean.  Each micro-batch goes through the model by itself, so that
    only one of them needs memory at a time.  Gradients from before are forgotten.  The weights
    stay as they are: stepping is the optimizer's part.

    Returns the loss, as a plain number.
    """
    n = sum(len(y) for _, y in micro_batches)
    model.zero_grad()
    total = 0.0
    for x, y in micro_batches:
        loss = loss_fn(model(x), y) * (len(y) / n)
        loss.backward()
        total += loss.item()
    return total
