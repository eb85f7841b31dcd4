"""What a gradient goes through: one factor for each unit that it passes.

From the neuron that has no gradient at all, by way of the chain whose every factor
can be seen, to a dense network differentiated by hand and two ways to check it.
Chapter 1 derives each formula in this order.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from steadygrad.checks import (
    Rule,
    at_least,
    checked,
    classes_of,
    filled,
    not_negative,
    positive,
    rule,
)

Scalar = Float[Tensor, ""]
Weights = Sequence[Float[Tensor, "_ _"]]
Biases = Sequence[Float[Tensor, " _"]]


# ── A unit without a slope ──────────────────────────────────────────────────────────


@checked
def perceptron(
    x: Float[Tensor, "*batch features"], weights: Float[Tensor, " features"], bias: Scalar
) -> Float[Tensor, "*batch"]:
    """Fire (1) when the weighted sum reaches zero, else rest (0) (Rosenblatt, 1958).

    Its slope is zero wherever it has one, so no gradient can tell the weights which way to go.
    McCulloch and Pitts (1943) had the threshold, but no weights to learn.
    """
    return (x @ weights + bias >= 0).to(x.dtype)


@checked(y=rule("0 or 1", lambda v: v in (0, 1)))
def perceptron_update(
    x: Float[Tensor, " features"], y: Scalar, weights: Float[Tensor, " features"], bias: Scalar
) -> tuple[Float[Tensor, " features"], Scalar]:
    """Learn from one example, and only if it was answered wrongly (Rosenblatt, 1962).

    w ← w + (y − ŷ) x        b ← b + (y − ŷ)

    Ends if a line separates the classes (Novikoff, 1962), and never if none does, as for XOR.
    """
    mistake = y - perceptron(x, weights, bias)
    return weights + mistake * x, bias + mistake


# ── A chain of sigmoids ─────────────────────────────────────────────────────────────


class Link(NamedTuple):
    """One unit of a chain: what came in, what went out, and the factor it contributes."""

    weight: Tensor
    z: Tensor  # weight times the activation before it
    activation: Tensor  # σ(z)
    slope: Tensor  # σ′(z)

    @property
    def factor(self) -> Tensor:
        """∂ activation / ∂ activation before it = w σ′(z)."""
        return self.weight * self.slope


@checked
def sigmoid_chain(weights: Sequence[Scalar], x: Float[Tensor, "*shape"]) -> list[Link]:
    """Every unit of the chain a₀ = x, aₗ = σ(wₗ aₗ₋₁), first to last, with nothing hidden."""
    links, activation = [], x
    for weight in weights:
        z = weight * activation
        activation = torch.sigmoid(z)
        links.append(Link(weight, z, activation, activation * (1 - activation)))
    return links


@checked
def sigmoid_chain_gradient(
    weights: Sequence[Scalar], x: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """How much the end of a chain of sigmoids moves when its start does.

        a₀ = x        zₗ = wₗ aₗ₋₁        aₗ = σ(zₗ)
        d a_L / d x = Π wₗ σ′(zₗ)         σ′(z) = σ(z) (1 − σ(z)) ≤ 1/4

    One weight for each layer.  `x` may have any shape: every entry is a chain of its own.
    However far z is from 0, the slope is a number: at z = −100 it is about 0, not NaN.

    >>> sigmoid_chain_gradient([torch.tensor(1.0), torch.tensor(1.0)], torch.tensor(0.0))
    tensor(0.0588)
    """
    gradient, activation = torch.ones_like(x), x
    for weight in weights:
        activation = torch.sigmoid(weight * activation)
        gradient = gradient * weight * activation * (1 - activation)
    return gradient


def _counted_or_computed(limit: Callable[[float, float], int]) -> Callable[[float, float], int]:
    """Take logarithms where counting would take for ever: with a weight just below 4."""

    @functools.wraps(limit)
    def answer(weight: float, tol: float) -> int:
        shrinks = abs(weight) / 4
        if not 0.999 < shrinks < 1:
            return limit(weight, tol)
        return math.floor(math.log(tol) / math.log(shrinks)) + 1

    return answer


@checked(tol=rule("above 0 and below 1", lambda v: 0 < v < 1))
@_counted_or_computed
def depth_limit(weight: float, tol: float) -> int:
    """How many layers until the bound on a sigmoid chain's gradient is below tol.

    Returns the smallest L with (|weight| / 4)ᴸ < tol, for 0 < tol < 1, however large this L
    is, and −1 where there is none: from |weight| = 4 on the bound does not shrink.

    >>> depth_limit(weight=1.0, tol=1e-6)
    10
    """
    if abs(weight) >= 4:
        return -1
    depth, bound = 0, 1.0
    while bound >= tol:
        bound *= abs(weight) / 4
        depth += 1
    return depth


# ── A loss ──────────────────────────────────────────────────────────────────────────


@checked(logits=filled, target=classes_of("logits"))
def softmax_cross_entropy_grad(
    logits: Float[Tensor, "batch classes"], target: Int[Tensor, " batch"]
) -> Float[Tensor, "batch classes"]:
    """The gradient of the mean cross-entropy with respect to the logits: derive it yourself.

        pᵢₖ = exp(zᵢₖ) / Σⱼ exp(zᵢⱼ)        loss = −(1/B) Σᵢ log pᵢ,target(i)

    B is the number of examples, a row of `logits` for each; `target` holds the number of each
    one's true class.  The result has the shape and the dtype of `logits`, and each of its rows
    sums to 0.  Logits of 1000 must give no NaN: softmax does not change when the same number
    is taken off a whole row.

    >>> softmax_cross_entropy_grad(torch.zeros(1, 4), torch.tensor([2]))
    tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]])
    """
    # ∂ loss / ∂ zᵢₖ = (pᵢₖ − [k = target(i)]) / B
    shifted = logits - logits.amax(dim=1, keepdim=True)
    exponentials = shifted.exp()
    probabilities = exponentials / exponentials.sum(dim=1, keepdim=True)
    one_hot = target[:, None] == torch.arange(logits.shape[1], device=logits.device)
    return (probabilities - one_hot.to(logits.dtype)) / len(logits)


@checked(classes=at_least(1))
def initial_loss(classes: int) -> float:
    """The cross-entropy of knowing nothing: log C when every class gets probability 1/C."""
    return math.log(classes)


# ── Slopes by measurement ───────────────────────────────────────────────────────────


@checked(x=filled, eps=positive)
def numerical_gradient(
    f: Callable[[Tensor], Scalar], x: Float[Tensor, "*shape"], eps: float = 1e-5
) -> Float[Tensor, "*shape"]:
    """The gradient of f at x by central differences, one coordinate at a time.

        ∂f/∂xᵢ ≈ (f(x + ε eᵢ) − f(x − ε eᵢ)) / (2 ε)

    The differences are taken in float64, whatever the dtype of `x`: in float32 a step of 1e-5
    drowns in rounding.  The result has the shape and the dtype of `x`, which may be a single
    number.  `f` takes a tensor of the shape of `x` and returns one number, as a tensor.
    """
    flat = x.double().flatten()
    steps = eps * torch.eye(len(flat), dtype=flat.dtype, device=flat.device)
    slopes = [
        (f((flat + step).view(x.shape)) - f((flat - step).view(x.shape))) / (2 * eps)
        for step in steps
    ]
    return torch.stack(slopes).view(x.shape).to(x.dtype)


class DifferenceError(NamedTuple):
    """The two errors of a central difference: one shrinks with the step, one grows."""

    truncation: float
    rounding: float


@checked(eps=positive, roundoff=not_negative)
def difference_error(
    eps: float, *, value: float, third_derivative: float, roundoff: float
) -> DifferenceError:
    """What a central difference gets wrong at the worst, by its two causes.

        truncation = |f‴| ε² / 6        rounding = u |f| / ε

    `roundoff` u is half the spacing of the numbers around 1: `torch.finfo(dtype).eps / 2`.
    """
    truncation = abs(third_derivative) * eps**2 / 6
    return DifferenceError(truncation, rounding=roundoff * abs(value) / eps)


@checked(third_derivative=rule("other than 0", lambda v: v != 0), roundoff=not_negative)
def best_step(*, value: float, third_derivative: float, roundoff: float) -> float:
    """The step that makes the two errors of a central difference smallest together.

        ε* = (3 u |f| / |f‴|)^(1/3)

    About 7e-6 in float64 and 6e-3 in float32 where f and f‴ are of like size.
    """
    return (3 * roundoff * abs(value) / abs(third_derivative)) ** (1 / 3)


@checked(x=filled, eps=positive, tol=not_negative)
def kinks(
    f: Callable[[Float[Tensor, "*shape"]], Scalar],
    x: Float[Tensor, "*shape"],
    eps: float = 1e-5,
    *,
    tol: float = 1e-2,
) -> Bool[Tensor, "*shape"]:
    """Where a step of eps crosses a kink, so that no difference can judge a gradient there.

        |f(x + ε eᵢ) − 2 f(x) + f(x − ε eᵢ)| / ε  >  tol · (1 + the two slopes' sizes)

    For a smooth f the two one-sided slopes differ by about ε f″; across a ReLU's corner they
    differ by a whole step, however small ε is.
    """
    flat = x.double().flatten()
    centre = f(flat.view(x.shape))
    found = []
    for step in eps * torch.eye(len(flat), dtype=flat.dtype, device=flat.device):
        right = (f((flat + step).view(x.shape)) - centre) / eps
        left = (centre - f((flat - step).view(x.shape))) / eps
        found.append((right - left).abs() > tol * (1 + right.abs() + left.abs()))
    return torch.stack(found).view(x.shape)


@checked(analytic=filled)
def gradient_check(
    analytic: Float[Tensor, "*shape"], numeric: Float[Tensor, "*shape"]
) -> float:
    """The largest relative error between a derived gradient and a measured one.

        max over all entries of |a − n| / max(|a|, |n|), where 0/0 counts as 0

    Between 0 and 2: 1 where one side is 0 and the other is not, more than 1 where the signs
    differ, and 2 where the two differ in nothing but their sign.  Rules of thumb in float64:
    below 1e-7 the gradient is probably right, above 1e-2 probably wrong; in between, and
    before blaming a gradient of a network of ReLUs, look for kinks.
    """
    difference = (analytic - numeric).abs()
    scale = torch.maximum(analytic.abs(), numeric.abs())
    error = torch.where(difference == 0, 0.0, difference / scale)
    return error.max().item()


# ── A dense network ─────────────────────────────────────────────────────────────────


_BIASES = Rule(
    "as many as weights, one number for each output",
    lambda v, given: [len(b) for b in v] == [len(w) for w in given["weights"]],
)
_OUTPUTS = Rule(
    "a row for each of x, as long as the last layer has outputs",
    lambda v, given: v.shape == (len(given["x"]), len(given["weights"][-1])),
)


@checked(weights=filled, biases=_BIASES)
def mlp_forward(
    x: Float[Tensor, "batch inputs"], weights: Weights, biases: Biases
) -> list[Float[Tensor, "batch _"]]:
    """Every layer's output, the input first: ReLU after each layer but the last."""
    outputs = [x]
    for weight, bias in zip(weights, biases, strict=True):
        z = outputs[-1] @ weight.T + bias
        outputs.append(z if len(outputs) == len(weights) else z.relu())
    return outputs


@checked(x=filled, y=_OUTPUTS, weights=filled, biases=_BIASES)
def mlp_backward(
    x: Float[Tensor, "batch inputs"],
    y: Float[Tensor, "batch outputs"],
    weights: Weights,
    biases: Biases,
) -> tuple[list[Float[Tensor, "_ _"]], list[Float[Tensor, " _"]]]:
    """The gradients of a dense ReLU network's mean squared error, derived by hand.

        a₀ = x      zₗ = aₗ₋₁ Wₗᵀ + bₗ      aₗ = relu(zₗ), but a_L = z_L      N = y.numel()
        loss = Σ (a_L − y)² / N             δ_L = 2 (a_L − y) / N
        ∂Wₗ = δₗᵀ aₗ₋₁                      ∂bₗ = sum of δₗ over the batch
        δₗ₋₁ = (δₗ Wₗ) ⊙ [zₗ₋₁ > 0]

    Weights have shape (outputs, inputs); the mean is over all entries of y; where z is exactly
    0, ReLU's slope counts as 0: all as in PyTorch.  Returns the list of the weights' gradients
    and the list of the biases' gradients, first layer first.
    """
    activations = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        activations.append((activations[-1] @ weight.T + bias).relu())
    output = activations[-1] @ weights[-1].T + biases[-1]
    delta = 2 * (output - y) / y.numel()
    weight_grads, bias_grads = [], []
    for layer in reversed(range(len(weights))):
        weight_grads.insert(0, delta.T @ activations[layer])
        bias_grads.insert(0, delta.sum(dim=0))
        delta = (delta @ weights[layer]) * (activations[layer] > 0)
    return weight_grads, bias_grads


@checked(fan_out=at_least(1), weight_variance=not_negative, mean_squared_slope=not_negative)
def layer_scale(*, fan_out: int, weight_variance: float, mean_squared_slope: float) -> float:
    """By how much the mean square of a gradient grows on its way back through one layer.

        E[δₗ₋₁²] / E[δₗ²] = fan_out · Var(w) · E[φ′(z)²]

    The layer's Jacobian is diag(φ′(zₗ₋₁)) Wₗᵀ, with weights independent of mean zero.
    Below 1 gradients vanish with depth, above 1 they explode.
    """
    return fan_out * weight_variance * mean_squared_slope


@checked
def layer_gradient_rms(model: nn.Module) -> dict[str, float]:
    """The typical size of the gradient that each layer's weight got in the last backward.

        rms(g) = √(mean of g²)        not the norm, which grows with the number of entries

    Every parameter whose name ends in "weight", as a norm's and a PReLU's does, and no other;
    named as in `model.named_parameters()`, in that order: "0.weight".  A weight without a
    gradient (frozen, or not used) is left out; one whose gradient is 0 stays.
    """
    return {
        name: parameter.grad.square().mean().sqrt().item()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and name.endswith("weight")
    }
