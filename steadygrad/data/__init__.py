"""Data: pictures of digits and of clothes, and four toy sets that fit on a plane.

5000 real MNIST digits come with the library and need no network.  The full sets are
downloaded once, checked against their published digests, and kept.  Every set is a
pair (x, y): inputs, and the number of the class each belongs to.

    examples     Examples, the pair (x, y)
    downloads    where the full sets are, and how they come here whole or not at all
    images       load_images: pictures to train on and to test on, standardised
    toys         circle, xor, gauss, spiral: two classes on the plane
"""

from steadygrad.data.downloads import (
    CLOTHES,
    DIGITS,
    FILES,
    SOURCES,
    DataUnavailable,
    Source,
    read_idx,
)
from steadygrad.data.examples import Device, Examples
from steadygrad.data.images import Images, Labels, Pixels, load_images, split
from steadygrad.data.toys import TOYS, circle, gauss, spiral, xor

__all__ = [
    "CLOTHES",
    "DIGITS",
    "FILES",
    "SOURCES",
    "TOYS",
    "DataUnavailable",
    "Device",
    "Examples",
    "Images",
    "Labels",
    "Pixels",
    "Source",
    "circle",
    "gauss",
    "load_images",
    "read_idx",
    "spiral",
    "split",
    "xor",
]
