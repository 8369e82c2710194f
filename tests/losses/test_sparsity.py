"""Sparsity penalties against NumPy in float64, in value and in gradient."""

import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.losses import KL, L1, Sparsity

CODES = np.random.default_rng(0).random((5, 3)) * 0.9 + 0.05
SIGNED = CODES - 0.5


def kl(z, rho=0.05, weight=3.0):
    r = z.mean(axis=0)
    return weight * (rho * np.log(rho / r) + (1 - rho) * np.log((1 - rho) / (1 - r))).sum()


ORACLES = {
    "l1": (L1(), SIGNED, lambda z: 0.1 * np.abs(z).sum(axis=1)),
    "kl": (KL(), CODES, kl),
    "another_kl": (KL(1.0, target=0.2), CODES, lambda z: kl(z, 0.2, 1.0)),
}


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


@pytest.mark.parametrize("name", ORACLES)
def test_value_and_gradient(name):
    penalty, codes, oracle = ORACLES[name]
    np.testing.assert_allclose(array(penalty(tensor(codes))), oracle(codes), rtol=1e-5)
    grad = engine.gradient(penalty, tensor(codes))
    expected = numeric_gradient(lambda z: np.sum(oracle(z)), codes)
    np.testing.assert_allclose(array(grad), expected, rtol=1e-4, atol=1e-5)


def test_the_target_costs_nothing():
    assert float(array(KL(target=0.3)(tensor(np.full((4, 2), 0.3))))) == pytest.approx(0, abs=1e-6)


def test_silent_and_saturated_units_have_a_finite_cost():
    for value in (0.0, 1.0):
        assert np.isfinite(array(KL()(tensor(np.full((4, 2), value)))))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1(-1), "weight must be .* of at least 0. Received: -1"),
        (lambda: KL(target=0), "target must be .* above 0. Received: 0"),
        (lambda: KL(target=1.0), "target must be below 1. Received: 1.0"),
        (lambda: Sparsity.get("l2"), "Unknown sparsity: 'l2'. Allowed: kl, l1."),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
