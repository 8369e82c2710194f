"""Mixtures of Gaussians against scikit-learn's, SciPy's densities and their own promises."""

import warnings

import numpy as np
import pytest
from scipy import special, stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Oracle

from zoo.latents import GaussianMixture, fit_mixture

pytestmark = pytest.mark.once
KINDS = {"full": "full", "diagonal": "diag"}


def data(n=400, size=3, seed=0):
    """Three clouds that overlap, of different shapes."""
    rng = np.random.default_rng(seed)
    parts = []
    for centre in (-2.0, 0.0, 2.5):
        mixing = rng.normal(size=(size, size))
        parts.append(centre + rng.normal(size=(n // 3 + 1, size)) @ mixing)
    return np.concatenate(parts)[:n]


def start(size, covariance, k=3, seed=5):
    rng = np.random.default_rng(seed)
    spread = np.tile(np.eye(size), (k, 1, 1)) if covariance == "full" else np.ones((k, size))
    weights = rng.uniform(1, 2, k)
    return GaussianMixture(weights / weights.sum(), rng.normal(size=(k, size)), spread, None)


@pytest.mark.parametrize("covariance", KINDS)
@pytest.mark.parametrize("steps", [1, 7])
def test_against_scikit_learn(covariance, steps):
    x = data()
    begin = start(3, covariance)
    found = fit_mixture(x, 3, covariance, steps=steps, tolerance=0.0, start=begin)
    oracle = Oracle(
        3,
        covariance_type=KINDS[covariance],
        reg_covar=1e-6 * x.var(axis=0).mean(),
        max_iter=steps,
        tol=0.0,
        weights_init=begin.weights,
        means_init=begin.means,
        precisions_init=begin.covariances,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        oracle.fit(x)
    np.testing.assert_allclose(found.weights, oracle.weights_, atol=1e-9)
    np.testing.assert_allclose(found.means, oracle.means_, atol=1e-8)
    np.testing.assert_allclose(found.covariances, oracle.covariances_, atol=1e-8)
    np.testing.assert_allclose(found.log_prob(x), oracle.score_samples(x), atol=1e-8)
    assert found.log_likelihoods[-1] == pytest.approx(oracle.score(x), abs=1e-9)


@pytest.mark.parametrize("covariance", KINDS)
def test_density_against_scipy(covariance):
    x = data()
    found = fit_mixture(x, 4, covariance)
    spreads = found.covariances if covariance == "full" else map(np.diag, found.covariances)
    logs = [
        np.log(w) + stats.multivariate_normal.logpdf(x, m, s)
        for w, m, s in zip(found.weights, found.means, spreads, strict=True)
    ]
    np.testing.assert_allclose(found.log_prob(x), special.logsumexp(logs, axis=0), atol=1e-9)


@pytest.mark.parametrize("covariance", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_log_likelihood_never_falls(covariance, seed):
    found = fit_mixture(data(seed=seed), 5, covariance, seed=seed, steps=40, tolerance=0.0)
    assert not found.restarts
    assert len(found.log_likelihoods) > 5
    # The ridge on variances costs at most its own size.
    assert np.diff(found.log_likelihoods).min() > -1e-6


def test_finds_clouds_that_lie_apart():
    rng = np.random.default_rng(0)
    centres = 20.0 * rng.normal(size=(6, 4))
    x = np.concatenate([c + rng.normal(size=(50 * (i + 1), 4)) for i, c in enumerate(centres)])
    found = fit_mixture(rng.permutation(x), 6)
    order = np.argsort(found.weights)
    np.testing.assert_allclose(found.weights[order], np.arange(1, 7) / 21, atol=1e-6)
    np.testing.assert_allclose(found.means[order], centres, atol=0.6)
    assert np.diff(found.log_likelihoods)[-1] < 1e-3


@pytest.mark.parametrize("covariance", KINDS)
def test_an_empty_component_begins_again(covariance):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(100, 2)), 30 + rng.normal(size=(20, 2))])
    far = start(2, covariance, k=2)._replace(means=np.array([[0.0, 0.0], [1e4, 1e4]]))
    found = fit_mixture(x, 2, covariance, start=far)
    assert found.restarts
    np.testing.assert_allclose(np.sort(found.weights), [1 / 6, 5 / 6], atol=1e-6)
    assert found.log_likelihoods.max() == pytest.approx(found.log_prob(x).mean())


def test_degenerate_data():
    same = np.ones((30, 3))
    found = fit_mixture(same, 4)
    assert np.isfinite(found.log_prob(same)).all()
    line = np.outer(np.arange(30.0), np.ones(3))
    assert np.isfinite(fit_mixture(line, 3).log_prob(line)).all()
    each = np.arange(5.0)[:, None]
    assert fit_mixture(each, 5, "diagonal").means.shape == (5, 1)


def test_seeds_and_errors():
    x = data()
    first = fit_mixture(x, 5, steps=3)
    np.testing.assert_array_equal(first.means, fit_mixture(x, 5, steps=3).means)
    assert not np.array_equal(first.means, fit_mixture(x, 5, seed=1, steps=3).means)
    fit_mixture(x, 2, seed=None, steps=1)
    for options, message in (
        ({"components": 401}, "at most the number of vectors, 400"),
        ({"components": 0}, "components must be"),
        ({"covariance": "spherical"}, "Unknown covariance: 'spherical'. Allowed: diagonal, full"),
        ({"steps": 0}, "steps must be"),
        ({"tolerance": -1}, "tolerance must be"),
        ({"start": start(3, "full")}, "start must have 10 components"),
    ):
        with pytest.raises(ValueError, match=message):
            fit_mixture(x, **options)
    for wrong in (x[0], x[:1], np.full((4, 2), np.nan)):
        with pytest.raises(ValueError, match="x must"):
            fit_mixture(wrong, 1)
