"""The three ways to the Jacobian's norm, against NumPy in float64 and each other."""

import keras
import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import layers, ops

from zoo import engine
from zoo.engine.random import Fixed
from zoo.losses import ClosedForm, Contraction, Exact, Hutchinson

RNG = np.random.default_rng(0)
IMAGES = RNG.random((4, 2, 2, 1))


def one_layer(units=3):
    return keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(units, activation="sigmoid")]
    )


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


def oracle(images, kernel, bias):
    z = 1 / (1 + np.exp(-(images.reshape(4, 4) @ kernel + bias)))
    jacobian = (z * (1 - z))[:, None, :] * kernel[None]  # (batch, inputs, units)
    return (jacobian**2).sum(axis=(1, 2))


@pytest.mark.parametrize("contraction", [Exact(), ClosedForm()])
def test_value_and_gradient(contraction):
    encoder = one_layer()
    encoder.set_weights([RNG.normal(size=w.shape) for w in encoder.get_weights()])
    kernel, bias = (w.astype("float64") for w in encoder.get_weights())
    images = tensor(IMAGES)

    def norm():
        found = contraction(encoder, images, encoder(images), Fixed())
        return ops.mean(found), found

    (_, found), grads = engine.value_and_grad(norm, encoder.trainable_variables)
    np.testing.assert_allclose(array(found), oracle(IMAGES, kernel, bias), rtol=1e-4)
    expected = (
        numeric_gradient(lambda w: oracle(IMAGES, w, bias).mean(), kernel),
        numeric_gradient(lambda b: oracle(IMAGES, kernel, b).mean(), bias),
    )
    for grad, wanted in zip(grads, expected, strict=True):
        np.testing.assert_allclose(array(grad), wanted, rtol=1e-3, atol=1e-5)


def deep():
    return keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            layers.Conv2D(4, 2, activation="tanh"),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )


def maps():
    return keras.Sequential([keras.Input((2, 2, 1)), layers.Conv2D(3, 1, activation="tanh")])


@pytest.mark.parametrize("make", [deep, maps])
def test_the_exact_norm_of_another_encoder(make):
    encoder = make()
    images, step = tensor(IMAGES), 1e-2
    found = array(Exact()(encoder, images, encoder(images), Fixed()))
    squares = np.zeros(4)
    for pixel in np.ndindex(2, 2, 1):
        moved = np.zeros((1, 2, 2, 1))
        moved[(0, *pixel)] = step
        above, below = (array(encoder(tensor(IMAGES + s * moved))) for s in (1, -1))
        squares += (((above - below).reshape(4, -1) / (2 * step)) ** 2).sum(axis=1)
    np.testing.assert_allclose(found, squares, rtol=2e-3)


def test_hutchinson_estimates_the_exact_norm():
    encoder = deep()
    images = tensor(IMAGES)
    exact = array(Exact()(encoder, images, encoder(images), Fixed()))
    random = Fixed()
    draws = np.stack(
        [array(Hutchinson(probes=20)(encoder, images, encoder(images), random)) for _ in range(20)]
    )
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - exact) < 5 * error + 1e-4).all()
    assert (error > 0).all()


def scaled():
    """One layer, behind an operation that is no layer."""
    images = keras.Input((2, 2, 1))
    return keras.Model(images, layers.Dense(3, "sigmoid")(layers.Flatten()(ops.square(images))))


@pytest.mark.parametrize(
    "encoder",
    [
        deep(),
        scaled(),
        keras.Sequential([keras.Input((2, 2, 1)), layers.Dense(3, "sigmoid"), layers.Flatten()]),
        keras.Sequential([keras.Input((2, 2, 1)), layers.Dense(3, "sigmoid")]),
        keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(3)]),
        keras.Sequential(
            [
                keras.Input((2, 2, 1)),
                layers.Flatten(),
                layers.Dense(3, "sigmoid"),
                layers.Dense(3, "sigmoid"),
            ]
        ),
    ],
)
def test_the_closed_form_is_refused_where_it_does_not_hold(encoder):
    with pytest.raises(ValueError, match="one dense layer of sigmoid units. Received: "):
        ClosedForm().check(encoder)


def test_errors():
    with pytest.raises(ValueError, match="probes must be a whole number of at least 1"):
        Hutchinson(0)
    with pytest.raises(ValueError, match="Unknown contraction: 'open'. Allowed: closed_form, ex"):
        Contraction.get("open")
