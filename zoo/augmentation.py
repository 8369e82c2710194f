"""Augmentation of what the discriminator sees, through which gradients flow."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from zoo.base.named import Named
from zoo.errors import ArgumentError, check_choice


class Augmentation(Named):
    """A random change of images. Subclass it, or pass any callable of this signature, to use
    another."""

    kind = "augmentation"
    required = ("__call__",)

    def __call__(self, images, random):
        """The changed images.

        Args:
            images: of shape `(batch, height, width, channels)`, in [-1, 1].
            random: `zoo.engine.random.Random`, whose `normal(shape)` and `uniform(shape)` are
                fresh at each call.

        Returns:
            Images of the same shape, differentiable with respect to `images`.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class DiffAugment(Augmentation):
    """Differentiable augmentation: the discriminator sees T(x) and T(G(z)), and the generator is
    trained through T.

    Equations 4 and 5 of Zhao et al. 2020, https://arxiv.org/abs/2006.10738, with T drawn anew for
    each image and each call: `"colour"` shifts the brightness by up to 0.5, scales the saturation
    by 0 to 2 and the contrast by 0.5 to 1.5; `"translation"` moves by up to an eighth of the size;
    `"cutout"` sets a square of half the size to 0. What moves in from outside is 0.

    Args:
        policy: which of these, in their order.

    Differs from the paper: none.
    """

    name = "diffaugment"

    def __init__(self, policy: Sequence[str] = ("colour", "translation", "cutout")):
        if isinstance(policy, str) or not policy:
            raise ArgumentError(
                f"policy must be a sequence of {', '.join(_KINDS)}. Received: {policy!r}."
            )
        for kind in policy:
            check_choice("kind of augmentation in policy", kind, _KINDS)
        self.policy = tuple(policy)

    def __call__(self, images, random):
        if len(images.shape) != 4:
            raise ArgumentError(
                f"augmentation is for images. Received: points of shape {tuple(images.shape)}."
            )
        for kind in self.policy:
            images = _KINDS[kind](images, random)
        return images


def _colour(x, random):
    shape = (ops.shape(x)[0], 1, 1, 1)
    x = x + (random.uniform(shape) - 0.5)
    grey = ops.mean(x, axis=-1, keepdims=True)
    x = (x - grey) * (2.0 * random.uniform(shape)) + grey
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return (x - mean) * (random.uniform(shape) + 0.5) + mean


def _translation(x, random):
    rows = ops.shape(x)[0]
    for axis in (1, 2):
        size = x.shape[axis]
        reach = (size + 4) // 8
        shift = ops.floor(random.uniform((rows, 1, 1)) * (2 * reach + 1)) - reach
        place = ops.arange(size, dtype="float32")
        # One matrix for each image, of ones where output i shows input i + shift: a product with
        # it can be differentiated twice on each backend.
        moved = ops.cast(place[None, :, None] + shift == place[None, None, :], x.dtype)
        x = ops.einsum("bij,bjwc->biwc" if axis == 1 else "bij,bhjc->bhic", moved, x)
    return x


def _cutout(x, random):
    rows, (height, width) = ops.shape(x)[0], x.shape[1:3]
    inside = True
    for size, shape in ((height, (1, height, 1, 1)), (width, (1, 1, width, 1))):
        cut = (size + 1) // 2
        # The square may reach over the edge by up to half of itself.
        start = ops.floor(random.uniform((rows, 1, 1, 1)) * (size + 1 - cut % 2)) - cut // 2
        place = ops.reshape(ops.arange(size, dtype="float32"), shape)
        inside = ops.logical_and(inside, ops.logical_and(place >= start, place < start + cut))
    return x * (1.0 - ops.cast(inside, x.dtype))


_KINDS = {"colour": _colour, "translation": _translation, "cutout": _cutout}
