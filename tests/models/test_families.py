"""The registry of families: what it refuses, before anything is registered."""

import keras
import numpy as np
import pytest

import zoo
from zoo import networks
from zoo.errors import ArgumentError
from zoo.models import families

pytestmark = pytest.mark.once


@pytest.mark.parametrize("value", [int, len, "gan"], ids=str)
def test_what_is_no_model_is_no_family(value):
    with pytest.raises(ArgumentError, match="A family must be a subclass of zoo.models.Model"):
        zoo.register_family("no_model", package="mine")(value)
    assert "no_model" not in zoo.families()


def gan(name):
    """A subclass of `GAN` of this name, as a module of its own would define it."""
    return type(name, (zoo.models.GAN,), {"__module__": f"module_of_{name}", "__qualname__": name})


@pytest.mark.parametrize(
    ("cls", "name", "options", "message"),
    [
        (
            zoo.models.GAN,
            "gan",
            {"package": "mine"},
            "registered .* 'zoo>GAN'.*subclass",
        ),
        (zoo.models.GAN, "gan", {"package": "zoo", "short": "g"}, "the family 'gan' already"),
        (zoo.models.GAN, "another", {"package": "zoo"}, "GAN is the family 'gan' already"),
        (gan("GAN"), "another", {"package": "zoo"}, "no other class is called 'GAN'.*'zoo', which"),
        (gan("Taken"), "gan", {"package": "mine"}, "'gan' is taken by another class"),
    ],
)
def test_a_class_is_registered_once(cls, name, options, message):
    before = zoo.families()
    known = {k: keras.saving.get_registered_name(k) for k in (cls, zoo.models.GAN)}
    with pytest.raises(ArgumentError, match=message):
        zoo.register_family(name, **options)(cls)
    assert zoo.families() == before
    assert zoo.create("gan", image_shape=(2,), units=2).__class__ is zoo.models.GAN
    assert known == {k: keras.saving.get_registered_name(k) for k in (cls, zoo.models.GAN)}
    assert keras.saving.get_registered_object("zoo>GAN") is zoo.models.GAN


def test_the_same_registration_again_changes_nothing(monkeypatch):
    monkeypatch.setattr(families, "_families", dict(families._families))
    assert zoo.register_family("gan", package="zoo")(zoo.models.GAN) is zoo.models.GAN
    first, second = gan("Again"), gan("Again")  # as a notebook cell that runs twice
    for cls in (first, second):
        assert zoo.register_family("again", package="mine")(cls) is cls
    assert families.family("again").cls is second
    assert keras.saving.get_registered_object("mine>Again") is second


CLASSES = {
    "architecture": lambda: zoo.create("gan", image_shape=(8, 8, 1), architecture=networks.MLP),
    "settings": lambda: zoo.models.GAN((8, 8, 1), architecture=networks.MLP, units=4),
    "create": lambda: zoo.create("gan", image_shape=(8,), architecture=networks.MLP, units=4),
    "coders": lambda: zoo.models.VAE((8, 8, 1), architecture=networks.Coders),
    "prior": lambda: zoo.models.VAE((8, 8, 1), prior=zoo.layers.StandardNormal),
    "likelihood": lambda: zoo.models.VAE((8, 8, 1), likelihood=zoo.losses.Bernoulli),
    "generator": lambda: zoo.models.GAN(generator=Net),
    "body": lambda: zoo.models.Classifier(body=Net, num_classes=2),
    "encoder": lambda: zoo.models.Autoencoder((8, 8, 1), encoder=Net),
    "loss": lambda: small().compile(loss=zoo.losses.Hinge),
    "penalty": lambda: small().compile(penalty=zoo.losses.R1),
    "augmentation": lambda: small().compile(augmentation=zoo.augmentation.DiffAugment),
    "optimizer": lambda: small().compile(keras.optimizers.Adam),
    "one optimizer": lambda: small().compile({"generator": keras.optimizers.Adam}),
    "metric": lambda: zoo.callbacks.Evaluation(
        np.zeros((4, 2), "float32"), [zoo.evaluation.Metric]
    ),
    "extractor": lambda: zoo.evaluation.extractor(Net),
    "model": lambda: zoo.evaluate(zoo.models.GAN, "ring8"),
}


class Net(keras.Model):
    pass


def small():
    return zoo.create("gan", image_shape=(2,), units=2)


@pytest.mark.parametrize("argument", CLASSES)
def test_a_class_in_place_of_an_instance(argument):
    with pytest.raises(ArgumentError, match=r"is a class: give an instance of it, such as \w+\("):
        CLASSES[argument]()


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
