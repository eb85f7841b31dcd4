"""Chapter 2: what is left of signal and gradient after fifty layers, before training?

Nine activations, six ways to draw the weights, fifty hidden layers of 100 units, normal
inputs.  Ten seeds draw weights, inputs, and the gradient that is sent back.
"""

from collections.abc import Callable, Iterable
from math import sqrt

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor

from experiments.comparing import below, level
from experiments.record import Numbers
from steadygrad import initialization

DEPTH, WIDTH, BATCH = 50, 100, 64
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "ReLU": torch.relu,
    "leaky 0.2": lambda z: F.leaky_relu(z, 0.2),
    "ELU": F.elu,
    "SELU": F.selu,
    "GELU": F.gelu,
    "SiLU": F.silu,
}
SCHEMES = ("0.01", "default", "LeCun", "He", "own gain", "orthogonal")


def weight_gain(activation: str, scheme: str) -> float:
    """√(fan_in · Var(w)).  With fan_in = fan_out, Glorot's is LeCun's."""
    own = initialization.gain_from_activation(ACTIVATIONS[activation])
    return {
        "0.01": 0.01 * sqrt(WIDTH),
        "default": sqrt(1 / 3),
        "LeCun": 1.0,
        "He": sqrt(2),
        "own gain": own,
        "orthogonal": own,
    }[scheme]


def weights(activation: str, scheme: str, rng: torch.Generator) -> Iterable[Tensor]:
    """One matrix for each layer; in float64, because some signals end far below 1e-38."""
    gain = weight_gain(activation, scheme)
    for _ in range(DEPTH):
        w = torch.empty(WIDTH, WIDTH, dtype=torch.float64)
        if scheme == "orthogonal":
            yield initialization.orthogonal_(w, gain, rng)
        else:
            kind = "uniform" if scheme == "default" else "normal"
            yield initialization.variance_scaling_(w, gain, "fan_in", kind, rng)


def sizes(activation: str, scheme: str, seed: int) -> tuple[list[float], list[float]]:
    """The size of every layer's outputs, and of the gradient with respect to them.

    Biases are left out ("default" draws some, which change little but for the sigmoid).
    """
    rng = torch.Generator().manual_seed(seed)
    outputs = [torch.randn(BATCH, WIDTH, generator=rng, dtype=torch.float64).requires_grad_()]
    for weight in weights(activation, scheme, rng):
        outputs.append(ACTIVATIONS[activation](outputs[-1] @ weight.T))
    sent_back = torch.randn(BATCH, WIDTH, generator=rng, dtype=torch.float64)
    gradients = torch.autograd.grad(outputs[-1], outputs[1:], sent_back)
    return [rms(output) for output in outputs[1:]], [rms(grad) for grad in gradients]


def rms(values: Tensor) -> float:
    return values.detach().square().mean().sqrt().item()


def measure(seeds: Iterable[int]) -> Numbers:
    """For each pair: the size in layers 1, 10, 20, … 50, an array of (seeds, 6) each."""
    numbers = {}
    kept = [0, *range(9, DEPTH, 10)]
    for activation in ACTIVATIONS:
        for scheme in SCHEMES:
            runs = np.array([sizes(activation, scheme, seed) for seed in seeds])[:, :, kept]
            numbers[f"{activation}, {scheme}"] = {
                "signal": runs[:, 0],
                "gradient": runs[:, 1],
            }
    return numbers


def signal_logs(numbers: Numbers, activation: str, scheme: str) -> np.ndarray:
    """For each seed the logarithm of the last layer's outputs over the first one's."""
    logs = np.log(numbers[f"{activation}, {scheme}"]["signal"])
    return logs[:, -1] - logs[:, 0]


def gradient_logs(numbers: Numbers, activation: str, scheme: str) -> np.ndarray:
    """For each seed the logarithm of the first layer's gradient over the last one's."""
    logs = np.log(numbers[f"{activation}, {scheme}"]["gradient"])
    return logs[:, 0] - logs[:, -1]


def signal_kept(numbers: Numbers, activation: str, scheme: str) -> float:
    """The last layer's outputs over the first one's, the seeds' geometric mean."""
    return float(np.exp(signal_logs(numbers, activation, scheme).mean()))


def gradient_kept(numbers: Numbers, activation: str, scheme: str) -> float:
    """The first layer's gradient over the last one's: what survives the way back."""
    return float(np.exp(gradient_logs(numbers, activation, scheme).mean()))


def within(logs: np.ndarray, factor: float) -> bool:
    """Whether what the logarithms stand for is level up to a factor."""
    return level(np.zeros_like(logs), logs, within=np.log(factor))


def grows(logs: np.ndarray, factor: float) -> bool:
    return below(np.zeros_like(logs), logs, by=np.log(factor))


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "He keeps ReLU's signal and gradient within a factor of 6": lambda n: all(
        within(logs(n, "ReLU", "He"), 6) for logs in (signal_logs, gradient_logs)
    ),
    "PyTorch's default leaves ReLU less than 1e-15 of either": lambda n: all(
        kept(n, "ReLU", "default") < 1e-15 for kept in (signal_kept, gradient_kept)
    ),
    "no scheme saves the sigmoid's gradient, though all keep its signal": lambda n: all(
        0.8 < signal_kept(n, "sigmoid", s) < 1.2 and gradient_kept(n, "sigmoid", s) < 1e-15
        for s in SCHEMES
    ),
    "SELU with LeCun's scale keeps its signal, and its gradient grows less than tenfold": (
        lambda n: (
            within(signal_logs(n, "SELU", "LeCun"), 1.1)
            and grows(gradient_logs(n, "SELU", "LeCun"), 4)
            and within(gradient_logs(n, "SELU", "LeCun"), 10)
        )
    ),
    "a gain of its own is enough for ReLU, leaky ReLU, tanh, ELU and SELU's signal": lambda n: (
        all(
            within(signal_logs(n, a, "own gain"), 6)
            for a in ("ReLU", "leaky 0.2", "tanh", "ELU", "SELU")
        )
    ),
    "and not for GELU's and SiLU's, which grow 5-fold and 500-fold and more": lambda n: (
        grows(signal_logs(n, "GELU", "own gain"), 5)
        and grows(signal_logs(n, "SiLU", "own gain"), 500)
    ),
    "with LeCun's scale tanh loses less than a factor of 10 of either": lambda n: all(
        within(logs(n, "tanh", "LeCun"), 10) for logs in (signal_logs, gradient_logs)
    ),
    "tanh's gradient grows more with its own gain than with He's": lambda n: below(
        gradient_logs(n, "tanh", "He"), gradient_logs(n, "tanh", "own gain"), by=np.log(3)
    ),
}
