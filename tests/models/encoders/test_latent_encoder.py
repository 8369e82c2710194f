"""The latent encoder: its objective, the frozen generator, and starts for inversion."""

import keras
import numpy as np
import pytest

import zoo

pytestmark = pytest.mark.step_by_step


def generator():
    return zoo.create("dcgan", image_shape=(8, 8, 1), latent_dim=4, width=2)


def test_the_objective_is_the_papers_with_a_term_of_latents():
    gan = generator()
    model = zoo.create("latent_encoder", generator=gan, width=2)
    model.compile(latent_weight=0.5)
    images = gan.sample(6, seed=0)
    logs = model.evaluate(images, batch_size=6, return_dict=True, verbose=0)
    made = gan.sample(latents=model.encode(images))
    expected = np.square((made - images) / 2).mean()
    np.testing.assert_allclose(logs["reconstruction"], expected, rtol=1e-4)
    np.testing.assert_allclose(model.reconstruct(images), made, atol=1e-5)
    np.testing.assert_allclose(
        logs["loss"], logs["reconstruction"] + 0.5 * logs["latent_error"], rtol=1e-5
    )


def test_training_changes_the_encoder_alone_and_learns():
    gan = zoo.models.LatentEncoder.test_config()["generator"]
    model = zoo.create("latent_encoder", generator=gan, width=8)
    model.compile(keras.optimizers.Adam(3e-3))
    before, encoder = gan.get_weights(), model.encoder.get_weights()
    images = gan.sample(64, seed=0)
    history = model.fit(images, batch_size=16, epochs=12, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    for weight, value in zip(gan.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert any((a != b).any() for a, b in zip(model.encoder.get_weights(), encoder, strict=True))


def test_it_starts_an_inversion(tmp_path):
    gan = generator()
    model = zoo.create("latent_encoder", generator=gan, width=2)
    images = gan.sample(3, seed=0)
    found = gan.invert(images, start=model, steps=1)
    made = gan.sample(latents=model.encode(images))
    np.testing.assert_allclose(
        found.history[:, 0], np.square((made - images) / 2).mean(axis=(1, 2, 3)), rtol=1e-4
    )
    model.compile()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.encode(images), model.encode(images), atol=1e-6)
    np.testing.assert_allclose(loaded.reconstruct(images), model.reconstruct(images), atol=1e-6)


def test_an_encoder_of_another_generator_is_told_of():
    gan, other = generator(), generator()
    encoder = zoo.create("latent_encoder", generator=gan, width=2)
    images = gan.sample(2, seed=0)
    gan.invert(images, start=encoder, steps=1)
    other.set_weights([0.9 * weight for weight in other.get_weights()])
    with pytest.warns(UserWarning, match="trained for another generator"):
        other.invert(images, start=encoder, steps=1)


def test_a_conditional_generator_gets_the_labels():
    gan = zoo.create("cgan", image_shape=(8, 8, 1), latent_dim=4, num_classes=3)
    model = zoo.create("latent_encoder", generator=gan, width=2)
    labels = np.array([0, 1, 2])
    images = gan.sample(3, seed=0, labels=labels)
    made = gan.sample(latents=model.encode(images, labels), labels=labels)
    np.testing.assert_allclose(model.reconstruct(images, labels), made, atol=1e-5)
    model.compile()
    model.fit(images, labels, batch_size=3, verbose=0)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"generator": None}, "generator must be a model that samples from latents.*None"),
        ({"generator": "dcgan_mnist"}, "generator must be .*'dcgan_mnist'"),
        ({"width": 0}, "width"),
        ({"architecture": "conv"}, "architecture.*'conv'"),
        ({"encoder": 3}, "encoder must be a keras.Model. Received: 3"),
    ],
)
def test_wrong_arguments(options, text):
    with pytest.raises(ValueError, match=text):
        zoo.create("latent_encoder", **{"generator": generator(), **options})


@pytest.mark.once
def test_an_encoder_must_fit():
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(5)]
    with pytest.raises(ValueError, match=r"encoder must give the generator's latents.*\(5,\)"):
        zoo.create("latent_encoder", generator=generator(), encoder=keras.Sequential(layers))
    layers[-1] = keras.layers.Dense(4)
    with pytest.raises(ValueError, match="width must be settings of an architecture"):
        zoo.create(
            "latent_encoder", generator=generator(), encoder=keras.Sequential(layers), width=2
        )
