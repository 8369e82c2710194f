"""Distributions of a pixel: they sum to 1, draws follow them, and channels are coupled."""

import numpy as np
import pytest
from helpers import array
from keras import ops

import zoo
from zoo.losses import BernoulliPixels, CategoricalPixels, LogisticMixture, PixelDistribution

VALUES = np.arange(256, dtype="float32") / 255


def parameters(distribution, channels, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal(distribution.size(channels))).astype("float32")


def log_probs(distribution, images, row):
    rows = np.tile(row, (len(images), 1))
    images, rows = (ops.convert_to_tensor(x) for x in (images, rows))
    return array(distribution.log_prob(images, rows)).astype("float64")


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
@pytest.mark.parametrize(
    "distribution", [CategoricalPixels(), LogisticMixture(1), LogisticMixture(5)]
)
def test_the_probabilities_of_256_values_sum_to_one(distribution, scale):
    row = parameters(distribution, 1, scale)
    found = np.exp(log_probs(distribution, VALUES[:, None], row))
    assert found.sum() == pytest.approx(1, abs=1e-4)
    assert (found > 0).all() or scale == 5.0


def test_binary_values_sum_to_one():
    found = log_probs(
        BernoulliPixels(), np.array([[0.0], [1.0]], "float32"), np.array([1.7], "float32")
    )
    np.testing.assert_allclose(
        np.exp(found), [1 - 1 / (1 + np.exp(-1.7)), 1 / (1 + np.exp(-1.7))], rtol=1e-5
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mixture_by_hand(row, image, mixtures):
    """The probability of an image of three channels, by differences of the CDF in float64."""
    logits, *rest = row.astype("float64").reshape(-1, mixtures)
    means, scales, c = rest[:3], [np.exp(np.maximum(s, -7)) for s in rest[3:6]], np.tanh(rest[6:])
    x = 2 * image.astype("float64") - 1
    means = [means[0], means[1] + c[0] * x[0], means[2] + c[1] * x[0] + c[2] * x[1]]
    total = np.exp(logits) / np.exp(logits).sum()
    for value, mean, scale in zip(x, means, scales, strict=True):
        upper = 1.0 if value > 0.999 else sigmoid((value + 1 / 255 - mean) / scale)
        lower = 0.0 if value < -0.999 else sigmoid((value - 1 / 255 - mean) / scale)
        total = total * (upper - lower)
    return total.sum()


def test_three_channels_are_coupled_as_in_the_paper():
    distribution = LogisticMixture(3)
    assert distribution.size(3) == 30
    assert distribution.size(1) == 9
    row = parameters(distribution, 3)
    images = np.random.default_rng(1).integers(256, size=(40, 3)).astype("float32") / 255
    images[0], images[1] = 0, 1
    expected = [np.log(mixture_by_hand(row, image, 3)) for image in images]
    np.testing.assert_allclose(log_probs(distribution, images, row), expected, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("distribution", [CategoricalPixels(), LogisticMixture(4)])
def test_draws_follow_the_distribution(distribution):
    row, n = parameters(distribution, 1), 40_000
    numbers = np.random.default_rng(2).random((n, distribution.draws(1)), dtype="float32")
    rows = ops.convert_to_tensor(np.tile(row, (n, 1)))
    drawn = array(distribution.draw(rows, ops.convert_to_tensor(numbers), 1.0))
    levels = np.rint(255 * drawn[:, 0]).astype(int)
    np.testing.assert_allclose(drawn[:, 0], levels / 255, atol=1e-6)
    below = np.cumsum(np.bincount(levels, minlength=256)) / n
    expected = np.cumsum(np.exp(log_probs(distribution, VALUES[:, None], row)))
    assert np.abs(below - expected).max() < 0.01


def test_draws_of_channels_are_coupled():
    """A channel whose scale is tiny repeats the one before it where the coefficient is 1."""
    distribution = LogisticMixture(1)
    row = np.array([0, 0, 0, 0, -1, -7, -7, 9, 0, 9], "float32")
    numbers = np.random.default_rng(0).random((100, 4), dtype="float32")
    rows = ops.convert_to_tensor(np.tile(row, (100, 1)))
    drawn = array(distribution.draw(rows, ops.convert_to_tensor(numbers), 1.0))
    assert drawn.std() > 0.1
    np.testing.assert_allclose(drawn[:, 1], drawn[:, 0], atol=0.01)
    np.testing.assert_allclose(drawn[:, 2], drawn[:, 1], atol=0.01)


@pytest.mark.parametrize("name", ["bernoulli", "categorical", "logistic_mixture"])
def test_a_low_temperature_draws_less_widely(name):
    distribution = PixelDistribution.get(name)
    row, n = parameters(distribution, 2, seed=3), 2000
    numbers = ops.convert_to_tensor(
        np.random.default_rng(0).random((n, distribution.draws(2)), dtype="float32")
    )
    rows = ops.convert_to_tensor(np.tile(row, (n, 1)))
    wide, narrow = (array(distribution.draw(rows, numbers, t)).std(axis=0) for t in (1.0, 0.1))
    assert (narrow < wide).all()


def test_gradients_are_finite_at_the_extremes():
    distribution = LogisticMixture(2)
    rows = np.array([[0, 0, 9, -9, -20, 20], [0, 0, -9, 9, -7, -7]], "float32")
    for value in (0.0, 0.5, 1.0):
        image = ops.full((2, 1), value)
        gradient = zoo.engine.gradient(
            lambda x, image=image: distribution.log_prob(image, x), ops.convert_to_tensor(rows)
        )
        assert np.isfinite(array(gradient)).all()


def test_errors():
    with pytest.raises(ValueError, match="mixtures must be a whole number of at least 1"):
        LogisticMixture(0)
    with pytest.raises(ValueError, match="Unknown pixels: 'poisson'"):
        PixelDistribution.get("poisson")
