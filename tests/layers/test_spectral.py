"""Spectral normalization: against a singular value decomposition, as state, and in gradient."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

from zoo import engine
from zoo.layers import SpectralConv2D, SpectralDense

RNG = np.random.default_rng(0)


def dense(units=4, inputs=6, **options):
    layer = SpectralDense(units, **options)
    layer.build((None, inputs))
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def convolution(**options):
    layer = SpectralConv2D(5, 3, padding="same", data_format="channels_last", **options)
    layer.build((None, 4, 4, 2))
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def plain_layer(layer):
    """The layer of Keras with the same options."""
    config = layer.get_config()
    del config["iterations"]
    kinds = {SpectralDense: keras.layers.Dense, SpectralConv2D: keras.layers.Conv2D}
    return kinds[type(layer)].from_config(config)


def largest_singular_value(kernel):
    kernel = array(kernel)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize(("make", "shape"), [(dense, (3, 6)), (convolution, (3, 4, 4, 2))])
def test_the_kernel_is_divided_by_its_largest_singular_value(make, shape):
    layer = make(iterations=50)
    x = ops.convert_to_tensor(RNG.normal(size=shape), dtype="float32")
    normalized = array(layer(x, training=True))
    sigma = largest_singular_value(layer.kernel)
    assert sigma > 1.5
    assert largest_singular_value(layer.normalized_kernel()) == pytest.approx(1.0, rel=1e-4)
    kernel, bias, _ = layer.get_weights()
    plain = plain_layer(layer)
    plain.build((None, *shape[1:]))
    plain.set_weights([kernel / sigma, bias])
    np.testing.assert_allclose(normalized, array(plain(x)), rtol=1e-3, atol=1e-4)


def test_one_iteration_at_a_time_finds_it_too():
    layer = dense()
    x = ops.ones((2, 6))
    for _ in range(60):
        layer(x, training=True)
    assert largest_singular_value(layer.normalized_kernel()) == pytest.approx(1.0, rel=1e-3)


def test_training_moves_u_and_inference_moves_nothing():
    layer = dense()
    before = [array(w).copy() for w in layer.weights]
    layer(ops.ones((2, 6)), training=False)
    for old, new in zip(before, layer.weights, strict=True):
        np.testing.assert_array_equal(old, array(new))
    layer(ops.ones((2, 6)), training=True)
    after = [array(w) for w in layer.weights]
    moved = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    assert moved == [False, False, True]  # kernel, bias, u


def test_u_is_not_trained():
    layer = dense()
    assert [w.path.split("/")[-1] for w in layer.trainable_weights] == ["kernel", "bias"]


def test_the_gradient_flows_through_sigma():
    """With u and v constant: d<C, W / sigma> / dW = (C - <C, W / sigma> u v^T) / sigma."""
    layer = dense()
    c = RNG.normal(size=(6, 4)).astype("float32")
    kernel, _, u = (array(w).astype("float64") for w in layer.weights)
    u = u / np.linalg.norm(u)
    v = kernel @ u / np.linalg.norm(kernel @ u)
    sigma = v @ kernel @ u
    _, (grad, *_) = engine.value_and_grad(
        lambda: (ops.sum(layer.normalized_kernel() * ops.convert_to_tensor(c)), {}),
        layer.trainable_variables,
    )
    expected = (c - (c * kernel / sigma).sum() * np.outer(v, u)) / sigma
    np.testing.assert_allclose(array(grad), expected, rtol=1e-3, atol=1e-4)


def test_state_and_configuration_survive_saving(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 2)), convolution(iterations=2)])
    model(ops.ones((1, 4, 4, 2)), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].iterations == 2
    for old, new in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(array(old), array(new))


def test_a_kernel_of_zeros_gives_zeros():
    layer = SpectralDense(3, kernel_initializer="zeros")
    for training in (True, False):
        np.testing.assert_array_equal(array(layer(ops.ones((1, 2)), training=training)), 0)


def test_errors():
    with pytest.raises(ValueError, match="iterations must be a whole number of at least 1"):
        SpectralDense(3, iterations=0)


def test_sigma_is_what_the_docstring_says_and_each_call_takes_a_step():
    layer = SpectralDense(3)
    layer.build((None, 4))
    kernel = array(layer.kernel).astype("float64")
    u = array(layer.u).astype("float64")
    for _ in range(2):  # two calls, as of one update that sees two batches
        layer(np.zeros((1, 4), "float32"), training=True)
        v = kernel @ u
        u = kernel.T @ v / np.linalg.norm(kernel.T @ v)
        np.testing.assert_allclose(array(layer.u), u, rtol=1e-4, atol=1e-5)
    sigma = kernel / array(layer.normalized_kernel())
    np.testing.assert_allclose(sigma, np.linalg.norm(kernel @ u), rtol=1e-4)
