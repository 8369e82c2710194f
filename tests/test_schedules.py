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


def test_warm_cosine():
    schedule = zoo.WarmCosine(0.5, warm=10, end=30)
    found = [float(array(schedule(step))) for step in (0, 5, 10, 15, 20, 30, 99)]
    late = 0.25 * (1 + np.cos(np.pi / 4))
    np.testing.assert_allclose(found, [0.0, 0.25, 0.5, late, 0.25, 0.0, 0.0], atol=1e-7)


@pytest.mark.parametrize(("end", "warm", "first"), [(100, 2, 0.0), (40, 0, 0.5)])
def test_warm_cosine_rises_over_a_fiftieth(end, warm, first):
    schedule = zoo.WarmCosine(0.5, end)
    assert schedule.warm == warm
    found = [float(array(schedule(step))) for step in (0, warm, end)]
    np.testing.assert_allclose(found, [first, 0.5, 0.0], atol=1e-7)


def test_linear_decay_in_an_optimizer():
    optimizer = keras.optimizers.SGD(zoo.LinearDecay(1.0, end=4, start=0))
    weight = keras.Variable(np.zeros(1, "float32"))
    steps = []
    for _ in range(5):
        before = float(array(weight)[0])
        optimizer.apply([keras.ops.ones((1,))], [weight])
        steps.append(before - float(array(weight)[0]))
    np.testing.assert_allclose(steps, [1.0, 0.75, 0.5, 0.25, 0.0], atol=1e-6)


SCHEDULES = (zoo.LinearDecay, zoo.WarmCosine)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_configuration_round_trip(schedule):
    config = keras.saving.serialize_keras_object(schedule(0.5, 30, 10))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, schedule)
    assert again.get_config() == schedule(0.5, 30, 10).get_config()
    assert sorted(again.get_config().values()) == [0.5, 10, 30]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    "arguments",
    [(-1.0, 10, 0), (0.1, 10, 10), (0.1, 10, -1), (0.1, "end", 0), (0.1, "end"), (0.1, 0)],
)
def test_errors(schedule, arguments):
    with pytest.raises(ValueError, match="must be"):
        schedule(*arguments)
