"""The space of images whose values are the 256 levels of 8 bits."""

from __future__ import annotations

import numpy as np

from zoo.engine.spaces.data import Images
from zoo.errors import ArgumentError

LEVELS = 255
SLACK = 0.02  # of a level, much more than float32 rounds


class LevelImages(Images):
    """Images whose values are k / 255 for whole numbers k from 0 to 255.

    Args:
        height: the number of rows.
        width: the number of columns.
        channels: the number of channels.
    """

    def __init__(self, height: int, width: int, channels: int):
        super().__init__(height, width, channels, (0.0, 1.0))

    def check_values(self, argument, values, in_training=True):
        super().check_values(argument, values, in_training)
        levels = np.float32(LEVELS) * values
        between = values[np.abs(levels - np.rint(levels)) > SLACK]
        if between.size:
            raise ArgumentError(
                f"{argument} must hold k / 255 alone, for whole numbers k. Received: "
                f"{between.flat[0]:.6g}. numpy.rint(255 * images) / 255 rounds; "
                "zoo.data.load(images, value_range=(0, 1)) gives such values of 8-bit images."
            )

    def example(self, n, seed=0):
        return np.rint(LEVELS * super().example(n, seed)) / np.float32(LEVELS)

    @property
    def text(self):
        return f"{'x'.join(map(str, self.shape))}, values k / 255"
