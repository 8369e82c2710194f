"""`Bijector`, the base class of invertible layers."""

from __future__ import annotations

import keras
from keras import ops

from zoo import engine

LEAST_VARIANCE = 1e-12  # beside a mean of 1, more than the rounding of equal numbers


class Bijector(keras.layers.Layer):
    """An invertible map from data x to y, with log |det dy/dx|.

    A subclass defines `forward` and `inverse`, makes its weights in `build`, and says by `shape_of`
    if y has another shape than x. By the change of variables, a density q of y gives the density
    p(x) = q(y) |det dy/dx| of x. Bijectors compute in the dtype of their weights: in float32 under
    mixed precision.

    Args:
        **kwargs: the arguments of a `keras.layers.Layer`.

    Example:

    >>> import zoo
    >>> from keras import ops
    >>> double = zoo.layers.Chain([zoo.layers.Flatten(), zoo.layers.Diagonal()])
    >>> double.build((None, 2, 2, 1))
    >>> y, log_det = double.forward(ops.ones((3, 2, 2, 1)))
    >>> tuple(y.shape), tuple(log_det.shape), tuple(double.inverse(y).shape)
    ((3, 4), (3,), (3, 2, 2, 1))
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": keras.config.dtype_policy().variable_dtype, **kwargs})

    def forward(self, x, training: bool = False):
        """Return y, and log |det dy/dx| of each datum, of shape `(batch,)`.

        Args:
            x: a batch of data.
            training: whether statistics are those of the batch, where a bijector has any.
        """
        raise NotImplementedError

    def inverse(self, y):
        """Return the data x of which `forward`, in inference mode, makes `y`."""
        raise NotImplementedError

    def call(self, x, training=False):
        return self.forward(x, training)

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one y for the shape of one x."""
        return tuple(shape)


def summed(x):
    """Return the sum over all axes but the first."""
    return ops.sum(x, axis=list(range(1, x.ndim)))


def for_each(value, x):
    """Return the scalar tensor `value` for each datum of the batch `x`."""
    return ops.broadcast_to(value, (ops.shape(x)[0],))


def moments_of_batch(x):
    """Return three vectors over the complete batch, on all devices: the mean of each channel, its
    variance, and whether it varies.

    A channel that does not vary, as in a batch of one point, has no variance that could be divided
    by.
    """
    axes = list(range(x.ndim - 1))
    mean = engine.all_reduce_mean(ops.mean(x, axis=axes))
    variance = engine.all_reduce_mean(ops.mean(ops.square(x - mean), axis=axes))
    return mean, variance, variance > LEAST_VARIANCE * (1.0 + ops.square(mean))


def none_for_each(x):
    """Return the log-determinant 0 for each datum of the batch `x`."""
    return ops.zeros((ops.shape(x)[0],), x.dtype)
