"""Adversarial losses against NumPy in float64, in value and in gradient."""

import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.errors import UnknownNameError
from zoo.losses import AdversarialLoss, Minimax, NonSaturating

REAL = np.array([[-5.0], [-0.5], [0.0], [2.0], [40.0]])
FAKE = np.array([[-40.0], [-5.0], [0.3], [1.0], [6.0]])


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


def log_one_minus_sigmoid(x):
    return -np.logaddexp(0, x)


DISCRIMINATOR = {
    Minimax: lambda real, fake: -log_sigmoid(real) - log_one_minus_sigmoid(fake),
    NonSaturating: lambda real, fake: -log_sigmoid(real) - log_one_minus_sigmoid(fake),
}
GENERATOR = {Minimax: log_one_minus_sigmoid, NonSaturating: lambda fake: -log_sigmoid(fake)}


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


@pytest.mark.parametrize("loss", DISCRIMINATOR)
def test_every_sample_has_its_loss(loss):
    found = array(loss().discriminator(tensor(REAL), tensor(FAKE)))
    assert found.shape == REAL.shape
    np.testing.assert_allclose(found, DISCRIMINATOR[loss](REAL, FAKE), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        array(loss().generator(tensor(FAKE))), GENERATOR[loss](FAKE), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("loss", DISCRIMINATOR)
def test_gradients(loss):
    of_real = engine.gradient(lambda x: loss().discriminator(x, tensor(FAKE)), tensor(REAL))
    of_fake = engine.gradient(lambda x: loss().discriminator(tensor(REAL), x), tensor(FAKE))
    of_generator = engine.gradient(lambda x: loss().generator(x), tensor(FAKE))
    oracle = DISCRIMINATOR[loss]
    for found, expected in (
        (of_real, numeric_gradient(lambda x: oracle(x, FAKE).sum(), REAL)),
        (of_fake, numeric_gradient(lambda x: oracle(REAL, x).sum(), FAKE)),
        (of_generator, numeric_gradient(lambda x: GENERATOR[loss](x).sum(), FAKE)),
    ):
        np.testing.assert_allclose(array(found), expected, rtol=1e-4, atol=1e-6)


def test_saturating_and_non_saturating_differ_in_gradient():
    at = tensor([[-5.0]])
    saturating = float(array(engine.gradient(Minimax().generator, at))[0, 0])
    non_saturating = float(array(engine.gradient(NonSaturating().generator, at))[0, 0])
    assert saturating == pytest.approx(-0.0066929, rel=1e-3)
    assert non_saturating == pytest.approx(-0.9933071, rel=1e-3)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_by_name(name):
    assert AdversarialLoss.get(name).name == name


def test_another_object_with_both_methods_is_taken():
    class Mine:
        def get_config(self):
            return {}

        def discriminator(self, real, fake):
            return real - fake

        def generator(self, fake):
            return fake

    mine = Mine()
    assert AdversarialLoss.get(mine) is mine


def test_unknown_name():
    with pytest.raises(
        UnknownNameError, match=r"Unknown loss: 'non_saturing'\. Allowed: minimax, non_saturating\."
    ):
        AdversarialLoss.get("non_saturing")


def test_what_could_not_be_saved_is_refused():
    class Mine:
        def discriminator(self, real, fake):
            return real - fake

        def generator(self, fake):
            return fake

    with pytest.raises(ValueError, match="loss must have get_config"):
        AdversarialLoss.get(Mine())


@pytest.mark.parametrize("value", [3, None, Minimax, len])
def test_what_is_no_loss(value):
    with pytest.raises(
        ValueError, match=r"loss must be one of .* or an object with discriminator and generator"
    ):
        AdversarialLoss.get(value)
