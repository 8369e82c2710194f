"""Priors: densities, samples and bounds against exact ones, saving, parts, errors."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops
from scipy import special, stats

import zoo

pytestmark = pytest.mark.step_by_step
IMAGES = np.random.default_rng(0).integers(0, 2, (5, 4, 4, 1)).astype("float32")


def vae(prior, latent_dim=1):
    """Its decoder and prior differ from each other; its posteriors are wide, so that weights of
    samples have a low variance."""
    model = zoo.create(
        "vae", image_shape=(4, 4, 1), latent_dim=latent_dim, hidden_units=(5,), prior=prior
    )
    rng = np.random.default_rng(2)
    for network, scale in ((model.encoder, 0.2), (model.decoder, 0.5), (model.prior, 1.0)):
        for weight in network.weights:
            weight.assign(scale * rng.standard_normal(weight.shape))
    model.encoder.weights[-1].assign(np.full(latent_dim, 0.5))  # the bias of log sigma^2
    return model


def mixture():
    return zoo.layers.Mixture(3)


def full():
    return zoo.layers.Mixture(3, covariance="full")


def vamp():
    return zoo.layers.VampPrior(4)


def flow():
    return zoo.layers.FlowPrior(2, (4,))


each = pytest.mark.parametrize("make_prior", [lambda: "normal", mixture, full, vamp])


def density(prior, z):
    """log p(z) of a mixture, by SciPy."""
    log_weights, means, log_variances = (array(x).astype("float64") for x in prior.parts())
    if (factors := prior.factors()) is not None:
        factors = array(factors).astype("float64")
        covariances = factors @ factors.transpose(0, 2, 1)
        terms = [
            stats.multivariate_normal(mean, covariance).logpdf(z)
            for mean, covariance in zip(means, covariances, strict=True)
        ]
        return special.logsumexp(np.stack(terms, axis=-1) + log_weights, axis=-1)
    terms = stats.norm.logpdf(z[..., None, :], means, np.exp(0.5 * log_variances)).sum(-1)
    return special.logsumexp(terms + log_weights, axis=-1)


def test_densities_of_narrow_components():
    """At a deviation of 0.003 the square of the mean is 1e5 variances."""
    prior = vae(mixture(), latent_dim=2).prior
    prior.log_variances.assign(np.full((3, 2), 2 * np.log(0.003)))
    means = array(prior.means)
    z = np.float32(means[0] + 0.003 * np.random.default_rng(0).standard_normal((50, 2)))
    found = array(prior.log_prob(ops.convert_to_tensor(z)))
    np.testing.assert_allclose(found, density(prior, z.astype("float64")), atol=5e-3)


@pytest.mark.parametrize("make_prior", [mixture, full, vamp])
def test_densities_and_samples_of_mixtures(make_prior):
    prior = vae(make_prior(), latent_dim=2).prior
    z = np.random.default_rng(0).normal(0, 2, (6, 50, 2))
    np.testing.assert_allclose(
        array(prior.log_prob(ops.convert_to_tensor(z, "float32"))), density(prior, z), atol=1e-4
    )
    noise = prior.noise.example(40_000)
    assert noise.shape == (40_000, 3)
    drawn = array(prior.sample(ops.convert_to_tensor(noise))).astype("float64")
    log_weights, means, log_variances = (array(x) for x in prior.parts())
    weights = np.exp(log_weights)
    np.testing.assert_allclose(drawn.mean(0), weights @ means, atol=0.05)
    variances = np.exp(log_variances)
    if (factors := prior.factors()) is not None:
        variances = (array(factors) ** 2).sum(axis=-1)
    second = weights @ (means**2 + variances)
    np.testing.assert_allclose((drawn**2).mean(0), second, rtol=0.05)
    # -E log p(z) and its spread: samples of another density would have another mean.
    values = density(prior, drawn)
    grid = np.stack(np.meshgrid(*[np.linspace(-12, 12, 601)] * 2), -1).reshape(-1, 2)
    log_p = density(prior, grid)
    expected = (np.exp(log_p) * log_p).sum() * (24 / 600) ** 2
    assert values.mean() == pytest.approx(expected, abs=5 * values.std() / 200)


@each
def test_bounds_against_exact_values(make_prior):
    """With one latent the integral over it is a sum over a fine grid."""
    model = vae(make_prior())
    grid = np.linspace(-12, 12, 4801)[:, None]
    step = 24 / 4800
    z = ops.convert_to_tensor(np.repeat(grid[:, None], len(IMAGES), 1), "float32")
    log_joint = array(
        model.log_likelihood(ops.convert_to_tensor(IMAGES), z) + model.prior.log_prob(z)
    ).astype("float64")
    exact = special.logsumexp(log_joint, axis=0) + np.log(step)
    mean, log_variance = model.encode(IMAGES)
    log_q = stats.norm.logpdf(grid, mean[:, 0], np.exp(0.5 * log_variance[:, 0]))
    elbo = (np.exp(log_q) * (log_joint - log_q)).sum(0) * step
    assert (elbo < exact).all()
    np.testing.assert_allclose(model.log_prob(IMAGES, k=4000), exact, atol=0.02)
    np.testing.assert_allclose(model.elbo(IMAGES, k=4000), elbo, atol=0.1)


@pytest.mark.parametrize("make_prior", [flow, zoo.layers.Logistic])
def test_densities_of_samples(make_prior):
    """The density of a prior integrates to one, and is that of its samples."""
    prior = vae(make_prior(), latent_dim=2).prior
    axis = np.linspace(-25, 25, 1001)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(1, -1, 2)
    density = np.exp(array(prior.log_prob(ops.convert_to_tensor(grid, "float32")))[0])
    density = density.astype("float64") * (50 / 1000) ** 2
    assert density.sum() == pytest.approx(1, abs=0.01)
    drawn = array(prior.sample(ops.convert_to_tensor(prior.noise.example(40_000))))
    for power in (1, 2):
        expected = density @ grid[0] ** power
        error = 5 * (drawn**power).std(axis=0) / 200
        assert (np.abs((drawn.astype("float64") ** power).mean(axis=0) - expected) < error).all()


def test_a_flow_needs_two_latents():
    with pytest.raises(ValueError, match="prior='flow' is for at least two latents"):
        vae(flow(), latent_dim=1)


@pytest.mark.parametrize("make_prior", [lambda: "normal", mixture, full, vamp, flow])
def test_saved_and_in_parts(make_prior, tmp_path):
    model = vae(make_prior(), latent_dim=2)
    zoo.save(model, tmp_path / "preset", data_rights="none")
    again = zoo.load(tmp_path / "preset")
    part = zoo.load(tmp_path / "preset", components=["decoder"])
    for other in (again, part):
        np.testing.assert_allclose(
            other.sample(6, seed=3), model.sample(6, seed=3), rtol=0, atol=2e-3
        )


def test_the_weights_of_a_prior_are_trained():
    for make_prior in (mixture, full, vamp, flow):
        model = vae(make_prior(), latent_dim=2)
        model.compile()
        before = [array(w).copy() for w in model.prior.weights]
        assert before
        model.fit(IMAGES, batch_size=5, verbose=0)
        for weight, start in zip(model.prior.weights, before, strict=True):
            assert not np.array_equal(array(weight), start), weight.path


@pytest.mark.once
def test_pseudo_inputs_are_images_of_the_model():
    model = vae("vamp")
    images = array(model.prior.images())
    assert images.shape == (500, 4, 4, 1)
    assert images.min() > 0
    assert images.max() < 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prior": "vampp"}, "vamp"),
        ({"prior": "vamp", "num_classes": 3}, "without classes"),
        ({"prior": keras.layers.Dense(3)}, "object with sample and log_prob"),
        ({"prior": object()}, "prior must be one of"),
    ],
)
def test_wrong_priors(change, message):
    with pytest.raises(ValueError, match=message):
        zoo.create("vae", image_shape=(4, 4, 1), **change)
    for components in (0, -1):
        with pytest.raises(ValueError, match="components must be"):
            zoo.layers.Mixture(components=components)
    with pytest.raises(ValueError, match="Unknown covariance: 'tied'. Allowed: diagonal, full"):
        zoo.layers.Mixture(covariance="tied")


@pytest.mark.once
def test_a_prior_of_another_model():
    prior = vae(vamp()).prior
    with pytest.raises(ValueError, match="object of its own for each model"):
        vae(prior)
    with pytest.raises(ValueError, match=r"latents of shape \(3,\)"):
        vae(vae(mixture()).prior, latent_dim=3)


class Wrong(zoo.layers.Prior):
    """Its density lacks the sum over latents."""

    def sample(self, noise, condition=None):
        return 2.0 * noise

    def log_prob(self, latents, condition=None):
        return -ops.square(latents)


@pytest.mark.once
def test_a_density_of_the_wrong_shape():
    with pytest.raises(ValueError, match=r"prior\.log_prob must give .*\(batch,\)"):
        vae(Wrong(), latent_dim=2)
