"""NICE: the density of its layers, its settings, and what all flows share."""

import keras
import numpy as np
import pytest
from scipy import stats

import zoo

pytestmark = pytest.mark.step_by_step

POINTS = {
    "nice": {"couplings": 4, "hidden_units": (8,)},
    "real_nvp": {"couplings": 2, "width": 8, "blocks": 1},
    "glow": {"steps": 3, "width": 8},
}
IMAGES = {
    "nice": {"couplings": 2, "hidden_units": (8,)},
    "real_nvp": {"couplings": 1, "width": 4, "blocks": 1},
    "glow": {"steps": 1, "width": 4, "logit": 0.05},
}


def flow(family, shape, scale=0.2, **changes):
    """A flow with random weights, which is no identity."""
    settings = POINTS if len(shape) == 1 else IMAGES
    keras.utils.set_random_seed(0)
    model = zoo.create(family, image_shape=shape, **{**settings[family], **changes})
    rng = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign_add((scale * rng.standard_normal(weight.shape)).astype("float32"))
    return model


@pytest.mark.parametrize(
    ("family", "prior"), [("nice", "logistic"), ("real_nvp", "normal"), ("glow", "mixture")]
)
def test_densities_of_the_plane_integrate_to_one(family, prior):
    model = flow(family, (2,), scale=0.1, prior=prior)
    reached = np.abs(model.sample(4000, seed=0)).max() * 1.3
    places, cell = np.linspace(-reached, reached, 301, retstep=True)
    grid = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2).astype("float32")
    density = np.exp(model.log_prob(grid, batch_size=8192).astype("float64"))
    assert density.sum() * cell**2 == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("family", IMAGES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 3)])
def test_images_come_back(family, shape):
    model = flow(family, shape, scale=0.05)
    images = np.random.default_rng(0).random((5, *shape), dtype="float32")
    codes = model.encode(images)
    assert codes.shape == (5, model.latent_dim) == (5, np.prod(shape))
    np.testing.assert_allclose(model.decode(codes), images, atol=1e-4)
    np.testing.assert_allclose(model.reconstruct(images), images, atol=1e-4)
    np.testing.assert_allclose(model.predict(images, verbose=0), codes, atol=1e-4)
    assert model.log_prob(images, batch_size=2).shape == (5,)


@pytest.mark.parametrize("family", POINTS)
def test_temperature(family):
    model = flow(family, (2,))
    latents = model.sample_latents(5, seed=3)
    cold = model.sample(5, seed=3, temperature=0.5)
    np.testing.assert_allclose(cold, model.decode(0.5 * latents), atol=1e-5)
    np.testing.assert_array_equal(model.sample(5, seed=3, temperature=1), model.decode(latents))
    for temperature in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="temperature must be a finite number above 0"):
            model.sample(5, temperature=temperature)


@pytest.mark.parametrize("family", IMAGES)
def test_errors(family):
    model = flow(family, (8, 8, 1))
    for method in (model.log_prob, model.encode):
        with pytest.raises(ValueError, match=r"must hold values in \[0.0, 1.0\]"):
            method(np.full((2, 8, 8, 1), 1.5, "float32"))
    with pytest.raises(ValueError, match="Unknown prior: 'vamp'. Allowed: logistic, mixture"):
        zoo.create(family, image_shape=(8, 8, 1), prior="vamp")


def test_the_density_is_that_of_the_latents_and_the_scales():
    model = flow("nice", (6,))
    points = np.random.default_rng(2).standard_normal((4, 6)).astype("float32")
    log_scale = np.asarray(model.get_weights()[-1], "float64")
    expected = stats.logistic.logpdf(model.encode(points).astype("float64")).sum(axis=1)
    np.testing.assert_allclose(model.log_prob(points), expected + log_scale.sum(), rtol=1e-4)


def test_the_paper_has_nineteen_million_weights():
    # The bijector is not made here: a network has five layers of 1,000 units.
    model = zoo.create("nice", image_shape=(28, 28, 1), couplings=1)
    network = 393 * 1000 + 4 * 1001 * 1000 + 1001 * 392
    assert model.count_params() == network + 784
