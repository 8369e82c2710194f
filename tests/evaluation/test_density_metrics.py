"""Bits per dimension of densities of pixels, and the divergence of densities in the plane."""

import numpy as np
import pytest

import zoo
from zoo.data import Source, synthetic
from zoo.evaluation.defaults import default_metrics

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype="uint8")


def test_bits_of_a_flow_are_a_bound_over_draws_of_noise():
    model = zoo.create("nice", image_shape=(8, 8, 1), couplings=2, hidden_units=(4,))
    metrics = [zoo.evaluation.BitsPerDimension(draws=200), "log_likelihood"]
    report = zoo.evaluate(model, IMAGES, metrics, seeds=[5])
    found = report["bits_per_dimension"]
    settings = {"draws": 200, "likelihood": "bound", "pixels": "dequantized"}
    assert dict(found.protocol.settings) == settings
    # The mean over the noise, by many draws of NumPy.
    noise = np.random.default_rng(1).random((200, *IMAGES.shape))
    values = [model.log_prob(((IMAGES + u) / 256).astype("float32")).mean() for u in noise]
    expected = 8 - np.mean(values) / (64 * np.log(2))
    error = 3 * np.std(values) / np.sqrt(200) / (64 * np.log(2))
    assert found.value == pytest.approx(expected, abs=2 * error)
    again = zoo.evaluate(model, IMAGES[::-1], metrics[:1], seeds=[5])
    assert again["bits_per_dimension"].value == pytest.approx(found.value, rel=1e-6)
    one = zoo.evaluate(model, IMAGES, ["bits_per_dimension"], seeds=[5])["bits_per_dimension"]
    single = 8 - report["log_likelihood"].value / (64 * np.log(2))  # the first draw
    assert one.value == pytest.approx(single, rel=1e-6)
    assert one.value != found.value


def test_the_divergence_of_a_density_of_the_plane():
    """A flow that starts as N(0, I), compared with the moons, by many samples."""
    model = zoo.create("real_nvp", image_shape=(2,), couplings=1, width=4, blocks=1)
    moons = synthetic.named("two_moons")
    points = moons.sample(20_000, seed=0)
    report = zoo.evaluate(model, Source("two_moons", points, None), [zoo.evaluation.DensityKL(400)])
    values = moons.log_density(points) - model.log_prob(points)
    error = 4 * values.std() / np.sqrt(len(values))
    assert report["density_kl"].value == pytest.approx(values.mean(), abs=error)


def test_the_divergence_needs_two_densities():
    model = zoo.create("real_nvp", image_shape=(2,), couplings=1, width=4, blocks=1)
    spiral = Source("spiral", synthetic.named("spiral").sample(100, seed=0), None)
    with pytest.raises(ValueError, match="data whose exact density is known. Received: RealNVP"):
        zoo.evaluate(model, spiral, ["density_kl"])
    assert "density_kl" not in default_metrics(model, spiral)
    gan = zoo.create("gan", image_shape=(2,), latent_dim=2)
    with pytest.raises(ValueError, match="for models with an exact density"):
        zoo.evaluate(
            gan, Source("ring8", synthetic.named("ring8").sample(100), None), ["density_kl"]
        )


def test_the_picture_of_a_density():
    """Samples, the density of the model and the grid of its latents stand side by side."""
    model = zoo.create("real_nvp", image_shape=(2,), couplings=1, width=4, blocks=1)
    points = synthetic.named("two_moons").sample(500, seed=0)
    picture = zoo.pictures.default_picture(model, Source("two_moons", points, None), n=100)
    assert picture.size == (3 * 512 + 2 * 8, 512)
    density = np.asarray(picture.crop((520, 0, 1032, 512)), "float64")[..., 0]
    assert density[256, 256] < density[256, 20] - 20  # darker in the middle than at the edge
    grid = np.asarray(picture.crop((1040, 0, 1552, 512)))
    assert (grid != 255).any()
