"""Small tools of the tests."""

import contextlib
import importlib.util
import math
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from keras import ops

DATA_EXTRA = ("tensorflow_datasets", "array_record", "grain")
MISSING = [name for name in DATA_EXTRA if importlib.util.find_spec(name) is None]


def skip_without_data(text: str) -> None:
    """Skips the test if `text`, an error, asks for the extra `data`, which is not installed."""
    asks = ("keras-generative-zoo[data]", *(f"No module named {name!r}" for name in MISSING))
    if MISSING and any(words in text for words in asks):
        pytest.skip(f"the extra 'data' is not installed: {', '.join(MISSING)}")


def array(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))


def weights_of(model) -> list[np.ndarray]:
    return [array(v).copy() for v in model.variables]


def python(*args, **environment) -> subprocess.CompletedProcess:
    """Runs Python in a process of its own, in which the other backends are absent too.

    A variable of the environment that is `None` is not set there.
    """
    variables = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *map(str, args)],
        env={key: str(value) for key, value in variables.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=600,
    )


@contextlib.contextmanager
def files_of_at_most(size: int):
    """A disk that is full after `size` bytes of each file, for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def numeric_gradient(fn, x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """The gradient of the scalar `fn` at `x`, by central differences in float64."""
    x = np.array(x, dtype="float64")
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        old = x[index]
        x[index] = old + step
        above = fn(x)
        x[index] = old - step
        below = fn(x)
        x[index] = old
        grad[index] = (above - below) / (2 * step)
    return grad


class Bank:
    """Takes the place of `zoo.engine.random.Random`: gives given numbers, in order.

    `normal` and `uniform` are flat arrays, or of shape `(steps, numbers)` with `step` the variable
    that counts the steps: then each step begins at the first number of its row, also in a compiled
    step, which is traced once.
    """

    def __init__(self, normal=None, uniform=None, step=None):
        self.numbers = {"normal": normal, "uniform": uniform}
        self.step = step
        self.begin()

    def begin(self):
        self.used = {"normal": 0, "uniform": 0}

    def _next(self, kind, shape):
        shape = tuple(int(size) for size in shape)
        start = self.used[kind]
        self.used[kind] = stop = start + math.prod(shape)
        numbers = ops.convert_to_tensor(self.numbers[kind], dtype="float32")
        if self.step is not None:
            row = ops.cast(ops.convert_to_tensor(self.step), "int32")
            numbers = ops.take(numbers, row, axis=0)
        assert stop <= numbers.shape[-1], "the bank is too small"
        return ops.reshape(numbers[start:stop], shape)

    def normal(self, shape):
        return self._next("normal", shape)

    def uniform(self, shape):
        return self._next("uniform", shape)
