"""Normalization: give a layer's numbers mean zero and deviation one, and learn both back.

From the inputs, by way of batch norm and its backward pass, to the norms that need no
batch, and to what becomes of batch norm once a network is trained.  Chapter 4 derives each
formula in this order.
"""

import copy
import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from steadygrad.checks import Rule, checked, filled, fraction, not_negative

Layer = TypeVar("Layer", nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
Model = TypeVar("Model", bound=nn.Module)
Channels = Float[Tensor, " channels"]
Batch = Float[Tensor, "batch channels *pixels"]
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)

_LAST_AXES = Rule(
    "of the shape of the last axes of x",
    lambda v, given: v.dim() > 0 and v.shape == given["x"].shape[-v.dim() :],
)
_FEATURES = Rule(
    "a batch norm that keeps running values, one for each output of the layer",
    lambda v, given: (
        getattr(v, "running_mean", None) is not None
        and len(v.running_mean) == len(given["conv"].weight)
    ),
)
_DIVISOR = Rule(
    "a divisor of the number of channels",
    lambda v, given: v > 0 and given["x"].shape[1] % v == 0,
)


# ── The inputs ──────────────────────────────────────────────────────────────────────


@checked(train=filled)
def standardize(
    train: Float[Tensor, "n features"], *others: Float[Tensor, "_ features"]
) -> tuple[Float[Tensor, "_ features"], ...]:
    """Z-scores of every feature, by the training set's mean and deviation (LeCun et al., 1998).

        x ← (x − mean) / deviation        both from `train` alone

    The other sets are moved by the same amounts: a test set that is centred on its own mean
    has told the model something about the examples that it will be tested on.  A feature that
    is constant in `train` has nothing to divide by, and is only centred.
    """
    mean, std = train.mean(dim=0), train.std(dim=0, correction=0)
    constant = (train == train[0]).all(dim=0)  # whose computed deviation may be 1e-8
    mean = torch.where(constant, train[0], mean)
    std = torch.where(constant, torch.ones_like(std), std)
    return tuple((x - mean) / std for x in (train, *others))


# ── Half precision ──────────────────────────────────────────────────────────────────


def _widened(norm: Callable) -> Callable:
    """Let a norm compute in float32 what comes in narrower, as PyTorch's own norms do.

    In half precision squares above 65504 are infinite, and an ε of 1e-8 is 0.
    """

    @functools.wraps(norm)
    def wide(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        results = norm(x.to(torch.promote_types(x.dtype, torch.float32)), *args, **kwargs)
        if isinstance(results, Tensor):
            return results.to(x.dtype)
        y, *running = results
        kept = kwargs.get("running_var", args[3] if len(args) > 3 else x)
        return y.to(x.dtype), *(values.to(kept.dtype) for values in running)

    return wide


# ── Batch norm ──────────────────────────────────────────────────────────────────────


@checked(momentum=fraction, eps=not_negative)
@_widened
def batch_norm(
    x: Batch,
    gamma: Channels,
    beta: Channels,
    running_mean: Channels,
    running_var: Channels,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Batch, Channels, Channels]:
    """Standardize each channel, then scale and shift it (Ioffe & Szegedy, 2015, algorithm 1).

        y = γ x̂ + β        x̂ = (x − μ) / √(v + ε)

        training:    μ, v        mean and variance of the channel in this batch
                     running  ←  (1 − momentum) · running + momentum · new
        evaluation:  μ, v        the running values, which stay as they are

    A channel's N values are its column of a (batch, channels) input, and all its pixels of a
    (batch, channels, height, width) input.  The variance divides by N where it normalizes, and
    by N − 1 where it enters running_var.  Gradients flow through μ and v, but running values
    keep no graph.  Returns y, the new running mean and the new running variance.

    Raises ValueError in training with a single value for each channel: it would always be 0.
    """
    dims, shape = [d for d in range(x.dim()) if d != 1], [1, -1] + [1] * (x.dim() - 2)
    mean, var = running_mean, running_var
    if training:
        count = x.numel() // x.shape[1]
        if count < 2:
            raise ValueError("One value for each channel has no variance: use a larger batch.")
        mean = x.mean(dim=dims)
        var = (x - mean.view(shape)).square().mean(dim=dims)
        unbiased = var.detach() * count / (count - 1)
        running_mean = (1 - momentum) * running_mean + momentum * mean.detach()
        running_var = (1 - momentum) * running_var + momentum * unbiased
    x_hat = (x - mean.view(shape)) / (var.view(shape) + eps).sqrt()
    return gamma.view(shape) * x_hat + beta.view(shape), running_mean, running_var


class BatchNormGradients(NamedTuple):
    """The three gradients that batch norm hands on, and three that stand on the way."""

    dx: Tensor
    dgamma: Tensor
    dbeta: Tensor
    dx_hat: Tensor
    dvar: Tensor  # with respect to the batch's variance v
    dmean: Tensor  # with respect to the batch's mean μ, directly (not by way of v)


@checked(eps=not_negative)
def batch_norm_backward(
    dy: Batch, x_hat: Batch, gamma: Channels, var: Channels, eps: float
) -> BatchNormGradients:
    """Batch norm's gradients in training mode, derived by hand (Ioffe & Szegedy, 2015, sec. 3).

        ∂x̂ = γ ∂y        ∂γ = Σ ∂y x̂        ∂β = Σ ∂y
        ∂v = −½ Σ ∂x̂ x̂ / (v + ε)            ∂μ = −Σ ∂x̂ / √(v + ε)
        ∂x = ∂x̂ / √(v + ε) + ∂v · 2 (x − μ) / N + ∂μ / N,    where x − μ = x̂ √(v + ε)

    Sums run over the N values of a channel: the batch, and the pixels where there are any.
    `dy` is the loss's gradient with respect to y; `var` is the batch's variance, divided by N.
    Returns (dx, dgamma, dbeta, dx_hat, dvar, dmean).  The grader rules on each by itself; if
    you derived dx in another way, (dx, dgamma, dbeta) is enough.
    """
    dims, shape = [d for d in range(dy.dim()) if d != 1], [1, -1] + [1] * (dy.dim() - 2)
    count, std = dy.numel() // dy.shape[1], (var + eps).sqrt()
    dgamma, dbeta = (dy * x_hat).sum(dim=dims), dy.sum(dim=dims)
    dx_hat = gamma.view(shape) * dy
    dvar = -0.5 * (dx_hat * x_hat).sum(dim=dims) / std**2
    dmean = -dx_hat.sum(dim=dims) / std
    direct = dx_hat / std.view(shape)
    through_var = (dvar * 2 * std / count).view(shape) * x_hat
    through_mean = dmean.view(shape) / count
    dx = direct + through_var + through_mean
    return BatchNormGradients(dx, dgamma, dbeta, dx_hat, dvar, dmean)


# ── Norms that need no batch ────────────────────────────────────────────────────────


@checked(gamma=_LAST_AXES, beta=_LAST_AXES, eps=not_negative)
@_widened
def layer_norm(
    x: Float[Tensor, "batch *shape"],
    gamma: Float[Tensor, "*features"],
    beta: Float[Tensor, "*features"],
    eps: float = 1e-5,
) -> Float[Tensor, "batch *shape"]:
    """Standardize each example by itself, over its features (Ba, Kiros & Hinton, 2016).

        y = γ (x − μ) / √(v + ε) + β

    The features are the last axes of x, as many as γ has: with γ of shape (D,) every position
    of a (batch, length, D) sequence has a mean and a variance of its own; with γ of shape
    (C, H, W) every image has one of each.  γ and β have an entry for each feature, and the
    variance divides by the number of features.
    """
    dims = list(range(-gamma.dim(), 0))
    mean = x.mean(dim=dims, keepdim=True)
    var = (x - mean).square().mean(dim=dims, keepdim=True)
    x_hat = (x - mean) / (var + eps).sqrt()
    return gamma * x_hat + beta


@checked(num_groups=_DIVISOR, eps=not_negative)
@_widened
def group_norm(
    x: Batch, num_groups: int, gamma: Channels, beta: Channels, eps: float = 1e-5
) -> Batch:
    """Standardize each example by itself, in groups of neighbouring channels (Wu & He, 2018).

        y = γ (x − μ) / √(v + ε) + β

    The first C / num_groups channels are the first group, and so on; μ and v are taken over a
    group's channels and all their pixels.  γ and β have an entry for each channel.  With one
    group x̂ = (x − μ) / √(v + ε) is that of layer norm over (C, H, W), whose γ and β have an
    entry for each pixel of each channel; with C groups it is instance norm.  `num_groups` must
    divide C.
    """
    shape = [1, -1] + [1] * (x.dim() - 2)
    groups = x.reshape(len(x), num_groups, -1)
    mean = groups.mean(dim=2, keepdim=True)
    var = (groups - mean).square().mean(dim=2, keepdim=True)
    x_hat = ((groups - mean) / (var + eps).sqrt()).reshape(x.shape)
    return gamma.view(shape) * x_hat + beta.view(shape)


@checked(eps=not_negative)
def rms_norm(
    x: Float[Tensor, "*shape features"], gamma: Float[Tensor, " features"], eps: float = 1e-6
) -> Float[Tensor, "*shape features"]:
    """Divide by the root mean square, and leave the mean alone (Zhang & Sennrich, 2019).

        y = γ x / √(mean(x²) + ε)        the mean over the last axis

    One mean instead of layer norm's two.  In float16 squares above 65504 are infinite, so an x
    narrower than float32 is squared and divided in float32, and rounded to its own dtype
    before γ multiplies it.  So y has the dtype of x if γ has it too.  (A float32 γ makes y
    float32; PyTorch's own rounds y to the dtype of x.)  PyTorch's default ε is the smallest
    step above 1 of the dtype, 1.2e-7 in float32.
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    mean_square = wide.square().mean(dim=-1, keepdim=True)
    return gamma * (wide / (mean_square + eps).sqrt()).to(x.dtype)


# ── After training ──────────────────────────────────────────────────────────────────


def _affine(fold: Callable) -> Callable:
    """Let γ be 1 and β be 0 where a batch norm has none, as its own forward pass does."""

    @functools.wraps(fold)
    def filled_in(conv: nn.Module, bn: nn.Module) -> nn.Module:
        return fold(conv, bn if bn.weight is not None else FrozenBatchNorm(bn))

    return filled_in


@checked(bn=_FEATURES)
@_affine
def fold_batch_norm(conv: Layer, bn: nn.Module) -> Layer:
    """One layer that does what a layer and the batch norm behind it do in evaluation.

        fold_batch_norm(conv, bn)(x) = bn(conv(x))        for every x, bn in evaluation mode

    `conv` is a convolution or a linear layer, with a bias or without; `bn` is the batch norm
    over its output channels.  Derive the new weight and the new bias from W, b and from γ, β,
    running_mean, running_var and ε, which are bn.weight, bn.bias, bn.running_mean,
    bn.running_var and bn.eps.  Return a new layer of the kind of `conv`, with its settings
    (stride, padding, …), a weight of the same shape, and a bias with an entry for each output
    channel, even if `conv` has none.  The two that came in stay as they are.

    >>> conv, bn = nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4).eval()
    >>> x, folded = torch.rand(2, 1, 5, 5), fold_batch_norm(conv, bn)
    >>> torch.allclose(folded(x), bn(conv(x)), atol=1e-6)
    True
    """
    # y = s (W x + b − running_mean) + β  with  s = γ / √(running_var + ε), one for each output
    # channel (W's first axis), so  W′ = s W  and  b′ = s (b − running_mean) + β
    scale = bn.weight / (bn.running_var + bn.eps).sqrt()
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
    shape = [-1] + [1] * (conv.weight.dim() - 1)
    folded = copy.deepcopy(conv)
    folded.weight = nn.Parameter((conv.weight * scale.view(shape)).detach())
    folded.bias = nn.Parameter(((bias - bn.running_mean) * scale + bn.bias).detach())
    return folded.to(conv.weight.dtype)


@checked(batches=filled)
def recalibrate(model: Model, batches: Iterable[Tensor]) -> Model:
    """A copy of the model whose running statistics are those of these batches, exactly.

        running  ←  the plain average of the batches' statistics, all of equal weight

    Running values are an average over the past, when the weights were others.  On new data,
    or after averaging weights, they are wrong.  The copy forgets them, and every batch norm of
    it averages the means and the (unbiased) variances of the batches, as one with momentum=None
    does: how far the batches' means lie apart does not enter the variance.  Dropout is off
    meanwhile.  Each module's mode and momentum are those of the model, which stays as it is.
    """
    fresh = copy.deepcopy(model).eval()
    norms = [module for module in fresh.modules() if isinstance(module, BATCH_NORMS)]
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
        norm.momentum = None
    with torch.no_grad():
        for batch in batches:
            fresh(batch)
    if norms and not any(norm.num_batches_tracked for norm in norms):
        raise ValueError("No batch came, so there is nothing to measure; give at least one.")
    for ours, theirs in zip(fresh.modules(), model.modules(), strict=True):
        ours.training = theirs.training
        if isinstance(ours, BATCH_NORMS):
            ours.momentum = theirs.momentum
    return fresh


class FrozenBatchNorm(nn.Module):
    """A batch norm that has stopped learning: constants, whatever mode it is put in."""

    def __init__(self, norm: nn.Module):
        super().__init__()
        if norm.running_mean is None:
            raise ValueError(
                f"This {type(norm).__name__} keeps no running values that could be frozen or "
                "folded; make it with track_running_stats=True."
            )
        self.eps = norm.eps
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, getattr(norm, name).detach().clone())
        one = torch.ones_like(self.running_mean)
        self.register_buffer(
            "weight", one if norm.weight is None else norm.weight.detach().clone()
        )
        self.register_buffer(
            "bias", 0 * one if norm.bias is None else norm.bias.detach().clone()
        )

    def forward(self, x: Tensor) -> Tensor:
        values = (self.weight, self.bias, self.running_mean, self.running_var)
        return batch_norm(x, *values, training=False, eps=self.eps)[0]


@checked
def freeze_batch_norm(model: Model) -> Model:
    """A copy of the model in which every batch norm is constant, and everything else learns.

    Setting requires_grad to False stops γ and β, but the running values still move in
    training mode; eval() stops those, until the next train().  Here the layers are replaced,
    so that nothing can wake them.  Other modules keep their weights, modes and names.
    """
    if isinstance(model, BATCH_NORMS):
        return FrozenBatchNorm(model).train(model.training)
    frozen, made = copy.deepcopy(model), {}
    for name, norm in list(frozen.named_modules(remove_duplicate=False)):
        if isinstance(norm, BATCH_NORMS):
            if norm not in made:  # a layer that is there twice stays one layer
                made[norm] = FrozenBatchNorm(norm).train(norm.training)
            frozen.set_submodule(name, made[norm])
    return frozen
