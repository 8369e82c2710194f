"""Small data for any model, made of its spaces, and what the checks compare."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.data import Source

BATCH = 8

Make = Callable[..., Any]


class Skipped(Exception):
    """A check that does not apply to a model; its text says why."""


def arrays(model, n: int = BATCH, seed: int = 0) -> tuple:
    """Return `n` examples of the data of `model`, and of its conditions where it has any."""
    data = model.data.example(n, seed)
    return (data,) if model.condition is None else (data, model.condition.example(n, seed + 1))


def fed(model, data, *condition) -> tuple:
    """Return data, and conditions, in the order in which `fit` takes them."""
    return model.data_and_condition(data, *condition) if condition else (data,)


def data_for(model, n: int = BATCH, seed: int = 0) -> tuple:
    """Return `n` examples as the arguments of `fit` and `evaluate`."""
    return fed(model, *arrays(model, n, seed))


def source_for(model, n: int, seed: int = 0) -> Source:
    """Return `n` examples as files hold them."""
    data, *condition = arrays(model, n, seed)
    stored = [model.condition.to_stored(values) for values in condition]
    return Source("examples", model.data.to_stored(data), *(stored or [None]))


def array(tensor) -> np.ndarray:
    """Return a tensor or a variable as an array."""
    return np.asarray(ops.convert_to_numpy(tensor))


def values_of(variables) -> list[np.ndarray]:
    """Return copies of the values of variables."""
    return [array(variable).copy() for variable in variables]


def state_of(model) -> list[np.ndarray]:
    """Return the values of all variables of a model and of its optimizers."""
    return values_of([*model.variables, *model.optimizer.variables])


def set_state(model, state: list[np.ndarray]) -> None:
    """Put what `state_of` gave back into the model."""
    variables = [*model.variables, *model.optimizer.variables]
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def assert_equal(values, others, text: str) -> None:
    """Raise unless two lists of arrays are equal, bit for bit."""
    for value, other in zip(values, others, strict=True):
        assert_close(value, other, text, 0)


def assert_close(value, other, text: str, tolerance: float = 1e-4) -> None:
    """Raise unless two arrays are of one shape and equal up to rounding."""
    assert np.shape(value) == np.shape(other), f"{text}: {np.shape(value)}, not {np.shape(other)}"
    close = np.allclose(value, other, tolerance, tolerance, equal_nan=True)
    value, other = (np.asarray(x, dtype="float64") for x in (value, other))
    assert close, f"{text}, by up to {np.abs(value - other).max():g}"


def assert_data(model, values, n: int, text: str) -> None:
    """Raise unless `values` are `n` data of the model's space."""
    assert isinstance(values, np.ndarray), f"{text} must be a NumPy array"
    assert values.dtype == np.float32, f"{text} must be float32, not {values.dtype}"
    assert values.shape == (n, *model.data.shape), f"{text} has the shape {values.shape}"
    model.data.check_values(text, values, in_training=False)


def assert_finite(logs: dict[str, Any]) -> None:
    """Raise unless all numbers of a history or of an evaluation are finite."""
    for name, values in logs.items():
        assert np.isfinite(values).all(), f"{name} is not finite: {values}"


@contextlib.contextmanager
def refused(pattern: str, what: str) -> Iterator[None]:
    """Raise unless the statements inside raise a `ValueError` that matches `pattern`."""
    try:
        yield
    except ValueError as error:
        message = str(error)
    else:
        raise AssertionError(f"{what} must be refused")
    text = f"{what} must be refused by an error that matches {pattern!r}, not by {message!r}"
    assert re.search(pattern, message, re.DOTALL), text


@contextlib.contextmanager
def policy(name: str) -> Iterator[None]:
    """Use the dtype policy `name` inside."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
