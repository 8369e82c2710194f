"""The space of images whose values are the 256 levels of 8 bits."""

from __future__ import annotations

import numpy as np

from zoo.engine.spaces.data import Images
from zoo.errors import ArgumentError

LEVELS = 255
SLACK = 0.15  # of a level, more than float16 rounds


def rounded(values: np.ndarray) -> np.ndarray:
    """Return numbers in [0, 1], rounded to the nearest k / 255."""
    return np.rint(LEVELS * np.clip(values, 0, 1)) / np.float32(LEVELS)


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
        others = values[np.abs(values - rounded(values)) > SLACK / LEVELS]
        if others.size:
            raise ArgumentError(
                f"{argument} must hold k / 255 alone, for whole numbers k from 0 to 255. Received: "
                f"{others.flat[0]:.6g}. numpy.rint(255 * numpy.clip(images, 0, 1)) / 255 rounds; "
                "zoo.data.load(images, value_range=(0, 1)) gives such values of 8-bit images."
            )

    def example(self, n, seed=0):
        return rounded(super().example(n, seed))

    @property
    def text(self):
        return f"{'x'.join(map(str, self.shape))}, values k / 255"
