"""Gradients: what chapter 1 derives by hand, beside what autograd finds."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor
from torch.autograd import grad, gradcheck

from peers import Pair, Size, Topic, layers
from steadygrad import gradients as ours

FEW = 10  # links of the chain


def chain(size: Size) -> tuple[Tensor, ...]:
    """A sixteenth of the table, and one weight for each link."""
    return size.normal(size.rows, max(1, size.columns // 16)), *size.normal(FEW, grad=False)


def torchs_chain_gradient(x: Tensor, *weights: Tensor) -> Tensor:
    end = x
    for weight in weights:
        end = torch.sigmoid(weight * end)
    return grad(end.sum(), x)[0]


def classified(size: Size) -> tuple[Tensor, Tensor]:
    rng = torch.Generator(size.device).manual_seed(1)
    target = torch.randint(size.columns, (size.rows,), generator=rng, device=size.device)
    return size.normal(), target


def few(size: Size) -> tuple[Tensor]:
    """Differences are taken one number at a time."""
    return (size.normal(max(2, size.columns // 64)).detach().double().requires_grad_(),)


def wave(x: Tensor) -> Tensor:
    return (x * x.sin()).sum()


def check(x: Tensor) -> float:
    measured = ours.numerical_gradient(wave, x.detach(), eps=1e-6)
    return ours.gradient_check(grad(wave(x), x)[0], measured)


def split(*parts: Tensor) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
    x, *weights = parts
    return x, weights, [weight[0] for weight in weights]


def my_forward(*parts: Tensor) -> Tensor:
    return ours.mlp_forward(*split(*parts))[-1]


def torchs_forward(*parts: Tensor) -> Tensor:
    h, weights, biases = split(*parts)
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        h = F.relu(F.linear(h, weight, bias))
    return F.linear(h, weights[-1], biases[-1])


def my_backward(*parts: Tensor) -> list[Tensor]:
    x, weights, biases = split(*(part.detach() for part in parts))
    return ours.mlp_backward(x, x, weights, biases)[0]


def torchs_backward(*parts: Tensor) -> tuple[Tensor, ...]:
    x, *weights = parts
    biases = [weight[0].detach() for weight in weights]
    h = x.detach()
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        h = F.relu(F.linear(h, weight, bias))
    return grad(F.mse_loss(F.linear(h, weights[-1], biases[-1]), x.detach()), weights)


PAIRS = {
    "sigmoid_chain_gradient": Pair(
        lambda x, *weights: ours.sigmoid_chain_gradient(weights, x.detach()),
        torchs_chain_gradient,
        chain,
        grad=False,
    ),
    "softmax_cross_entropy_grad": Pair(
        lambda z, y: ours.softmax_cross_entropy_grad(z.detach(), y),
        lambda z, y: grad(F.cross_entropy(z, y), z)[0],
        classified,
        "Composed of nine kernels, one for each sign of the formula; PyTorch's log-softmax and "
        "its slope are one each.",
        grad=False,
    ),
    "gradient_check, numerical_gradient": Pair(
        check, lambda x: gradcheck(wave, x), few, grad=False, same=False
    ),
    "mlp_forward": Pair(my_forward, torchs_forward, layers),
    "mlp_backward": Pair(my_backward, torchs_backward, layers, grad=False),
}
TOPIC = Topic(
    2,
    PAIRS,
    alone=(
        *("perceptron", "perceptron_update", "sigmoid_chain", "depth_limit", "initial_loss"),
        *("difference_error", "best_step", "kinks", "layer_scale", "layer_gradient_rms"),
    ),
)
