"""Rectifiers: the identity on the right; on the left nothing, a little, or a bend."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import Rule, checked


@checked
def relu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The identity where x is positive, else 0 (Nair & Hinton, 2010).

    E[relu(z)²] = 1/2 for z ~ N(0, 1): by symmetry half of E[z²]
    """
    return F.threshold(x, threshold=0, value=0)  # unlike clamp, of slope 0 at 0


@checked
def relu_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """1 where x is positive, else 0, also at the corner itself."""
    return (x > 0).to(x.dtype)


@checked
def leaky_relu(x: Float[Tensor, "*shape"], slope: float = 0.01) -> Float[Tensor, "*shape"]:
    """A ReLU with a small slope on the left, so that a gradient comes back from there as well
    (Maas et al., 2013)."""
    return relu(x) + slope * x.clamp(max=0)


@checked
def leaky_relu_slope(
    x: Float[Tensor, "*shape"], slope: float = 0.01
) -> Float[Tensor, "*shape"]:
    """1 where x is positive, else the slope."""
    return torch.where(x > 0, torch.ones_like(x), slope)


@checked(lower=Rule("at most upper", lambda v, given: v <= given["upper"]))
def randomized_leaky_relu(
    x: Float[Tensor, "*shape"],
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = True,
    rng: torch.Generator | None = None,
) -> Float[Tensor, "*shape"]:
    """A leaky ReLU whose slope is drawn anew for each entry (Xu et al., 2015).

        training      x where x > 0, else a x, with a ~ U(lower, upper) for every entry
        evaluating    x where x > 0, else (lower + upper) / 2 · x

    Xu et al. draw a from U(3, 8) and divide by it, so that they evaluate with a slope of
    1 / 5.5 = 0.18.  Here, as in PyTorch, a multiplies, and the slope is 0.23.  `rng` is a
    generator on the device of `x`; without one, PyTorch's own is used.
    """
    if not training:
        return torch.where(x > 0, x, (lower + upper) / 2 * x)
    share = torch.rand(x.shape, generator=rng, dtype=x.dtype, device=x.device)
    slope = lower + (upper - lower) * share
    return torch.where(x > 0, x, slope * x)


@checked
def prelu(
    x: Float[Tensor, "batch channels *space"], a: Float[Tensor, " channels"]
) -> Float[Tensor, "batch channels *space"]:
    """A leaky ReLU that learns its slopes, one for each channel (He et al., 2015)."""
    return relu(x) + a.reshape(1, -1, *[1] * (x.dim() - 2)) * x.clamp(max=0)


@checked
def prelu_backward(
    grad_out: Float[Tensor, "batch channels *space"],
    x: Float[Tensor, "batch channels *space"],
    a: Float[Tensor, " channels"],
) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " channels"]]:
    """The gradients of a PReLU, with respect to its input and to its slopes (He et al., 2015).

        y = x where x > 0, else a_c x             one slope a_c for each channel c (dimension 1)

    `grad_out` is ∂loss/∂y, as large as x.  Return two tensors: ∂loss/∂x, as large as x, and
    ∂loss/∂a, with one number for each channel.  Derive both by the chain rule.  x is a table
    (batch, channels) or has more axes behind these two, as images have: (batch, channels,
    height, width).  Doubling grad_out doubles both gradients.  Where every x is positive the
    gradient of a is 0.  At x = 0 the slope is a_c, as in PyTorch.

    >>> x, a = torch.tensor([[-1.0, 2.0], [-3.0, -5.0]]), torch.tensor([0.5, 0.25])
    >>> prelu_backward(torch.ones(2, 2), x, a)
    (tensor([[0.5000, 1.0000],
            [0.5000, 0.2500]]), tensor([-4., -5.]))
    """
    # ∂loss/∂x = grad_out · (1 where x is positive, else a_c)
    # ∂loss/∂a_c = the sum of grad_out · x over the other entries of channel c
    slope = a.reshape(1, -1, *[1] * (x.dim() - 2))
    grad_x = grad_out * torch.where(x > 0, 1.0, slope)
    each = torch.where(x > 0, 0.0, grad_out * x)
    others = [dim for dim in range(x.dim()) if dim != 1]
    return grad_x, each.sum(dim=others)


@checked
def elu(x: Float[Tensor, "*shape"], alpha: float = 1.0) -> Float[Tensor, "*shape"]:
    """A rectifier that levels off on the left at −α (Clevert et al., 2016).

        elu(x) = x where x > 0, else α (e^x − 1)
        elu′(x) = 1 where x > 0, else α e^x

    Judged by its value and by the gradient that PyTorch finds for it, also at ±800.  Near zero
    e^x − 1 must not lose its digits: elu(−1e-12) = −1e-12.

    >>> elu(torch.tensor([-800.0, -1.0, 2.0]))
    tensor([-1.0000, -0.6321,  2.0000])
    """
    left = x.clamp(max=0)  # all that the exponential gets to see
    return torch.where(x > 0, x, alpha * torch.expm1(left))


@checked
def elu_slope(x: Float[Tensor, "*shape"], alpha: float = 1.0) -> Float[Tensor, "*shape"]:
    """1 where x is positive, else α e^x."""
    return torch.where(x > 0, 1.0, alpha * x.clamp(max=0).exp())
