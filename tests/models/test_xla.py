"""On TensorFlow a step that XLA compiles, as it is by default on a GPU, is the plain step."""

import keras
import numpy as np
import pytest
from helpers import weights_of

import zoo
from zoo.testing.examples import arrays

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the plain step of JAX is compiled by XLA"
)


def trained(make, with_xla):
    """A model after two steps, and what they logged."""
    keras.utils.set_random_seed(0)
    model = make()
    # Adam would magnify the rounding of gradients that are zero.
    own = {"optimizer": keras.optimizers.SGD(0.01), "jit_compile": with_xla}
    model.compile(**{**model.test_compile(), **own})
    data = arrays(model, 8)
    history = model.fit(*data, batch_size=4, shuffle=False, verbose=0, validation_data=data)
    return model, {name: values[-1] for name, values in history.history.items()}


def test_a_step_with_xla(make):
    plain, plain_logs = trained(make, False)
    compiled, logs = trained(make, True)
    assert compiled.jit_compile
    assert logs == pytest.approx(plain_logs, rel=1e-3, abs=1e-4)
    for weight, expected in zip(weights_of(compiled), weights_of(plain), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-3, atol=1e-4)


def test_steps_of_several_devices_are_refused(monkeypatch):
    """XLA knows neither collective operations nor variables of several devices."""
    monkeypatch.setattr("zoo.engine.parallel.tensorflow._workers.count", 2)
    model = zoo.create("gan", image_shape=(4, 4, 1))
    model.compile()
    assert not model.jit_compile
    with pytest.raises(ValueError, match="jit_compile must be False or 'auto' where several"):
        model.compile(jit_compile=True)
