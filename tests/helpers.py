"""Small tools of the tests."""

import os
import subprocess
import sys

import numpy as np
from keras import ops


def array(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))


def weights_of(model) -> list[np.ndarray]:
    return [array(v).copy() for v in model.variables]


def python(*args, **environment) -> subprocess.CompletedProcess:
    """Runs Python in a process of its own, in which the other backends are absent too."""
    return subprocess.run(
        [sys.executable, *map(str, args)],
        env={**os.environ, **{key: str(value) for key, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=600,
    )


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
