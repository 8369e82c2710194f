"""Priors that are fitted to codes: samples, densities, saving, and presets."""

import keras
import numpy as np
import pytest
from helpers import array

import zoo
from zoo.evaluation.of_codes import codes_of

pytestmark = pytest.mark.step_by_step
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), dtype="uint8")


def autoencoder():
    return zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)


@pytest.mark.parametrize("covariance", ["full", pytest.param("diagonal", marks=pytest.mark.once)])
def test_the_prior_is_the_mixture_of_the_codes(covariance):
    model = autoencoder()
    before = [array(w).copy() for w in model.weights]
    sampler = zoo.latents.fit_prior(model, IMAGES, components=2, covariance=covariance)
    for weight, start in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(array(weight), start)
    codes = model.encode(IMAGES.astype("float32") / 255)
    mixture = zoo.latents.fit_mixture(codes, 2, covariance)
    latents = sampler.sample_latents(2000, seed=0)
    np.testing.assert_allclose(
        array(sampler.prior.log_prob(keras.ops.convert_to_tensor(latents[:50]))),
        mixture.log_prob(latents[:50]),
        atol=2e-3,
    )
    spread = codes.std(axis=0)
    np.testing.assert_allclose(latents.mean(axis=0), codes.mean(axis=0), atol=0.2 * spread.max())
    np.testing.assert_allclose(np.cov(latents.T), np.cov(codes.T), atol=0.3 * spread.max() ** 2)
    np.testing.assert_allclose(
        sampler.sample(latents=latents[:5]), model.decode(latents[:5]), atol=1e-6
    )
    np.testing.assert_allclose(sampler.sample(6, seed=0)[:4], sampler.sample(4, seed=0), atol=1e-6)


def test_saved_and_as_a_preset(tmp_path):
    model = autoencoder()
    sampler = zoo.latents.fit_prior(model, IMAGES, components=2)
    samples = sampler.sample(4, seed=1)
    assert samples.shape == (4, 8, 8, 1)
    assert samples.min() >= 0
    assert samples.max() <= 1
    sampler.save(tmp_path / "sampler.keras")
    again = keras.saving.load_model(tmp_path / "sampler.keras")
    np.testing.assert_allclose(again.sample(4, seed=1), samples, atol=1e-6)
    zoo.save(sampler, tmp_path / "fitted", title="Draws.", data_rights="none")
    loaded = zoo.load(tmp_path / "fitted")
    assert isinstance(loaded, zoo.models.Sampler)
    np.testing.assert_allclose(loaded.sample(4, seed=1), samples, atol=5e-3)
    assert zoo.info(tmp_path / "fitted").signature.tasks == list(sampler.tasks)
    with pytest.raises(ValueError, match="cannot be trained"):
        loaded.compile()


@pytest.mark.once
def test_codes_of_several_axes():
    encoder = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 4, strides=4, name="code")]
    )
    decoder = keras.Sequential(
        [keras.Input((2, 2, 2)), keras.layers.Conv2DTranspose(1, 4, strides=4)]
    )
    model = zoo.models.Autoencoder(encoder=encoder, decoder=decoder)
    sampler = zoo.latents.fit_prior(model, IMAGES, components=1)
    assert sampler.latent_dim == 8
    latents = sampler.sample_latents(3, seed=0)
    np.testing.assert_allclose(sampler.sample(latents=latents), model.decode(latents), atol=1e-6)
    images = model.data.from_stored(IMAGES[:3])
    np.testing.assert_array_equal(zoo.latents.codes(model, images).shape, (3, 8))


@pytest.mark.once
def test_of_conditional_and_other_vaes():
    config = {"image_shape": (8, 8, 1), "latent_dim": 3, "hidden_units": (5,)}
    labels = np.arange(60) % 3
    model = zoo.create("conditional_vae", num_classes=3, **config)
    images = IMAGES.astype("float32") / 255
    sampler = zoo.latents.fit_prior(model, (images, labels), components=2, n=40)
    assert sampler.sample(6, seed=0, labels="all").shape == (6, 8, 8, 1)
    means, _ = model.encode(images, labels)
    source = zoo.data.Source("some", IMAGES, labels)
    np.testing.assert_allclose(codes_of(model, source), means, atol=1e-6)
    model = zoo.create("vae", prior="mixture", likelihood="gaussian", **config)
    sampler = zoo.latents.fit_prior(model, images, components=2)
    assert sampler.prior is not model.prior
    latents = sampler.sample_latents(3, seed=0)
    np.testing.assert_allclose(
        sampler.sample(latents=latents), model.sample(latents=latents), atol=1e-6
    )


@pytest.mark.once
def test_errors():
    model = autoencoder()
    for options, message in (
        ({"prior": "mixtur"}, "Unknown prior: 'mixtur'"),
        ({"components": 61}, "at most the number of vectors, 60"),
        ({"n": 1}, "n must be a whole number of at least 2"),
        ({"covariance": "tied"}, "Unknown covariance"),
    ):
        with pytest.raises(ValueError, match=message):
            zoo.latents.fit_prior(model, IMAGES, **options)
    with pytest.raises(ValueError, match="model must be one that encodes.*Received: GAN"):
        zoo.latents.fit_prior(zoo.create("gan", **zoo.models.GAN.test_config()), IMAGES)

    class Without(zoo.models.Autoencoder):
        def sampler(self, prior):
            return None

    own = Without(image_shape=(8, 8, 1), latent_dim=3, width=2)
    with pytest.raises(ValueError, match="its method sampler returns. Received: Without"):
        zoo.latents.fit_prior(own, IMAGES, components=1)
