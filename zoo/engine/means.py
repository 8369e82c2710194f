"""The means of the numbers that `fit` logs, over the images of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.engine import scalars
from zoo.errors import ArgumentError


class Means(keras.metrics.Metric):
    """The means of several scalars, weighted by the number of images, in one variable.

    `keras.metrics.Mean` would need one metric for each scalar, each with two variables. Its dozen
    operations in every step would take a tenth of the step of a small model.

    Args:
        names: the names of the scalars.
    """

    def __init__(self, names: Sequence[str], name: str = "means"):
        super().__init__(name=name)
        self.names = tuple(names)
        self.sums = self.add_variable((len(self.names) + 1,), "zeros", name="sums")

    def update_state(self, values: dict[str, Any], size) -> None:
        """Add the values of the scalars for a batch of `size` images.

        Args:
            values: one scalar for each name.
            size: the number of images.

        Raises:
            ArgumentError: if the names differ from the constructor's `names`.
        """
        if set(values) != set(self.names):
            raise ArgumentError(
                f"What is logged must be loss_names, {', '.join(self.names)}. Received: "
                f"{', '.join(values)}."
            )
        row = [ops.cast(values[name], self.dtype) for name in self.names]
        row = ops.stack([*row, ops.ones((), self.dtype)])
        self.sums.assign_add(row * scalars.cast(size, self.dtype))

    def result(self) -> dict[str, Any]:
        """Return the mean of each scalar by its name."""
        sums = ops.convert_to_tensor(self.sums)
        means = sums[:-1] / scalars.clamp(sums[-1], 1.0)  # 0 before the first image
        return dict(zip(self.names, ops.unstack(means, len(self.names)), strict=True))
