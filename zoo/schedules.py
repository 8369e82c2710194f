"""Learning-rate schedules that Keras does not have."""

from __future__ import annotations

import keras
from keras import ops

from zoo.errors import ArgumentError, check_number


@keras.saving.register_keras_serializable("zoo")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate, then a straight line to zero.

    The rate at a step is rate * min(1, (end - step) / (end - start)), and 0 after `end`.

    Args:
        rate: the learning rate until the step `start`.
        end: the step at which the rate is zero.
        start: the step at which the decay begins; half of `end` by default.

    Raises:
        ArgumentError: if a value is not a finite number, or `start` is not below `end`.
    """

    def __init__(self, rate: float, end: int, start: int | None = None):
        check_number("rate", rate)
        check_number("end", end)
        start = end // 2 if start is None else start
        if not check_number("start", start) < end:
            raise ArgumentError(f"start must be below end. Received: start={start!r}, end={end!r}.")
        self.rate = rate
        self.start = start
        self.end = end

    def __call__(self, step):
        remaining_share = (self.end - ops.cast(step, "float32")) / (self.end - self.start)
        return self.rate * ops.clip(remaining_share, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "end": self.end, "start": self.start}
