"""Learning-rate schedules that Keras does not have."""

from __future__ import annotations

import math

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
        self.rate, self.end, self.start = _check(rate, end, "start", start, share=2)

    def __call__(self, step):
        remaining_share = (self.end - ops.cast(step, "float32")) / (self.end - self.start)
        return self.rate * ops.clip(remaining_share, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "end": self.end, "start": self.start}


@keras.saving.register_keras_serializable("zoo")
class WarmCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A straight line from zero up to a learning rate, then half a cosine down to zero.

    The rate at a step is rate * step / warm up to the step `warm`, then rate * (1 + cos(pi *
    (step - warm) / (end - warm))) / 2, and 0 after `end`. (With a warm-up,
    `keras.optimizers.schedules.CosineDecay` chooses between its two parts by a condition, so that
    no step of Adam is captured on PyTorch.)

    Args:
        rate: the learning rate at the step `warm`, the greatest.
        end: the step at which the rate is zero.
        warm: the number of steps in which the rate rises; a fiftieth of `end` by default.

    Raises:
        ArgumentError: if a value is not a finite number, or `warm` is not below `end`.
    """

    def __init__(self, rate: float, end: int, warm: int | None = None):
        self.rate, self.end, self.warm = _check(rate, end, "warm", warm, share=50)

    def __call__(self, step):
        step = ops.cast(step, "float32")
        risen_share = ops.minimum(step / self.warm, 1.0) if self.warm else 1.0
        fallen_share = ops.clip((step - self.warm) / (self.end - self.warm), 0.0, 1.0)
        return self.rate * risen_share * (1.0 + ops.cos(math.pi * fallen_share)) / 2.0

    def get_config(self):
        return {"rate": self.rate, "end": self.end, "warm": self.warm}


def _check(rate: float, end: int, name: str, step: int | None, share: int):
    """Return the rate, the end, and the step `name`, by default `end` // `share`."""
    check_number("rate", rate)
    check_number("end", end)
    step = end // share if step is None else step
    if not check_number(name, step) < end:
        raise ArgumentError(f"{name} must be below end. Received: {name}={step!r}, end={end!r}.")
    return rate, end, step
