"""Conditional GANs: how labels enter, and that they are obeyed on real digits."""

import keras
import numpy as np
import pytest
from helpers import array

import zoo

pytestmark = pytest.mark.step_by_step

IMAGES = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")
LABELS = np.arange(6) % 3
SMALL = {"image_shape": (8, 8, 1), "num_classes": 3, "latent_dim": 4}
VARIANTS = {
    "mlp": {},
    "mlp_embedding": {"embedding_dim": 5},
    "mlp_projection": {"projection": True},
    "convolutional": {"architecture": "convolutional", "width": 2},
    "embedding": {"architecture": "convolutional", "width": 2, "embedding_dim": 5},
    "projection": {"architecture": "convolutional", "width": 2, "projection": True},
    "hidden": {"architecture": "convolutional", "width": 2, "hidden_units": 8},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_both_players_see_the_label(name, tmp_path):
    model = zoo.create("conditional_gan", **SMALL, **VARIANTS[name])
    model.compile()
    model.fit(IMAGES, LABELS, batch_size=3, verbose=0)
    latents = np.repeat(model.sample_latents(1, seed=0), 3, axis=0)
    images = model.sample(latents=latents, labels=[0, 1, 2])
    assert np.abs(images[0] - images[1:]).max(axis=(1, 2, 3)).min() > 1e-6
    logits = model.discriminate(np.repeat(IMAGES[:1], 3, axis=0), [0, 1, 2])
    assert len(set(logits.tolist())) == 3
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample(latents=latents, labels=[0, 1, 2]), images)


def test_the_papers_bodies():
    model = zoo.create("conditional_gan", image_shape=(28, 28, 1), num_classes=10)
    assert model.generator.count_params() == (101 * 200 + 11 * 1000 + 1201 * 1200 + 1201 * 784)
    assert model.discriminator.count_params() == (785 * 240 * 5 + 11 * 50 * 5 + 291 * 240 * 4 + 241)


def test_short_name():
    assert type(zoo.create("cgan", **SMALL)) is zoo.models.ConditionalGAN


def test_projection_is_an_inner_product():
    model = zoo.create("conditional_gan", **SMALL, **VARIANTS["projection"])
    vectors = array(model.discriminator.get_layer("label_projection").embeddings)
    head = model.discriminator.get_layer("logit")
    features = keras.Model(model.discriminator.inputs, head.input)
    x = array(features([IMAGES, LABELS.astype("int32")], training=False))
    kernel, bias = (array(w) for w in head.weights)
    expected = (x @ kernel + bias)[:, 0] + (vectors[LABELS] * x).sum(axis=1)
    np.testing.assert_allclose(model.discriminate(IMAGES, LABELS), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("penalty", ["gradient_penalty", "r1", zoo.losses.R1(share=0.5)])
def test_penalties_see_the_labels_of_their_images(penalty):
    model = zoo.create("conditional_gan", **SMALL, **VARIANTS["projection"])
    model.compile(penalty=penalty)
    history = model.fit(IMAGES, LABELS, batch_size=6, verbose=0).history
    assert np.isfinite(history["penalty"]).all()


def test_predict_takes_latents_and_labels():
    model = zoo.create("conditional_gan", **SMALL, **VARIANTS["convolutional"])
    latents, labels = model.sample_latents(6, seed=0), LABELS.astype("int32")
    np.testing.assert_allclose(
        model.predict([latents, labels], verbose=0),
        model.sample(latents=latents, labels=labels),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"num_classes": None},
            "num_classes is needed, a whole number of at least 1. Received: None",
        ),
        ({"architecture": "unet"}, "Unknown architecture: 'unet'. Allowed: dcgan, .*mlp, points"),
        ({"embedding_dim": 0}, "embedding_dim must be a whole number of at least 1. Received: 0"),
        ({"image_shape": None}, "ConditionalGAN needs image_shape"),
        (
            {"image_shape": (2,), "architecture": "mlp"},
            r"not fit points of shape \(2,\).*points",
        ),
        (
            {"generator": keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])},
            "generator does not take inputs of shape",
        ),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.ConditionalGAN(**{**SMALL, **arguments})


def test_discriminate_needs_labels():
    model = zoo.create("conditional_gan", **SMALL)
    with pytest.raises(ValueError, match="ConditionalGAN needs labels, one for each image"):
        model.discriminate(IMAGES)
    with pytest.raises(ValueError, match="labels must be 6 labels. Received: 2"):
        model.discriminate(IMAGES, [0, 1])


@pytest.mark.heavy
def test_labels_are_obeyed_on_real_digits(slice_path):
    """After a short training on 1,024 digits, their nearest neighbours call more than half of the
    samples what was asked for; by chance it is a tenth."""
    source = zoo.data.read(slice_path)
    model = zoo.create(
        "conditional_gan",
        image_shape=(28, 28, 1),
        num_classes=10,
        latent_dim=16,
        architecture="convolutional",
        width=8,
        hidden_units=64,
    )
    model.compile(keras.optimizers.Adam(2e-3, beta_1=0.5, beta_2=0.99))
    batches = zoo.data.Batches(source.images, source.labels, batch_size=32, seed=0)
    model.fit(
        zoo.engine.feed(batches.stream()), epochs=1, steps_per_epoch=500, shuffle=False, verbose=0
    )
    asked = np.repeat(np.arange(10), 20)
    samples = model.sample(seed=0, labels=asked)
    assert (nearest_label(samples, source) == asked).mean() > 0.5
    assert (nearest_label(samples, source) == np.roll(asked, 20)).mean() < 0.2


def nearest_label(images, source) -> np.ndarray:
    known = zoo.data.to_range(source.images).reshape(len(source.images), -1)
    images = images.reshape(len(images), -1)
    distances = (images**2).sum(1)[:, None] - 2 * images @ known.T + (known**2).sum(1)[None]
    return source.labels[distances.argmin(axis=1)]
