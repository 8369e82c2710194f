"""Metrics of autoencoders, against what their definitions give by hand."""

import dataclasses

import keras
import numpy as np
import pytest

import zoo
from zoo.data import to_range
from zoo.presets.locate import locate

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 8, 8, 1), dtype="uint8")
LABELS = (IMAGES[:, 0, 0, 0] > 128).astype("int64")
BODY = {"image_shape": (8, 8, 1), "latent_dim": 5, "architecture": "one_layer"}


@pytest.fixture
def model():
    keras.utils.set_random_seed(3)
    return zoo.create("autoencoder", **BODY)


def measured(model, *metrics, **options):
    return zoo.evaluate(model, (IMAGES, LABELS), list(metrics), **options)


def test_codes_are_read_by_a_linear_classifier(model):
    found = measured(model, "linear_probe", train=(IMAGES[::-1], LABELS[::-1]))["probe_error"]
    codes = model.encode(to_range(IMAGES, (0, 1)))
    wrong = zoo.metrics.linear_classifier(codes[::-1], LABELS[::-1], codes) != LABELS
    assert found.value == pytest.approx(wrong.mean(), abs=0.02)
    assert (found.better, found.seeds) == ("lower", [])
    assert found.protocol.n_train == 60


def test_a_posterior_is_read_by_its_mean():
    keras.utils.set_random_seed(3)
    model = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2)
    found = measured(model, "linear_probe", train=(IMAGES[::-1], LABELS[::-1]))["probe_error"]
    codes, _ = model.encode(to_range(IMAGES, (0, 1)))
    wrong = zoo.metrics.linear_classifier(codes[::-1], LABELS[::-1], codes) != LABELS
    assert found.value == pytest.approx(wrong.mean(), abs=0.02)


def test_inactive_units(model):
    report = measured(model, "inactive_units")
    codes = model.encode(to_range(IMAGES, (0, 1)))
    assert report["inactive"].value == zoo.metrics.inactivity(codes).per_image
    assert report["never_active"].value == zoo.metrics.inactivity(codes).never


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])  # in closed form, and exactly
def test_contraction(activation):
    keras.utils.set_random_seed(3)
    model = zoo.create("autoencoder", **BODY, code_activation=activation)
    report = measured(model, zoo.evaluation.Contraction(images=7))
    x = to_range(IMAGES[:7], (0, 1)).astype("float64")
    kernel, bias = (w.astype("float64") for w in model.encoder.get_weights())
    z = x.reshape(7, -1) @ kernel + bias
    slope = 1 / np.cosh(z) ** 2 if activation == "tanh" else 1 / (2 * np.cosh(z / 2)) ** 2
    norms = np.sqrt(np.square(slope[:, None] * kernel).sum(axis=(1, 2)))
    assert report["jacobian_norm"].value == pytest.approx(norms.mean(), rel=1e-4)
    deviation = np.sqrt(model.encode(to_range(IMAGES, (0, 1))).var(axis=0).mean())
    assert report["relative_jacobian_norm"].value == pytest.approx(
        norms.mean() / deviation, rel=1e-4
    )


def test_denoising():
    keras.utils.set_random_seed(3)
    model = zoo.create("denoising_autoencoder", image_shape=(8, 8, 1), latent_dim=5)
    report = measured(model, zoo.evaluation.Denoising(sigma=0.2))
    assert report["noisy_psnr"].value == pytest.approx(-20 * np.log10(0.2), abs=0.3)
    gain = report["denoised_psnr"].value - report["noisy_psnr"].value
    assert report["denoising_gain"].value == pytest.approx(gain)
    assert dict(report["denoising_gain"].protocol.settings) == {"sigma": 0.2}


def test_what_cannot_be_measured_is_refused(model):
    gan = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=10)
    with pytest.raises(ValueError, match="'linear_probe' is for models that encode images alone"):
        measured(gan, "linear_probe", train=(IMAGES[::-1], LABELS))
    vae = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2)
    with pytest.raises(ValueError, match="'contraction' is for autoencoders"):
        measured(vae, "contraction")
    with pytest.raises(ValueError, match="'linear_probe' needs train with labels"):
        measured(model, "linear_probe", train=IMAGES[::-1])
    with pytest.raises(ValueError, match="'denoising' is for models with denoise"):
        measured(model, "denoising")
    with pytest.raises(ValueError, match="needs images with labels"):
        zoo.evaluate(model, IMAGES, "linear_probe", train=(IMAGES[::-1], LABELS))


def test_a_card_says_what_is_measured_again(monkeypatch):
    options = {"n": 200, "seeds": 1}
    other = zoo.evaluation.ClassifierTest(size=100, classifier="linear")
    report = zoo.evaluate("gan_ring8", metrics=[other, "mixture_modes"], **options)
    card = zoo.info("gan_ring8").model_copy(update={"metrics": report.measurements})
    preset = dataclasses.replace(locate("gan_ring8"), card=card)
    monkeypatch.setattr("zoo.evaluation.plan.locate", lambda name: preset)
    assert zoo.evaluate("gan_ring8", seeds=1).measurements == report.measurements
    fewer = zoo.evaluate("gan_ring8", n=150, seeds=1)
    assert fewer["modes_covered"].protocol.n_fake == 150
    # Of other data it says nothing.
    names = {m.name for m in zoo.evaluate("gan_ring8", "grid25", **options).measurements}
    assert "modes_covered" in names
    assert not any(name.startswith("c2st") for name in names)
    elsewhere = zoo.evaluate("gan_ring8", "grid25", "mixture_modes", seeds=1)
    assert elsewhere["modes_covered"].protocol.n_fake == 10_000
