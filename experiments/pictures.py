"""Pictures: the digits that several experiments share, at half their size."""

from functools import cache

import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses

from steadygrad.data import Examples, Images, load_images


def halved(examples: Examples) -> Examples:
    """14 by 14 pixels: means of 2 by 2."""
    x = F.avg_pool2d(examples.x.unflatten(1, (1, 28, 28)), 2).flatten(1)
    return Examples(x, examples.y)


@cache
def small_digits(train_share: float = 0.8, validation_share: float = 0.2) -> Images:
    """To train on, to choose by and to test on; by default 3200, 800 and 1000."""
    images = load_images("mnist-5k", train_share=train_share, validation_share=validation_share)
    return images._replace(
        train=halved(images.train),
        test=halved(images.test),
        validation=halved(images.validation),
    )


def digits() -> tuple[Examples, Examples, Examples]:
    """To train on, to choose by and to test on."""
    images = small_digits()
    return images.train, images.validation, images.test
