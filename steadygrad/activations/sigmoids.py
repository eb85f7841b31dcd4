"""Sigmoids: curves that level off on both sides, and softplus, whose slope is a sigmoid."""

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import checked, positive


@checked
def stable_sigmoid(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """A smooth switch between 0 and 1 that never overflows.

        σ(x) = 1 / (1 + e^−x) = e^x / (1 + e^x)

    The left form overflows far on the left, the right form far on the right.  Every x must
    give a number, also ±1000, and none may be cut off: σ(−30) is 9e-14, not σ(−20).

    >>> stable_sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    right = x >= 0
    small = torch.where(right, -x, x).exp()  # e^−|x|, never above 1
    return torch.where(right, 1.0, small) / (1 + small)


@checked
def sigmoid_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """σ′(x) = σ(x) (1 − σ(x)) = σ(x) σ(−x) = e^−|x| / (1 + e^−|x|)², at most 1/4.

    The second form keeps its digits on the right, where 1 − σ(x) has none left.  The last is
    the second with a single exponential.
    """
    small = (-x.abs()).exp()
    return small / (1 + small).square()


@checked
def tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The sigmoid stretched over −1 to 1, with slope 1 in the middle.

        tanh(x) = (e^x − e^−x) / (e^x + e^−x) = 2 σ(2x) − 1

    Written by e^−2|x| − 1, so that a tiny x keeps its digits, which 2 σ(2x) − 1 loses.
    """
    right = x >= 0
    lost = torch.expm1(2 * torch.where(right, -x, x))  # e^−2|x| − 1, from 0 down to −1
    return torch.where(right, -lost, lost) / (2 + lost)


@checked
def tanh_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """tanh′(x) = 1 − tanh(x)² = 4 σ(2x) σ(−2x), at most 1."""
    return 4 * sigmoid_slope(2 * x)


@checked(beta=positive)
def softplus(x: Float[Tensor, "*shape"], beta: float = 1.0) -> Float[Tensor, "*shape"]:
    """A smooth ReLU (Dugas et al., 2001).  The larger β, the sharper its bend.

        softplus(x) = log(1 + e^βx) / β = (max(βx, 0) + log(1 + e^−|βx|)) / β
        softplus′(x) = σ(βx)

    Value and slope must be right at ±1000 too, and at −40 the value is e^−40, not 0.
    (PyTorch's own returns x itself where βx is above 20: the two differ by less than 3e-9.)

    >>> softplus(torch.tensor([-1000.0, 0.0, 10.0]))
    tensor([ 0.0000,  0.6931, 10.0000])
    """
    z = beta * x
    small = torch.where(z >= 0, -z, z).exp()  # e^−|z|, never above 1
    return (z.clamp(min=0) + torch.log1p(small)) / beta


@checked(beta=positive)
def softplus_slope(x: Float[Tensor, "*shape"], beta: float = 1.0) -> Float[Tensor, "*shape"]:
    """softplus′(x) = σ(βx)."""
    return stable_sigmoid(beta * x)
