"""Normalization: the hand-written norms beside PyTorch's fused ones."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval
from torch.optim.swa_utils import update_bn

from peers import Pair, Size, Topic
from steadygrad import normalization as ours

TRAINING = (
    "Composed of eight passes over the numbers, from the mean to β, and autograd walks each of "
    "them back; PyTorch's forward and backward are one fused kernel each."
)
EVALUATION = "Composed of four kernels, one for each sign of the formula; PyTorch's is one."

aten = torch.ops.aten
PIXELS, GROUPS, EPS = 16, 2, 1e-5  # an image is 4 by 4


def state(size: Size, channels: int) -> tuple[Tensor, ...]:
    """γ, β, running mean and running variance."""
    gamma, beta = size.normal(channels), size.normal(channels)
    return gamma, beta, *(torch.ones(channels, device=size.device) for _ in range(2))


def columns(size: Size) -> tuple[Tensor, ...]:
    return size.normal(), *state(size, size.columns)


def images(size: Size) -> tuple[Tensor, ...]:
    """As many numbers as the table has."""
    channels = size.columns // PIXELS
    return size.normal(size.rows, channels, 4, 4), *state(size, channels)


def batch(training: bool) -> tuple:
    def mine(x, gamma, beta, mean, var):
        return ours.batch_norm(x, gamma, beta, mean, var, training)[0]

    def torchs(x, gamma, beta, mean, var):
        return F.batch_norm(x, mean, var, gamma, beta, training)

    return mine, torchs


def arrived(size: Size) -> tuple[Tensor, ...]:
    """What a backward pass is handed: the gradient that arrives, x and γ."""
    dy, x = size.normal(grad=False).flip(0), size.normal(grad=False)
    gamma, mean = size.normal(size.columns, grad=False), x.mean(dim=0)
    var = x.var(dim=0, correction=0)
    return dy, x, (x - mean) / (var + EPS).sqrt(), gamma, mean, var


def my_backward(dy, _x, x_hat, gamma, _mean, var) -> tuple[Tensor, ...]:
    return tuple(ours.batch_norm_backward(dy, x_hat, gamma, var, EPS)[:3])


def torchs_backward(dy, x, _x_hat, gamma, mean, var) -> tuple[Tensor, ...]:
    kept = (mean, (var + EPS).rsqrt())
    return aten.native_batch_norm_backward(
        dy, x, gamma, None, None, *kept, True, EPS, [True] * 3
    )


def linear_and_norm(size: Size) -> tuple[nn.Module, nn.Module]:
    width = min(size.columns, 1024)
    norm = nn.BatchNorm1d(width, device=size.device)
    return nn.Linear(width, width, device=size.device).eval(), norm.eval()


def model_and_batches(size: Size) -> tuple[nn.Module, list[Tensor]]:
    return nn.Sequential(*linear_and_norm(size)).eval(), [
        size.normal(size.rows, min(size.columns, 1024), grad=False) for _ in range(5)
    ]


def norm_and_frozen(size: Size) -> tuple[nn.Module, nn.Module, Tensor]:
    norm = nn.BatchNorm1d(size.columns, device=size.device).eval().requires_grad_(False)
    return norm, ours.FrozenBatchNorm(norm), size.normal()


PAIRS = {
    "batch_norm, training, columns": Pair(*batch(True), columns, TRAINING),
    "batch_norm, training, images": Pair(*batch(True), images, TRAINING),
    "batch_norm, evaluation, columns": Pair(*batch(False), columns, EVALUATION),
    "batch_norm, evaluation, images": Pair(*batch(False), images, EVALUATION),
    "batch_norm_backward": Pair(
        my_backward,
        torchs_backward,
        arrived,
        "Has all three ways back, and its intermediates, one kernel after the other; PyTorch's "
        "is one.",
        grad=False,
    ),
    "layer_norm": Pair(
        ours.layer_norm,
        lambda x, gamma, beta: F.layer_norm(x, gamma.shape, gamma, beta),
        lambda size: columns(size)[:3],
        TRAINING,
    ),
    "group_norm": Pair(
        lambda x, gamma, beta: ours.group_norm(x, GROUPS, gamma, beta),
        lambda x, gamma, beta: F.group_norm(x, GROUPS, gamma, beta),
        lambda size: images(size)[:3],
        TRAINING,
    ),
    "rms_norm": Pair(
        ours.rms_norm,
        lambda x, gamma: F.rms_norm(x, gamma.shape, gamma, eps=1e-6),
        lambda size: columns(size)[:2],
    ),
    "fold_batch_norm": Pair(
        ours.fold_batch_norm, fuse_linear_bn_eval, linear_and_norm, grad=False, same=False
    ),
    "recalibrate": Pair(
        ours.recalibrate,
        lambda model, batches: update_bn(batches, model),
        model_and_batches,
        "Works on a copy of the model; PyTorch's changes the model that it is given.",
        grad=False,
        same=False,
    ),
    "FrozenBatchNorm": Pair(
        lambda _norm, frozen, x: frozen(x),
        lambda norm, _frozen, x: norm(x),
        norm_and_frozen,
        EVALUATION,
    ),
}
TOPIC = Topic(2, PAIRS, alone=("standardize", "freeze_batch_norm"))
