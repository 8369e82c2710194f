"""A model that is used no more leaves nothing in memory, whatever was done with it."""

import gc
import weakref

import keras
import numpy as np
import pytest

import zoo

IMAGES = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")


def trained(model, tmp_path):
    model.compile()
    model.fit(IMAGES, batch_size=4, verbose=0)
    return model


def sampled(model, tmp_path):
    model.sample(2, seed=0)


def saved(model, tmp_path):
    model.save(tmp_path / "model.keras")
    zoo.save(model, tmp_path / "preset")


def graphs():
    """The graphs of TensorFlow in memory, which hold what they compute with."""
    return sum(type(each).__name__ == "FuncGraph" for each in gc.get_objects())


@pytest.mark.parametrize("use", [trained, sampled, saved])
def test_a_model_is_forgotten(use, tmp_path):
    model = zoo.create("dcgan", image_shape=(8, 8, 1), width=2, latent_dim=2)
    network = weakref.ref(model.generator)
    gc.collect()
    before = graphs()
    use(model, tmp_path)
    del model
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    assert network() is None
    assert graphs() <= before
