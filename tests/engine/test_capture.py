"""A captured step on PyTorch is the plain step, bit for bit."""

import keras
import numpy as np
import pytest
from helpers import weights_of

import zoo
from zoo.testing.examples import arrays

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="TensorFlow and JAX compile steps themselves"
)


def trained(make, jit):
    """A model after twelve steps of two shapes and validation, and what they logged."""
    keras.utils.set_random_seed(0)
    model = make()
    model.compile(**{**model.test_compile(), "jit_compile": jit})
    data = arrays(model, 10)
    history = model.fit(
        *data, batch_size=4, epochs=6, shuffle=False, verbose=0, validation_data=data
    )
    return model, history.history


def test_captured_steps_are_the_plain_ones(make):
    plain, plain_logs = trained(make, False)
    captured, logs = trained(make, True)
    assert logs == plain_logs
    for weight, expected in zip(weights_of(captured), weights_of(plain), strict=True):
        np.testing.assert_array_equal(weight, expected)
    steps = captured.train_function.captured
    assert len(steps.replays) == 2
