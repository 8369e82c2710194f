"""On JAX a step of `fit` sends nothing to the device but its batch."""

from unittest import mock

import keras
import pytest

import zoo
from zoo.testing.examples import data_for

jax = pytest.importorskip("jax", reason="the guard is one of JAX")
GUARD = "jax_transfer_guard_host_to_device"


class Guarded(keras.callbacks.Callback):
    """Lets each step send only what is sent on purpose, as Keras sends batches to a GPU."""

    def on_train_batch_begin(self, batch, logs=None):
        jax.config.update(GUARD, "disallow")

    def on_train_batch_end(self, batch, logs=None):
        jax.config.update(GUARD, "allow")


def fit(make, as_on_a_gpu: bool):
    model = make()
    model.compile(**model.test_compile())
    data = data_for(model, 12)
    model.fit(*data, batch_size=4, verbose=0)
    try:
        with mock.patch("jax.default_backend", return_value="gpu" if as_on_a_gpu else "cpu"):
            model.fit(*data, batch_size=4, verbose=0, callbacks=[Guarded()])
    finally:
        jax.config.update(GUARD, "allow")


def test_a_step_sends_its_batch_alone(make):
    fit(make, as_on_a_gpu=True)


def test_what_is_sent_unasked_is_seen():
    """On a CPU Keras gives a step its batch as NumPy has it."""
    cls = zoo.models.GAN
    with pytest.raises(Exception, match="Disallowed host-to-device transfer"):
        fit(lambda: cls(**cls.test_config()), as_on_a_gpu=False)
