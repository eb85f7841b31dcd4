"""Chapter 7: which optimizer is best at its own rate, and how much does the rate matter?

Eleven rules on the same small network, the same 1000 small pictures of digits and the same
200 steps.  All are tried at the same ten rates, half a power of ten apart; ten seeds
draw weights and batches.  One more run each at the rate 0.05, the same for all.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses

from experiments.record import Numbers
from steadygrad import adaptive, initialization, training
from steadygrad.data import Examples, load_images
from steadygrad.initialization import SCHEMES
from steadygrad.models import mlp
from steadygrad.momentum import sgd

WIDTHS, BATCH, EPOCHS = [196, 32, 32, 10], 50, 10
RATES = [10.0**power for power in np.arange(-3.5, 1.25, 0.5).tolist()]
SAME_RATE = 0.05
WORST = float(np.log(10))  # guessing; what diverged counts as this
CONTESTANTS = {
    "SGD": (sgd, {}),
    "momentum": (sgd, {"momentum": 0.9}),
    "AdaGrad": (adaptive.adagrad, {}),
    "RMSProp": (adaptive.rmsprop, {}),
    "AdaDelta": (adaptive.adadelta, {}),
    "Adam": (adaptive.adam, {}),
    "AMSGrad": (adaptive.amsgrad, {}),
    "AdaMax": (adaptive.adamax, {}),
    "NAdam": (adaptive.nadam, {}),
    "AdamW": (adaptive.adamw, {"weight_decay": 0.01}),
    "Lion": (adaptive.lion, {}),
}


@lru_cache(maxsize=1)
def digits() -> tuple[Examples, Examples]:
    """1000 pictures to train on and 1000 to test on, 14 by 14: means of 2 by 2 pixels."""
    images = load_images("mnist-5k")

    def small(examples: Examples) -> Examples:
        x = F.avg_pool2d(examples.x[:1000].unflatten(1, (1, 28, 28)), 2).flatten(1)
        return Examples(x, examples.y[:1000])

    return small(images.train), small(images.test)


def run(name: str, lr: float, seed: int) -> tuple[float, float]:
    """The loss over the training set at the end, and the share of test pictures right."""
    train, test = digits()
    model = initialization.initialize_(
        mlp(WIDTHS), SCHEMES["He normal"], torch.Generator().manual_seed(seed)
    )
    rule, settings = CONTESTANTS[name]
    optimizer = training.Descent(model.parameters(), rule, lr=lr, **settings)
    history = training.fit(
        model, train, epochs=EPOCHS, batch_size=BATCH, optimizer=optimizer, seed=seed,
        progress=False,
    )  # fmt: skip
    lost = history.train_loss[-1] if history.train_loss and not history.diverged else WORST
    return min(lost, WORST), max(training.evaluate(model, test).accuracy, 0.01)


def measure(seeds: Iterable[int]) -> Numbers:
    """Loss and accuracy of each contestant at each rate, and at the one for all."""
    seeds, numbers = list(seeds), {}
    for name in CONTESTANTS:
        grid = np.array([[run(name, lr, seed) for lr in (*RATES, SAME_RATE)] for seed in seeds])
        numbers[name] = {
            "loss": grid[:, :-1, 0],
            "accuracy": grid[:, :-1, 1],
            "loss at 0.05": grid[:, -1, 0],
            "accuracy at 0.05": grid[:, -1, 1],
        }
    return numbers


def best(numbers: Numbers, name: str) -> int:
    """The place in the grid where the mean loss of all seeds is lowest."""
    return int(numbers[name]["loss"].mean(axis=0).argmin())


def best_loss(numbers: Numbers, name: str) -> np.ndarray:
    """The losses at the contestant's best rate, one a seed."""
    return numbers[name]["loss"][:, best(numbers, name)]


def best_accuracy(numbers: Numbers, name: str) -> np.ndarray:
    """The test accuracies at the rate whose training loss is lowest."""
    return numbers[name]["accuracy"][:, best(numbers, name)]


def area(numbers: Numbers, name: str) -> np.ndarray:
    """The mean loss over the whole grid, one a seed: low if many rates do."""
    return numbers[name]["loss"].mean(axis=1)


def off_its_best(numbers: Numbers, name: str, places: int) -> float:
    """The mean loss this many places of the grid (half powers of ten) off the best."""
    losses = numbers[name]["loss"].mean(axis=0)
    return float(losses[np.clip(best(numbers, name) + places, 0, len(losses) - 1)])


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "best rates lie up to a factor of a thousand apart": lambda n: (
        max(best(n, name) for name in CONTESTANTS) - min(best(n, name) for name in CONTESTANTS)
        >= 6
    ),
    "nobody's best rate is at the edge of the grid": lambda n: all(
        0 < best(n, name) < len(RATES) - 1 for name in CONTESTANTS
    ),
    "NAdam's loss is the lowest": lambda n: all(
        best_loss(n, "NAdam").mean() < best_loss(n, name).mean()
        for name in CONTESTANTS
        if name != "NAdam"
    ),
    "plain momentum comes before AdaGrad, RMSProp, AdaDelta and AdaMax": lambda n: all(
        best_loss(n, "momentum").mean() < best_loss(n, name).mean()
        for name in ("AdaGrad", "RMSProp", "AdaDelta", "AdaMax")
    ),
    "but for Lion, test accuracies lie within two per cent": lambda n: (
        0
        < np.ptp([best_accuracy(n, name).mean() for name in CONTESTANTS if name != "Lion"])
        < 0.02
    ),
    "Lion's test accuracy is the lowest": lambda n: all(
        best_accuracy(n, "Lion").mean() < best_accuracy(n, name).mean()
        for name in CONTESTANTS
        if name != "Lion"
    ),
    "off its best rate by a factor of ten, everybody's loss is at least double": lambda n: all(
        min(off_its_best(n, name, 2), off_its_best(n, name, -2)) > 2 * best_loss(n, name).mean()
        for name in CONTESTANTS
    ),
    "areas differ by less than a half": lambda n: (
        1.1
        < max(area(n, name).mean() for name in CONTESTANTS)
        / min(area(n, name).mean() for name in CONTESTANTS)
        < 1.5
    ),
    "at 0.05 for all, momentum and AdaGrad come before Adam and NAdam": lambda n: (
        max(n[name]["loss at 0.05"].mean() for name in ("momentum", "AdaGrad"))
        < min(n[name]["loss at 0.05"].mean() for name in ("Adam", "NAdam"))
    ),
}
