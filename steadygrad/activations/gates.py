"""Gates: x times a soft switch of x, and a layer whose gate has weights of its own."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.activations.sigmoids import sigmoid_slope, softplus
from steadygrad.checks import checked


@checked
def gelu(x: Float[Tensor, "*shape"], approximate: bool = False) -> Float[Tensor, "*shape"]:
    """x, weighted by the share of normal numbers below it (Hendrycks & Gimpel, 2016).

        exact          x Φ(x),  Φ(x) = (1 + erf(x / √2)) / 2
        approximate    x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2

    They differ by less than 0.0005.  A model should be run with the form that it was trained
    with: the code of GPT-2 has the approximate one, PyTorch's default is the exact one.

    >>> gelu(torch.tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + torch.tanh(inner))
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


@checked
def gelu_slope(
    x: Float[Tensor, "*shape"], approximate: bool = False
) -> Float[Tensor, "*shape"]:
    """Φ(x) + x φ(x), or the same for the approximate form: never below −0.13, up to 1.13."""
    if approximate:
        root = math.sqrt(2 / math.pi)
        bent = torch.tanh(root * (x + 0.044715 * x**3))
        inner_slope = root * (1 + 3 * 0.044715 * x**2)
        return 0.5 * (1 + bent) + 0.5 * x * (1 - bent**2) * inner_slope
    density = torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + torch.erf(x / math.sqrt(2))) + x * density


@checked
def quick_gelu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x σ(1.702 x): an approximation of GELU, off by up to 0.02 (Hendrycks & Gimpel, 2016)."""
    return x * torch.sigmoid(1.702 * x)


@checked
def swish(
    x: Float[Tensor, "*shape"], beta: float | Float[Tensor, "..."] = 1.0
) -> Float[Tensor, "*shape"]:
    """x σ(βx), a gate whose sharpness β can be learned (Ramachandran et al., 2017).

    β = 0 gives x / 2, β = 1 SiLU, β = 1.702 nearly GELU, and β → ∞ ReLU.  `beta` may be a
    tensor that is trained like a weight: one number, or one for each of the last dimension.
    """
    return x * torch.sigmoid(beta * x)


@checked
def swish_slope(
    x: Float[Tensor, "*shape"], beta: float | Float[Tensor, "..."] = 1.0
) -> Float[Tensor, "*shape"]:
    """σ(βx) + βx σ′(βx) = σ(βx) (1 + βx (1 − σ(βx)))."""
    z = beta * x
    gate = torch.sigmoid(z)
    return gate * (1 + z * (1 - gate))


@checked
def swish_beta_slope(
    x: Float[Tensor, "*shape"], beta: float | Float[Tensor, "..."] = 1.0
) -> Float[Tensor, "*shape"]:
    """∂ swish / ∂β = x² σ′(βx): what the sharpness learns from each entry."""
    return x.square() * sigmoid_slope(beta * x)


@checked
def silu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x σ(x), which is Swish with β = 1 (Hendrycks & Gimpel, 2016; Elfwing et al., 2017)."""
    return swish(x)


@checked
def silu_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """σ(x) (1 + x (1 − σ(x)))."""
    return swish_slope(x)


@checked
def mish(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x tanh(softplus(x)) (Misra, 2020)."""
    return x * torch.tanh(softplus(x))


@checked
def mish_slope(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """t + x (1 − t²) σ(x), with t = tanh(softplus(x))."""
    gate = torch.tanh(softplus(x))
    return gate + x * (1 - gate**2) * torch.sigmoid(x)


@checked
def swiglu(
    x: Float[Tensor, "*batch inputs"],
    w_gate: Float[Tensor, "hidden inputs"],
    w_up: Float[Tensor, "hidden inputs"],
    w_down: Float[Tensor, "outputs hidden"],
) -> Float[Tensor, "*batch outputs"]:
    """A hidden layer that is the product of two: one is the gate (Shazeer, 2020).

        y = (silu(x W_gateᵀ) ⊙ (x W_upᵀ)) W_downᵀ        silu(z) = z σ(z)

    Weights have shape (outputs, inputs), as in `torch.nn.Linear`, and there are no biases.
    `x` may have any number of dimensions before its last.
    """
    gate = x @ w_gate.T
    up = x @ w_up.T
    hidden = gate * torch.sigmoid(gate) * up
    return hidden @ w_down.T
