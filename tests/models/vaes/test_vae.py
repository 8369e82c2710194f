"""VAE: the bound against NumPy, the estimate of log p(x) against an exact one, bodies, errors."""

import math

import keras
import numpy as np
import pytest
from helpers import Bank, array
from keras import layers, ops

import zoo
from zoo.models.vaes import bounds

pytestmark = pytest.mark.step_by_step

KEYS = ("loss", "reconstruction", "kl")
IMAGES = np.random.default_rng(0).random((7, 2, 2, 1), dtype="float32")


def bodies(latent_dim=3, outputs=1):
    images = keras.Input((2, 2, 1))
    flat = layers.Flatten()(images)
    encoder = keras.Model(images, [layers.Dense(latent_dim)(flat) for _ in range(2)])
    decoder = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(4 * outputs),
            layers.Reshape((2, 2, outputs)),
        ]
    )
    return {"encoder": encoder, "decoder": decoder, "latent_dim": latent_dim}


@pytest.fixture
def model():
    return zoo.models.VAE(**bodies())


def by_hand(model, noise):
    """log p(x | z), KL and log p(x, z) / q(z | x) for Bernoulli pixels, in float64."""
    flat = IMAGES.reshape(7, 4).astype("float64")
    (w_mean, b_mean, w_log, b_log) = (w.astype("float64") for w in model.encoder.get_weights())
    mean, log_variance = flat @ w_mean + b_mean, flat @ w_log + b_log
    z = mean + np.exp(0.5 * log_variance) * noise
    kernel, bias = model.decoder.get_weights()
    logits = z @ kernel + bias
    fits = (flat * logits - np.logaddexp(0, logits)).sum(axis=-1)
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
    constant = 0.5 * 3 * math.log(2 * math.pi)
    prior = -0.5 * (z**2).sum(axis=-1) - constant
    posterior = (
        -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance).sum(axis=-1) - constant
    )
    return fits, kl, fits + prior - posterior


def test_the_loss_is_the_negative_bound(model):
    noise = np.random.default_rng(1).standard_normal((7, 3))
    model.compile()
    vars(model)["random"] = Bank(normal=noise.ravel())
    loss, logs = model.objective(
        zoo.engine.batch.Batch(ops.convert_to_tensor(IMAGES)), training=True
    )
    fits, kl, _ = by_hand(model, noise)
    assert float(array(loss)) == pytest.approx((kl - fits).mean(), rel=1e-4)
    assert float(array(logs["reconstruction"])) == pytest.approx(-fits.mean(), rel=1e-4)
    assert float(array(logs["kl"])) == pytest.approx(kl.mean(), rel=1e-4)
    assert kl.min() > 0


def noise_of(k, seed, rows=7):
    generators = [np.random.default_rng((seed, i)) for i in range(rows)]
    draws = [g.standard_normal((k, 3), "float32") for g in generators]
    return np.stack(draws, axis=1)  # (k, rows, 3)


def test_the_kl_warms_up_in_training_alone(model):
    sgd = keras.optimizers.SGD(0.0)
    for _ in range(2):  # anew with each `compile`, also with an optimizer that was used before
        model.compile(sgd, warmup_steps=4)
        given = {"batch_size": 7, "verbose": 0, "validation_data": (IMAGES,)}
        logs = model.fit(IMAGES, epochs=6, **given).history
        for step, share in enumerate((0.0, 0.25, 0.5, 0.75, 1.0, 1.0)):
            train, validation = ({k: logs[f"{x}{k}"][step] for k in KEYS} for x in ("", "val_"))
            expected = train["reconstruction"] + share * train["kl"]
            assert train["loss"] == pytest.approx(expected, rel=1e-5)
            expected = validation["reconstruction"] + validation["kl"]
            assert validation["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_warm_up_counts_steps_of_fit_where_gradients_accumulate(model):
    model.compile(keras.optimizers.SGD(0.0, gradient_accumulation_steps=2), warmup_steps=2)
    logs = model.fit(IMAGES, epochs=3, batch_size=7, verbose=0).history
    for loss, reconstruction, kl, share in zip(*map(logs.get, KEYS), (0.0, 0.5, 1.0), strict=True):
        assert loss == pytest.approx(reconstruction + share * kl, rel=1e-5)


def test_the_warm_up_survives_saving(model, tmp_path):
    model.compile(warmup_steps=5)
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").warmup_steps == 5
    with pytest.raises(ValueError, match="warmup_steps must be a whole number of at least 0"):
        model.compile(warmup_steps=-1)


@pytest.mark.parametrize("k", [1, 13])
def test_elbo(model, k):
    fits, kl, _ = by_hand(model, noise_of(k, seed=4))
    found = model.elbo(IMAGES, k=k, seed=4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, fits.mean(axis=0) - kl, rtol=1e-4)


@pytest.mark.parametrize("k", [1, 13])
def test_importance_weighted_bound(model, k):
    _, _, weights = by_hand(model, noise_of(k, seed=4))
    expected = np.logaddexp.reduce(weights, axis=0) - math.log(k)
    np.testing.assert_allclose(model.log_prob(IMAGES, k=k, seed=4), expected, rtol=1e-4)


def test_chunks_and_batches_change_nothing(model, monkeypatch):
    whole = model.log_prob(IMAGES, k=50, seed=2)
    monkeypatch.setattr(bounds, "SAMPLES_AT_ONCE", 12)
    for batch_size in (1, 3, 7):
        np.testing.assert_allclose(
            model.log_prob(IMAGES, k=50, seed=2, batch_size=batch_size), whole, rtol=1e-4
        )
    seen = []
    infer = model.infer
    monkeypatch.setattr(
        type(model), "infer", lambda self, *args: seen.append(args[2][-1].shape) or infer(*args)
    )
    model.log_prob(IMAGES, k=50, seed=2, batch_size=3)
    noise = [shape for shape in seen if len(shape) == 3]
    assert max(shape[0] * shape[1] for shape in noise) <= 12  # memory does not grow with k


def test_the_bound_rises_with_k_to_the_exact_likelihood():
    """Which three latents allow to compute by brute force: as the mean of p(x | z) over p(z)."""
    model = zoo.models.VAE(**bodies())
    kernel, bias = model.decoder.get_weights()
    model.decoder.set_weights([0.3 * kernel, bias])
    model.encoder.set_weights([0.3 * w for w in model.encoder.get_weights()])
    z = np.random.default_rng(0).standard_normal((200_000, 3))
    logits = z @ (0.3 * kernel) + bias
    flat = IMAGES.reshape(7, 4)
    fits = (flat[:, None] * logits - np.logaddexp(0, logits)).sum(axis=-1)
    exact = np.logaddexp.reduce(fits, axis=1) - math.log(len(z))
    elbo = model.elbo(IMAGES, k=200)
    many = model.log_prob(IMAGES, k=5000)
    assert elbo.mean() < many.mean()
    np.testing.assert_allclose(many, exact, atol=0.06)


def test_log_prob_by_elbo(model):
    np.testing.assert_array_equal(
        model.log_prob(IMAGES, method="elbo", k=3, seed=1), model.elbo(IMAGES, k=3, seed=1)
    )


def test_encode_decode_reconstruct(model):
    mean, log_variance = model.encode(IMAGES)
    flat = IMAGES.reshape(7, 4)
    w_mean, b_mean, w_log, b_log = model.encoder.get_weights()
    np.testing.assert_allclose(mean, flat @ w_mean + b_mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(log_variance, flat @ w_log + b_log, rtol=1e-4, atol=1e-5)
    again = model.reconstruct(IMAGES)
    np.testing.assert_allclose(again, model.decode(mean), atol=1e-6)
    np.testing.assert_allclose(again, model.predict(IMAGES, verbose=0), atol=1e-5)
    assert again.min() > 0
    assert again.max() < 1


@pytest.mark.parametrize(
    ("likelihood", "outputs"),
    [("gaussian", 2), (zoo.losses.Gaussian(0.1), 1), ("discretized_logistic", 2)],
)
def test_other_likelihoods(likelihood, outputs, tmp_path):
    model = zoo.models.VAE(**bodies(outputs=outputs), likelihood=likelihood)
    model.compile()
    model.fit(IMAGES, batch_size=7, verbose=0)
    assert model.image_shape == (2, 2, 1)
    assert model.sample(3, seed=0).shape == (3, 2, 2, 1)
    assert np.isfinite(model.log_prob(IMAGES, k=10)).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.elbo(IMAGES), model.elbo(IMAGES))


@pytest.mark.parametrize("architecture", ["mlp", "convolutional"])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_bodies(architecture, shape):
    width = {"width": 4} if architecture == "convolutional" else {}
    model = zoo.create("vae", image_shape=shape, architecture=architecture, latent_dim=5, **width)
    assert model.sample(2, seed=0).shape == (2, *shape)
    model.compile()
    images = np.zeros((4, *shape), "float32")
    assert np.isfinite(model.fit(images, batch_size=4, verbose=0).history["loss"]).all()


def test_the_papers_bodies():
    model = zoo.create("vae", image_shape=(28, 28, 1), hidden_units=(200, 200), latent_dim=50)
    assert model.encoder.count_params() == 785 * 200 + 201 * 200 + 2 * 201 * 50
    assert model.decoder.count_params() == 51 * 200 + 201 * 200 + 201 * 784
    frey = zoo.create("vae", image_shape=(28, 20, 1), hidden_units=(200,), likelihood="gaussian")
    assert frey.decoder.count_params() == 21 * 200 + 201 * 2 * 560


@pytest.mark.compiled
def test_training_raises_the_bound(digits):
    images = (digits + 1) / 2
    model = zoo.create("vae", image_shape=(28, 28, 1), latent_dim=4, hidden_units=(64,))
    model.compile()
    before = model.elbo(images).mean()
    model.fit(np.tile(images, (10, 1, 1, 1)), batch_size=32, epochs=20, verbose=0)
    assert model.elbo(images).mean() > before + 200
    error = np.square(model.reconstruct(images) - images).mean()
    assert error < np.square(images.mean(axis=0) - images).mean()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": None}, "VAE needs image_shape"),
        ({"encoder": "mine"}, "encoder must be a keras.Model. Received: 'mine'"),
        ({"likelihood": "poisson"}, "Unknown likelihood: 'poisson'"),
        ({"likelihood": "gaussian"}, "decoder must give 2 numbers for each pixel and channel"),
        ({"latent_dim": 0}, "latent_dim must be a whole number of at least 1"),
        (
            {"decoder": keras.Sequential([keras.Input((3,)), layers.Dense(4)])},
            r"parameters of shape \(batch, height, width, channels\). Received: .*\(None, 4\)",
        ),
        ({"image_shape": (3, 3, 1)}, r"of images of shape \(3, 3, 1\). Received"),
        (
            {"encoder": keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten()])},
            r"a mean and a log-variance, each of shape \(batch, 3\)",
        ),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.VAE(**{**bodies(), **changes})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (30, 30, 1), "architecture": "convolutional"}, "28 pixels or of a power"),
        ({"image_shape": (8, 8, 1), "architecture": "resnet"}, "Unknown architecture: 'resnet'"),
        ({"image_shape": (8, 8, 1), "hidden_units": 500}, "hidden_units must be a sequence"),
        ({"image_shape": (8,)}, r"image_shape must be \(height, width, channels\)"),
    ],
)
def test_errors_of_bodies(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.VAE(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.log_prob(IMAGES, method="ais"), "Unknown method: 'ais'. Allowed: elbo, iwae"),
        (lambda m: m.log_prob(IMAGES, k=0), "k must be a whole number of at least 1. Received: 0"),
        (lambda m: m.elbo(IMAGES, seed=-1), "seed must be a whole number of at least 0"),
        (lambda m: m.encode(IMAGES[:, :1]), "images must hold images of shape"),
        (lambda m: m.log_prob(255 * IMAGES), r"images must hold values in \[0.0, 1.0\]. Received"),
        (lambda m: m.elbo(np.nan * IMAGES), "images must be finite"),
        (lambda m: m.encode(IMAGES, labels=[0] * 7), "VAE takes no labels here"),
        (lambda m: m.decode(np.zeros((2, 4))), r"latents must have the shape \(n, 3\)"),
        (lambda m: m.encode(IMAGES, batch_size=0), "batch_size must be"),
    ],
)
def test_errors_of_use(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)
