"""The classifier: its loss, what it learns, bodies, errors."""

import keras
import numpy as np
import pytest

import zoo
from zoo.data import to_range

RNG = np.random.default_rng(0)
IMAGES = RNG.random((12, 8, 8, 1), dtype="float32")
LABELS = np.arange(12) % 3


def small(**kwargs):
    return zoo.create("classifier", image_shape=(8, 8, 1), num_classes=3, width=2, **kwargs)


def test_logits_are_linear_in_features_and_the_loss_is_the_likelihood():
    model = small()
    kernel, bias = model.head.get_weights()
    logits = model.features(IMAGES) @ kernel + bias
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), logits, rtol=1e-4, atol=1e-5)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(IMAGES), p, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(model.classify(IMAGES), p.argmax(axis=1))
    model.compile()
    logs = model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(-np.log(p[np.arange(12), LABELS]).mean(), rel=1e-4)
    assert logs["accuracy"] == pytest.approx(np.mean(p.argmax(axis=1) == LABELS))


@pytest.mark.heavy
def test_learns_digits(slice_path):
    train, test = (zoo.data.read(slice_path, split) for split in ("train", "test"))
    keras.utils.set_random_seed(0)
    model = zoo.create("classifier", image_shape=(28, 28, 1), width=4)
    # The rate falls, as the means of batch normalization lag behind.
    model.compile(keras.optimizers.Adam(zoo.LinearDecay(5e-3, start=96, end=384)))
    model.fit(to_range(train.images, (0, 1)), train.labels, batch_size=32, epochs=12, verbose=0)
    assert np.mean(model.classify(to_range(test.images, (0, 1))) == test.labels) > 0.8


def test_evaluation_agrees_with_a_short_training():
    """The statistics of batch normalization have forgotten their start after some thirty steps."""
    images = np.zeros((48, 8, 8, 1), "float32")
    labels = np.arange(48) % 3
    for place, label in zip(images, labels, strict=True):
        place[:, 2 * label : 2 * label + 2] = 1.0
    images += np.random.default_rng(0).random(images.shape, dtype="float32") / 8
    images = np.clip(images, 0, 1)
    model = small()
    model.compile(keras.optimizers.Adam(1e-2))
    logs = model.fit(images, labels, batch_size=12, epochs=10, verbose=0).history
    assert logs["accuracy"][-1] == 1
    assert model.evaluate(images, labels, verbose=0, return_dict=True)["accuracy"] == 1


def test_augmentation_is_of_training_alone():
    calls = []

    class Counted(zoo.augmentation.DiffAugment):
        def __call__(self, images, random):
            calls.append(1)
            return super().__call__(images, random)

    model = small()
    model.compile(augmentation=Counted(("translation",)), run_eagerly=True)
    model.evaluate(IMAGES, LABELS, verbose=0)
    assert not calls
    model.fit(IMAGES, LABELS, batch_size=4, verbose=0)
    assert len(calls) == 3


def test_a_body_of_ones_own():
    body = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    model = zoo.models.Classifier(body=body, num_classes=5)
    assert model.features(IMAGES).shape == (12, 64)
    assert model.probabilities(IMAGES).shape == (12, 5)


def test_errors():
    for kwargs, message in (
        ({}, "needs image_shape="),
        ({"image_shape": (8, 8, 1), "num_classes": 1}, "num_classes must be .* at least 2"),
        ({"body": 3}, "body must be a keras.Model"),
        ({"body": keras.Sequential([keras.layers.Dense(3)])}, "Received: one not built"),
        (
            {"body": keras.Sequential([keras.Input((8, 8, 1)), keras.layers.ReLU()])},
            r"gives features \(batch, dimensions\). Received: one that gives \(None, 8, 8, 1\)",
        ),
        (
            {
                "image_shape": (9, 9, 1),
                "body": keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()]),
            },
            r"body must take images of shape \(9, 9, 1\). Received: one for \(8, 8, 1\)",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            zoo.models.Classifier(**kwargs)
    model = small()
    with pytest.raises(ValueError, match="images must hold values in"):
        model.features(IMAGES * 255)
    with pytest.raises(ValueError, match="Unknown augmentation: 'mirror'"):
        model.compile(augmentation="mirror")
    with pytest.raises(ValueError, match="takes no labels here|unexpected keyword"):
        model.infer("x", None, model.checked_inputs(IMAGES, LABELS, labelled=False), 4)
