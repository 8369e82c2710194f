"""Conditions beyond the contract: latents with labels, and a `y` that nobody asked for."""

import warnings

import keras
import numpy as np
import pytest

import zoo
from zoo.engine.spaces import Classes

pytestmark = pytest.mark.step_by_step

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


def test_every_type_of_labels_trains_alike():
    weights = []
    for y in (LABELS, LABELS[:, None], LABELS.tolist(), LABELS.astype("uint64")):
        keras.utils.set_random_seed(0)
        model = vae(num_classes=3)
        model.fit(IMAGES, y, batch_size=4, verbose=0)
        model.train_on_batch(IMAGES, np.asarray(y))
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    for other in weights[1:]:
        np.testing.assert_array_equal(other, weights[0])
    for wrong in (LABELS.astype(str), np.eye(3)[LABELS], LABELS[:4]):
        with pytest.raises(ValueError, match="y must be|Data cardinality|number of samples|rows"):
            model.fit(IMAGES, wrong, verbose=0)


def test_classes_are_sampled_by_their_names():
    model = vae(num_classes=3)
    model.condition = Classes(3, ("T-shirt", "bag", "shoe"))
    bags = model.sample(2, seed=0, labels=1)
    for labels in ("bag", "Bag", "1", ["bag", "bag"], ["bag", 1], np.array(["bag", "bag"])):
        np.testing.assert_array_equal(model.sample(2, seed=0, labels=labels), bags)
    with pytest.raises(ValueError, match="names of classes .0 T-shirt, 1 bag, 2 shoe.*'bags'"):
        model.sample(2, labels="bags")
    with pytest.raises(ValueError, match="num_classes=3 .0 T-shirt, 1 bag, 2 shoe.. Received: 3"):
        model.sample(2, labels=3)


def test_inputs_of_sample_have_errors_of_their_own():
    model = vae(num_classes=3)
    for options, message in (
        ({"n": 10**12}, "n must be as many as fit in memory.* Received: 1,000,000,000,000"),
        ({"n": 10**25}, "n must be as many as fit in memory"),
        ({"latents": "text"}, "latents must be an array of numbers. Received: the text 'text'"),
        ({"latents": [[1.0], [2.0, 3.0]]}, "latents must be .* whose rows have equal shapes"),
        ({"noise": [["a", "b"]]}, "noise must be an array of numbers. Received: texts"),
        ({"n": 2, "labels": [[1, 2], [3]]}, "labels must be integer labels"),
    ):
        with pytest.raises(ValueError, match=message):
            model.sample(**options)
    for method in (model.sample_noise, model.sample_latents):
        with pytest.raises(ValueError, match="n must be as many as fit in memory"):
            method(10**12)
