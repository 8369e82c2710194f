"""Penalties against NumPy in float64, in value and in gradient."""

import keras
import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.losses import R1, Penalty

RNG = np.random.default_rng(0)
W = RNG.normal(size=(12, 3))
REAL = RNG.normal(size=(4, 2, 2, 3))
FAKE = RNG.normal(size=(4, 2, 2, 3))


def discriminator(w):
    return lambda x: ops.sum(ops.tanh(ops.reshape(x, (-1, 12)) @ w), axis=-1, keepdims=True)


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


def squared_norms(x, w):
    """|d D / dx|^2 of each sample, by hand."""
    slope = 1 - np.tanh(x.reshape(-1, 12) @ w) ** 2
    return ((slope @ w.T) ** 2).sum(axis=1)


def test_r1_is_half_gamma_times_the_squared_norm_on_real_images():
    found = array(R1(gamma=3.0)(discriminator(tensor(W)), tensor(REAL), tensor(FAKE)))
    np.testing.assert_allclose(found, 1.5 * squared_norms(REAL, W), rtol=1e-5)


def test_r1_gradient():
    w = keras.Variable(W.astype("float32"))
    _, (grad,) = engine.value_and_grad(
        lambda: (ops.mean(R1(gamma=3.0)(discriminator(w), tensor(REAL), tensor(FAKE))), {}), [w]
    )
    expected = numeric_gradient(lambda w: 1.5 * squared_norms(REAL, w).mean(), W)
    np.testing.assert_allclose(array(grad), expected, rtol=1e-3, atol=1e-4)


def test_the_mean_does_not_grow_with_the_batch():
    once = array(R1()(discriminator(tensor(W)), tensor(REAL), None)).mean()
    twice = array(R1()(discriminator(tensor(W)), tensor(np.tile(REAL, (2, 1, 1, 1))), None)).mean()
    np.testing.assert_allclose(once, twice, rtol=1e-5)


@pytest.mark.parametrize(("share", "rows"), [(1.0, 4), (0.5, 2), (0.3, 2), (0.25, 1), (0.001, 1)])
def test_a_share_of_the_batch(share, rows):
    found = array(R1(share=share)(discriminator(tensor(W)), tensor(REAL), None))
    np.testing.assert_allclose(found, 5.0 * squared_norms(REAL[:rows], W), rtol=1e-5)


@pytest.mark.parametrize(
    "arguments",
    [{"gamma": -1.0}, {"gamma": float("nan")}, {"gamma": "big"}, {"share": 0.0}, {"share": 1.5}],
)
def test_values_out_of_range(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"{name} must .* Received: {arguments[name]!r}"):
        R1(**arguments)


def test_configuration_round_trip():
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(R1(2.0, share=0.5))
    )
    assert (again.gamma, again.share) == (2.0, 0.5)


def test_by_name():
    assert isinstance(Penalty.get("r1"), R1)
