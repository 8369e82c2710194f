"""Penalties on the discriminator: terms added to its loss."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from zoo import engine
from zoo.errors import ArgumentError, check_number
from zoo.losses.lookup import Named


class Penalty(Named):
    """A term of the discriminator's loss. Subclass it, or pass any callable of this signature, to
    use another."""

    kind = "penalty"
    required = ("__call__",)

    def __call__(self, discriminator: Callable, real, fake):
        """The penalty.

        Args:
            discriminator: from images to logits.
            real: real images, of shape `(batch, height, width, channels)`.
            fake: generated images, of the same shape.

        Returns:
            One value per sample that was looked at, in float32.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class R1(Penalty):
    """The squared gradient norm on real images: gamma / 2 * ||d D(x) / dx||^2, with D(x) the logit.

    Equation 9 of Mescheder, Geiger and Nowozin 2018, https://arxiv.org/abs/1801.04406.

    Args:
        gamma: the weight of the penalty, for images in [-1, 1].
        share: the part of the batch, in [0.001, 1], that the penalty is taken over. Its
            expectation is the same for any share and its cost, which is a second differentiation,
            falls with it.

    Differs from the paper: with `share` below 1 the penalty is taken over the first images of each
    batch. (StyleGAN2 saves the same work by taking it over every image of each sixteenth batch.)
    """

    name = "r1"

    def __init__(self, gamma: float = 10.0, share: float = 1.0):
        self.gamma = check_number("gamma", gamma)
        if check_number("share", share, minimum=0.001) > 1:
            raise ArgumentError(f"share must be at most 1. Received: {share!r}.")
        self.share = share

    def __call__(self, discriminator, real, fake):
        if self.share < 1:
            rows = ops.shape(real)[0]
            # In thousandths and rounded up, so at least one image, also of an unknown number.
            real = real[: (rows * round(1000 * self.share) + 999) // 1000]
        grad = engine.gradient(discriminator, real)
        grad = ops.cast(ops.reshape(grad, (ops.shape(grad)[0], -1)), "float32")
        return 0.5 * self.gamma * ops.sum(ops.square(grad), axis=-1)
