"""The logit of numbers in [0, 1]."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.errors import ArgumentError, check_number
from zoo.layers.bijectors.base import Bijector, summed


@keras.saving.register_keras_serializable("zoo")
class Logit(Bijector):
    """y = logit(a + (1 - 2 a) x), from numbers in [0, 1] to unbounded ones, as in section 4.1 of
    Dinh et al. 2017, https://arxiv.org/abs/1605.08803.

    Args:
        margin: the number a, above 0 and below 0.5, which keeps 0 and 1 from infinity.
        **kwargs: the arguments of a layer.

    Raises:
        ArgumentError: if `margin` is out of range.
    """

    def __init__(self, margin: float = 0.05, **kwargs):
        super().__init__(**kwargs)
        self.margin = check_number("margin", margin, above=True)
        if self.margin >= 0.5:
            raise ArgumentError(f"margin must be below 0.5. Received: {margin!r}.")

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}

    def forward(self, x, training=False):
        width = 1.0 - 2.0 * self.margin
        inner = self.margin + width * x
        y = ops.log(inner) - ops.log(1.0 - inner)
        return y, summed(ops.softplus(y) + ops.softplus(-y) + math.log(width))

    def inverse(self, y):
        return (ops.sigmoid(y) - self.margin) / (1.0 - 2.0 * self.margin)
