"""The precision of products of float32."""

import contextlib
from types import SimpleNamespace

import keras
import pytest

from zoo import engine

BACKEND = keras.backend.backend()


def setting():
    """What decides on products on a GPU."""
    if BACKEND == "torch":
        import torch

        backends = torch.backends
        settings = (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn)
        return tuple(each.fp32_precision for each in settings)
    if BACKEND == "jax":
        import jax

        return jax.config.jax_default_matmul_precision
    import tensorflow as tf

    return tf.config.experimental.tensor_float_32_execution_enabled()


EXACT = {"torch": ("ieee", "none", "none"), "jax": "highest", "tensorflow": False}


def test_products_are_exact_in_the_context_alone(monkeypatch):
    if BACKEND == "jax":  # where a CPU has nothing to set
        monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    before = setting()
    assert before != EXACT[BACKEND]
    with engine.exact_float32():
        assert setting() == EXACT[BACKEND]
        if BACKEND == "torch":
            import torch

            assert torch.backends.cudnn.allow_tf32 is False  # the older switch can be read
    assert setting() == before
    with contextlib.suppress(KeyError), engine.exact_float32():
        raise KeyError
    assert setting() == before


def test_a_cpu_rounds_nothing():
    assert not engine.uses_tf32()


@pytest.mark.skipif(BACKEND != "jax", reason="what the others ask is the device alone")
def test_a_gpu_rounds_by_default(monkeypatch):
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    for capability, rounds in (("7.5", False), ("8.0", True), ("12.0", True), ("gfx942", False)):
        device = SimpleNamespace(compute_capability=capability)
        monkeypatch.setattr("jax.devices", lambda device=device: [device])
        assert engine.uses_tf32() is rounds
        with engine.exact_float32():
            assert not engine.uses_tf32()
