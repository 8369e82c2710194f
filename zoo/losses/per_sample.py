"""From one number for each pixel to one for each image."""

from keras import ops


def per_sample(x):
    """The sum over all axes but the first, in float32, of shape `(batch,)`."""
    return ops.sum(ops.cast(x, "float32"), axis=tuple(range(1, len(x.shape))))
