"""The Inception network of the FID, of 2015-12-05, with its departures from the paper."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import IntegrityError

SIZE = 299
CLASSES = 1008


@keras.saving.register_keras_serializable("zoo")
class ResizeAsTensorFlow1(layers.Layer):
    """Bilinear resizing in which output i is read at i * input / output.

    TensorFlow 1 resized like this, and so does the FID's graph of 2015. Images of any size with
    values 0 to 255 become `(batch, 299, 299, channels)` with values -1 to 127 / 128. The map is
    linear along each axis, so that it is two matrix products.
    """

    def call(self, images):
        height, width = ops.shape(images)[1:3]  # TensorFlow may only know them at run time
        x = ops.einsum("oh,bhwc->bowc", _interpolation(height), ops.cast(images, "float32"))
        x = ops.einsum("pw,bowc->bopc", _interpolation(width), x)
        return (x - 128.0) / 128.0

    def compute_output_shape(self, input_shape):
        return (input_shape[0], SIZE, SIZE, input_shape[3])


def _interpolation(size):
    """Return the matrix that interpolates `SIZE` numbers from `size` numbers.

    The weight of a number falls linearly with its distance, and is 0 from distance 1 on.
    """
    last = ops.cast(size, "float32") - 1.0
    positions = ops.arange(SIZE, dtype="float32") * ((last + 1.0) / SIZE)
    distances = ops.minimum(positions, last)[:, None] - ops.arange(size, dtype="float32")[None, :]
    return ops.relu(1.0 - ops.abs(distances))


def inception() -> keras.Model:
    """Return the network for the features and class logits of FID, KID and Inception score.

    Szegedy et al. 2015, https://arxiv.org/abs/1512.00567, as Heusel et al. 2017 use it, without the
    auxiliary classifier. Weights are random; `load_tensors` sets the weights of the FID.

    Returns:
        A model from images `(batch, height, width, 3)` of any size, with values 0 to 255, to
        features `(batch, 2048)` and logits `(batch, 1008)`. The logits have no bias, since the
        Inception score is computed without it. Layers have the names of torch-fidelity's modules,
        with a hyphen for the dot, which PyTorch forbids.

    Differs from the paper: average pooling does not count padding, and the last block pools maxima
    in place of means, as in the graph of 2015.
    """
    images = keras.Input((None, None, 3))
    x = ResizeAsTensorFlow1(name="resize", dtype="float32")(images)
    x = _conv("Conv2d_1a_3x3", x, 32, 3, strides=2, padding="valid")
    x = _conv("Conv2d_2a_3x3", x, 32, 3, padding="valid")
    x = _conv("Conv2d_2b_3x3", x, 64, 3)
    x = _halved("MaxPool_1", x)
    x = _conv("Conv2d_3b_1x1", x, 80, 1)
    x = _conv("Conv2d_4a_3x3", x, 192, 3, padding="valid")
    x = _halved("MaxPool_2", x)
    for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _block_a(name, x, pooled)
    x = _block_b("Mixed_6a", x)
    for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _block_c(name, x, width)
    x = _block_d("Mixed_7a", x)
    x = _block_e("Mixed_7b", x, _mean_pooled)
    x = _block_e("Mixed_7c", x, _max_pooled)
    features = layers.GlobalAveragePooling2D(
        name="AvgPool", data_format="channels_last", dtype="float32"
    )(x)
    logits = layers.Dense(CLASSES, use_bias=False, name="fc", dtype="float32")(features)
    return keras.Model(images, [features, logits], name="inception")


def load_tensors(network: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Set the weights of `network` to `tensors`, in the names and layouts of torch-fidelity.

    Raises:
        IntegrityError: if a tensor is missing or has another shape; `network` is then unchanged.
    """
    weights, values = [], []
    for layer in network.layers:
        if not layer.weights:
            continue
        for weight in layer.weights:
            name = f"{layer.name.replace('-', '.')}.{_TORCH_NAMES.get(weight.name, weight.name)}"
            tensor = tensors.get(name)
            if tensor is not None and tensor.ndim == 4:
                tensor = tensor.transpose(2, 3, 1, 0)
            elif tensor is not None and tensor.ndim == 2:
                tensor = tensor.T
            if tensor is None or tensor.shape != tuple(weight.shape):
                received = "none" if tensor is None else f"{tensor.shape}"
                raise IntegrityError(
                    f"The tensor {name} must have the shape {tuple(weight.shape)}, in Keras's "
                    f"order. Received: {received}."
                )
            weights.append(weight)
            values.append(tensor)
    for weight, value in zip(weights, values, strict=True):
        weight.assign(value)


_TORCH_NAMES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def _conv(name: str, x, filters: int, size, strides: int = 1, padding: str = "same"):
    """Apply a convolution, batch normalization and a rectifier."""
    x = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding=padding,
        use_bias=False,
        data_format="channels_last",
        name=f"{name}-conv",
    )(x)
    x = layers.BatchNormalization(axis=-1, epsilon=1e-3, name=f"{name}-bn")(x)
    return layers.ReLU(name=f"{name}-relu")(x)


def _chain(name: str, x, *steps):
    """Apply convolutions in turn, each given as `(name, filters, size)` and optional arguments."""
    for branch, filters, size, *options in steps:
        x = _conv(f"{name}-{branch}", x, filters, size, **(options[0] if options else {}))
    return x


def _joined(name: str, *branches):
    """Concatenate branches along the channels."""
    return layers.Concatenate(axis=-1, name=name)(list(branches))


def _halved(name: str, x):
    """Halve height and width by maximum pooling."""
    return layers.MaxPooling2D(3, strides=2, name=name, data_format="channels_last")(x)


def _mean_pooled(name: str, x):
    """Apply mean pooling of stride 1."""
    # Keras's average pooling does not count padding.
    return layers.AveragePooling2D(
        3, strides=1, padding="same", name=name, data_format="channels_last"
    )(x)


def _max_pooled(name: str, x):
    """Apply maximum pooling of stride 1."""
    return layers.MaxPooling2D(
        3, strides=1, padding="same", name=name, data_format="channels_last"
    )(x)


_HALVING = {"strides": 2, "padding": "valid"}


def _block_a(name: str, x, pooled: int):
    """Apply a block of 1x1, 5x5 and double 3x3 convolutions."""
    return _joined(
        name,
        _chain(name, x, ("branch1x1", 64, 1)),
        _chain(name, x, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        _chain(
            name,
            x,
            ("branch3x3dbl_1", 64, 1),
            ("branch3x3dbl_2", 96, 3),
            ("branch3x3dbl_3", 96, 3),
        ),
        _chain(name, _mean_pooled(f"{name}-pool", x), ("branch_pool", pooled, 1)),
    )


def _block_b(name: str, x):
    """Apply the block that halves the size to 17x17."""
    return _joined(
        name,
        _chain(name, x, ("branch3x3", 384, 3, _HALVING)),
        _chain(
            name,
            x,
            ("branch3x3dbl_1", 64, 1),
            ("branch3x3dbl_2", 96, 3),
            ("branch3x3dbl_3", 96, 3, _HALVING),
        ),
        _halved(f"{name}-pool", x),
    )


def _block_c(name: str, x, width: int):
    """Apply a block of factorized 7x7 convolutions."""
    return _joined(
        name,
        _chain(name, x, ("branch1x1", 192, 1)),
        _chain(
            name,
            x,
            ("branch7x7_1", width, 1),
            ("branch7x7_2", width, (1, 7)),
            ("branch7x7_3", 192, (7, 1)),
        ),
        _chain(
            name,
            x,
            ("branch7x7dbl_1", width, 1),
            ("branch7x7dbl_2", width, (7, 1)),
            ("branch7x7dbl_3", width, (1, 7)),
            ("branch7x7dbl_4", width, (7, 1)),
            ("branch7x7dbl_5", 192, (1, 7)),
        ),
        _chain(name, _mean_pooled(f"{name}-pool", x), ("branch_pool", 192, 1)),
    )


def _block_d(name: str, x):
    """Apply the block that halves the size to 8x8."""
    return _joined(
        name,
        _chain(name, x, ("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, _HALVING)),
        _chain(
            name,
            x,
            ("branch7x7x3_1", 192, 1),
            ("branch7x7x3_2", 192, (1, 7)),
            ("branch7x7x3_3", 192, (7, 1)),
            ("branch7x7x3_4", 192, 3, _HALVING),
        ),
        _halved(f"{name}-pool", x),
    )


def _block_e(name: str, x, pool):
    """Apply a block of factorized 3x3 convolutions with the pooling `pool`."""
    once = _chain(name, x, ("branch3x3_1", 384, 1))
    twice = _chain(name, x, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
    return _joined(
        name,
        _chain(name, x, ("branch1x1", 320, 1)),
        _chain(name, once, ("branch3x3_2a", 384, (1, 3))),
        _chain(name, once, ("branch3x3_2b", 384, (3, 1))),
        _chain(name, twice, ("branch3x3dbl_3a", 384, (1, 3))),
        _chain(name, twice, ("branch3x3dbl_3b", 384, (3, 1))),
        _chain(name, pool(f"{name}-pool", x), ("branch_pool", 192, 1)),
    )
