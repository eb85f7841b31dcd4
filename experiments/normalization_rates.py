"""Chapter 4: which learning rates does a network of 20 layers stand, with and without norms?

Twenty hidden layers of 50 ReLU units with He's weights train for four epochs on 2000
digits at each of six rates.  Ten seeds draw the weights and the order of the images.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import nn

from experiments.record import Numbers
from experiments.stacks import train
from steadygrad.data import Examples, load_images

RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
KINDS = ["none", "BN before", "BN after", "LN"]
DEPTH, WIDTH, GROUPS = 20, 50, 5
TRAIN, EPOCHS, BATCH = 2000, 4, 50
CEILING = 10.0  # a loss beyond it, or none at all, has diverged: how far is of no interest


def network(
    kind: str, depth: int, seed: int, scale: float | None = None, width: int = WIDTH
) -> nn.Sequential:
    """A ReLU network with a norm of this kind in each hidden layer.

    The weights are normal with deviation `scale`, or He's; biases start at 0.  A norm stands
    before the ReLU, except for "BN after".
    """
    rng, layers = torch.Generator().manual_seed(seed), []
    for fan_in, fan_out in pairwise([784, *[width] * depth, 10]):
        with torch.random.fork_rng(devices=[]):
            linear = nn.Linear(fan_in, fan_out)
        nn.init.normal_(linear.weight, std=scale or math.sqrt(2 / fan_in), generator=rng)
        nn.init.zeros_(linear.bias)
        layers += [linear, *norm(kind, width)]
        if kind == "BN after":
            layers[-2:] = [linear, nn.ReLU(), nn.BatchNorm1d(width)]
        else:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers[: layers.index(linear) + 1])


def norm(kind: str, width: int) -> list[nn.Module]:
    """The layers that this kind adds to a hidden layer."""
    match kind:
        case "none":
            return []
        case "LN":
            return [nn.LayerNorm(width)]
        case "GN":
            return [nn.GroupNorm(GROUPS, width)]
        case _:
            return [nn.BatchNorm1d(width)]


@torch.no_grad()
def result(model: nn.Module, images: Examples) -> tuple[float, float]:
    """Loss, and share of wrong answers, in evaluation."""
    scores = model.eval()(images.x)
    loss = F.cross_entropy(scores, images.y).item()
    wrong = (scores.argmax(1) != images.y).double().mean().item()
    return (min(loss, CEILING) if math.isfinite(loss) else CEILING), max(wrong, 1e-4)


def digits() -> tuple[Examples, Examples]:
    """The first TRAIN of the training digits, and all of the test digits."""
    images = load_images("mnist-5k")
    return Examples(images.train.x[:TRAIN], images.train.y[:TRAIN]), images.test


def measure(seeds: Iterable[int]) -> Numbers:
    """For each kind the error on test digits, an array of (seeds, rates)."""
    images, test = digits()
    runs = [(seed, rate) for seed in seeds for rate in RATES]

    def errors(kind: str) -> np.ndarray:
        models = [network(kind, DEPTH, seed) for seed, _ in runs]
        train(models, images, runs, epochs=EPOCHS, batch=BATCH)
        wrong = [result(model, test)[1] for model in models]
        return np.array(wrong).reshape(-1, len(RATES))

    return {kind: {"error": errors(kind)} for kind in KINDS}


def mean_error(numbers: Numbers, kind: str) -> np.ndarray:
    """For each rate, over the seeds."""
    return numbers[kind]["error"].mean(axis=0)


def best(numbers: Numbers, kind: str) -> float:
    """At the rate that suits the kind best, which favours no kind."""
    return float(mean_error(numbers, kind).min())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "batch norm before relu errs least, by far less than no norm": lambda n: (
        best(n, "BN before") < best(n, "none") - 0.1
    ),
    "batch norm before relu errs less than after it": lambda n: (
        best(n, "BN before") < best(n, "BN after") - 0.05
    ),
    "layer norm is no better than no norm in a plain network of 20 layers": lambda n: (
        abs(best(n, "LN") - best(n, "none")) < 0.05 < best(n, "LN") - best(n, "BN before")
    ),
    "from a rate of 0.3 on only batch norm learns": lambda n: (
        max(mean_error(n, "BN before")[4:].max(), mean_error(n, "BN after")[4:].max())
        < 0.7
        < min(mean_error(n, "none")[4:].min(), mean_error(n, "LN")[4:].min())
    ),
    "batch norm's best rate is at least three times the others'": lambda n: (
        min(RATES[mean_error(n, kind).argmin()] for kind in ("BN before", "BN after"))
        > 2.9 * max(RATES[mean_error(n, kind).argmin()] for kind in ("none", "LN"))
    ),
}
