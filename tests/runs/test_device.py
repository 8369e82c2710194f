"""A run on a device of the user's choice, and one whose device has no memory left."""

import json

import keras
import pytest
from helpers import python
from program import RING

import zoo

MESSAGES = {
    "torch": "CUDA out of memory",
    "jax": "RESOURCE_EXHAUSTED: Out of memory",
    "tensorflow": "OOM",
}


def out_of_memory():
    """The error of the backend."""
    backend, message = keras.backend.backend(), MESSAGES[keras.backend.backend()]
    if backend == "torch":
        import torch

        return torch.OutOfMemoryError(message)
    if backend == "jax":
        import jax

        return jax.errors.JaxRuntimeError(message)
    import tensorflow as tf

    return tf.errors.ResourceExhaustedError(None, None, message)


def test_no_memory_for_a_step(run, tmp_path, monkeypatch):
    def update(self, batch):
        raise out_of_memory()

    monkeypatch.setattr(zoo.models.GAN, "update", update)
    code, _, error = run(
        "train", RING, "--smoke", "--set", "batch_size=64", "--out", tmp_path / "out"
    )
    assert code == 1
    assert error.startswith("zoo: error: CPU has no memory for a step of GAN with batch_size=64. ")
    assert "--set batch_size=32" in error
    assert "Traceback" not in error
    assert [p.name for p in (tmp_path / "out" / "checkpoints").iterdir()] == ["step-00000000"]


def test_other_errors_stay_as_they_are():
    assert not zoo.engine.is_out_of_memory(RuntimeError("shapes differ"))
    assert not zoo.engine.is_out_of_memory(ValueError("RESOURCE_EXHAUSTED"))


@pytest.mark.once
def test_a_run_on_the_cpu(tmp_path):
    """The program starts anew with the device in its environment, once."""
    out = tmp_path / "out"
    options = ("--smoke", "--epochs", 1, "--set", "batch_size=64", "--out", out)
    done = python(RING, *options, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    card = json.loads((out / "preset" / "card.json").read_text())
    assert card["training"]["device"].startswith("CPU")
    assert "--device cpu" in done.stdout or "--device" not in done.stdout


@pytest.mark.once
def test_a_gpu_that_is_not_there(tmp_path):
    done = python(RING, "--smoke", "--out", tmp_path / "out", "--device", "gpu")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        "gan_ring8.py: error: --device must be one that torch finds here. Received: 'gpu'. It "
        "computes on CPU."
    )
    assert not (tmp_path / "out").exists()
