"""Learning-rate schedules."""

import keras
import numpy as np
import pytest
from helpers import array

import zoo


def test_linear_decay():
    schedule = zoo.LinearDecay(0.5, start=10, end=30)
    found = [float(array(schedule(step))) for step in (0, 10, 15, 20, 30, 99)]
    np.testing.assert_allclose(found, [0.5, 0.5, 0.375, 0.25, 0.0, 0.0], rtol=1e-6)


def test_linear_decay_begins_half_way():
    schedule = zoo.LinearDecay(0.5, 30)
    found = [float(array(schedule(step))) for step in (0, 15, 21, 30)]
    np.testing.assert_allclose(found, [0.5, 0.5, 0.3, 0.0], rtol=1e-6)


def test_linear_decay_in_an_optimizer():
    optimizer = keras.optimizers.SGD(zoo.LinearDecay(1.0, end=4, start=0))
    weight = keras.Variable(np.zeros(1, "float32"))
    steps = []
    for _ in range(5):
        before = float(array(weight)[0])
        optimizer.apply([keras.ops.ones((1,))], [weight])
        steps.append(before - float(array(weight)[0]))
    np.testing.assert_allclose(steps, [1.0, 0.75, 0.5, 0.25, 0.0], atol=1e-6)


def test_configuration_round_trip():
    config = keras.saving.serialize_keras_object(zoo.LinearDecay(0.5, 30, 10))
    again = keras.saving.deserialize_keras_object(config)
    assert (again.rate, again.start, again.end) == (0.5, 10, 30)


@pytest.mark.parametrize(
    "arguments",
    [(-1.0, 10, 0), (0.1, 10, 10), (0.1, 10, -1), (0.1, "end", 0), (0.1, "end"), (0.1, 0)],
)
def test_errors(arguments):
    with pytest.raises(ValueError, match="must be"):
        zoo.LinearDecay(*arguments)
