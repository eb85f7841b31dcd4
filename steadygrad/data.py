"""Data: pictures of digits and of clothes, and four toy sets that fit on a plane.

5000 real MNIST digits come with the library and need no network.  The full sets are
downloaded once, checked against their published digests, and kept.  Every set is a
pair (x, y): inputs, and the number of the class each belongs to.
"""

import gzip
import math
import os
import struct
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

Device = torch.device | str


class Examples(NamedTuple):
    """Inputs, one a row, and the class of each."""

    x: Float[Tensor, "n *shape"]
    y: Int64[Tensor, " n"]


class Images(NamedTuple):
    """Pictures to train on, others to test on, and what it took to standardise both."""

    train: Examples
    test: Examples
    mean: float  # of all pixels of the training images, on the scale from 0 to 1
    std: float
    classes: tuple[str, ...]


class Source(NamedTuple):
    """Where a full set is found: interchangeable mirrors, and the digest of each file."""

    mirrors: tuple[str, ...]  # the addresses of folders, each ending in a slash
    digests: tuple[str, ...]  # of FILES, in that order, as pooch writes them: "md5:…"
    classes: tuple[str, ...]


class DataUnavailable(RuntimeError):  # noqa: N818 - it says what is wrong
    """A set could not be downloaded whole; the message says why, and what works without."""


DIGITS = tuple("0123456789")
CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
FILES = (
    *("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    *("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
)
SOURCES: dict[str, Source] = {  # LeCun et al. (1998); Xiao, Rasul & Vollgraf (2017)
    "mnist": Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        digests=(
            "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "md5:d53e105ee54ea40749a09fcbcd1e9432",
            "md5:9fb629c4189551a2d022fa330f9573f3",
            "md5:ec29112dd5afa0611ce80d1b7f02629c",
        ),
        classes=DIGITS,
    ),
    "fashion-mnist": Source(
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        digests=(
            "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "md5:25c81989df183df01b3e8a0aad5dffbe",
            "md5:bef4ecab320f06d8554ea6380940ec79",
            "md5:bb300cfdad3c16e7a12a480ee83cd310",
        ),
        classes=CLOTHES,
    ),
}

Pixels = UInt8[Tensor, "n height width"]
Labels = UInt8[Tensor, " n"]


def load_images(
    name: str = "mnist-5k",
    *,
    train_share: float = 0.8,
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
    split by their authors into 60000 and 10000: `train_share` and `seed` do not touch them.

    The test images are standardised with the training images' mean and deviation, so theirs
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
        pictures = _downloaded(name, sources[name], cache, progress)
        classes = sources[name].classes
    else:
        options = ", ".join(["mnist-5k", *sources])
        raise ValueError(f"There is no image set {name!r}; choose one of {options}.")
    mean, std = _mean_and_std(pictures[0])

    def examples(pixels: Pixels, labels: Labels) -> Examples:
        x = ((pixels.to(dtype) / 255 - mean) / std).to(device)
        return Examples(x.flatten(1) if flatten else x, labels.long().to(device))

    return Images(examples(*pictures[:2]), examples(*pictures[2:]), mean, std, classes)


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


def split(
    labels: Labels | Int64[Tensor, " n"], share: float, *, rng: torch.Generator
) -> tuple[Int64[Tensor, " train"], Int64[Tensor, " test"]]:
    """Positions to train on and to test on: shuffled, and every class divided alike.

    A set that is stored sorted by class must never be cut at a position: the far side would
    hold classes that training has not seen. Raises ValueError for a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"train_share must lie between 0 and 1, but got {share!r}; try 0.8.")

    def shuffled() -> Int64[Tensor, " n"]:
        return torch.randperm(len(labels), generator=rng, device=rng.device).to(labels.device)

    order = shuffled()
    for_training = torch.zeros_like(labels, dtype=torch.bool)
    for label in labels.unique():
        members = order[labels[order] == label]
        for_training[members[: round(share * len(members))]] = True
    order = shuffled()  # in the first order, the test side has what came late in each class
    return order[for_training[order]], order[~for_training[order]]


# ── the sets that are downloaded ─────────────────────────────────────────────────────────


def _downloaded(
    name: str, source: Source, cache: str | os.PathLike | None, progress: bool
) -> list[Tensor]:
    folder = Path(cache or pooch.os_cache("steady-gradients")) / name
    pooch.get_logger().setLevel("WARNING")  # it would announce every download on stderr
    pictures = []
    for file, digest in zip(FILES, source.digests, strict=True):
        path = _fetch(file, digest, source.mirrors, folder, progress)
        pictures.append(torch.from_numpy(read_idx(gzip.decompress(path.read_bytes()))))
    return pictures


def _fetch(
    file: str, digest: str, mirrors: tuple[str, ...], folder: Path, progress: bool
) -> Path:
    reasons = []
    for mirror in mirrors:
        try:  # pooch moves a file into the folder only once its digest is right
            return Path(
                pooch.retrieve(mirror + file, digest, file, folder, progressbar=progress)
            )
        except (OSError, ValueError) as error:
            reasons.append(f"{mirror}{file}: {_reason(error)}")
    raise DataUnavailable(
        f"{folder.name!r} could not be downloaded ({'; '.join(reasons)}), so check the network "
        'and try again, or take the digits that come with the library, load_images("mnist-5k").'
    )


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):  # pooch's own: a wrong digest, or an odd address
        return "wrong checksum" if "hash" in str(error) else str(error)
    response = getattr(error, "response", None)
    return type(error).__name__ if response is None else f"HTTP {response.status_code}"


def read_idx(raw: bytes) -> UInt8[np.ndarray, "..."]:
    """An array of bytes from the format in which MNIST is published (LeCun et al., 1998).

        0 0 8 d   size₁ … size_d   the bytes, last index fastest

    8 stands for unsigned bytes, d is the number of dimensions; each size is four bytes,
    big-endian. The result is a copy that may be written to.

    >>> read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)

    Raises ValueError when the header is another one or the bytes do not fill the sizes.
    """
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise ValueError(
            "An idx file of bytes starts with 0, 0, 8, the number of dimensions and four bytes "
            f"for each of them, but this one starts with {list(raw[:8])}; is it another file?"
        )
    sizes = struct.unpack_from(f">{raw[3]}I", raw, offset=4)
    body = np.frombuffer(raw, np.uint8, offset=4 + 4 * len(sizes))
    if len(body) != math.prod(sizes):
        raise ValueError(
            f"An idx file of sizes {sizes} holds {math.prod(sizes)} bytes after its header, "
            f"but this one holds {len(body)}; delete it and download it again."
        )
    return body.reshape(sizes).copy()


# ── toy sets on the plane ────────────────────────────────────────────────────────────────
# The shapes of the TensorFlow playground, about ten wide and centred on zero. Two changes:
# the classes alternate, so that any even n is balanced; and noise moves the points instead
# of flipping labels, by a normal shift of standard deviation `noise` in each direction.


def circle(
    n: int,
    noise: float = 0.25,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """A disc of radius 2.5 (class 1) inside a ring from 3.5 to 5 (class 0)."""
    y, (u, turn) = _start(n, 2, rng, dtype)
    radius = torch.where(y == 1, 2.5 * u, 3.5 + 1.5 * u)
    return _finish(radius * _direction(2 * math.pi * turn), y, noise, rng, device)


def xor(
    n: int,
    noise: float = 0.25,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """Four squares: class 1 where both coordinates have one sign, class 0 where they differ.

    No line can separate them, nor can a network without a hidden layer
    (Minsky & Papert, 1969).
    """
    y, (u, v, side) = _start(n, 3, rng, dtype)
    sign = torch.where(side < 0.5, -1, 1)
    first, second = 0.3 + 4.7 * u, 0.3 + 4.7 * v
    points = torch.stack([sign * first, sign * (2 * y - 1) * second])
    return _finish(points, y, noise, rng, device)


def gauss(
    n: int,
    noise: float = 1.0,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """Two normal clouds, around (2, 2) (class 1) and (−2, −2) (class 0): one line will do."""
    y, _ = _start(n, 0, rng, dtype)
    centres = (4 * y - 2).to(dtype).expand(2, n)
    return _finish(centres, y, noise, rng, device)


def spiral(
    n: int,
    noise: float = 0.1,
    *,
    rng: torch.Generator,
    dtype: torch.dtype = torch.float32,
    device: Device = "cpu",
) -> Examples:
    """Two arms that wind round each other one and three quarter times: the hard one.

    point = 5 u (sin φ, cos φ)      φ = 3.5 π u, and π more for class 0
    """
    y, (u,) = _start(n, 1, rng, dtype)
    return _finish(5 * u * _direction(math.pi * (3.5 * u + 1 - y)), y, noise, rng, device)


TOYS: dict[str, Callable[..., Examples]] = {
    "circle": circle,
    "xor": xor,
    "gauss": gauss,
    "spiral": spiral,
}


def _start(
    n: int, rows: int, rng: torch.Generator, dtype: torch.dtype
) -> tuple[Int64[Tensor, " n"], Float[Tensor, "rows n"]]:
    """Alternating classes, and what chance decides about each point: numbers from 0 to 1."""
    if n < 2:
        raise ValueError(
            f"A toy set needs a point in each of two classes, so n ≥ 2; got {n!r}."
        )
    labels = torch.arange(n, device=rng.device) % 2
    return labels, torch.rand(rows, n, generator=rng, dtype=dtype, device=rng.device)


def _direction(angle: Float[Tensor, " n"]) -> Float[Tensor, "2 n"]:
    return torch.stack([angle.sin(), angle.cos()])


def _finish(
    points: Float[Tensor, "2 n"],
    y: Int64[Tensor, " n"],
    noise: float,
    rng: torch.Generator,
    device: Device,
) -> Examples:
    if not noise >= 0:
        raise ValueError(f"Noise is a standard deviation, zero or more, but got {noise!r}.")
    shift = torch.randn(points.shape, generator=rng, dtype=points.dtype, device=points.device)
    return Examples((points + noise * shift).T.contiguous().to(device), y.to(device))
