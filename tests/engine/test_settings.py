"""Settings that are changed between two calls of `fit`, or within one, are honoured on each backend
and saved, or refused."""

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.errors import ArgumentError

X = np.random.default_rng(0).uniform(0, 1, (8, 4, 4, 1)).astype("float32")
FIT = {"batch_size": 8, "verbose": 0, "shuffle": False}


def vae(**options):
    model = zoo.models.BetaVAE(
        (4, 4, 1), latent_dim=2, architecture="mlp", hidden_units=(4,), **options
    )
    model.compile(keras.optimizers.SGD(0.0))
    return model


def gan(penalty="r1", **options):
    model = zoo.models.GAN((4, 4, 1), latent_dim=2, units=5, **options)
    model.compile(keras.optimizers.SGD(0.0), penalty=penalty)
    return model


def set_gamma(model, value):
    model.penalty.gamma = value


CHANGES = {
    "beta": (vae, lambda m: setattr(m, "beta", 400.0), "loss"),
    "gamma": (gan, lambda m: set_gamma(m, 1000.0), "penalty"),
}


def fit(model):
    low, high = model.value_range
    return model.fit(low + (high - low) * X, **FIT)


def loss(model, log):
    """The loss of a step that moves no weight, with the noise of the first step."""
    model.seed_generator.state.assign(np.zeros(2, "uint32"))
    return fit(model).history[log][0]


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_is_honoured_at_the_next_fit_and_saved(name):
    make, change, log = CHANGES[name]
    model = make()
    before = loss(model, log)
    change(model)
    after = loss(model, log)
    assert after > 2 * before
    again = type(model).from_config(model.get_config())
    again.compile_from_config(model.get_compile_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(loss(again, log), after, rtol=1e-4)


def test_critic_steps_are_honoured():
    model = gan()
    fit(model)
    model.critic_steps = 4
    fit(model)
    assert [int(model.optimizers[p].iterations) for p in ("discriminator", "generator")] == [5, 2]


def test_a_setting_of_a_layer_is_honoured_at_the_next_fit():
    judge = [keras.Input((4, 4, 1)), layers.Flatten(), layers.LeakyReLU(1.0), layers.Dense(1)]
    model = gan(discriminator=keras.Sequential(judge))
    before = loss(model, "penalty")
    model.discriminator.layers[1].negative_slope = 0.0  # passes no gradient for negative pixels
    assert loss(model, "penalty") < 0.9 * before


def test_a_callback_changes_a_setting_within_fit():
    class Anneal(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.beta = 400.0 * epoch

    model = vae()
    options = {**FIT, "epochs": 2, "callbacks": [Anneal()], "validation_data": X}
    logs = model.fit(X, **options).history
    np.testing.assert_allclose(logs["loss"][0], logs["reconstruction"][0], rtol=1e-5)
    assert logs["loss"][1] > logs["reconstruction"][1] + 300 * logs["kl"][1]
    assert logs["val_loss"][1] > 2 * logs["val_loss"][0]


def test_freezing_in_a_callback_before_validation():
    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.encoder.trainable = False

    model = vae()
    model.fit(X, **{**FIT, "epochs": 2, "callbacks": [Freeze()], "validation_data": X})
    assert int(model.optimizers["model"].iterations) == 2


def test_a_penalty_that_was_none():
    model = gan(None)
    assert "penalty" not in fit(model).history
    model.penalty = "r1"
    assert fit(model).history["penalty"][0] > 0
    assert model.get_compile_config()["penalty"] == "r1"


@pytest.mark.once
def test_wrong_settings_are_refused_as_compile_refuses_them():
    model = vae()
    for name, value, message in (
        ("beta", "large", "beta must"),
        ("capacity", 3.0, "capacity and capacity_steps go together"),
        ("latent_dim", 3, "latent_dim is an argument of the constructor.*Make a new BetaVAE"),
        ("image_shape", (8, 8, 1), "image_shape is an argument of the constructor"),
        ("likelihood", zoo.losses.Likelihood.get("gaussian"), "likelihood is an argument"),
    ):
        before = str([model.get_config(), model.get_compile_config()])
        with pytest.raises(ArgumentError, match=message):
            setattr(model, name, value)
        assert str([model.get_config(), model.get_compile_config()]) == before
    model = gan()
    with pytest.raises(ArgumentError, match="ema_half_life_images is an argument of the constr"):
        model.ema_half_life_images = 5
    with pytest.raises(ArgumentError, match="give an instance"):
        model.penalty = zoo.losses.R1
    with pytest.raises(ArgumentError, match="critic_steps"):
        model.critic_steps = 0
