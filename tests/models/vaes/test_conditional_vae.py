"""Conditional VAE: labels in both networks."""

import keras
import numpy as np
import pytest

import zoo

pytestmark = pytest.mark.step_by_step

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")
LABELS = np.arange(6) % 3


@pytest.fixture(params=["mlp", "convolutional"])
def model(request):
    return zoo.create(
        "cvae",
        image_shape=(8, 8, 1),
        num_classes=3,
        latent_dim=2,
        hidden_units=(16,),
        architecture=request.param,
        **({"width": 2} if request.param == "convolutional" else {}),
    )


def test_both_networks_see_the_label(model, tmp_path):
    model.compile()
    model.fit(IMAGES, LABELS, batch_size=3, verbose=0)
    same = np.repeat(IMAGES[:1], 3, axis=0)
    mean, _ = model.encode(same, [0, 1, 2])
    assert np.abs(mean[0] - mean[1:]).max(axis=1).min() > 1e-5
    images = model.decode(np.zeros((3, 2)), [0, 1, 2])
    assert np.abs(images[0] - images[1:]).max(axis=(1, 2, 3)).min() > 1e-6
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.decode(np.zeros((3, 2)), [0, 1, 2]), images)


def test_bounds(model):
    elbo, many = model.elbo(IMAGES, LABELS, k=500), model.log_prob(IMAGES, LABELS, k=500)
    assert (many > elbo - 0.3).all()  # of the same samples, up to the estimate of the KL
    assert many.mean() > elbo.mean()
    other = model.log_prob(IMAGES, (LABELS + 1) % 3, k=500)
    assert np.abs(many - other).max() > 1e-4


def test_predict_takes_images_and_labels(model):
    np.testing.assert_allclose(
        model.predict([IMAGES, LABELS.astype("int32")], verbose=0),
        model.reconstruct(IMAGES, LABELS),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.encode(IMAGES), "ConditionalVAE needs labels, one for each image"),
        (lambda m: m.elbo(IMAGES, [3] * 6), "labels must lie in 0 to 2, .* Received: 3"),
        (lambda m: m.log_prob(IMAGES, [0]), "labels must be 6 labels. Received: 1"),
    ],
)
def test_errors(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)


def test_the_number_of_classes_is_needed():
    with pytest.raises(ValueError, match="num_classes is needed, a whole number.*Received: None"):
        zoo.create("conditional_vae", image_shape=(8, 8, 1))
