"""Beta-VAE: the weight of the KL and its capacity."""

import keras
import numpy as np
import pytest
from helpers import array

import zoo

pytestmark = pytest.mark.step_by_step

IMAGES = np.random.default_rng(0).random((16, 8, 8, 1), dtype="float32")


@pytest.fixture
def model():
    return zoo.create("beta_vae", image_shape=(8, 8, 1), latent_dim=3, width=2)


def history(model):
    logs = model.fit(IMAGES, batch_size=4, verbose=0, shuffle=False).history
    return {name: values[0] for name, values in logs.items()}


def test_the_kl_is_weighed(model):
    model.compile()
    assert model.beta == 4.0
    logs = history(model)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + 4 * logs["kl"], rel=1e-4)


def test_with_beta_one_it_is_a_vae(model):
    model.compile(beta=1.0)
    logs = model.evaluate(IMAGES, batch_size=4, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["kl"], rel=1e-4)


def test_capacity_rises_linearly_and_stays(model):
    model.compile(keras.optimizers.SGD(0.0), beta=10.0, capacity=6.0, capacity_steps=3)
    data = np.repeat(IMAGES[:1], 4, axis=0)
    for capacity in (0.0, 2.0, 4.0, 6.0, 6.0):
        # One image and no training: the KL is the same at each step.
        logs = model.fit(data, batch_size=4, verbose=0).history
        distance = abs(logs["kl"][0] - capacity)
        expected = logs["reconstruction"][0] + 10 * distance
        assert logs["loss"][0] == pytest.approx(expected, rel=1e-4)


def test_the_schedule_survives_saving_and_begins_anew_with_compile(model, tmp_path):
    model.compile(capacity=6.0, capacity_steps=100)
    history(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.capacity, loaded.capacity_steps) == (6.0, 100)
    assert int(array(loaded.optimizer.iterations)) == 4
    loaded.compile(loaded.optimizers["model"], capacity=6.0, capacity_steps=100)
    assert int(array(loaded.optimizer.iterations)) == 0


def test_a_warm_up_is_a_factor_and_validation_has_the_capacity_of_the_end(model):
    schedule = {"capacity": 6.0, "capacity_steps": 4, "warmup_steps": 2}
    model.compile(keras.optimizers.SGD(0.0), beta=10.0, **schedule)
    data = np.repeat(IMAGES[:1], 4, axis=0)
    given = {"batch_size": 4, "verbose": 0, "validation_data": (data,)}
    logs = model.fit(data, epochs=5, **given).history
    for step, (capacity, beta) in enumerate([(0, 0), (1.5, 5), (3, 10), (4.5, 10), (6, 10)]):
        expected = logs["reconstruction"][step] + beta * abs(logs["kl"][step] - capacity)
        assert logs["loss"][step] == pytest.approx(expected, rel=1e-4)
        expected = logs["val_reconstruction"][step] + 10 * abs(logs["val_kl"][step] - 6)
        assert logs["val_loss"][step] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": -1.0}, "beta must be a finite number of at least 0. Received: -1.0"),
        ({"capacity": 5.0}, "capacity and capacity_steps go together. Received: capacity=5.0"),
        ({"capacity": -1.0, "capacity_steps": 5}, "capacity must be a finite number"),
        ({"capacity": 1.0, "capacity_steps": 0}, "capacity_steps must be a whole number"),
    ],
)
def test_errors(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.compile(**arguments)
