"""Likelihoods against NumPy in float64, in value and in gradient."""

import math

import keras
import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.losses import Bernoulli, DiscretizedLogistic, Gaussian, Likelihood

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 2, 2, 2)) / 255.0
IMAGES[0, 0, 0] = [0.0, 1.0]  # the bins that reach to infinity


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def total(x):
    return x.sum(axis=(-3, -2, -1))


def bernoulli(x, a):
    p = sigmoid(a)
    return total(x * np.log(p) + (1 - x) * np.log1p(-p))


def normal(x, mean, sigma):
    return total(-0.5 * ((x - mean) / sigma) ** 2 - np.log(sigma) - 0.5 * math.log(2 * math.pi))


def bounded(v):
    lowest = 2 * math.log(1 / 510)
    return lowest + np.logaddexp(0, v - lowest)


def logistic(x, a):
    mean, scale = a[..., :2] + 0.5, np.exp(np.maximum(a[..., 2:], -7 - math.log(2)))
    upper = np.where(x > 0.999, np.inf, (x + 0.5 / 255 - mean) / scale)
    lower = np.where(x < 0.001, -np.inf, (x - 0.5 / 255 - mean) / scale)
    # Mirrored where both are near 1, whose difference would be lost in float64 too.
    upper, lower = np.where(lower > 0, -lower, upper), np.where(lower > 0, -upper, lower)
    # log(p - q) = log(p) + log(1 - q / p): p itself underflows far from the mean.
    log_p, log_q = -np.logaddexp(0, -upper), -np.logaddexp(0, -lower)
    return total(log_p + np.log1p(-np.exp(log_q - log_p)))


# A likelihood and its oracle.
ORACLES = {
    "bernoulli": (Bernoulli(), bernoulli),
    "gaussian_fixed": (Gaussian(0.3), lambda x, a: normal(x, sigmoid(a), 0.3)),
    "gaussian": (
        Gaussian(),
        lambda x, a: normal(x, sigmoid(a[..., :2]), np.exp(0.5 * bounded(a[..., 2:]))),
    ),
    "discretized_logistic": (DiscretizedLogistic(), logistic),
}


def parameters(likelihood):
    found = RNG.normal(size=(3, 2, 2, 2 * likelihood.outputs))
    if likelihood.name == "discretized_logistic":
        found[..., 2:] -= 3  # scales of some bins
    return found


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


@pytest.mark.parametrize("name", ORACLES)
def test_value(name):
    likelihood, oracle = ORACLES[name]
    a = parameters(likelihood)
    found = array(likelihood.log_prob(tensor(IMAGES), tensor(a)))
    assert found.shape == (3,)
    np.testing.assert_allclose(found, oracle(IMAGES, a), rtol=1e-4)


@pytest.mark.parametrize("name", ORACLES)
def test_gradient(name):
    likelihood, oracle = ORACLES[name]
    a = parameters(likelihood)
    found = engine.gradient(lambda a: likelihood.log_prob(tensor(IMAGES), a), tensor(a))
    expected = numeric_gradient(lambda a: oracle(IMAGES, a).sum(), a)
    np.testing.assert_allclose(array(found), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("name", ORACLES)
def test_several_for_one_image(name):
    likelihood, oracle = ORACLES[name]
    a = np.stack([parameters(likelihood) for _ in range(4)])
    found = array(likelihood.log_prob(tensor(IMAGES), tensor(a)))
    assert found.shape == (4, 3)
    np.testing.assert_allclose(found, [oracle(IMAGES, row) for row in a], rtol=1e-4)


@pytest.mark.parametrize("name", ORACLES)
def test_mean(name):
    likelihood, _ = ORACLES[name]
    a = parameters(likelihood)
    clipped = np.clip(a[..., :2] + 0.5, 0, 1)
    expected = clipped if name == "discretized_logistic" else sigmoid(a[..., :2])
    np.testing.assert_allclose(array(likelihood.mean(tensor(a))), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "discretized_logistic"])
def test_a_pixel_that_never_changes_has_a_bounded_likelihood(name):
    """And it can be nearly certain, whatever its value."""
    likelihood = ORACLES[name][0]
    black = np.zeros((1, 2, 2, 1))
    location = -50.0 if name == "gaussian" else -0.6
    for raw in (-20.0, -200.0):
        a = np.full((1, 2, 2, 2), raw)
        a[..., 0] = location
        found = float(array(likelihood.log_prob(tensor(black), tensor(a)))[0])
        grad = array(engine.gradient(lambda a: likelihood.log_prob(tensor(black), a), tensor(a)))
        assert np.isfinite(grad).all()
        if name == "gaussian":
            assert found == pytest.approx(
                4 * (math.log(510) - 0.5 * math.log(2 * math.pi)), rel=1e-3
            )
        else:
            assert -1e-3 < found <= 0


def test_the_256_values_of_a_pixel_have_probability_one():
    values = tensor(np.arange(256).reshape(256, 1, 1, 1) / 255)
    for raw, log_scale in ((0.1, -4.0), (-0.6, -1.0), (0.3, -12.0)):
        a = tensor(np.tile([raw, log_scale], (256, 1, 1, 1)).reshape(256, 1, 1, 2))
        found = array(DiscretizedLogistic().log_prob(values, a)).astype("float64")
        assert np.isfinite(found).all()
        assert np.exp(found).sum() == pytest.approx(1.0, abs=1e-3)


def test_configuration_round_trip():
    for likelihood, _ in ORACLES.values():
        again = keras.saving.deserialize_keras_object(
            keras.saving.serialize_keras_object(likelihood)
        )
        assert again.get_config() == likelihood.get_config()
        assert again.outputs == likelihood.outputs


def test_errors():
    with pytest.raises(ValueError, match="sigma must be a finite number above 0. Received: 0"):
        Gaussian(0)
    with pytest.raises(ValueError, match=r"Unknown likelihood: 'poisson'\. Allowed: bernoulli"):
        Likelihood.get("poisson")
