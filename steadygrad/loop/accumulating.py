"""Accumulating: the gradient of a batch that is too large to be held at once."""

from collections.abc import Callable

from torch import Tensor, nn

from steadygrad.checks import checked, rule

IGNORED = -100  # the class that cross-entropy passes over, unless it is told another
Loss = Callable[[Tensor, Tensor], Tensor]  # (outputs, targets) -> the batch's mean


@checked
def counted(y: Tensor) -> int:
    """Over how many targets a mean loss is taken.

    All that are not −100, where the targets are classes: of padded sequences that is the number
    of real tokens.  Where they are numbers, one for each example.
    """
    return len(y) if y.is_floating_point() else int((y != IGNORED).sum())


@checked(
    micro_batches=rule("with a target that counts", lambda v: any(counted(y) for _, y in v))
)
def accumulate_gradients(
    model: nn.Module, loss_fn: Loss, micro_batches: list[tuple[Tensor, Tensor]]
) -> float:
    """Leave in the model the gradient of the mean loss over all micro-batches together.

        n = Σ nᵢ        loss = Σ (nᵢ / n) lossᵢ        ∇ loss = Σ (nᵢ / n) ∇ lossᵢ
        nᵢ: the targets that the mean of micro-batch i is taken over

    `loss_fn` is a batch's mean.  Each micro-batch goes through the model by itself, so that
    only one of them needs memory at a time.  Gradients from before are forgotten.  The weights
    stay as they are: stepping is the optimizer's part.

    Returns the loss, as a plain number.
    """
    n = sum(counted(y) for _, y in micro_batches)
    model.zero_grad()
    total = 0.0
    for x, y in micro_batches:
        if not counted(y):
            continue
        loss = loss_fn(model(x), y) * (counted(y) / n)
        loss.backward()
        total += loss.item()
    return total
