"""The space of binary images whose means are data as well."""

from __future__ import annotations

import numpy as np

from zoo.engine.spaces.data import Images
from zoo.errors import ArgumentError


class BinaryMeans(Images):
    """Images that are trained on with pixels 0 and 1 alone.

    Outputs, and other inputs, may lie between: they are means of pixels, their probabilities.

    Args:
        height: the number of rows.
        width: the number of columns.
        channels: the number of channels.
    """

    binary = True

    def __init__(self, height: int, width: int, channels: int):
        super().__init__(height, width, channels, (0.0, 1.0))

    def check_values(self, argument, values, in_training=True):
        super().check_values(argument, values, in_training)
        if in_training:
            self.check_binary(argument, values)

    def check_binary(self, argument: str, values: np.ndarray) -> None:
        """Raise unless all pixels are 0 or 1."""
        others = values[(values != 0) & (values != 1)]
        if others.size:
            raise ArgumentError(
                f"{argument} must hold zeros and ones alone, since the model's pixels are binary. "
                f"Received: {others.flat[0]:g}. zoo.data.load(images, binarize='stochastic') draws "
                "each pixel with its grey level as probability; 'threshold' cuts at one half."
            )

    def example(self, n, seed=0):
        return np.random.default_rng(seed).integers(2, size=(n, *self.shape)).astype("float32")

    @property
    def text(self):
        return f"{'x'.join(map(str, self.shape))}, zeros and ones"
