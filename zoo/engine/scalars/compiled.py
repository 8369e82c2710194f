"""The operations on TensorFlow and JAX, which hold numbers as constants of a compiled step."""

from __future__ import annotations

from keras import ops


def clamp(x, low: float | None = None, high: float | None = None):
    x = x if low is None else ops.maximum(x, low)
    return x if high is None else ops.minimum(x, high)


def cast(x, dtype: str):
    return ops.cast(x, dtype)


def fill(x, where, number: float):
    return ops.where(where, number, x)


def add_to(variable, number: int) -> None:
    variable.assign_add(ops.cast(number, variable.dtype))


def blend(means, weights, decay) -> None:
    for mean, weight in zip(means, weights, strict=True):
        mean.assign(weight + (mean - weight) * cast(decay, mean.dtype))


def sent(values):
    return ops.convert_to_tensor(values)
