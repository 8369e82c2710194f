"""Learning-rate schedules that Keras does not have."""

from __future__ import annotations

import keras
from keras import ops

from zoo.errors import ArgumentError, check_number


@keras.saving.register_keras_serializable("zoo")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant rate, then a straight line to zero: rate * min(1, (end - step) / (end - start)),
    and 0 past `end`.

    Args:
        rate: the learning rate until the step `start`.
        start: the step at which the decay begins.
        end: the step at which the rate is zero.
    """

    def __init__(self, rate: float, start: int, end: int):
        check_number("rate", rate)
        if not check_number("start", start) < check_number("end", end):
            raise ArgumentError(f"start must be below end. Received: start={start!r}, end={end!r}.")
        self.rate = rate
        self.start = start
        self.end = end

    def __call__(self, step):
        left = (self.end - ops.cast(step, "float32")) / (self.end - self.start)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "start": self.start, "end": self.end}
