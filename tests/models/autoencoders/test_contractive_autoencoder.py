"""Contractive autoencoders: the penalty in the loss, its ways, and what it does."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import layers

import zoo
from zoo.losses import ClosedForm, Exact, Hutchinson

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")


def make(**options):
    return zoo.create("contractive_ae", image_shape=(8, 8, 1), latent_dim=5, **options)


def evaluate(model):
    return model.evaluate(IMAGES, batch_size=6, verbose=0, return_dict=True)


def jacobian_norm(model, images):
    kernel = array(model.encoder.get_layer("code").kernel).astype("float64")
    z = model.encode(images).astype("float64")
    return ((z * (1 - z)) ** 2 @ (kernel**2).sum(axis=0)).mean()


def test_defaults_are_the_papers():
    model = make()
    model.compile()
    assert isinstance(model.contraction, ClosedForm)
    assert model.weight == 0.1
    assert model.reconstruction_loss.name == "cross_entropy"
    assert len(model.trainable_variables) == 3  # tied weights


def test_other_encoders_are_differentiated_exactly():
    model = make(architecture="convolutional", width=2)
    model.compile()
    assert isinstance(model.contraction, Exact)


@pytest.mark.parametrize("contraction", ["exact", "closed_form"])
def test_the_loss(contraction):
    model = make()
    model.compile(weight=0.7, contraction=contraction)
    logs = evaluate(model)
    assert logs["contraction"] == pytest.approx(jacobian_norm(model, IMAGES), rel=1e-3)
    expected = logs["reconstruction"] + 0.7 * logs["contraction"]
    assert logs["loss"] == pytest.approx(expected, rel=1e-4)


def test_exact_and_closed_form_train_alike():
    weights = []
    initial = make().get_weights()
    for contraction in ("exact", "closed_form"):
        model = make()
        model.set_weights(initial)
        model.compile(keras.optimizers.SGD(0.01), weight=5.0, contraction=contraction)
        model.fit(IMAGES, batch_size=3, epochs=3, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_hutchinson():
    model = make()
    model.compile(contraction=Hutchinson(probes=16))
    assert evaluate(model)["contraction"] == pytest.approx(jacobian_norm(model, IMAGES), rel=0.4)


def test_training_contracts(digits):
    images = (digits + 1) / 2
    norms = []
    for weight in (0.0, 10.0):
        keras.utils.set_random_seed(0)
        model = zoo.create("contractive_ae", image_shape=(28, 28, 1), latent_dim=40)
        model.compile(keras.optimizers.Adam(3e-3), weight=weight)
        model.fit(np.tile(images, (4, 1, 1, 1)), batch_size=32, epochs=8, verbose=0)
        norms.append(jacobian_norm(model, images))
    assert norms[1] < 0.5 * norms[0]


def test_errors():
    model = make()
    for arguments, message in (
        ({"weight": -1}, "weight must be a finite number of at least 0. Received: -1"),
        ({"contraction": "open"}, "Unknown contraction: 'open'"),
    ):
        with pytest.raises(ValueError, match=message):
            model.compile(**arguments)
    own = zoo.models.ContractiveAutoencoder(
        encoder=keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3)]),
        decoder=keras.Sequential([keras.Input((3,)), layers.Dense(64), layers.Reshape((8, 8, 1))]),
    )
    with pytest.raises(ValueError, match="'closed_form' is for an encoder of one dense layer"):
        own.compile(contraction="closed_form")
    own.compile(contraction="hutchinson")
