"""SqueezeNet 1.1, without its classifier, whose pools round up."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers, ops

from zoo.errors import DataError
from zoo.files.archive import OWN_METHODS
from zoo.files.arrays import opened
from zoo.files.home import user_path

MEAN = (104.006, 116.669, 122.679)  # of blue, green and red, from 0 to 255
# Channels of the squeezed and of each expanded part, or a pool.
BLOCKS = {
    "pool1": None,
    "fire2": (16, 64),
    "fire3": (16, 64),
    "pool3": None,
    "fire4": (32, 128),
    "fire5": (32, 128),
    "pool5": None,
    "fire6": (48, 192),
    "fire7": (48, 192),
    "fire8": (64, 256),
    "fire9": (64, 256),
}
BYTES = 2**24  # of the arrays of a file of weights


def squeezenet() -> keras.Model:
    """Return SqueezeNet 1.1 with random weights, from prepared images of any size to features.

    Its layers are `conv1`, `pool1`, `fire2`, `fire3`, `pool3`, `fire4`, `fire5`, `pool5`, and
    `fire6` to `fire9`. See Iandola et al. 2016, https://arxiv.org/abs/1602.07360.

    A pool of 3x3 pixels with stride 2 makes ceil((n - 3) / 2) + 1 pixels of n, as in Caffe and
    torchvision. A pixel of zeros behind the last one gives that for each n, and is in no maximum,
    because rectified activations are not negative.

    Differs from the paper: the classifier, with its convolution and its dropout, is left out.
    """
    inputs = keras.Input((None, None, 3))
    x = _convolution(64, 3, "conv1", strides=2, padding="valid")(inputs)
    for name, channels in BLOCKS.items():
        if channels is None:
            x = _pool(x, name)
            continue
        squeezed, expanded = channels
        x = _convolution(squeezed, 1, f"{name}_squeeze1x1")(x)
        ones = _convolution(expanded, 1, f"{name}_expand1x1")(x)
        threes = _convolution(expanded, 3, f"{name}_expand3x3")(x)
        x = layers.Concatenate(axis=-1, name=name)([ones, threes])
    return keras.Model(inputs, x, name="squeezenet")


def prepared(images):
    """Return a tensor of images in [0, 1] as `squeezenet` takes them, with weights of Caffe.

    They are scaled to 255, in the order blue, green, red, less the mean colour of ImageNet.
    """
    swapped = ops.stack([images[..., i] for i in (2, 1, 0)], axis=-1)
    return 255.0 * swapped - ops.convert_to_tensor(MEAN, dtype="float32")


def load_weights(network: keras.Model, path: str | Path) -> None:
    """Set the weights of `network`, made by `squeezenet`, to those in an `.npz` file.

    Args:
        network: the network.
        path: the file, with arrays such as `conv1/kernel`, `conv1/bias` and
            `fire2/squeeze1x1/kernel`, in Keras's order `(height, width, in, out)`.

    Raises:
        DataError: if there is no such file, or an array is missing or has another shape; `network`
            is then unchanged.
    """
    place = user_path(path)
    if not place.is_file():
        raise DataError(f"There is no file of weights {str(place)!r}.")
    values = []
    with opened(place, most=BYTES, methods=OWN_METHODS) as arrays:
        for layer in network.layers:
            for weight in layer.weights:
                name = f"{layer.name.replace('_', '/')}/{weight.name}"
                value = arrays.get(name)
                if value is None or value.shape != tuple(weight.shape):
                    received = "none" if value is None else value.shape
                    raise DataError(
                        f"{place.name} must hold the array {name!r} of shape "
                        f"{tuple(weight.shape)}. Received: {received}."
                    )
                values.append((weight, value))
    for weight, value in values:
        weight.assign(value)


def _convolution(filters: int, size: int, name: str, **options) -> layers.Layer:
    """Return a convolution with rectified linear units."""
    options = {"padding": "same", **options}
    return layers.Conv2D(
        filters, size, activation="relu", data_format="channels_last", name=name, **options
    )


def _pool(x, name: str):
    """Return the maxima of 3x3 pixels in steps of 2, of which a part may lie beyond the end."""
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), data_format="channels_last", name=f"{name}_end")(x)
    return layers.MaxPooling2D(3, 2, data_format="channels_last", name=name)(x)
