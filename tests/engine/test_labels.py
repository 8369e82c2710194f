"""Conditions beyond the contract: latents with labels, and a `y` that nobody asked for."""

import warnings

import numpy as np
import pytest

import zoo

IMAGES = np.random.default_rng(0).random((12, 8, 8, 1), dtype="float32")
LABELS = np.arange(12) % 3
SMALL = {"image_shape": (8, 8, 1), "latent_dim": 2, "hidden_units": (4,)}


def vae(family="vae", **options):
    model = zoo.create(family, **SMALL, **options)
    model.compile()
    return model


def test_labels_go_with_latents():
    model = vae("conditional_vae", num_classes=3)
    latents = model.sample_latents(4, seed=0)
    ones = model.sample(4, seed=0, labels=1)
    np.testing.assert_array_equal(ones, model.sample(latents=latents, labels=[1] * 4))
    np.testing.assert_array_equal(ones, model.sample(noise=latents, condition=[1] * 4))
    with pytest.raises(ValueError, match="labels is another name of condition"):
        model.sample(4, labels=1, condition=1)
    with pytest.raises(ValueError, match="is not conditional and takes no labels"):
        vae().sample(4, labels=0)


def batches(y):
    for start in range(0, len(IMAGES), 4):
        yield IMAGES[start : start + 4], y[start : start + 4]


@pytest.mark.parametrize("y", [LABELS, IMAGES], ids=["labels", "images"])
def test_a_y_in_a_stream_is_ignored_with_one_warning_a_fit(y):
    model = vae()
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(
                batches(y), steps_per_epoch=1, epochs=3, verbose=0, validation_data=(IMAGES, y)
            )
        assert sum("VAE is not conditional: it ignores y" in str(w.message) for w in caught) == 1


def test_a_y_is_ignored_by_evaluate_too():
    model = vae()
    alone = model.evaluate(IMAGES, verbose=0, return_dict=True)
    with pytest.warns(UserWarning, match="it ignores y, the second part of the data"):
        assert model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True) == alone
