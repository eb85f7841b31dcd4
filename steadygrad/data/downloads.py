"""Downloads: where the full sets are, and how they come here whole or not at all."""

import gzip
import math
import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import torch
from jaxtyping import UInt8
from torch import Tensor

from steadygrad.checks import checked


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


@checked
def download(
    name: str, source: Source, cache: str | os.PathLike | None, progress: bool
) -> list[Tensor]:
    """The arrays of a full set, in the order of FILES; `cache` keeps its files."""
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


@checked
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
