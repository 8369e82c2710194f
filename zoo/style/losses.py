"""Losses of feature maps and images: Gram matrices, and the total variation."""

from __future__ import annotations

import math

from keras import ops


def gram(maps, weights):
    """Return the Gram matrices of feature maps, of shape `(n, channels, channels)`.

    They are G = sum_p w_p f_p f_p^T / sum_p w_p, for the features f_p and the weights w_p of all
    places p: the mean products of channels, whatever the places are.

    Args:
        maps: feature maps, of shape `(n, height, width, channels)`.
        weights: the weight of each place, of shape `(n, height, width, 1)`.
    """
    n, channels = ops.shape(maps)[0], maps.shape[-1]
    features = ops.reshape(maps, (n, -1, channels))
    weights = ops.reshape(weights, (n, -1, 1))
    products = ops.matmul(ops.transpose(weights * features, (0, 2, 1)), features)
    return products / ops.sum(weights, axis=1, keepdims=True)


def total_variation(images):
    """Return the mean squared difference of neighbours, below plus beside, of shape `(n,)`."""
    below = ops.square(images[:, 1:] - images[:, :-1])
    beside = ops.square(images[:, :, 1:] - images[:, :, :-1])
    return _mean(below) + _mean(beside)


def _mean(differences):
    """Return the mean of the differences of each image, 0 where an image is one pixel wide."""
    count = max(1, math.prod(differences.shape[1:]))
    return ops.sum(differences, axis=(1, 2, 3)) / count
