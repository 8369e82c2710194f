"""`ByRows`, the mixin of convolutional models that make images row by row."""

from __future__ import annotations

import numpy as np
from keras import ops

from zoo.layers.causal import Rows
from zoo.models.autoregressive.base import Autoregressive


class ByRows(Autoregressive):
    """A mixin of causal convolutional networks, whose pixels are in raster order.

    Rows above the present one are never computed again: of each convolution the last rows of its
    inputs are kept, as many as its kernel sees. A step computes one block of `block` rows, and
    draws one pixel in it, or one of its channels. When a block is complete, a last step computes it
    once more and keeps its rows. An image of H rows and W columns of one channel takes H W + H /
    block - 1 steps, each of the cost of block / H of a pass, where a pass for each pixel would take
    H W passes.

    A subclass defines `network(images, condition, rows)`, which calls its convolutions with `rows`,
    a `zoo.layers.causal.Rows`.
    """

    block = 1  # the number of rows that are computed at once; it divides the height

    @property
    def groups(self) -> int:
        """The number of channels of a pixel that are drawn one after the other."""
        return 1 if self.pixels.joint else self.image_shape[-1]

    def network(self, images, condition, rows: Rows):
        """Return the parameters of each pixel of complete rows of images."""
        raise NotImplementedError

    def parameters(self, images, condition=None):
        return self.network(images, condition, Rows())

    def positions(self, known=None):
        height, width, channels = self.image_shape
        drawn = np.ones((height, width, channels)) if known is None else (known == 0).any(axis=0)
        if self.pixels.joint:
            drawn = drawn.any(axis=-1, keepdims=True)
        steps = []
        for first in range(0, height, self.block):
            below = drawn[first : first + self.block]
            block = first // self.block
            steps += [(block, *place) for place in np.argwhere(below)]
            steps.append((block, 0, 0, -1))  # keeps the rows of the block
        last = max((i for i, step in enumerate(steps) if step[-1] >= 0), default=-1)
        return np.array(steps[: last + 1], "int32").reshape(-1, 4)

    def begin(self, noise, given, known, condition=None):
        rows = Rows()
        self.network(given[:, : self.block], condition, rows)
        return [given, *(ops.zeros_like(x) for x in rows.left)]

    def step(self, position, state, temperature, noise, given, known, condition=None):
        images, *above = state
        height, width, channels = self.image_shape
        block, row, column, channel = (position[i] for i in range(4))
        first = block * self.block
        rows = Rows(above)
        part = ops.take(images, first + ops.arange(self.block, dtype="int32"), axis=1)
        parameters = self.network(part, condition, rows)
        value = self.pixels.draw(
            _pixel(parameters, row, column), _pixel(noise, first + row, column), temperature
        )
        here = ops.logical_and(
            ops.expand_dims(ops.arange(height, dtype="int32"), -1) == first + row,
            ops.arange(width, dtype="int32") == column,
        )
        numbers = ops.arange(channels, dtype="int32")
        now = channel >= 0 if self.pixels.joint else numbers == channel
        here = ops.logical_and(ops.expand_dims(here, -1), now)
        drawn = ops.logical_and(ops.logical_and(here, channel >= 0), known == 0)
        images = ops.where(drawn, value[:, None, None], images)
        kept = [ops.where(channel < 0, below, x) for x, below in zip(above, rows.left, strict=True)]
        return [images, *kept]


def _pixel(x, row, column):
    """Return the pixel of each image at a row and a column, of shape `(batch, channels)`."""
    return ops.take(ops.take(x, row, axis=1), column, axis=1)
