"""A model that is used no more leaves nothing in memory, whatever was done with it."""

import ctypes
import gc
import weakref
from pathlib import Path

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


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow" or not Path("/proc/self/status").exists(),
    reason="names are kept by TensorFlow, and memory is measured on Linux",
)
def test_memory_does_not_grow_with_the_models_that_were_read():
    """TensorFlow keeps 35 KiB for the name of each variable that ever was, 17 MiB in this test."""

    def resident():
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        (line,) = [x for x in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in x]
        return int(line.split()[1]) / 1024

    for count in range(16):
        zoo.load("dcgan_mnist")
        if count == 3:
            before = resident()
    assert resident() - before < 8
