"""Kernels give what Keras's own operations give, with their first and second derivatives."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

from zoo import engine
from zoo.engine import kernels
from zoo.engine.kernels import forms

KERAS = {
    "convolution": lambda x, k, b, s: ops.conv(x, k, s, "same", "channels_last") + b,
    "transposed_convolution": lambda x, k, b, s: (
        ops.conv_transpose(x, k, s, "same", data_format="channels_last") + b
    ),
}
# PyTorch has the same forms everywhere.
DEVICES = ["cpu"] if keras.backend.backend() == "torch" else ["cpu", "accelerator"]
# kernel, strides, size, channels: few and many channels, odd sizes, sides that differ.
CASES = [
    ((4, 4), (2, 2), (6, 6), 1),
    ((4, 4), (2, 2), (6, 6), 7),
    ((4, 4), (2, 2), (8, 6), 3),
    ((3, 3), (1, 1), (5, 5), 2),
    ((4, 4), (2, 2), (7, 7), 5),
    ((3, 5), (2, 1), (5, 6), 3),
    ((5, 5), (2, 2), (6, 6), 3),
    ((2, 2), (2, 2), (4, 4), 1),
]


def draw(*shape):
    return ops.convert_to_tensor(
        np.random.default_rng(len(shape)).standard_normal(shape), "float32"
    )


def close(a, b):
    a, b = array(a), array(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * max(1.0, np.abs(b).max()))


def arguments(name, kernel_size, size, channels):
    """x, kernel and bias, with 6 channels on the other side."""
    ends = (6, channels) if name == "transposed_convolution" else (channels, 6)
    kernel = (*kernel_size, *(ends[::-1] if name == "transposed_convolution" else ends))
    return draw(3, *size, ends[0]), draw(*kernel), draw(ends[1])


@pytest.mark.parametrize(("kernel_size", "strides", "size", "channels"), CASES)
@pytest.mark.parametrize("name", KERAS)
@pytest.mark.parametrize("device", DEVICES)
def test_convolutions_and_two_derivatives(
    device, name, kernel_size, strides, size, channels, monkeypatch
):
    if device == "accelerator":  # its forms, on whatever device computes here
        monkeypatch.setattr(forms, "ON_CPU", forms.ON_ACCELERATOR)
    x, kernel, bias = arguments(name, kernel_size, size, channels)

    def results(function):
        def y(x, kernel):
            return function(x, kernel, bias, strides)

        def slope(x, kernel):  # of a function that is not linear, in x
            return engine.gradient(lambda x: ops.sin(y(x, kernel)), x)

        return [
            y(x, kernel),
            slope(x, kernel),
            engine.gradient(lambda k: ops.sin(y(x, k)), kernel),
            engine.gradient(lambda x: ops.square(slope(x, kernel)), x),
            engine.gradient(lambda k: ops.square(slope(x, k)), kernel),
        ]

    for ours, theirs in zip(results(getattr(kernels, name)), results(KERAS[name]), strict=True):
        close(ours, theirs)


def reference_norm(x, gamma, beta, epsilon):
    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axes)
    variance = ops.mean(ops.square(x - mean), axes)
    return (x - mean) / ops.sqrt(variance + epsilon) * gamma + beta, mean, variance


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2, 6), (1, 4), (1, 1, 1, 2)])
def test_batch_norm_and_two_derivatives(shape):
    x, gamma, beta = 3 * draw(*shape) + 1, draw(shape[-1]) + 2, draw(shape[-1])
    for ours, theirs in zip(
        kernels.batch_norm(x, gamma, beta, 1e-3), reference_norm(x, gamma, beta, 1e-3), strict=True
    ):
        close(ours, theirs)

    def results(norm):
        def slope(x, gamma, beta):
            return engine.gradient(lambda x: ops.sin(norm(x, gamma, beta, 1e-1)[0]), x)

        return [
            slope(x, gamma, beta),
            engine.gradient(lambda g: ops.sin(norm(x, g, beta, 1e-1)[0]), gamma),
            engine.gradient(lambda b: ops.sin(norm(x, gamma, b, 1e-1)[0]), beta),
            engine.gradient(lambda x: ops.square(slope(x, gamma, beta)), x),
            engine.gradient(lambda g: ops.square(slope(x, g, beta)), gamma),
        ]

    for ours, theirs in zip(results(kernels.batch_norm), results(reference_norm), strict=True):
        close(ours, theirs)


def test_statistics_are_float32_in_half_precision():
    """A mean of 1,000 with a spread of 1 has no variance left in bfloat16 sums."""
    x = ops.cast(1000 + 8 * draw(64, 4), "bfloat16")
    y, mean, variance = kernels.batch_norm(x, ops.ones(4), ops.zeros(4), 1e-3)
    wide = array(ops.cast(x, "float32"))
    np.testing.assert_allclose(array(mean), wide.mean(0), rtol=1e-5)
    np.testing.assert_allclose(array(variance), wide.var(0), rtol=1e-2)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(mean.dtype) == "float32"


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="the kernel of JAX takes two passes without a shift"
)
@pytest.mark.parametrize("shape", [(4096, 8), (32, 14, 14, 8)])
def test_batch_norm_is_exact_far_from_zero(shape):
    """A mean of 100 with a spread of 0.01, of which sums of float32 lose most digits."""
    x = np.float32(100 + 0.01 * np.random.default_rng(0).standard_normal(shape))
    axes, wide = tuple(range(len(shape) - 1)), x.astype("float64")
    n = shape[-1]
    y, mean, variance = kernels.batch_norm(
        ops.convert_to_tensor(x), ops.ones(n), ops.zeros(n), 1e-5
    )
    expected = (wide - wide.mean(axes)) / np.sqrt(wide.var(axes) + 1e-5)
    np.testing.assert_allclose(array(y), expected, atol=2e-4)
    np.testing.assert_allclose(array(mean), wide.mean(axes), atol=1e-5)
    np.testing.assert_allclose(array(variance), wide.var(axes), rtol=1e-3)


class Renamed(keras.optimizers.Adam):
    """The same rule, which takes Keras's own way."""


def stored_the_other_way(values):
    axes = tuple(range(values.ndim))[::-1]
    return ops.transpose(ops.convert_to_tensor(np.transpose(values, axes).copy()), axes)


@pytest.mark.parametrize("beta_1", [0.0, 0.5])
def test_adam_is_that_of_keras(beta_1):
    """With a schedule, an epsilon that matters, and gradients that lie in memory in another order
    than weights, for some of its variables at a time."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (5,), (2, 2, 2)]
    values = [rng.standard_normal(shape).astype("float32") for shape in shapes]
    grads = [rng.standard_normal((4, *shape)).astype("float32") for shape in shapes]
    results = []
    for kind in (keras.optimizers.Adam, Renamed):
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
        optimizer = kind(rate, beta_1=beta_1, beta_2=0.9, epsilon=0.1)
        variables = [keras.Variable(value) for value in values]
        optimizer.build(variables)
        for step in range(4):
            chosen = range(step % 2, 3)
            engine.apply_gradients(
                optimizer,
                [stored_the_other_way(grads[i][step]) for i in chosen],
                [variables[i] for i in chosen],
            )
        assert int(array(optimizer.iterations)) == 4
        results.append([array(v).copy() for v in (*variables, *optimizer.variables)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_which_adam_is_plain():
    from zoo.engine.adam import is_plain_adam

    def plain(kind=keras.optimizers.Adam, **options):
        variable = keras.Variable(np.zeros(2, "float32"))
        optimizer = kind(0.1, **options)
        optimizer.build([variable])
        return is_plain_adam(optimizer, [variable])

    assert plain()
    assert not plain(Renamed)
    assert not plain(keras.optimizers.AdamW)
    assert not plain(keras.optimizers.SGD)
    for extra in ("amsgrad", "use_ema"):
        assert not plain(**{extra: True})
    for extra in ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue"):
        assert not plain(**{extra: 0.1})
    assert not plain(gradient_accumulation_steps=2)
