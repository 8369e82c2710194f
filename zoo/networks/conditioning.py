"""Layers and functions that bring labels into a network."""

from __future__ import annotations

import keras
from keras import layers, ops


def label_inputs():
    """Return the Keras input of integer labels, of shape `(batch,)`."""
    return keras.Input((), dtype="int32", name="labels")


def label_vector(num_classes: int, embedding_dim: int | None = None):
    """Return a function from labels to vectors.

    They are one-hot vectors of `num_classes` numbers, or learned ones of `embedding_dim` numbers.
    """
    if embedding_dim is None:
        return lambda labels: ops.one_hot(labels, num_classes)
    return layers.Embedding(num_classes, embedding_dim, name="label_embedding")


def label_planes(num_classes: int, embedding_dim: int | None, image_shape: tuple[int, int, int]):
    """Return a function from labels to planes, which repeat the vector of the label at each pixel.

    Planes are joined to an image as channels. `label_vector` makes the vectors, which are one-hot
    if `embedding_dim` is `None`. Of `image_shape` only height and width are used.
    """
    vector, size = label_vector(num_classes, embedding_dim), embedding_dim or num_classes

    def planes(labels):
        """Return the planes of `labels`, of shape `(batch, height, width, size)`."""
        x = layers.Reshape((1, 1, size))(vector(labels))
        return layers.UpSampling2D(image_shape[:2], data_format="channels_last")(x)

    return planes


def joined(
    x,
    labels,
    num_classes: int,
    embedding_dim: int | None = None,
    image_shape: tuple[int, int, int] | None = None,
):
    """Return `x` followed by the vectors of `labels`.

    With `image_shape` they are planes behind the channels of images of that shape, else they stand
    behind the numbers of a vector. `label_vector` makes the vectors.
    """
    if image_shape is None:
        vectors = label_vector(num_classes, embedding_dim)
    else:
        vectors = label_planes(num_classes, embedding_dim, image_shape)
    return layers.Concatenate()([x, vectors(labels)])


def projection(logit, features, labels, num_classes: int):
    """Return `logit` + <e(label), features> with learned vectors e.

    This is the projection discriminator, equation 3 of Miyato and Koyama 2018,
    https://arxiv.org/abs/1802.05637.
    """
    embedded = layers.Embedding(
        num_classes, features.shape[-1], dtype="float32", name="label_projection"
    )(labels)
    inner = ops.sum(embedded * ops.cast(features, "float32"), axis=-1, keepdims=True)
    return layers.Add(dtype="float32", name="projected_logit")([logit, inner])
