"""Attributes: probabilities of classes and functions of users."""

import keras
import numpy as np
import pytest
from linear_generators import linear

import zoo
from zoo.latents import Attribute

pytestmark = pytest.mark.step_by_step


def classifier(num_classes=3):
    """A classifier of images of 2x2 pixels by its logits, the first pixels times ten."""
    body = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    model = zoo.models.Classifier(body=body, num_classes=num_classes)
    weights = np.zeros((4, num_classes), "float32")
    weights[range(num_classes), range(num_classes)] = 10.0
    model.head.set_weights([weights, np.zeros(num_classes)])
    return model


def images(*pixels):
    """Images in [-1, 1] with these first pixels in [0, 1]."""
    flat = np.zeros((len(pixels), 4), "float32")
    for row, values in zip(flat, pixels, strict=True):
        row[: len(values)] = values
    return (2 * flat - 1).reshape(-1, 2, 2, 1)


SPACE = linear(np.eye(4), (2, 2, 1)).data


def test_one_class_and_two():
    seen = images((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.3, 0.5, 0.0), (0.0, 0.0, 1.0))
    logits = 10 * (seen.reshape(4, 4)[:, :3] + 1) / 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    one = Attribute(classifier(), 1).judge(seen, SPACE)
    np.testing.assert_allclose(one.values, p[:, 1], atol=1e-6)
    assert one.concerned.all()
    two = Attribute.get((classifier(), (0, 1)))
    assert two.name == "0 to 1"
    judged = two.judge(seen, SPACE)
    np.testing.assert_allclose(judged.values, p[:, 1] / (p[:, 0] + p[:, 1]), atol=1e-5)
    assert judged.concerned.tolist() == [True, True, True, False]


@pytest.mark.once
def test_a_classifier_of_two_classes():
    seen = images((1.0, 0.0), (0.0, 1.0))
    values = Attribute.get(classifier(2)).judge(seen, SPACE).values
    np.testing.assert_allclose(values, [0, 1], atol=1e-4)


@pytest.mark.once
def test_presets_and_names_of_classes():
    named = Attribute("classifier_fashion_mnist", "Sneaker")
    assert named.classes == [7]
    assert named.name == "7 sneaker"
    assert Attribute.get(("classifier_mnist", ("1", 7))).name == "1 to 7"


@pytest.mark.once
def test_functions():
    seen = images((1.0,), (0.0,))

    def bright(x):
        assert x.min() == -1
        return x.mean(axis=(1, 2, 3)) > -1

    attribute = Attribute.get(bright)
    assert attribute.name == "bright"
    assert attribute.judge(seen, SPACE).values.tolist() == [1.0, 0.0]
    column = Attribute.get(lambda x: np.array([[0.25], [0.5]]))
    assert column.judge(seen, SPACE).values.tolist() == [0.25, 0.5]
    for function, message in (
        (lambda x: [0.5, 1.5], r"numbers in \[0, 1\].*from 0.5 to 1.5"),
        (lambda x: [0.5], r"attribute must give 2 numbers.*shape \(1,\)"),
        (lambda x: [np.nan, 0.5], "attribute must give 2 numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            Attribute.get(function).judge(seen, SPACE)


@pytest.mark.once
def test_errors():
    for value, message in (
        (3, "attribute must be a pair of a classifier and a class.*Received: 3"),
        ("classifier_mnist", "a classifier of 10 classes without any"),
        (("dcgan_mnist", 3), "Received: 'dcgan_mnist' as the classifier"),
        ((classifier(), 7), "labels must lie in 0 to 2"),
        ((classifier(), (1, 1)), "two different classes"),
        ((classifier(), (0, 1, 2)), "as the classes"),
        (Attribute, "attribute must be a pair"),
    ):
        with pytest.raises(ValueError, match=message):
            Attribute.get(value)
    with pytest.raises(ValueError, match=r"images of shape \(2, 2, 1\).*for \(28, 28, 1\)"):
        Attribute("classifier_mnist", 3).judge(images((1.0,)), SPACE)
