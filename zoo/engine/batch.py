"""What one training or validation step sees, checked and cut into minibatches."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.errors import ArgumentError, check_count


class Batch(NamedTuple):
    """What one training or validation step sees.

    `images` has the shape `(batch, height, width, channels)`; `labels`, of shape `(batch,)`, is
    `None` for unconditional models.
    """

    images: Any
    labels: Any = None


def paired(inputs, labels=None):
    """What a body is called with: `inputs`, or `[inputs, labels]` where the model is
    conditional."""
    return inputs if labels is None else [inputs, labels]


def check_images(argument: str, images, image_shape: tuple[int, ...]) -> None:
    """Raises unless `images` is a batch of floating-point images, or points, of `image_shape`."""
    what = "images" if len(image_shape) == 3 else "points"
    if not hasattr(images, "shape") or tuple(images.shape[1:]) != tuple(image_shape):
        raise ArgumentError(
            f"{argument} must hold {what} of shape (batch, {', '.join(map(str, image_shape))}). "
            f"Received: {_what(images)}."
        )
    if images.shape[0] == 0:
        raise ArgumentError(f"{argument} holds no {what[:-1]}.")
    if "float" not in keras.backend.standardize_dtype(images.dtype):
        raise ArgumentError(
            f"{argument} must hold floating-point {what} in the model's value range. Received: "
            "dtype "
            f"{keras.backend.standardize_dtype(images.dtype)}. zoo.data.to_range converts "
            "8-bit images."
        )


def minibatch(values, index: int, parts: int):
    """The `index`-th of `parts` equal minibatches of `values`: of its rows every `parts`-th; all
    rows where they cannot be cut equally.

    Every so many, and not one block: each minibatch is then spread over all devices that hold the
    rows. Written without a branch: on TensorFlow the number of rows can be unknown while the step
    is traced.
    """
    if values is None or parts == 1:
        return values
    rows = ops.shape(values)[0]
    whole = (rows % parts + parts - 1) // parts  # 1 where the rows cannot be cut, else 0
    found = values[index * (1 - whole) :: parts - whole * (parts - 1)]
    return ops.reshape(found, (-1, *values.shape[1:]))  # else TensorFlow knows no shape at all


def check_body(name: str, network) -> None:
    """Raises unless `network` is a Keras model, or `None`."""
    if network is not None and not isinstance(network, keras.Model):
        raise ArgumentError(
            f"{name} must be a keras.Model. Received: {network!r} of type {type(network).__name__}."
        )


def check_logits(name: str, network: keras.Model) -> None:
    """Raises where `network` ends in a squashing activation, which the loss applies itself."""
    activation = getattr(network.layers[-1], "activation", None) if network.layers else None
    if activation in (keras.activations.sigmoid, keras.activations.softmax):
        raise ArgumentError(
            f"{name} must give logits. Received: a network that ends in the activation "
            f"{keras.activations.serialize(activation)!r}. Allowed: one that ends in none."
        )


def check_range(
    argument: str, images, value_range: tuple[float, float], in_training: bool = True
) -> None:
    """Raises unless the values of the array `images` lie in `value_range`; warns, `in_training`,
    where they look like those of [0, 1]."""
    low, high = float(images.min()), float(images.max())
    if not math.isfinite(low) or not math.isfinite(high):
        raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")
    if in_training and value_range[0] < 0 <= low < high <= 1:
        warnings.warn(
            f"{argument} holds no negative value, but the model's images lie in "
            f"{list(value_range)}. Images in [0, 1] are converted by zoo.data.to_range(images, "
            f"{tuple(value_range)}, source=(0, 1)).",
            stacklevel=4,
        )
    slack = 0.01 * (value_range[1] - value_range[0])  # interpolation overshoots a little
    if not (value_range[0] - slack <= low and high <= value_range[1] + slack):
        raise ArgumentError(
            f"{argument} must hold values in {list(value_range)}. Received: values from {low:g} to "
            f"{high:g}. zoo.data.to_range(images, {tuple(value_range)}, source=(low, high)) "
            "converts."
        )


def check_image_shape(image_shape, points: bool = False) -> tuple[int, ...]:
    """`image_shape` as a tuple of three numbers, or of one where `points` are allowed, or an
    error."""
    try:
        shape = tuple(check_count("image_shape", size) for size in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) != 3 and not (points and len(shape) == 1):
        allowed = "(height, width, channels)" + (", or (features,) for points" if points else "")
        raise ArgumentError(
            f"image_shape must be {allowed}, positive whole numbers. Received: {image_shape!r}."
            + ("" if points else " Bodies of your own, without image_shape, take other shapes.")
        )
    return shape


def _what(value) -> str:
    return f"shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__
