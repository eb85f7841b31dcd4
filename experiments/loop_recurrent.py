"""Chapter 5: a recurrent network that reads digits row by row, clipped at 1, at 10, and free.

Thirty-two ReLU units with orthogonal recurrent weights take the 28 rows of a digit one after
another, trained by plain SGD.  Each bound is tried at the same rates.  Its rate is the one with
the best accuracy on validation images, averaged over the seeds, and only the runs at that rate
look at the test images, once.  Ten seeds draw weights and batches.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from experiments.clipped import Run, train
from experiments.comparing import below
from experiments.record import Numbers
from steadygrad.data import Images, load_images

WIDTH, ROWS, EPOCHS, BATCH = 32, 28, 5, 64
VALIDATION = 0.2  # of the training images: 800 to choose by, 3200 to learn from
RATES = (0.025, 0.05, 0.1, 0.2, 0.4)
BOUNDS = {"no clipping": math.inf, "norm 10": 10.0, "norm 1": 1.0}


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


def images() -> Images:
    return load_images("mnist-5k", validation_share=VALIDATION)


def run(bound: float, rate: float, seed: int, digits: Images) -> Run:
    """Train one network; a loss that is no number ends the run."""
    model, rng = Reader(seed), torch.Generator().manual_seed(seed)
    return train(
        model, digits.train, rate=rate, bound=bound, epochs=EPOCHS, batch=BATCH, rng=rng
    )


def measure(seeds: Iterable[int]) -> Numbers:
    """For each bound what every rate gave on validation images, and more at the best."""
    digits, numbers = images(), {}
    whole = EPOCHS * math.ceil(len(digits.train.y) / BATCH)
    for name, bound in BOUNDS.items():
        runs = [[run(bound, rate, seed, digits) for rate in RATES] for seed in seeds]
        validation = np.array([[r.accuracy(digits.validation) for r in rs] for rs in runs])
        best = validation.mean(axis=0).argmax()
        chosen = [each[best] for each in runs]
        numbers[name] = {
            "validation": validation,
            "share of steps": np.array([[len(r.losses) / whole for r in rs] for rs in runs]),
            "untouched": np.array([[max(r.untouched(bound), 1e-4) for r in rs] for rs in runs]),
            "rate": np.full(len(chosen), RATES[best]),
            "accuracy": np.array([r.accuracy(digits.test) for r in chosen]),
            "middle norm": np.array([np.median(r.norms) for r in chosen]),
            "largest norm": np.array([np.clip(max(r.norms), 0, 1e9) for r in chosen]),
        }
    return numbers


def at_best(numbers: Numbers, name: str, quantity: str) -> np.ndarray:
    """What was measured at the chosen rate, seed by seed."""
    group = numbers[name]
    return group[quantity][:, group["validation"].mean(axis=0).argmax()]


CLAIMS: dict[str, Callable[[Numbers], bool]] = {
    "without clipping some runs end in NaN at rates of 0.1 and more": lambda n: bool(
        (n["no clipping"]["share of steps"][:, 2:] < 1).mean() > 0.1
    ),
    "with a bound of 10 or of 1 none does, at any rate": lambda n: all(
        n[name]["share of steps"].min() == 1 for name in ("norm 10", "norm 1")
    ),
    "a bound of 10 clips about one step in a hundred": lambda n: bool(
        0.97 < at_best(n, "norm 10", "untouched").mean() < 0.998
    ),
    "a bound of 1 clips more than four steps of five, and wants a larger rate": lambda n: bool(
        at_best(n, "norm 1", "untouched").mean() < 0.2
        and n["norm 1"]["rate"][0] >= 2 * n["no clipping"]["rate"][0]
    ),
    "a bound of 1 reads digits best": lambda n: all(
        below(n[name]["accuracy"], n["norm 1"]["accuracy"])
        for name in ("no clipping", "norm 10")
    ),
    "every best rate has worse ones on both sides": lambda n: all(
        n[name]["rate"][0] in RATES[1:-1] for name in BOUNDS
    ),
    "the largest gradient is many times the usual one": lambda n: bool(
        np.median(n["no clipping"]["largest norm"] / n["no clipping"]["middle norm"]) > 5
    ),
}
