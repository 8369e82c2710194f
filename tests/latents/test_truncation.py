"""Truncation: bounds, distributions, seeds, and its curve."""

import numpy as np
import pytest
from linear_generators import linear
from scipy import stats

import zoo
from zoo.latents import resampled, truncate_norm, truncate_to_mean, truncated_latents
from zoo.metrics import density_coverage, precision_recall

pytestmark = pytest.mark.step_by_step
once = pytest.mark.once


@once
class TestResampled:
    @pytest.mark.parametrize("threshold", [0.01, 0.3, 0.99, 1.0, 2.0])
    def test_bounds_and_distribution(self, threshold):
        latents = resampled(2000, 5, threshold, seed=0)
        assert latents.shape == (2000, 5)
        assert latents.dtype == "float32"
        assert np.abs(latents).max() <= np.float32(threshold)
        assert np.abs(latents).max() > 0.9 * threshold
        exact = stats.truncnorm(-threshold, threshold)
        assert stats.kstest(latents.ravel(), exact.cdf).pvalue > 0.01

    def test_numbers_within_are_those_of_the_model(self):
        model = linear(np.eye(6))
        plain = model.sample_latents(50, seed=4)
        latents = resampled(50, 6, 1.5, seed=4)
        inside = np.abs(plain) <= 1.5
        assert 0 < (~inside).sum() < inside.sum()
        np.testing.assert_array_equal(latents[inside], plain[inside])
        assert (latents[~inside] != plain[~inside]).all()
        np.testing.assert_array_equal(resampled(50, 6, 99.0, seed=4), plain)

    def test_seeds(self):
        few = resampled(5, 7, 0.5, seed=1)
        np.testing.assert_array_equal(few, resampled(30, 7, 0.5, seed=1)[:5])
        assert not np.array_equal(few, resampled(5, 7, 0.5, seed=2))
        assert not np.array_equal(resampled(5, 7, 0.5), resampled(5, 7, 0.5))

    def test_errors(self):
        for arguments, message in (
            ((5, 7, 0.0), "threshold must be a finite number above 0"),
            ((0, 7, 1.0), "n must be"),
            ((5, 0, 1.0), "latent_dim must be"),
            ((5, 7, 1.0, -1), "seed must be"),
        ):
            with pytest.raises(ValueError, match=message):
                resampled(*arguments)


@once
def test_norms():
    latents = np.random.default_rng(0).standard_normal((100, 9)).astype("float32")
    short = truncate_norm(latents, 0.8)
    sizes = np.linalg.norm(latents, axis=1)
    limit = 0.8 * 3
    assert 0 < (sizes > limit).sum() < 100
    np.testing.assert_allclose(np.linalg.norm(short, axis=1), np.minimum(sizes, limit), rtol=1e-5)
    np.testing.assert_allclose(short, latents * np.minimum(1, limit / sizes)[:, None], rtol=1e-5)
    np.testing.assert_array_equal(truncate_norm(np.zeros((2, 9)), 1.0), np.zeros((2, 9)))


@once
def test_the_mean():
    latents = np.random.default_rng(0).standard_normal((10, 3)).astype("float32")
    mean = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(truncate_to_mean(latents, 1.0, mean), latents, atol=1e-6)
    np.testing.assert_allclose(truncate_to_mean(latents, 0.0, mean), np.tile(mean, (10, 1)))
    half = truncate_to_mean(latents, 0.5, mean)
    np.testing.assert_allclose(half, (latents + mean) / 2, atol=1e-6)
    np.testing.assert_allclose(truncate_to_mean(latents, 0.5), latents / 2)
    with pytest.raises(ValueError, match=r"mean must have the shape \(3,\)"):
        truncate_to_mean(latents, 0.5, mean[1:])


class TestOfModels:
    @once
    def test_kinds(self):
        model = linear(np.eye(4))
        plain = model.sample_latents(20, seed=3)
        found = {
            kind: truncated_latents(model, 20, 0.6, kind, seed=3)
            for kind in ("resample", "norm", "mean")
        }
        np.testing.assert_array_equal(found["resample"], resampled(20, 4, 0.6, 3))
        np.testing.assert_array_equal(found["norm"], truncate_norm(plain, 0.6))
        np.testing.assert_allclose(found["mean"], 0.6 * plain, rtol=1e-6)
        for kind in found:
            np.testing.assert_array_equal(truncated_latents(model, 20, np.inf, kind, seed=3), plain)

    def test_of_another_prior(self):
        prior = zoo.layers.Mixture(2)
        prior.build((None, 4))
        prior.means.assign([[8.0] * 4, [4.0] * 4])
        model = linear(np.eye(4), prior=prior)
        mean = zoo.latents.mean_latent(model)
        np.testing.assert_allclose(mean, 6, atol=0.1)
        found = truncated_latents(model, 20, 0.5, "mean", seed=1)
        np.testing.assert_allclose(
            found, mean + 0.5 * (model.sample_latents(20, seed=1) - mean), atol=1e-5
        )
        with pytest.raises(ValueError, match=r"N\(0, I\).*Mixture. Allowed: 'mean'"):
            truncated_latents(model, 20, 0.5)

    @once
    def test_errors(self):
        with pytest.raises(ValueError, match="Unknown kind: 'clip'"):
            truncated_latents(linear(np.eye(4)), 5, 0.5, "clip")
        with pytest.raises(ValueError, match="latents of a prior"):
            truncated_latents(zoo.load("ae_mnist"), 5, 0.5)


class TestCurve:
    def real(self):
        return np.random.default_rng(1).standard_normal((300, 2)).astype("float32")

    def test_precision_rises_and_recall_falls(self):
        """Points of a distribution that is too wide, of which truncation cuts off the tails."""
        model = linear(2.5 * np.eye(2))
        calls = []
        curve = zoo.latents.truncation_curve(
            model,
            self.real(),
            (0.05, 0.6, np.inf),
            n=300,
            extractor="pixels",
            told=lambda: calls.append(1),
        )
        assert len(calls) == 3
        assert curve.precision[0] >= curve.precision[1] > curve.precision[2] + 0.1
        assert curve.recall[0] < curve.recall[1]
        assert curve.recall[0] < 0.2 < 0.9 < curve.precision[0]
        assert (curve.extractor, curve.kind, curve.n) == ("pixels", "resample", 300)
        samples = model.sample(300, seed=0)
        expected = precision_recall(self.real(), samples)
        assert (curve.precision[2], curve.recall[2]) == pytest.approx(expected)
        coverage = density_coverage(self.real(), samples, 3).coverage
        assert curve.coverage[2] == pytest.approx(coverage)
        assert curve.coverage[0] < curve.coverage[1]

    @once
    def test_of_images_with_an_extractor(self):
        model = zoo.load("dcgan_mnist")
        real = zoo.data.to_bytes(model.sample(60, seed=9))
        curve = zoo.latents.truncation_curve(
            model, real, (0.2,), n=60, extractor="classifier_mnist", kind="mean"
        )
        extractor = zoo.evaluation.extractor("classifier_mnist")
        samples = model.sample(latents=0.2 * model.sample_latents(60, seed=0))
        expected = precision_recall(
            extractor(real).features, extractor(zoo.data.to_bytes(samples)).features
        )
        assert (curve.precision[0], curve.recall[0]) == pytest.approx(expected)

    @once
    def test_picture(self, monkeypatch):
        curve = zoo.latents.TruncationCurve(
            "resample",
            np.array([0.5, np.inf, 1.0]),
            np.array([0.9, 0.5, 0.7]),
            np.array([0.1, 0.8, 0.4]),
            np.array([0.2, 0.9, 0.5]),
            "pixels",
            10,
        )
        picture = curve.picture("a title")
        assert picture.mode == "RGB"
        assert picture.size == (500, 375)
        assert len(picture.getcolors(10**6)) > 10
        np.testing.assert_array_equal(curve.thresholds, [0.5, np.inf, 1.0])
        monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
        with pytest.raises(ValueError, match=r"keras-generative-zoo\[plot\]"):
            curve.picture()

    @once
    def test_errors(self):
        model = linear(np.eye(2))
        for arguments, message in (
            ((self.real(), ()), "thresholds must be numbers of at least 0"),
            ((self.real(), (-1.0,)), "thresholds must be numbers of at least 0"),
            ((self.real(), (1.0,), 1), "n must be a whole number of at least 2"),
            ((self.real()[:, :1], (1.0,)), "shape"),
        ):
            with pytest.raises(ValueError, match=message):
                zoo.latents.truncation_curve(model, *arguments)
