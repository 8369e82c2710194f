"""Adversarial losses against NumPy in float64, in value and in gradient."""

import keras
import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.errors import UnknownNameError
from zoo.losses import (
    AdversarialLoss,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    RelativisticAverage,
    Wasserstein,
)
from zoo.losses.adversarial import compares

REAL = np.array([[-5.0], [-0.5], [0.0], [2.0], [40.0]])
FAKE = np.array([[-40.0], [-5.0], [0.3], [1.0], [6.0]])


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


def log_one_minus_sigmoid(x):
    return -np.logaddexp(0, x)


def minimax(real, fake, smoothing=0.0):
    of_real = (1 - smoothing) * log_sigmoid(real) + smoothing * log_one_minus_sigmoid(real)
    return -of_real - log_one_minus_sigmoid(fake)


def relativistic_average(real, fake):
    of_real = log_sigmoid(real - fake.mean())
    return -of_real - log_one_minus_sigmoid(fake - real.mean())


# A loss, and its oracle for the discriminator and for the generator.
ORACLES = {
    "minimax": (Minimax(), minimax, log_one_minus_sigmoid),
    "non_saturating": (NonSaturating(), minimax, lambda fake: -log_sigmoid(fake)),
    "smoothed": (
        NonSaturating(label_smoothing=0.1),
        lambda real, fake: minimax(real, fake, 0.1),
        lambda fake: -log_sigmoid(fake),
    ),
    "least_squares": (
        LeastSquares(),
        lambda real, fake: 0.5 * (real - 1) ** 2 + 0.5 * fake**2,
        lambda fake: 0.5 * (fake - 1) ** 2,
    ),
    "least_squares_of_equation_8": (
        LeastSquares(-1.0, 1.0, 0.0),
        lambda real, fake: 0.5 * (real - 1) ** 2 + 0.5 * (fake + 1) ** 2,
        lambda fake: 0.5 * fake**2,
    ),
    "smoothed_least_squares": (
        LeastSquares(-1.0, 1.0, 0.0, label_smoothing=0.1),
        lambda real, fake: 0.5 * (real - 0.8) ** 2 + 0.5 * (fake + 1) ** 2,
        lambda fake: 0.5 * fake**2,
    ),
    "hinge": (
        Hinge(),
        lambda real, fake: np.maximum(0, 1 - real) + np.maximum(0, 1 + fake),
        lambda fake: -fake,
    ),
    "wasserstein": (Wasserstein(), lambda real, fake: fake - real, lambda fake: -fake),
    "relativistic": (
        Relativistic(),
        lambda real, fake: -log_sigmoid(real - fake),
        lambda fake, real: -log_sigmoid(fake - real),
    ),
    "relativistic_average": (
        RelativisticAverage(),
        relativistic_average,
        lambda fake, real: relativistic_average(fake, real),
    ),
}


def of_generator(name):
    """The generator's loss and its oracle, as functions of the logits of generated images."""
    loss, _, oracle = ORACLES[name]
    if not compares(loss):
        return loss.generator, oracle
    return lambda fake: loss.generator(fake, tensor(REAL)), lambda fake: oracle(fake, REAL)


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


@pytest.mark.parametrize("name", ORACLES)
def test_every_sample_has_its_loss(name):
    loss, discriminator, _ = ORACLES[name]
    found = array(loss.discriminator(tensor(REAL), tensor(FAKE)))
    assert found.shape == REAL.shape
    np.testing.assert_allclose(found, discriminator(REAL, FAKE), rtol=1e-5, atol=1e-6)
    generator, oracle = of_generator(name)
    np.testing.assert_allclose(array(generator(tensor(FAKE))), oracle(FAKE), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ORACLES)
def test_gradients(name):
    loss, discriminator, _ = ORACLES[name]
    generator, oracle = of_generator(name)
    of_real = engine.gradient(lambda x: loss.discriminator(x, tensor(FAKE)), tensor(REAL))
    of_fake = engine.gradient(lambda x: loss.discriminator(tensor(REAL), x), tensor(FAKE))
    of_fake_for_generator = engine.gradient(generator, tensor(FAKE))
    for found, expected in (
        (of_real, numeric_gradient(lambda x: discriminator(x, FAKE).sum(), REAL)),
        (of_fake, numeric_gradient(lambda x: discriminator(REAL, x).sum(), FAKE)),
        (of_fake_for_generator, numeric_gradient(lambda x: oracle(x).sum(), FAKE)),
    ):
        np.testing.assert_allclose(array(found), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("loss", [Relativistic(), RelativisticAverage()])
def test_relativistic_losses_see_differences_alone(loss):
    """A constant added to all logits changes nothing, and equal images are told by chance."""
    for function in (loss.discriminator, loss.generator):
        at, moved = (array(function(tensor(REAL + c), tensor(FAKE + c))) for c in (0, 3))
        np.testing.assert_allclose(moved, at, atol=1e-5)
    equal = array(Relativistic().discriminator(tensor(REAL), tensor(REAL)))
    np.testing.assert_allclose(equal, np.log(2), rtol=1e-6)


def test_saturating_and_non_saturating_differ_in_gradient():
    at = tensor([[-5.0]])
    saturating = float(array(engine.gradient(Minimax().generator, at))[0, 0])
    non_saturating = float(array(engine.gradient(NonSaturating().generator, at))[0, 0])
    assert saturating == pytest.approx(-0.0066929, rel=1e-3)
    assert non_saturating == pytest.approx(-0.9933071, rel=1e-3)


NAMES = [
    "hinge",
    "least_squares",
    "minimax",
    "non_saturating",
    "relativistic",
    "relativistic_average",
    "wasserstein",
]


@pytest.mark.parametrize("name", NAMES)
def test_by_name(name):
    assert AdversarialLoss.get(name).name == name


@pytest.mark.parametrize("name", ORACLES)
def test_configuration_round_trip(name):
    loss = ORACLES[name][0]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Minimax(label_smoothing=0.5), "label_smoothing must be below 0.5. Received: 0.5"),
        (lambda: NonSaturating(-0.1), "label_smoothing must be .* of at least 0. Received: -0.1"),
        (lambda: LeastSquares(1.0, 1.0), "fake_target and real_target must differ. Received: 1.0"),
        (lambda: LeastSquares(real_target="b"), "real_target must be a finite number. Received"),
    ],
)
def test_arguments_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


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
        UnknownNameError, match=f"Unknown loss: 'non_saturing'. Allowed: {', '.join(NAMES)}."
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
