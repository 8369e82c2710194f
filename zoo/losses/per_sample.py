"""The sum of a tensor over everything but the batch."""

from keras import ops


def per_sample(x):
    """Return the sum over all axes but the first, in float32, of shape `(batch,)`."""
    return ops.sum(ops.cast(x, "float32"), axis=tuple(range(1, x.ndim)))
