"""Samplers whose networks are linear maps, of which all answers are known."""

import keras
import numpy as np
from keras import layers

import zoo


def linear(matrix, image_shape=None, bias=None, **options):
    """A sampler G(z) = z `matrix` + `bias`, of points or, with `image_shape`, of images in [-1, 1].

    `matrix` has a row for each latent.
    """
    matrix = np.asarray(matrix, "float32")
    size, outputs = matrix.shape
    dense = layers.Dense(outputs, name="first")
    network = keras.Sequential([keras.Input((size,)), dense])
    if image_shape is not None:
        network.add(layers.Reshape(image_shape))
    dense.set_weights([matrix, np.zeros(outputs) if bias is None else np.asarray(bias)])
    value_range = None if image_shape is None else (-1.0, 1.0)
    shape = (outputs,) if image_shape is None else image_shape
    return zoo.models.Sampler(network, size, shape, value_range, **options)


def cosine(a, b):
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
