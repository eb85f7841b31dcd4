"""Running: an optimizer that is told its rate before every step."""

from collections.abc import Callable

from torch.optim import Optimizer

from steadygrad.checks import at_least, checked, one_of
from steadygrad.schedules.composing import Schedule


@checked(steps_per_epoch=at_least(1), per=one_of("step", "epoch"))
def run_with_schedule(
    optimizer: Optimizer,
    schedule: Schedule,
    closure: Callable[[], float],
    epochs: int,
    steps_per_epoch: int,
    per: str = "step",
) -> list[float]:
    """Train under a schedule, and return the rate that each step used.

        rate of a group at step t = its rate at the start · schedule(t)

    The schedule returns factors, as LambdaLR's do, so that groups of different rates keep
    their ratio.  With per="step" it is asked for every step t = 0, 1, 2, …, with per="epoch"
    for the number of the epoch, which counts from 0, too.  `closure` clears the gradients,
    computes them anew and returns the loss; it is called once a step.  The very first
    step uses schedule(0).

    Returns the rates of the first group, one for each of the epochs · steps_per_epoch steps.
    """
    first = [group["lr"] for group in optimizer.param_groups]
    used = []
    for t in range(epochs * steps_per_epoch):
        factor = schedule(t if per == "step" else t // steps_per_epoch)
        for group, lr in zip(optimizer.param_groups, first, strict=True):
            group["lr"] = lr * factor
        closure()
        optimizer.step()
        used.append(optimizer.param_groups[0]["lr"])
    return used
