"""The gain of an activation: how much of a signal it takes away, forwards and backwards."""

import copy
import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from steadygrad.checks import checked, not_negative


def _entry_by_entry(gain: Callable[..., float]) -> Callable[..., float]:
    """Let any activation be measured: modules in float64, and what works in place on a copy.

    Raises ValueError for one that does not give a number for each number.
    """

    @functools.wraps(gain)
    def measured(phi: Callable[[Tensor], Tensor]) -> float:
        wide = copy.deepcopy(phi).double() if isinstance(phi, nn.Module) else phi

        def one_each(z: Tensor) -> Tensor:
            values = wide(z.clone())
            if values.shape != z.shape:
                raise ValueError(
                    f"phi must work entry by entry, but made {tuple(values.shape)} of a tensor "
                    f"of the shape {tuple(z.shape)}; a gate such as GLU has no gain of its own."
                )
            return values

        try:
            return gain(one_each)
        except ZeroDivisionError:
            raise ValueError("phi is zero everywhere: no gain brings a signal back.") from None

    return measured


@checked
@_entry_by_entry
def gain_from_activation(phi: Callable[[Tensor], Tensor]) -> float:
    """The gain that keeps a signal's size through an activation: derive it yourself.

        z ~ N(0, 1)        a = φ(z)        Var(w) = gain² / fan_in

    With these weights the sums of the next layer are to have the variance 1 again.  The result
    is a Python number above 0, right to three digits at least; by quadrature,

        E[f(z)] = ∫ f(z) exp(−z²/2) / √(2π) dz

    because the error of n random draws falls only with √n.  `phi` works entry by entry.  For
    the ReLU it was derived by He et al. (2015), section 2.2: √2.

    >>> round(gain_from_activation(torch.tanh), 3)
    1.593
    """
    # gain = 1 / √E[φ(z)²]: the second moment, not the variance, because the next layer adds up
    # what comes out, its mean included
    z = torch.linspace(-10, 10, 20_000, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    second_moment = torch.trapezoid(phi(z).square() * density, z)
    return 1 / math.sqrt(second_moment.item())


@checked
@_entry_by_entry
def backward_gain(phi: Callable[[Tensor], Tensor]) -> float:
    """The gain that keeps a gradient's size on its way back: 1 / √E[φ′(z)²], z ~ N(0, 1)."""

    def slope(z: Tensor) -> Tensor:
        with torch.enable_grad():
            z = z.clone().requires_grad_()
            return torch.autograd.grad(phi(z).sum(), z)[0]

    return gain_from_activation(slope)


@checked
@_entry_by_entry
def mean_activation(phi: Callable[[Tensor], Tensor]) -> float:
    """E[φ(z)], z ~ N(0, 1): by how much every input of the next layer is off zero."""
    z = torch.linspace(-10, 10, 20_000, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    return torch.trapezoid(phi(z) * density, z).item()


@checked
def leaky_relu_gain(slope: float) -> float:
    """√(2 / (1 + a²)): half of the inputs pass, the other half times a (He et al., 2015)."""
    return math.sqrt(2 / (1 + slope**2))


@checked(weight_variance=not_negative, rms=not_negative)
def rms_through_layers(
    phi: Callable[[Tensor], Tensor], *, weight_variance: float, depth: int, rms: float = 1.0
) -> list[float]:
    """The typical size of z in each of `depth` layers, as theory has it (Poole et al., 2016).

        q₁ = fan_in · Var(w) · rms²          q_{l+1} = fan_in · Var(w) · E[φ(√q_l z)²]

    `weight_variance` is fan_in · Var(w), that is gain² for a scheme by fan_in.  `rms` is the
    size of the inputs.  Right for wide layers; a net of few units scatters around it.
    """
    sizes = [math.sqrt(weight_variance) * rms]
    while len(sizes) < depth:
        now = sizes[-1]
        second_moment = gain_from_activation(lambda z, now=now: phi(now * z)) ** -2
        sizes.append(math.sqrt(weight_variance * second_moment))
    return sizes
