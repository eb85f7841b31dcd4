"""Images: pictures to train on and others to test on, all on one scale."""

import os
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from steadygrad.checks import below_one, checked
from steadygrad.data.downloads import DIGITS, SOURCES, Source, download
from steadygrad.data.examples import Device, Examples

Pixels = UInt8[Tensor, "n height width"]
Labels = UInt8[Tensor, " n"]


class Images(NamedTuple):
    """Pictures to train on, others to test on, and what it took to standardise both."""

    train: Examples
    test: Examples
    mean: float  # of all pixels of the training images, on the scale from 0 to 1
    std: float
    classes: tuple[str, ...]
    validation: Examples | None = None  # to choose by; the test images are read once


@checked(validation_share=below_one)
def load_images(
    name: str = "mnist-5k",
    *,
    train_share: float = 0.8,
    validation_share: float = 0.0,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
    flatten: bool = True,
    progress: bool = True,
    cache: str | os.PathLike | None = None,
    sources: Mapping[str, Source] = SOURCES,
) -> Images:
    """Pictures with a mean of zero and a standard deviation of one, ready to train on.

        x = (pixel / 255 − mean) / std      mean, std: over all training pixels

    "mnist-5k" comes with the library: 500 of each digit, of which `train_share` are drawn
    (with `seed`) to train on. "mnist" and "fashion-mnist" are downloaded on first use (12
    and 31 MB), kept in `cache` (by default the operating system's cache folder), and come
    split by their authors into 60000 and 10000: `train_share` does not touch them.

    With a `validation_share` that share of the training images is set apart (with `seed`, every
    class alike) to choose rates and to stop by.  The test images stay the same.

    All other images are standardised with the training images' mean and deviation, so theirs
    are only nearly 0 and 1: using their own would be peeking.

    >>> digits = load_images()
    >>> digits.train.x.shape, digits.test.x.shape, round(digits.mean, 2), round(digits.std, 2)
    (torch.Size([4000, 784]), torch.Size([1000, 784]), 0.13, 0.31)

    Raises ValueError for an unknown name or a share outside (0, 1), and
    DataUnavailable when a download fails.
    """
    if name == "mnist-5k":
        pictures, classes = _embedded(train_share, seed), DIGITS
    elif name in sources:
        pictures = download(name, sources[name], cache, progress)
        classes = sources[name].classes
    else:
        options = ", ".join(["mnist-5k", *sources])
        raise ValueError(f"There is no image set {name!r}; choose one of {options}.")
    pixels, labels, test_pixels, test_labels = pictures
    apart = None
    if validation_share:
        rng = torch.Generator().manual_seed(seed)
        chosen, others = split(labels, 1 - validation_share, rng=rng)
        apart = pixels[others], labels[others]
        pixels, labels = pixels[chosen], labels[chosen]
    if not (len(labels) and len(test_labels) and (apart is None or len(apart[1]))):
        raise ValueError(
            f"A train_share of {train_share!r} and a validation_share of {validation_share!r} "
            "leave one set empty; try 0.8 and 0.2."
        )
    mean, std = _mean_and_std(pixels)

    def examples(pixels: Pixels, labels: Labels) -> Examples:
        x = ((pixels.to(dtype) / 255 - mean) / std).to(device)
        return Examples(x.flatten(1) if flatten else x, labels.long().to(device))

    validation = examples(*apart) if apart else None
    train, test = examples(pixels, labels), examples(test_pixels, test_labels)
    return Images(train, test, mean, std, classes, validation)


def _mean_and_std(pixels: Pixels) -> tuple[float, float]:
    counts = torch.bincount(pixels.flatten(), minlength=256).double()  # exact, and no big copy
    values = torch.arange(256, dtype=counts.dtype) / 255
    mean = (counts @ values / counts.sum()).item()
    return mean, (counts @ (values - mean) ** 2 / counts.sum()).sqrt().item()


# ── the set that comes with the library ──────────────────────────────────────────────────


def _embedded(share: float, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    file = resources.files("steadygrad") / "embedded" / "mnist_5k.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        pixels, labels = map(torch.from_numpy, (stored["images"], stored["labels"]))
    train, test = split(labels, share, rng=torch.Generator().manual_seed(seed))
    return pixels[train], labels[train], pixels[test], labels[test]


@checked
def split(
    labels: Labels | Int64[Tensor, " n"], share: float, *, rng: torch.Generator
) -> tuple[Int64[Tensor, " train"], Int64[Tensor, " test"]]:
    """Positions to train on and to test on: shuffled, and every class divided alike.

    A set that is stored sorted by class must never be cut at a position: the far side would
    hold classes that training has not seen. Raises ValueError for a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"A share must lie between 0 and 1, but got {share!r}; try 0.8.")

    def shuffled() -> Int64[Tensor, " n"]:
        return torch.randperm(len(labels), generator=rng, device=rng.device).to(labels.device)

    order = shuffled()
    for_training = torch.zeros_like(labels, dtype=torch.bool)
    for label in labels.unique():
        members = order[labels[order] == label]
        for_training[members[: round(share * len(members))]] = True
    order = shuffled()  # in the first order, the test side has what came late in each class
    return order[for_training[order]], order[~for_training[order]]
