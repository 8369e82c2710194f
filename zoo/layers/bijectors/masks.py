"""Masks of couplings: the part of the data that stays, and the part that changes."""

from __future__ import annotations

import keras
from keras import ops

from zoo.errors import ArgumentError

Shape = tuple[int, ...]


class Mask:
    """A division of data into a part that stays and a part that a coupling changes.

    The network of the coupling sees `kept(x)`, of shape `kept_shape`, and its outputs, for each
    number that changes, have the shape `changed_shape`. `spread` puts them where they belong.

    Args:
        flip: whether the two parts change places.
    """

    def __init__(self, flip: bool = False):
        self.flip = bool(flip)

    def get_config(self):
        return {"flip": self.flip}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def check(self, shape: Shape) -> None:
        """Raise unless data of this shape can be divided."""
        if shape[-1] < 2:
            raise ArgumentError(
                f"{type(self).__name__} must divide at least two numbers of the last axis. "
                f"Received: data of shape {tuple(shape)}."
            )

    def kept_shape(self, shape: Shape) -> Shape:
        """Return the shape of `kept(x)`, without the batch."""
        raise NotImplementedError

    def changed_shape(self, shape: Shape) -> Shape:
        """Return the shape of the numbers that change, without the batch."""
        raise NotImplementedError

    def kept(self, x):
        """Return what the network sees of `x`."""
        raise NotImplementedError

    def spread(self, values, x):
        """Return `values`, one for each number that changes, in the shape of `x`, with zeros for
        the part that stays."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class Checkerboard(Mask):
    """A checkerboard over the pixels of images, as in figure 3 of Dinh et al. 2017,
    https://arxiv.org/abs/1605.08803.

    The network sees the image with zeros for the pixels that change, and the mask as one more
    channel. Its outputs have the size of the image; those of pixels that stay are not used.

    Args:
        flip: whether the pixels with an even sum of row and column change.
    """

    def check(self, shape):
        if tuple(shape[2:]) == () or min(shape[:2]) < 2:
            raise ArgumentError(
                "Checkerboard must divide images of at least two rows and columns. Received: data "
                f"of shape {tuple(shape)}."
            )

    def kept_shape(self, shape):
        return (*shape[:-1], shape[-1] + 1)

    def changed_shape(self, shape):
        return tuple(shape)

    def board(self, x):
        """Return 1 for pixels that stay and 0 for others, of shape `(height, width, 1)`."""
        height, width = x.shape[1:3]
        rows, columns = ops.arange(height), ops.arange(width)
        odd = ops.cast((rows[:, None, None] + columns[None, :, None]) % 2, x.dtype)
        return odd if self.flip else 1.0 - odd

    def kept(self, x):
        board = self.board(x)
        return ops.concatenate([x * board, ops.ones_like(x[..., :1]) * board], axis=-1)

    def spread(self, values, x):
        return values * (1.0 - self.board(x))


@keras.saving.register_keras_serializable("zoo")
class Halves(Mask):
    """The first and the second half of the last axis: the channels of images, or coordinates.

    Args:
        flip: whether the first half changes.
    """

    def _sizes(self, size: int) -> tuple[int, int]:
        """Return the lengths of the first and of the second half."""
        return size // 2, size - size // 2

    def kept_shape(self, shape):
        return (*shape[:-1], self._sizes(shape[-1])[1 if self.flip else 0])

    def changed_shape(self, shape):
        return (*shape[:-1], self._sizes(shape[-1])[0 if self.flip else 1])

    def kept(self, x):
        first, _ = self._sizes(x.shape[-1])
        return x[..., first:] if self.flip else x[..., :first]

    def spread(self, values, x):
        parts = [ops.zeros_like(self.kept(x)), values]
        return ops.concatenate(parts[::-1] if self.flip else parts, axis=-1)


@keras.saving.register_keras_serializable("zoo")
class Alternate(Mask):
    """Every other number of the last axis, as in section 5.1 of Dinh et al. 2015,
    https://arxiv.org/abs/1410.8516: those with even index stay, those with odd index change.

    Args:
        flip: whether those with even index change.
    """

    def kept_shape(self, shape):
        return (*shape[:-1], (shape[-1] + (0 if self.flip else 1)) // 2)

    def changed_shape(self, shape):
        return (*shape[:-1], (shape[-1] + (1 if self.flip else 0)) // 2)

    def kept(self, x):
        return x[..., 1::2] if self.flip else x[..., ::2]

    def spread(self, values, x):
        size = x.shape[-1]
        if self.flip:
            even, odd = values, ops.zeros_like(values)
        else:
            if size % 2:  # there is one more number that stays
                values = ops.concatenate([values, ops.zeros_like(values[..., :1])], axis=-1)
            even, odd = ops.zeros_like(values), values
        pairs = ops.stack([even, odd], axis=-1)
        return ops.reshape(pairs, (-1, *x.shape[1:-1], 2 * pairs.shape[-2]))[..., :size]
