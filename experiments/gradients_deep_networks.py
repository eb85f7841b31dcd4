"""Chapter 1: how large is the gradient in each layer of a deep network, before training?

Ten hidden layers of 100 units on real digits, with three activations and five ways to
draw the first weights.  Ten seeds draw the weights, and with them the batch.
"""

from collections.abc import Callable, Iterable
from math import sqrt

import numpy as np
import torch
from torch import Tensor, nn

from experiments.comparing import below, level
from experiments.record import Numbers
from steadygrad import gradients, probes
from steadygrad.data import Examples, load_images
from steadygrad.models import mlp

DEPTH, WIDTH, BATCH = 10, 100, 256
SCALES: dict[str, Callable[[int, int], float]] = {  # fan in, fan out -> the weights' deviation
    "default": lambda fan_in, fan_out: 1 / sqrt(3 * fan_in),  # noqa: ARG005 - one signature
    "LeCun": lambda fan_in, fan_out: 1 / sqrt(fan_in),  # noqa: ARG005
    "Glorot": lambda fan_in, fan_out: sqrt(2 / (fan_in + fan_out)),
    "He": lambda fan_in, fan_out: sqrt(2 / fan_in),  # noqa: ARG005
    "2 x He": lambda fan_in, fan_out: 2 * sqrt(2 / fan_in),  # noqa: ARG005
    "0.01": lambda fan_in, fan_out: 0.01,  # noqa: ARG005
}


def network(activation: str, scale: str, seed: int, depth: int = DEPTH) -> nn.Sequential:
    """A deep network on digits whose weights have the deviation of the scale's formula.

    "default" is left as PyTorch draws it (uniform, biases too); the others are normal, with
    biases of zero.
    """
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # PyTorch's own first draw takes no generator
        model = mlp([784, *[WIDTH] * depth, 10], activation)
    if scale == "default":
        return model
    for layer in model[::2]:
        fan_out, fan_in = layer.weight.shape
        nn.init.normal_(layer.weight, std=SCALES[scale](fan_in, fan_out), generator=rng)
        nn.init.zeros_(layer.bias)
    return model


def batch(images: Examples, seed: int) -> Examples:
    """BATCH of the images, drawn without repeating one."""
    rng = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(images.x), generator=rng)[:BATCH]
    return Examples(images.x[chosen], images.y[chosen])


def growths(model: nn.Sequential, x: Tensor) -> list[float]:
    """What `layer_scale` predicts for the hidden layers 2, 3, …, from their measured slopes."""
    factors = []
    with torch.enable_grad():
        for layer, activation in zip(model[:-1:2], model[1::2], strict=True):
            z = layer(x).detach().requires_grad_()
            x = activation(z)
            (slope,) = torch.autograd.grad(x.sum(), z)
            factors.append(
                gradients.layer_scale(
                    fan_out=layer.out_features,
                    weight_variance=layer.weight.detach().square().mean().item(),
                    mean_squared_slope=slope.square().mean().item(),
                )
            )
    return factors[1:]


def sizes(model: nn.Sequential, images: Examples) -> dict[str, list[float]]:
    """Signal, gradients and predicted growth, layer by layer; the scores are not a layer."""
    *hidden, scores = probes.by_layer(probes.read_layers(model, *images))
    return {
        "activation": [r.rms for r in hidden],
        "activation gradient": [r.activation_gradient_rms for r in hidden],
        "weight gradient": [r.weight_gradient_rms for r in (*hidden, scores)],
        "predicted growth": growths(model, images.x),
    }


def measure(seeds: Iterable[int]) -> Numbers:
    """For each network: four sizes, an array of (seeds, layers) each."""
    images = load_images("mnist-5k").train
    numbers = {}
    for activation in ("sigmoid", "tanh", "relu"):
        for scale in SCALES:
            runs = [
                sizes(network(activation, scale, seed), batch(images, seed)) for seed in seeds
            ]
            numbers[f"{activation}, {scale}"] = {
                quantity: np.array([run[quantity] for run in runs]) for quantity in runs[0]
            }
    return numbers


def log_kept(numbers: Numbers, network: str, quantity: str = "activation gradient"):
    """For each seed the logarithm of `first_to_last`."""
    values = np.log(numbers[network][quantity][:, :DEPTH])
    return values[:, 0] - values[:, -1]


def first_to_last(numbers: Numbers, network: str, quantity: str) -> float:
    """How many times larger the first hidden layer's size is than the last hidden one's."""
    return float(np.exp(log_kept(numbers, network, quantity).mean()))


def measured_growth(numbers: Numbers, network: str) -> float:
    """The mean square's factor for each layer on the way back, averaged over the layers."""
    return first_to_last(numbers, network, "activation gradient") ** (2 / (DEPTH - 1))


def predicted_growth(numbers: Numbers, network: str) -> float:
    """The same from the formula."""
    return float(np.exp(np.log(numbers[network]["predicted growth"]).mean()))


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "with PyTorch's default, sigmoid loses a thousand times more than relu": lambda n: below(
        log_kept(n, "sigmoid, default"), log_kept(n, "relu, default"), by=np.log(1000)
    ),
    "and relu ten times more than tanh": lambda n: below(
        log_kept(n, "relu, default"), log_kept(n, "tanh, default"), by=np.log(10)
    ),
    "no scale up to He's saves a sigmoid network from losing a factor of 10,000": lambda n: all(
        first_to_last(n, f"sigmoid, {scale}", "activation gradient") < 1e-4
        for scale in ("default", "LeCun", "Glorot", "He")
    ),
    "relu with He's scale and tanh with Glorot's keep it within a factor of 4": lambda n: all(
        1 / 4 < first_to_last(n, name, "activation gradient") < 4
        for name in ("relu, He", "tanh, Glorot")
    ),
    "weights of 0.01 lose a factor of a hundred million, and the weight gradients hide it": (
        lambda n: all(
            first_to_last(n, f"{name}, 0.01", "activation gradient") < 1e-8
            and 0.1 < first_to_last(n, f"{name}, 0.01", "weight gradient") < 1
            for name in ("tanh", "relu")
        )
    ),
    "at twice He's scale relu's gradient doubles with each layer": lambda n: (
        3.4 < measured_growth(n, "relu, 2 x He") < 4.6
    ),
    "the formula predicts each network's growth to 10 per cent": lambda n: all(
        level(
            log_kept(n, name) * 2 / (DEPTH - 1),
            np.log(n[name]["predicted growth"]).mean(axis=1),
            within=0.1,
        )
        for name in n
    ),
}
