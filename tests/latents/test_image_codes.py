"""Codes of images, traversals, and images between images."""

import numpy as np
import pytest
from linear_generators import linear
from scipy import stats

import zoo
from zoo.latents import codes, interpolate, path, plane, traversals

pytestmark = pytest.mark.step_by_step
RNG = np.random.default_rng(0)


def images(n=3):
    return np.random.default_rng(1).random((n, 8, 8, 1), dtype="float32")


def vae(**options):
    return zoo.create("vae", image_shape=(8, 8, 1), latent_dim=3, hidden_units=(5,), **options)


class TestCodes:
    def test_of_encoders(self):
        model = vae()
        np.testing.assert_array_equal(codes(model, images()), model.encode(images())[0])
        model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
        np.testing.assert_array_equal(codes(model, images()), model.encode(images()))
        with pytest.raises(ValueError, match="steps is for models that do not encode"):
            codes(model, images(), steps=3)

    @pytest.mark.once
    def test_of_conditional_encoders(self):
        model = zoo.create("conditional_vae", **zoo.models.ConditionalVAE.test_config())
        found = codes(model, images(), [0, 1, 2])
        np.testing.assert_array_equal(found, model.encode(images(), [0, 1, 2])[0])
        with pytest.raises(ValueError, match="needs labels"):
            codes(model, images())

    @pytest.mark.compiled
    def test_by_a_search(self):
        model = linear(0.2 * np.linalg.qr(RNG.normal(size=(4, 4)))[0], (2, 2, 1))
        latents = model.sample_latents(2, seed=3)
        found = codes(model, model.sample(latents=latents), steps=30)
        np.testing.assert_allclose(found, latents, atol=0.05)

    @pytest.mark.once
    def test_of_none(self):
        with pytest.raises(ValueError, match="latents of a prior.*Received: Classifier"):
            codes(zoo.load("classifier_mnist"), images())


class TestInterpolation:
    def test_between_two_images(self):
        model = vae()
        ends = codes(model, images(2))
        made = interpolate(model, images(2), n=5)
        expected = model.sample(latents=path(ends, 5, kind="slerp"))
        np.testing.assert_allclose(made, expected, atol=1e-6)
        np.testing.assert_allclose(made[[0, -1]], model.reconstruct(images(2)), atol=1e-5)

    @pytest.mark.once
    def test_codes_without_a_prior_are_joined_by_lines(self):
        model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
        made = interpolate(model, images(2), n=3)
        middle = model.encode(images(2)).mean(axis=0, keepdims=True)
        np.testing.assert_allclose(made[1], model.decode(middle)[0], atol=1e-4)

    @pytest.mark.once
    def test_of_a_model_that_does_not_encode_and_of_classes(self):
        model = linear(0.2 * np.eye(4), (2, 2, 1))
        latents = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]], "float32")
        made = interpolate(model, model.sample(latents=latents), n=3, steps=30)
        half = 0.2 * np.sqrt(0.5)
        np.testing.assert_allclose(made[1].ravel(), [half, half, 0, 0], atol=0.02)
        model = zoo.create("conditional_vae", **zoo.models.ConditionalVAE.test_config())
        made = interpolate(model, images(2), n=4, labels=[1, 1])
        np.testing.assert_allclose(made[0], model.reconstruct(images(1), [1])[0], atol=1e-5)

    @pytest.mark.once
    def test_errors(self):
        with pytest.raises(ValueError, match="images must be two or more. Received: 1"):
            interpolate(vae(), images(1))
        model = zoo.create("conditional_vae", **zoo.models.ConditionalVAE.test_config())
        with pytest.raises(ValueError, match=r"one class for all images. Received: \[0, 1\]"):
            interpolate(model, images(2), labels=[0, 1])


@pytest.mark.once
class TestTraversals:
    def test_one_number_varies(self):
        base = RNG.normal(size=4).astype("float32")
        found = traversals(base, axes=[2, 0], span=2.0, steps=5).reshape(2, 5, 4)
        for row, axis in zip(found, (2, 0), strict=True):
            np.testing.assert_allclose(row[:, axis], [-2, -1, 0, 1, 2])
            others = [i for i in range(4) if i != axis]
            np.testing.assert_array_equal(row[:, others], np.tile(base[others], (5, 1)))
        assert traversals(base).shape == (4 * 7, 4)

    def test_errors(self):
        for options, message in (
            ({"axes": [4]}, "axes must lie in 0 to 3. Received: 4"),
            ({"axes": []}, "axes must name a latent"),
            ({"steps": 1}, "steps must be"),
            ({"span": 0}, "span must be"),
        ):
            with pytest.raises(ValueError, match=message):
                traversals(np.zeros(4), **options)


@pytest.mark.once
class TestPlane:
    def test_steps_are_of_equal_probability(self):
        found = plane(5)
        np.testing.assert_allclose(stats.norm.cdf(found.steps), np.arange(0.1, 1, 0.2))
        square = found.latents.reshape(5, 5, 2)
        for row in square:
            np.testing.assert_allclose(row[:, 0], found.steps, rtol=1e-6)
        np.testing.assert_allclose(square[:, 3, 1], found.steps[::-1], rtol=1e-6)

    def test_two_of_many_latents(self):
        base = np.arange(4.0)
        found = plane(3, 4, axes=(3, 1), base=base).latents.reshape(3, 3, 4)
        np.testing.assert_array_equal(found[..., [0, 2]], np.tile([0.0, 2.0], (3, 3, 1)))
        np.testing.assert_allclose(found[0, :, 3], plane(3).steps, atol=1e-6)
        np.testing.assert_allclose(found[:, 0, 1], plane(3).steps[::-1], atol=1e-6)

    def test_errors(self):
        for options, message in (
            ({"axes": (1, 1)}, "two different latents from 0 to 1"),
            ({"axes": (0, 2)}, "two different latents from 0 to 1"),
            ({"tiles": 0}, "tiles must be"),
            ({"base": [0.0]}, r"base must have the shape \(2,\)"),
        ):
            with pytest.raises(ValueError, match=message):
                plane(**options)
