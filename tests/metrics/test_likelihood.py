"""Bounds, bits and Parzen windows against formulas and against SciPy."""

import numpy as np
import pytest

from zoo.metrics import (
    bits_per_dimension,
    elbo,
    importance_weighted_bound,
    parzen_log_likelihood,
)

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_bounds_of_a_model_with_a_known_likelihood():
    """x | z ~ N(z, 1), z ~ N(0, 1): log p(x) is that of N(0, 2); q is too wide, N(x / 2, 1)."""
    x = np.array([0.3, -1.5, 4.0])

    def log_normal(value, mean, variance):
        return -0.5 * (np.log(2 * np.pi * variance) + (value - mean) ** 2 / variance)

    z = x[:, None] / 2 + RNG.normal(size=(3, 20_000))
    log_weights = (
        log_normal(x[:, None], z, 1) + log_normal(z, 0, 1) - log_normal(z, x[:, None] / 2, 1)
    )
    truth = log_normal(x, 0, 2)
    gap = 0.5 * (2 - 1 - np.log(2))  # KL(N(m, 1) || N(m, 1/2))
    np.testing.assert_allclose(elbo(log_weights), truth - gap, atol=0.03)
    np.testing.assert_allclose(importance_weighted_bound(log_weights), truth, atol=0.03)
    first = importance_weighted_bound(log_weights[:, :1])
    np.testing.assert_allclose(first, elbo(log_weights[:, :1]))


def test_bounds_do_not_overflow():
    log_weights = np.array([[-5000.0, -5001.0], [900.0, 0.0]])
    expected = [-5000 + np.log1p(np.exp(-1)) - np.log(2), 900 - np.log(2)]
    np.testing.assert_allclose(importance_weighted_bound(log_weights), expected)


def test_bits_per_dimension():
    # Uniform over 256 levels: 8 bits for each number, as a probability and as a density on [0, 1].
    assert bits_per_dimension(-12 * np.log(256), 12) == pytest.approx(8)
    assert bits_per_dimension(0.0, 12, levels=256) == pytest.approx(8)
    np.testing.assert_allclose(bits_per_dimension(np.log(2) * np.arange(3), 1), [0, -1, -2])
    with pytest.raises(ValueError, match="dimensions must be a whole number"):
        bits_per_dimension(0.0, 0)


def test_parzen_windows_are_a_kernel_density():
    from scipy import stats

    samples, test = RNG.random((50, 2)), RNG.random((30, 2))
    found = parzen_log_likelihood(samples, test[:10], test, sigmas=(0.15,))
    normal = stats.multivariate_normal(np.zeros(2), 0.15**2 * np.eye(2))
    expected = np.log(normal.pdf(test[:, None] - samples[None]).mean(axis=1))
    assert found.mean == pytest.approx(expected.mean(), rel=1e-9)
    assert found.standard_error == pytest.approx(stats.sem(expected), rel=1e-9)


def test_the_width_is_the_likeliest_on_validation():
    samples, validation, test = np.split(np.clip(0.5 + 0.1 * RNG.normal(size=(900, 4)), 0, 1), 3)
    sigmas = (0.01, 0.03, 0.06, 0.2, 1.0)
    found = parzen_log_likelihood(samples, validation, test, sigmas)
    means = [parzen_log_likelihood(samples, validation, validation, (s,)).mean for s in sigmas]
    assert found.sigma == sigmas[int(np.argmax(means))]
    assert found.sigma in (0.03, 0.06)


def test_wrong_arguments_are_refused():
    x = RNG.random((5, 3))
    with pytest.raises(ValueError, match=r"test must hold pixels in \[0, 1\]. Received: values"):
        parzen_log_likelihood(x, x, 2 * x + 1)
    with pytest.raises(ValueError, match="samples and validation must have the same dimensions"):
        parzen_log_likelihood(x, x[:, :2], x)
    with pytest.raises(ValueError, match="sigmas must be positive"):
        parzen_log_likelihood(x, x, x, (0.0,))
    with pytest.raises(ValueError, match="log_weights must be finite"):
        elbo([[np.nan]])
