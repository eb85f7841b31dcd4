"""Probes: numbers read from a network, which is left as it was found.

A reading runs the network once forward and once backward on the batch it is given.
It does so on stand-ins that share the weights' memory but not their bookkeeping, so
no gradient, running statistic, mode, hook or random state differs afterwards.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.dropout import _DropoutNd

from steadygrad.checks import checked

NO_ACTIVATIONS = (_DropoutNd, nn.Flatten, nn.Unflatten)  # though they treat each entry alone
FLAT = 0.01  # a slope below this share of the activation's steepest counts as flat


class LayerReading(NamedTuple):
    """One call of one leaf module, in numbers; None where there is nothing to measure."""

    name: str  # as in named_modules(); a second call of the same module ends in " (call 2)"
    kind: str  # "layer" (has a weight), "activation", "other", or "skipped: " and the reason
    mean: float | None
    rms: float | None
    saturation: float | None  # share of entries where the activation is flat
    activation_gradient_rms: float | None
    weight_gradient_rms: float | None


Loss = Callable[[Tensor, Tensor], Tensor]


@checked
def read_layers(
    model: nn.Module, x: Tensor, y: Tensor, loss: Loss = F.cross_entropy
) -> list[LayerReading]:
    """The sizes of all signals and gradients of one batch, one reading per call of a leaf.

        rms(a) = √(mean of a²)        for a layer's output, ∂loss/∂output and ∂loss/∂weight
        saturation = share of entries with |φ′(z)| < 1 % of the steepest slope of φ

    A linear layer and the activation behind it are two readings, of kind "layer" and
    "activation"; `by_layer` joins them for plotting.  For a ReLU the saturation is the share of
    zeros.  A module whose output is not a tensor of floats is listed as "skipped: ...".

    Surprises: with a mean loss the activation gradients shrink as 1/batch, the weight gradients
    do not.  The network is read in the mode it is in: call `model.eval()` first if dropout
    should be off.  Raises ValueError if nothing could be read or the loss is not one number.
    """
    calls: list[_Call] = []
    stand_ins = {name: p.detach().requires_grad_() for name, p in model.named_parameters()}
    # batch norm writes into its buffers
    stand_ins |= {name: buffer.clone() for name, buffer in model.named_buffers()}
    with _random_state_kept(x), torch.enable_grad(), _recorded(model, calls):
        value = loss(functional_call(model, stand_ins, (x.detach().clone(),)), y)
    _check(model, calls, value)
    points = [t for call in calls for t in (call.output, call.weight) if t is not None]
    gradients = iter(torch.autograd.grad(value, points, materialize_grads=True))
    return [_reading(call, gradients) for call in calls]


@checked
def by_layer(readings: Sequence[LayerReading]) -> list[LayerReading]:
    """One reading per layer with a weight: its own, or its activation's where one follows.

    The name and the weight gradient stay the layer's; mean, rms, saturation and gradient become
    those of the activation that directly follows it.
    """
    joined: list[LayerReading] = []
    for previous, reading in zip([None, *readings], readings, strict=False):
        if reading.kind == "layer":
            joined.append(reading)
        elif reading.kind == "activation" and previous and previous.kind == "layer":
            layer = joined[-1]
            joined[-1] = reading._replace(
                name=layer.name, weight_gradient_rms=layer.weight_gradient_rms
            )
    return joined


@checked
def rms(values: Tensor | None) -> float | None:
    """Root mean square, also where the squares would leave the range of the numbers.

    In float32 the square of 1e-25 is 0: a vanishing gradient would look like a dead one.
    """
    if values is None or values.numel() == 0:
        return None
    size = torch.linalg.vector_norm(values).item() / math.sqrt(values.numel())
    if 1e-3 < size < 1e2:  # no square of any importance over- or underflows, float16 included
        return size
    largest = values.abs().max()
    if largest == 0 or not largest.isfinite():
        return largest.item()
    share = torch.linalg.vector_norm(values / largest).item() / math.sqrt(values.numel())
    return largest.item() * share


@checked
def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """A copy of every parameter, by name: what `update_ratio` wants from before a step."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


Weights = Mapping[str, Tensor] | Sequence[Tensor]


@checked
def update_ratio(before: Weights, after: Weights) -> dict[str, float]:
    """How far each tensor moved, compared with its own size.

        ratio = ‖after − before‖ / ‖before‖        (norms of all entries; 0/0 = 0)

    About 1e-3 a step is a common rule of thumb for weights (Karpathy, 2015).  A bias that
    starts at zero has the ratio inf after its first step.  Integer tensors are left out; a list
    gets the names "0", "1", ....  Raises ValueError unless both hold the same names and shapes.
    """
    before, after = _named(before), _named(after)
    if (was := {k: tuple(v.shape) for k, v in before.items()}) != (
        now := {k: tuple(v.shape) for k, v in after.items()}
    ):
        odd = sorted(k for k in was.keys() | now.keys() if was.get(k) != now.get(k))
        raise ValueError(
            f"update_ratio compares two snapshots of one model, but {odd!r} differ: before "
            f"{[was.get(k) for k in odd]!r}, after {[now.get(k) for k in odd]!r}. "
            "Take both with snapshot(model)."
        )
    return {k: _ratio(before[k], after[k]) for k in before if before[k].is_floating_point()}


def _named(weights: Weights) -> Mapping[str, Tensor]:
    if isinstance(weights, Mapping):
        return weights
    return {str(number): weight for number, weight in enumerate(weights)}


def _ratio(before: Tensor, after: Tensor) -> float:
    moved, size = rms(after.detach() - before.detach()), rms(before.detach())
    if not moved:  # also None: an empty tensor cannot move
        return 0.0
    return moved / size if size else math.inf


# ── How a network is read ───────────────────────────────────────────────────────────


class _Call(NamedTuple):
    name: str
    kind: str
    output: Tensor | None
    weight: Tensor | None
    saturation: float | None


def _reading(call: _Call, gradients: Iterator[Tensor]) -> LayerReading:
    """Take the call's own gradients off the front of those that were computed."""
    output = None if call.output is None else call.output.detach()
    return LayerReading(
        name=call.name,
        kind=call.kind,
        mean=None if output is None else output.mean().item(),
        rms=rms(output),
        saturation=call.saturation,
        activation_gradient_rms=None if output is None else rms(next(gradients)),
        weight_gradient_rms=None if call.weight is None else rms(next(gradients)),
    )


@contextmanager
def _recorded(model: nn.Module, calls: list[_Call]) -> Iterator[None]:
    """While it lasts, every call of a leaf of the model is appended to `calls`."""
    names = {module: name for name, module in model.named_modules()}
    before: dict[nn.Module, Tensor] = {}
    times: Counter[nn.Module] = Counter()

    def keep_input(module: nn.Module, args: tuple) -> None:
        # an activation that works in place overwrites it
        if args and isinstance(args[0], Tensor) and args[0].is_floating_point():
            before[module] = args[0].detach().clone()

    def keep_call(module: nn.Module, _args: tuple, output: object) -> Tensor | None:
        name = names[module] or type(module).__name__
        times[module] += 1
        name += f" (call {times[module]})" if times[module] > 1 else ""
        call = _call(name, module, before.pop(module, None), output)
        calls.append(call)
        # a copy goes on: neither an activation in place nor a residual sum may write to ours
        return None if call.output is None else call.output.clone()

    leaves = [module for module in names if not any(True for _ in module.children())]
    hooks = []
    try:
        for leaf in leaves:
            hooks.append(leaf.register_forward_pre_hook(keep_input))
            hooks.append(leaf.register_forward_hook(keep_call))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _call(name: str, module: nn.Module, z: Tensor | None, output: object) -> _Call:
    if not isinstance(output, Tensor):
        reason = f"skipped: returned a {type(output).__name__}, not a tensor"
        return _Call(name, reason, None, None, None)
    if not output.is_floating_point():
        return _Call(name, f"skipped: returned {output.dtype}, not floats", None, None, None)
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or not weight.requires_grad:
        weight = None
    if not output.requires_grad:  # before the first weight: start the graph here
        output = output.detach().requires_grad_()
    if weight is not None and not isinstance(module, nn.PReLU):
        return _Call(name, "layer", output, weight, None)
    flat = None if z is None else saturation(module, z)
    return _Call(name, "other" if flat is None else "activation", output, weight, flat)


@checked
def saturation(activation: nn.Module, z: Tensor) -> float | None:
    """Share of the entries of z where the activation is flat: slope under 1 % of the steepest.

    The steepest slope is looked for at z and at 33 points from −4 to 4.  None for what is no
    activation: where an entry of the output hangs on other entries of z, as in a softmax, and
    for dropout, whose slope is drawn by lot, and for what only reshapes.
    """
    slope = None if isinstance(activation, NO_ACTIVATIONS) else _slope(activation, z)
    if slope is None:
        return None
    points = torch.linspace(-4, 4, 33, dtype=z.dtype, device=z.device)
    grid = points.reshape(-1, *[1] * (z.dim() - 1)).expand(-1, *z.shape[1:])
    steepest = torch.maximum(_slope(activation, grid).abs().max(), slope.abs().max())
    return (slope.abs() <= FLAT * steepest).double().mean().item()


def _slope(activation: nn.Module, z: Tensor) -> Tensor | None:
    """φ′ at every entry of z, or None if the Jacobian is not diagonal.

    It is diagonal if Jᵀv / v is the same for v = 1 and for a v whose entries all differ.
    """
    with torch.enable_grad():
        z = z.detach().clone().requires_grad_()
        output = activation.forward(z.clone())  # not __call__: its hooks are not for this
    if not isinstance(output, Tensor) or output.shape != z.shape or not output.requires_grad:
        return None
    # steps of the golden ratio: neighbours differ much, and so do all others
    v = 1 + torch.arange(z.numel(), device=z.device).mul(0.618034).frac().to(z.dtype).view_as(z)
    (plain,) = torch.autograd.grad(output, z, torch.ones_like(z), retain_graph=True)
    (tilted,) = torch.autograd.grad(output, z, v)
    tolerance = {"rtol": 1e-2, "atol": 1e-3 * plain.abs().max().item()}
    return plain if torch.allclose(plain, tilted / v, equal_nan=True, **tolerance) else None


@contextmanager
def _random_state_kept(x: Tensor) -> Iterator[None]:
    """Dropout may draw, but torch's generators continue afterwards as if it had not."""
    with torch.random.fork_rng([x.device] if x.is_cuda else [], device_type="cuda"):
        yield


def _check(model: nn.Module, calls: list[_Call], value: object) -> None:
    if not any(call.output is not None for call in calls):
        seen = [f"{call.name} ({call.kind})" for call in calls]
        raise ValueError(
            f"There is nothing to read in {type(model).__name__}: no module of it was called "
            f"that returns a tensor of floats; called were {seen!r}. "
            "Write its layers as modules."
        )
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.requires_grad:
        what = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(
            f"The loss must be a single number with a gradient, but got {what!r}; give a "
            "loss(output, y) that ends in a mean or a sum and does not leave the graph."
        )
