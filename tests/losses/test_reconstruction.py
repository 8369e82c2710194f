"""Reconstruction losses against NumPy in float64, in value and in gradient."""

import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.losses import CrossEntropy, ReconstructionLoss, SquaredError

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 2, 2, 1))
LOGITS = 4 * RNG.normal(size=(3, 2, 2, 1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(x, a):
    return -(x * np.log(sigmoid(a)) + (1 - x) * np.log(sigmoid(-a))).sum(axis=(1, 2, 3))


ORACLES = {
    "squared_error": (
        SquaredError(),
        lambda x, a: 0.5 * ((x - sigmoid(a)) ** 2).sum(axis=(1, 2, 3)),
    ),
    "cross_entropy": (CrossEntropy(), cross_entropy),
}


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


@pytest.mark.parametrize("name", ORACLES)
def test_value_and_gradient(name):
    loss, oracle = ORACLES[name]
    found = array(loss(tensor(IMAGES), tensor(LOGITS)))
    np.testing.assert_allclose(found, oracle(IMAGES, LOGITS), rtol=1e-5)
    grad = engine.gradient(lambda a: loss(tensor(IMAGES), a), tensor(LOGITS))
    expected = numeric_gradient(lambda a: oracle(IMAGES, a).sum(), LOGITS)
    np.testing.assert_allclose(array(grad), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ORACLES)
def test_by_name(name):
    assert type(ReconstructionLoss.get(name)) is type(ORACLES[name][0])
