"""Random changes of images, and the differentiable augmentation of a discriminator's inputs."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from zoo.base.named import Named
from zoo.errors import ArgumentError, check_choice


class RandomChange(Named):
    """A random change of images.

    Each subclass in this package is a kind: `Augmentation` for images in [-1, 1], and
    `zoo.corruption.Corruption` for images in [0, 1]. To use another change, subclass one of them
    or pass any callable of this signature.
    """

    required = ("__call__",)

    def __call__(self, images, random):
        """Return the changed images.

        Args:
            images: images of shape `(batch, height, width, channels)`.
            random: a `zoo.engine.random.Random`, whose methods `normal(shape)` and
                `uniform(shape)` give new numbers at each call.

        Returns:
            Images of the same shape, differentiable with respect to `images`.
        """
        raise NotImplementedError


class Augmentation(RandomChange):
    """A random change of the images, in [-1, 1], that a discriminator sees.

    Subclass it, or pass any callable of this signature, to use another one.
    """

    kind = "augmentation"


@keras.saving.register_keras_serializable("zoo")
class DiffAugment(Augmentation):
    """Differentiable augmentation: the discriminator sees T(x) and T(G(z)), and the generator is
    trained through T.

    Equations 4 and 5 of Zhao et al. 2020, https://arxiv.org/abs/2006.10738. T is drawn anew for
    each image and each call. `"colour"` shifts the brightness by up to 0.5, scales the saturation
    by 0 to 2, and scales the contrast by 0.5 to 1.5. `"translation"` shifts an image by up to an
    eighth of its size and fills the gap with 0. `"cutout"` sets a square of half the size to 0.

    Args:
        policy: the names of the changes, in the order of their application.

    Raises:
        ArgumentError: if `policy` is empty or has an unknown name, or the inputs are not images.

    Differs from the paper: none.
    """

    name = "diffaugment"

    def __init__(self, policy: Sequence[str] = ("colour", "translation", "cutout")):
        if isinstance(policy, str) or not policy:
            raise ArgumentError(
                f"policy must be a sequence of {', '.join(_CHANGES)}. Received: {policy!r}."
            )
        for name in policy:
            check_choice("kind of augmentation in policy", name, _CHANGES)
        self.policy = tuple(policy)

    def __call__(self, images, random):
        if images.ndim != 4:
            raise ArgumentError(
                f"augmentation is for images. Received: points of shape {tuple(images.shape)}."
            )
        for name in self.policy:
            images = _CHANGES[name](images, random)
        return images


def _colour(x, random):
    """Change brightness, saturation and contrast."""
    shape = (ops.shape(x)[0], 1, 1, 1)
    x = x + (random.uniform(shape) - 0.5)
    grey = ops.mean(x, axis=-1, keepdims=True)
    x = (x - grey) * (2.0 * random.uniform(shape)) + grey
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return (x - mean) * (random.uniform(shape) + 0.5) + mean


def _translation(x, random):
    """Shift each image by whole pixels."""
    batch = ops.shape(x)[0]
    for axis in (1, 2):
        size = x.shape[axis]
        limit = (size + 4) // 8
        shift = ops.floor(random.uniform((batch, 1, 1)) * (2 * limit + 1)) - limit
        positions = ops.arange(size, dtype="float32")
        # Each image has a matrix with ones where output i shows input i + shift. A matrix product
        # can be differentiated twice on each backend.
        matrices = ops.cast(positions[None, :, None] + shift == positions[None, None, :], x.dtype)
        x = ops.einsum("bij,bjwc->biwc" if axis == 1 else "bij,bhjc->bhic", matrices, x)
    return x


def _cutout(x, random):
    """Set a square of half the size to 0."""
    batch, (height, width) = ops.shape(x)[0], x.shape[1:3]
    inside = None
    for size, shape in ((height, (1, height, 1, 1)), (width, (1, 1, width, 1))):
        side = (size + 1) // 2
        # Up to half of the square may lie outside of the image.
        start = ops.floor(random.uniform((batch, 1, 1, 1)) * (size + 1 - side % 2)) - side // 2
        positions = ops.reshape(ops.arange(size, dtype="float32"), shape)
        within = ops.logical_and(positions >= start, positions < start + side)
        inside = within if inside is None else ops.logical_and(inside, within)
    return x * (1.0 - ops.cast(inside, x.dtype))


_CHANGES = {"colour": _colour, "translation": _translation, "cutout": _cutout}
