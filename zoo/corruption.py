"""Random corruption of images, which a denoising autoencoder learns to undo."""

from __future__ import annotations

import keras
from keras import ops

from zoo.augmentation import RandomChange
from zoo.errors import ArgumentError, check_number


class Corruption(RandomChange):
    """A random change of images in [0, 1] that a model learns to undo.

    Subclass it, or pass any callable of this signature, to use another one.
    """

    kind = "corruption"


@keras.saving.register_keras_serializable("zoo")
class GaussianNoise(Corruption):
    """Additive Gaussian noise: x + sigma e with e ~ N(0, I), not clipped.

    Section 3.3 of Vincent et al. 2010, https://jmlr.org/papers/v11/vincent10a.html.

    Args:
        sigma: the standard deviation of the noise, for pixels in [0, 1].

    Differs from the paper: none.
    """

    name = "gaussian"

    def __init__(self, sigma: float = 0.5):
        self.sigma = check_number("sigma", sigma)

    def __call__(self, images, random):
        return images + self.sigma * random.normal(ops.shape(images))


class _PartialCorruption(Corruption):
    """A corruption that replaces each number with the probability `share`."""

    def __init__(self, share: float = 0.25):
        if check_number("share", share) > 1:
            raise ArgumentError(f"share must be at most 1. Received: {share!r}.")
        self.share = share


@keras.saving.register_keras_serializable("zoo")
class Masking(_PartialCorruption):
    """Masking noise: a share of the numbers of each image is set to 0.

    Section 2.3 of Vincent et al. 2008, https://doi.org/10.1145/1390156.1390294.

    Args:
        share: the probability that a number is masked.

    Differs from the paper: numbers are drawn independently, so that their count varies.
    """

    name = "masking"

    def __call__(self, images, random):
        unmasked = random.uniform(ops.shape(images)) >= self.share
        return images * ops.cast(unmasked, images.dtype)


@keras.saving.register_keras_serializable("zoo")
class SaltAndPepper(_PartialCorruption):
    """Salt-and-pepper noise: a share of the numbers of each image is set to 0 or 1, each with
    probability 1/2.

    Section 3.3 of Vincent et al. 2010, https://jmlr.org/papers/v11/vincent10a.html.

    Args:
        share: the probability that a number is changed.

    Differs from the paper: numbers are drawn independently, so that their count varies.
    """

    name = "salt_and_pepper"

    def __call__(self, images, random):
        draw = random.uniform(ops.shape(images))
        salt = ops.cast(draw < 0.5 * self.share, images.dtype)
        return ops.where(draw < self.share, salt, images)
