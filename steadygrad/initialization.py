"""Initialization: first weights that keep signals and gradients the same size at any depth.

One equation, Var(z) = fan_in · Var(w) · E[a²], and everything else from it: the fans, one
draw for all schemes, the gain of any activation, and how to give them to a model.  Then
what a variance does not say: directions, symmetry, and what the data know already.
Chapter 2 derives each formula in this order.
"""

import copy
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)  # what is given new weights

# ── One draw for all schemes ────────────────────────────────────────────────────────


def fan_in_fan_out(shape: Sequence[int], groups: int = 1) -> tuple[int, int]:
    """How many inputs one unit adds up, and how many units one input goes to.

        dense         (out, in)                    fan_in = in         fan_out = out
        convolution   (out, in / groups, k₁, …)    fan_in = (in / groups) · k₁ · …
                                                   fan_out = (out / groups) · k₁ · …

    `shape` is that of a weight in PyTorch, outputs first, with any number of kernel sides.
    PyTorch has divided its second number by the groups already; the first it has not.

    >>> fan_in_fan_out((64, 8, 3, 3), groups=4)
    (72, 144)
    """
    area = math.prod(shape[2:])
    fan_in = shape[1] * area
    fan_out = shape[0] // groups * area
    return fan_in, fan_out


# The deviation of a standard normal number that is drawn again while it is beyond ±2:
# its variance is 1 − 4 p(2) / (P(2) − P(−2)), p the density and P what lies below.
TRUNCATED_STD = math.sqrt(
    1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
)


def variance_scaling(
    w: Float[Tensor, "out in *kernel"],
    gain: float,
    mode: str,
    distribution: str,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "out in *kernel"]:
    """New weights of variance gain² / fan, for a weight shaped like w.

        fan            by mode: "fan_in", "fan_out", or "fan_avg", the mean of the two
        σ = gain / √fan
        "normal"       N(0, σ²)
        "uniform"      evenly from −r to r, with r = √3 σ, so that the variance is σ²
        "truncated"    N(0, s²), drawn again while beyond ±2 s, with s = σ / TRUNCATED_STD,
                       because cutting the tails off leaves 0.8796 of a deviation

    LeCun et al. (1998) is gain 1 with fan_in; Glorot & Bengio (2010), equation 12, gain 1 with
    fan_avg; He et al. (2015), equation 10, gain √2 with fan_in.  Only shape, dtype and device
    of `w` matter; `w` itself stays as it is.  All randomness comes from `generator`.
    """
    fan_in, fan_out = fan_in_fan_out(w.shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = gain / math.sqrt(fan)
    new = torch.empty_like(w, device=generator.device if generator else w.device)
    if distribution == "uniform":
        bound = math.sqrt(3) * std
        new.uniform_(-bound, bound, generator=generator)
    elif distribution == "truncated":
        wide = std / TRUNCATED_STD
        nn.init.trunc_normal_(new, std=wide, a=-2 * wide, b=2 * wide, generator=generator)
    else:
        new.normal_(0, std, generator=generator)
    return new.to(w.device)


MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("normal", "uniform", "truncated")


@torch.no_grad()
def variance_scaling_(
    w: Float[Tensor, "out in *kernel"],
    gain: float,
    mode: str,
    distribution: str,
    generator: torch.Generator | None = None,
    *,
    groups: int = 1,
) -> Float[Tensor, "out in *kernel"]:
    """The same, written into w, which is returned and still asks for gradients if it did.

    A convolution in groups is that many convolutions side by side, each with fans of its own.
    Raises ValueError for a mode or a distribution that there is not.
    """
    for what, given, options in (
        ("mode", mode, MODES),
        ("distribution", distribution, DISTRIBUTIONS),
    ):
        if given not in options:
            raise ValueError(f"There is no {what} {given!r}; choose one of {options!r}.")
    parts = [
        variance_scaling(part, gain, mode, distribution, generator) for part in w.chunk(groups)
    ]
    return w.copy_(torch.cat(parts))


# ── The gain of an activation ───────────────────────────────────────────────────────


def gain_from_activation(phi: Callable[[Tensor], Tensor]) -> float:
    """The gain that keeps a signal's size through an activation: 1 / √E[φ(z)²], z ~ N(0, 1).

        E[φ(z)²] = ∫ φ(z)² exp(−z²/2) / √(2π) dz

    The second moment, not the variance: the next layer adds up what comes out, its mean
    included.  To three digits at least; by quadrature, because the error of n random draws
    falls only with √n.  `phi` works entry by entry.

    >>> round(gain_from_activation(torch.tanh), 3)
    1.593
    """
    z = torch.linspace(-10, 10, 20_000, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    second_moment = torch.trapezoid(phi(z).square() * density, z)
    return 1 / math.sqrt(second_moment.item())


def backward_gain(phi: Callable[[Tensor], Tensor]) -> float:
    """The gain that keeps a gradient's size on its way back: 1 / √E[φ′(z)²], z ~ N(0, 1)."""

    def slope(z: Tensor) -> Tensor:
        with torch.enable_grad():
            z = z.clone().requires_grad_()
            return torch.autograd.grad(phi(z).sum(), z)[0]

    return gain_from_activation(slope)


def mean_activation(phi: Callable[[Tensor], Tensor]) -> float:
    """E[φ(z)], z ~ N(0, 1): by how much every input of the next layer is off zero."""
    z = torch.linspace(-10, 10, 20_000, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    return torch.trapezoid(phi(z) * density, z).item()


def leaky_relu_gain(slope: float) -> float:
    """√(2 / (1 + a²)): half of the inputs pass, the other half times a (He et al., 2015)."""
    return math.sqrt(2 / (1 + slope**2))


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


# ── Schemes, and models to give them to ─────────────────────────────────────────────


class Scheme(NamedTuple):
    """A way to draw first weights: the arguments of `variance_scaling`."""

    gain: float
    mode: str
    distribution: str


SCHEMES = {
    "LeCun normal": Scheme(1.0, "fan_in", "normal"),
    "LeCun uniform": Scheme(1.0, "fan_in", "uniform"),
    "Glorot normal": Scheme(1.0, "fan_avg", "normal"),
    "Glorot uniform": Scheme(1.0, "fan_avg", "uniform"),
    "He normal": Scheme(math.sqrt(2), "fan_in", "normal"),
    "He uniform": Scheme(math.sqrt(2), "fan_in", "uniform"),
    # what nn.Linear and nn.Conv draw: kaiming_uniform_ with a = √5, so r = 1 / √fan_in
    "PyTorch's default": Scheme(math.sqrt(1 / 3), "fan_in", "uniform"),
}


def initialize_(
    model: Model, scheme: Scheme, generator: torch.Generator | None = None
) -> Model:
    """Give every linear and convolutional layer of a model new weights, and biases of zero.

    In place; returns the model.  Other layers are left alone.  Raises ValueError for a model
    without any such layer, which would otherwise keep its weights without a word.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, LAYERS)]
    if not layers:
        raise ValueError(
            f"{type(model).__name__} has no linear and no convolutional layer to draw."
        )
    for layer in layers:
        variance_scaling_(layer.weight, *scheme, generator, groups=getattr(layer, "groups", 1))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model


class HeLinear(nn.Linear):
    """A linear layer that starts as He et al. (2015) would have it for a (leaky) ReLU.

    nn.Linear calls `reset_parameters` at the end of its own `__init__`, so what it needs has
    to be there before.  Who calls `reset_parameters` again gets He's weights again.
    """

    def __init__(self, in_features: int, out_features: int, *, slope: float = 0.0, **options):
        self.slope = slope
        super().__init__(in_features, out_features, **options)

    def reset_parameters(self) -> None:
        initialize_(self, Scheme(leaky_relu_gain(self.slope), "fan_in", "normal"))


class HeConv2d(nn.Conv2d):
    """A convolution that starts as He et al. (2015) would have it for a (leaky) ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, *, slope: float = 0.0, **options
    ):
        self.slope = slope
        super().__init__(in_channels, out_channels, kernel_size, **options)

    def reset_parameters(self) -> None:
        initialize_(self, Scheme(leaky_relu_gain(self.slope), "fan_in", "normal"))


# ── What a variance does not say ────────────────────────────────────────────────────


def orthogonal(
    w: Float[Tensor, "out *rest"], gain: float = 1.0, generator: torch.Generator | None = None
) -> Float[Tensor, "out *rest"]:
    """A random matrix that changes no length, times a gain (Saxe et al., 2014).

        A ~ N(0, 1), as tall as it is wide or taller        A = Q R
        Q ← Q · sign(diag R)        w = gain · Q, turned on its side if w is wide

    A weight of more than two dimensions counts as the matrix (out, everything else).  Rows or
    columns, whichever are fewer, come out orthogonal and of length `gain`.  Without the signs
    Q would not be fair: LAPACK's Q has a diagonal that is mostly negative.  `w` itself stays
    as it is.
    """
    rows, columns = w.flatten(1).shape
    device = generator.device if generator else w.device
    tall = torch.empty(
        max(rows, columns), min(rows, columns), dtype=w.dtype, device=device
    ).normal_(generator=generator)
    q, r = torch.linalg.qr(tall)
    q = q * r.diagonal().sign()
    q = q.T if rows < columns else q
    return (gain * q).reshape(w.shape).to(w.device)


@torch.no_grad()
def orthogonal_(
    w: Float[Tensor, "out *rest"], gain: float = 1.0, generator: torch.Generator | None = None
) -> Float[Tensor, "out *rest"]:
    """The same, written into w, which is returned."""
    return w.copy_(orthogonal(w, gain, generator))


def distinct_units(
    w_in: Float[Tensor, "hidden inputs"],
    w_out: Float[Tensor, "outputs hidden"],
    tol: float = 1e-6,
) -> int:
    """How many hidden units are not copies of one another.

    Unit i is a row of `w_in`, what it listens to, and a column of `w_out`, who listens to it.
    Two units are copies if no weight of one is further than `tol` from the same weight of the
    other.  Copies get the same gradient, so gradient descent can never tell them apart: a
    layer of copies is one unit, however wide it is.

    >>> distinct_units(torch.ones(100, 3), torch.ones(2, 100))
    1
    """
    units = torch.cat([w_in, w_out.T], dim=1)
    distance = (units[:, None] - units[None, :]).abs().amax(dim=2)
    copies = (distance <= tol).tril(diagonal=-1).any(dim=1)
    return int((~copies).sum())


# ── What the data know already ──────────────────────────────────────────────────────


def output_bias_from_counts(
    counts: Shaped[Tensor, " classes"],
) -> Float[Tensor, " classes"]:
    """The last layer's bias with which a network starts at the classes' own shares.

        b_k = log(n_k / Σ n),  so that  softmax(b)_k = n_k / Σ n

    A class that never occurred counts as if it had occurred once: log 0 would be −∞.  Adding
    the same number to all of b changes nothing.

    >>> output_bias_from_counts(torch.tensor([90, 10])).softmax(dim=0)
    tensor([0.9000, 0.1000])
    """
    counts = counts.clamp(min=1)
    shares = counts / counts.sum()
    return shares.log()


def lsuv(
    model: nn.Sequential,
    x: Float[Tensor, "batch *shape"],
    tol: float = 0.02,
    max_iter: int = 10,
) -> dict[str, Tensor]:
    """Layer-sequential unit variance: measure, and divide (Mishkin & Matas, 2016).

        for each linear or convolutional layer, first to last:
            up to max_iter times, while |Var(z) − 1| ≥ tol:   W ← W / √Var(z)
            b ← b − mean(z), once

    z is what the layer puts out for the batch `x`, before its activation; variance and mean
    go over all of its entries.  Weights first, then the bias: scaling W moves the mean again.
    Measured as the network will be used, without dropout.  The model stays as it is; returned
    is what `load_state_dict` takes.

    A layer whose biases alone spread more than 1 never gets there, hence max_iter.
    """
    new = copy.deepcopy(model).eval()
    with torch.no_grad():
        for number, layer in enumerate(new, start=1):
            if not isinstance(layer, nn.Linear | nn.Conv2d):
                continue
            for _ in range(max_iter):
                variance = new[:number](x).var()
                if abs(variance - 1) < tol:
                    break
                layer.weight /= variance.sqrt()
            layer.bias -= new[:number](x).mean()
    return new.state_dict()
