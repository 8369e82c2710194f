"""The relative error of tensors."""

from __future__ import annotations

from keras import ops

SMALLEST = 1e-12  # of a sum of squares that divides


def relative_error(values, wanted):
    """Return sum (x - y)^2 / sum y^2 of each row of the tensors x and y, of shape `(n,)`."""
    axes = tuple(range(1, len(values.shape)))
    size = ops.maximum(ops.sum(ops.square(wanted), axis=axes), SMALLEST)
    return ops.sum(ops.square(values - wanted), axis=axes) / size
