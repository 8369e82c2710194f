"""The registry of families: what it refuses, before anything is registered."""

import pytest

import zoo
from zoo.errors import ArgumentError

pytestmark = pytest.mark.once


@pytest.mark.parametrize("value", [int, len, "gan"], ids=str)
def test_what_is_no_model_is_no_family(value):
    with pytest.raises(ArgumentError, match="A family must be a subclass of zoo.models.Model"):
        zoo.register_family("no_model", package="mine")(value)
    assert "no_model" not in zoo.families()


def test_settings_beside_an_architecture_object():
    with pytest.raises(ArgumentError, match=r"'width'.* that is an object has its own settings"):
        zoo.create("gan", image_shape=(8, 8, 1), architecture=zoo.networks.MLP(), width=4)


@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_images_that_do_not_fit_a_convolutional_body(family):
    with pytest.raises(
        ArgumentError, match=r"shape .9, 7, 1.: it is for square images.*Allowed: 'mlp'"
    ):
        zoo.create(family, image_shape=(9, 7, 1), architecture="convolutional")


def test_a_class_is_no_model():
    with pytest.raises(ArgumentError, match="model_or_preset must be a model .*class 'zoo.models"):
        zoo.evaluate(zoo.models.GAN, "ring8")
