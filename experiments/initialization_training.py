"""Chapter 2: do first weights matter once a network trains?

ReLU networks of three and of ten hidden layers on real digits, from six kinds of first
weights, trained briefly by SGD with momentum.  Ten seeds draw weights and batches.
"""

import math
from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np
import torch
from torch import nn
from torch.optim import SGD

from experiments.comparing import below, level
from experiments.record import Numbers
from steadygrad import initialization, training
from steadygrad.data import Images, load_images
from steadygrad.initialization import SCHEMES
from steadygrad.models import mlp

WIDTH, EPOCHS, BATCH, RATE, MOMENTUM = 100, 6, 64, 0.02, 0.9
STARTS = ("0.01", "default", "Glorot", "He", "orthogonal", "LSUV")
LEARN = STARTS[2:]  # at both depths
DEPTHS = (3, 10)
POINT = 20  # steps that one point of a stored curve averages over
SOON = 2  # that of the steps 41 to 60


def network(start: str, depth: int, seed: int, images: Images) -> nn.Sequential:
    """Biases are zero, except PyTorch's own ("default") and those that LSUV sets."""
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # PyTorch's own first draw takes no generator
        model = mlp([784, *[WIDTH] * depth, 10])
    if start == "default":
        return model
    scheme = SCHEMES["Glorot normal" if start == "Glorot" else "He normal"]
    initialization.initialize_(model, scheme, rng)
    for layer in model[::2]:
        if start == "0.01":
            nn.init.normal_(layer.weight, std=0.01, generator=rng)
        elif start in ("orthogonal", "LSUV"):
            initialization.orthogonal_(layer.weight, math.sqrt(2), rng)
    if start == "LSUV":
        initialization.lsuv_(model, images.train.x[:256])
    return model


def run(start: str, depth: int, seed: int, images: Images) -> tuple[list[float], float]:
    """The loss of every step, and the share of test images that are classified right."""
    model = network(start, depth, seed, images)
    optimizer = SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    history = training.fit(
        model, images.train, epochs=EPOCHS, batch_size=BATCH, optimizer=optimizer, seed=seed,
        progress=False,
    )  # fmt: skip
    return history.batch_loss, training.evaluate(model, images.test).accuracy


def curve(losses: list[float]) -> np.ndarray:
    """Means over POINT steps each; what is left at the end is dropped."""
    whole = len(losses) // POINT * POINT
    return np.array(losses[:whole]).reshape(-1, POINT).mean(axis=1)


def measure(seeds: Iterable[int]) -> Numbers:
    """For each network the loss over the steps, and the test accuracy at the end."""
    images, numbers = load_images("mnist-5k"), {}
    for depth in DEPTHS:
        for start in STARTS:
            runs = [run(start, depth, seed, images) for seed in seeds]
            numbers[f"{depth} layers, {start}"] = {
                "loss": np.array([curve(losses) for losses, _ in runs]),
                "accuracy": np.array([accuracy for _, accuracy in runs]),
            }
    return numbers


def accuracy(numbers: Numbers, depth: int, start: str) -> np.ndarray:
    return numbers[f"{depth} layers, {start}"]["accuracy"]


def soon(numbers: Numbers, depth: int, start: str) -> np.ndarray:
    return numbers[f"{depth} layers, {start}"]["loss"][:, SOON]


def averaged(numbers: Numbers, depth: int) -> np.ndarray:
    """Each seed's accuracy, averaged over the starts that learn at both depths."""
    return np.mean([accuracy(numbers, depth, start) for start in LEARN], axis=0)


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "ten layers at PyTorch's default never leave chance": lambda n: bool(
        n["10 layers, default"]["accuracy"].max() < 0.2
        and n["10 layers, default"]["loss"].min() > math.log(10) - 0.05
    ),
    "nor do ten layers with weights of 0.01": lambda n: bool(
        n["10 layers, 0.01"]["accuracy"].max() < 0.2
    ),
    "ten layers learn with Glorot, He, orthogonal weights and LSUV, in every seed": lambda n: (
        all(accuracy(n, 10, start).min() > 0.8 for start in LEARN)
    ),
    "three layers learn at PyTorch's default, within 2.5 points of He's": lambda n: level(
        accuracy(n, 3, "default"), accuracy(n, 3, "He"), within=0.025
    ),
    "the starts that learn end within 4 points of each other": lambda n: all(
        level(accuracy(n, depth, a), accuracy(n, depth, b), within=0.04)
        for depth in DEPTHS
        for a, b in combinations(LEARN, 2)
    ),
    "three layers learn sooner with He than at PyTorch's default": lambda n: below(
        soon(n, 3, "He"), soon(n, 3, "default"), by=0.2
    ),
    "ten layers learn sooner with He than with Glorot": lambda n: below(
        soon(n, 10, "He"), soon(n, 10, "Glorot"), by=0.2
    ),
    "three layers with weights of 0.01 have hardly begun": lambda n: below(
        accuracy(n, 3, "0.01"), accuracy(n, 3, "default"), by=0.4
    ),
    "averaged over the starts that learn, ten layers end below three": lambda n: below(
        averaged(n, 10), averaged(n, 3)
    ),
}
