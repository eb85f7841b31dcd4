"""Activations: each function and each slope of ours beside PyTorch's."""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor

from peers import Pair, Size, Topic, layers
from steadygrad import activations as ours

WHERE = (
    "Chooses between two branches with torch.where, which a CPU does not vectorize: it alone "
    "takes several times as long as PyTorch's one kernel."
)
SOFTPLUS = "Goes through softplus, which chooses with torch.where; PyTorch's is one kernel."
MASK = "In the backward pass clamp chooses by a mask; PyTorch's has a kernel for it."

aten = torch.ops.aten  # the kernels behind autograd: PyTorch's only names for its slopes


def kernels(count: int) -> str:
    """The reason why most are slower."""
    return (
        f"Composed of {count} kernels, each of which reads and writes every number; PyTorch's "
        "is one."
    )


def value(mine: Callable, torchs: Callable, because: str = "", **options) -> Pair:
    return Pair(mine, torchs, lambda size: (size.normal(),), because, **options)


def slope(
    mine: Callable, kernel: Callable, because: str = "", kept: Callable = torch.clone
) -> Pair:
    """PyTorch's kernel takes the gradient that arrives, here ones, and what forward kept."""

    def inputs(size: Size) -> tuple[Tensor, ...]:
        x = size.normal(grad=False)
        return x, torch.ones_like(x), kept(x)

    return Pair(
        lambda x, _one, _kept: mine(x),
        lambda _x, one, kept: kernel(one, kept),
        inputs,
        because,
        grad=False,
    )


def channels(size: Size) -> tuple[Tensor, Tensor]:
    return size.normal(), size.normal(size.columns)


def channels_and_gradient(size: Size) -> tuple[Tensor, ...]:
    return (
        size.normal(grad=False),
        size.normal(grad=False),
        size.normal(size.columns, grad=False),
    )


def torchs_prelu_backward(dy: Tensor, x: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    dx, da = aten._prelu_kernel_backward(dy, x, a.view(1, -1))
    return dx, da.sum(dim=0)


def torchs_swiglu(x: Tensor, w_gate: Tensor, w_up: Tensor, w_down: Tensor) -> Tensor:
    return F.linear(F.silu(F.linear(x, w_gate)) * F.linear(x, w_up), w_down)


PAIRS = {
    "stable_sigmoid": value(ours.stable_sigmoid, torch.sigmoid, because=WHERE),
    "sigmoid_slope": slope(
        ours.sigmoid_slope, aten.sigmoid_backward, kept=torch.sigmoid, because=kernels(6)
    ),
    "tanh": value(ours.tanh, torch.tanh, because=WHERE),
    "tanh_slope": slope(
        ours.tanh_slope, aten.tanh_backward, kept=torch.tanh, because=kernels(8)
    ),
    "softplus": value(ours.softplus, F.softplus, because=WHERE),
    "softplus_slope": slope(
        ours.softplus_slope, lambda one, x: aten.softplus_backward(one, x, 1, 20), because=WHERE
    ),
    "relu": value(
        ours.relu,
        F.relu,
        "The same kernel, by way of a Python function that first looks at its arguments.",
    ),
    "relu_slope": slope(
        ours.relu_slope,
        lambda one, x: aten.threshold_backward(one, x, 0),
        kept=torch.relu,
        because=kernels(2),
    ),
    "leaky_relu": value(ours.leaky_relu, F.leaky_relu, because=kernels(4)),
    "leaky_relu_slope": slope(
        ours.leaky_relu_slope,
        lambda one, x: aten.leaky_relu_backward(one, x, 0.01, False),
        because=WHERE,
    ),
    "randomized_leaky_relu": value(
        ours.randomized_leaky_relu,
        lambda x: F.rrelu(x, training=True),
        same=False,
        because=WHERE,
    ),
    "prelu": Pair(ours.prelu, F.prelu, channels, because=kernels(4)),
    "prelu_backward": Pair(
        ours.prelu_backward,
        torchs_prelu_backward,
        channels_and_gradient,
        grad=False,
        because=WHERE,
    ),
    "elu": value(ours.elu, F.elu, because=WHERE),
    "elu_slope": slope(
        ours.elu_slope, lambda one, x: aten.elu_backward(one, 1, 1, 1, False, x), because=WHERE
    ),
    "selu": value(ours.selu, F.selu, because=WHERE),
    "selu_slope": slope(
        ours.selu_slope,
        lambda one, x: aten.elu_backward(one, ours.SELU[0], ours.SELU[1], 1, False, x),
        because=WHERE,
    ),
    "alpha_dropout": value(
        lambda x: ours.alpha_dropout(x, 0.1),
        lambda x: F.alpha_dropout(x, 0.1, training=True),
        same=False,
    ),
    "gelu": value(ours.gelu, F.gelu, because=kernels(5)),
    "gelu, approximate": value(
        lambda x: ours.gelu(x, approximate=True),
        lambda x: F.gelu(x, approximate="tanh"),
        because=kernels(8),
    ),
    "gelu_slope": slope(ours.gelu_slope, aten.gelu_backward, because=kernels(11)),
    "quick_gelu": value(ours.quick_gelu, lambda x: x * torch.sigmoid(1.702 * x)),
    "swish": value(lambda x: ours.swish(x, 2.0), lambda x: x * torch.sigmoid(2.0 * x)),
    "silu": value(ours.silu, F.silu, because=kernels(3)),
    "silu_slope": slope(ours.silu_slope, aten.silu_backward, because=kernels(6)),
    "mish": value(ours.mish, F.mish, because=SOFTPLUS),
    "mish_slope": slope(ours.mish_slope, aten.mish_backward, because=SOFTPLUS),
    "swiglu": Pair(ours.swiglu, torchs_swiglu, layers),
    "hard_sigmoid": value(ours.hard_sigmoid, F.hardsigmoid, because=kernels(3)),
    "hard_sigmoid_slope": slope(
        ours.hard_sigmoid_slope, aten.hardsigmoid_backward, because=kernels(4)
    ),
    "hard_tanh": value(ours.hard_tanh, F.hardtanh, because=MASK),
    "hard_tanh_slope": slope(
        ours.hard_tanh_slope,
        lambda one, x: aten.hardtanh_backward(one, x, -1, 1),
        because=kernels(3),
    ),
    "hard_swish": value(ours.hard_swish, F.hardswish, because=kernels(4)),
    "hard_swish_slope": slope(ours.hard_swish_slope, aten.hardswish_backward, because=WHERE),
    "squared_relu": value(ours.squared_relu, lambda x: F.relu(x).square(), because=MASK),
}
TOPIC = Topic(
    1.5,
    PAIRS,
    alone=(
        *("swish_slope", "swish_beta_slope", "squared_relu_slope"),
        *("gaussian_moments", "next_moments", "selu_constants"),
        *("dead_units", "dead_unit_fraction", "revived"),
    ),
)
