"""Chapter 5: a recurrent network that reads digits row by row, with and without clipping.

Thirty-two ReLU units with orthogonal recurrent weights take the 28 rows of a digit one after
another, trained by plain SGD.  Ten seeds draw weights and batches.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import Tensor, nn

from experiments.record import Numbers
from steadygrad import loop, training
from steadygrad.data import Images, load_images

WIDTH, ROWS, EPOCHS, BATCH = 32, 28, 4, 64
SETTINGS = {  # name -> rate, bound
    "rate 0.1": (0.1, None),
    "rate 0.1, norm 1": (0.1, 1.0),
    "rate 0.3": (0.3, None),
    "rate 0.3, norm 1": (0.3, 1.0),
}


class Reader(nn.Module):
    """Reads a picture row by row, and says at the end what it was."""

    def __init__(self, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # PyTorch's own first draw takes no generator
            self.rows = nn.RNN(ROWS, WIDTH, nonlinearity="relu", batch_first=True)
            self.scores = nn.Linear(WIDTH, 10)
            nn.init.orthogonal_(self.rows.weight_hh_l0)

    def forward(self, x: Tensor) -> Tensor:
        _, last = self.rows(x.view(-1, ROWS, ROWS))
        return self.scores(last[0])


def run(
    setting: str, seed: int, images: Images, epochs: int = EPOCHS
) -> tuple[list[float], list[float], float]:
    """The loss of every step, the gradient's norm before clipping, and the test accuracy.

    A loss that is no number ends the run.
    """
    rate, bound = SETTINGS[setting]
    model, rng = Reader(seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    losses, norms = [], []
    for _ in range(epochs):
        for x, y in training.batches(images.train, BATCH, rng=rng):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                return losses, norms, loop.evaluate(model, [images.test])[1]
            free = math.inf if bound is None else bound
            norms.append(loop.clip_grad_norm_(model.parameters(), free).item())
            optimizer.step()
    return losses, norms, loop.evaluate(model, [images.test])[1]


def measure(seeds: Iterable[int]) -> Numbers:
    """For each setting the accuracy, the share of steps taken, and how norms are spread."""
    images, numbers = load_images("mnist-5k"), {}
    whole = EPOCHS * math.ceil(len(images.train.y) / BATCH)
    for setting in SETTINGS:
        runs = [run(setting, seed, images) for seed in seeds]
        numbers[setting] = {
            "accuracy": np.array([max(accuracy, 0.001) for *_, accuracy in runs]),
            "share of steps": np.array([len(losses) / whole for losses, *_ in runs]),
            "middle norm": np.array([np.median(norms) for _, norms, _ in runs]),
            "largest norm": np.array([np.clip(max(norms), 0, 1e9) for _, norms, _ in runs]),
        }
    return numbers


def accuracy(numbers: Numbers, setting: str) -> float:
    return float(numbers[setting]["accuracy"].mean())


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "at rate 0.1 few runs fail, and clipping gains a tenth": lambda n: bool(
        0 < (n["rate 0.1"]["share of steps"] < 1).sum() <= 3
        and accuracy(n, "rate 0.1, norm 1") > accuracy(n, "rate 0.1") + 0.1
    ),
    "at rate 0.3 half of the runs end in NaN": lambda n: bool(
        0.3 < (n["rate 0.3"]["share of steps"] < 1).mean() < 0.8
    ),
    "with clipping none does, and the faster rate is as good as the slower": lambda n: bool(
        n["rate 0.3, norm 1"]["share of steps"].min() == 1
        and abs(accuracy(n, "rate 0.3, norm 1") - accuracy(n, "rate 0.1, norm 1")) < 0.05
    ),
    "the largest gradient is many times the usual one": lambda n: bool(
        np.median(n["rate 0.1"]["largest norm"] / n["rate 0.1"]["middle norm"]) > 5
    ),
}
