"""A run on a device of the user's choice, and one whose device has no memory left."""

import keras
import pytest
from helpers import python
from program import RING

import zoo
from zoo.cli.train import _move_to

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
    assert error.startswith("zoo: error: CPU has no memory for a step of GAN with batch_size=64, ")
    assert "--set batch_size=32" in error
    assert "Traceback" not in error
    assert [p.name for p in (tmp_path / "out" / "checkpoints").iterdir()] == ["step-00000000"]


def test_other_errors_stay_as_they_are():
    assert not zoo.engine.is_out_of_memory(RuntimeError("shapes differ"))
    assert not zoo.engine.is_out_of_memory(ValueError("RESOURCE_EXHAUSTED"))


@pytest.mark.once
def test_the_program_starts_anew_once(run, tmp_path, monkeypatch):
    """With the device in its environment, and the user's command line for `--resume`."""
    started = []

    def execve(program, command, environment):
        started.append((command, environment))
        raise SystemExit(0)

    monkeypatch.setattr("os.execve", execve)
    monkeypatch.setattr("sys.argv", ["zoo", "train", "x.py", "--device", "cpu"])
    code, *_ = run("train", RING, "--smoke", "--out", tmp_path / "out", "--device", "cpu")
    assert code == 0
    ((command, environment),) = started
    assert command[-4:] == ["train", "x.py", "--device", "cpu"]
    assert environment["KERAS_TORCH_DEVICE"] == environment["JAX_PLATFORMS"] == "cpu"
    assert environment["ZOO_STARTED_AS"]
    monkeypatch.setenv("ZOO_DEVICE", environment["ZOO_DEVICE"])
    _move_to("cpu", {})  # goes on here
    assert len(started) == 1


NO_GPU = ": error: --device must be one that torch finds here. Received: 'gpu'. It computes on CPU."


@pytest.mark.once
def test_a_gpu_that_is_not_there(run, tmp_path, monkeypatch):
    """In the process that was started for it."""
    monkeypatch.setenv("ZOO_DEVICE", "gpu")
    code, _, err = run("train", RING, "--smoke", "--out", tmp_path / "out", "--device", "gpu")
    assert (code, err) == (1, f"zoo{NO_GPU}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.once
@pytest.mark.heavy
def test_the_program_on_a_gpu_that_is_not_there(tmp_path):
    done = python(RING, "--smoke", "--out", tmp_path / "out", "--device", "gpu")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"gan_ring8.py{NO_GPU}"
    assert not (tmp_path / "out").exists()
