"""Application of a function to arrays, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from zoo import engine
from zoo.errors import ArgumentError, check_count


def batched(function: Callable, inputs: tuple[np.ndarray, ...], batch_size: int):
    """Return `function` of the rows of the arrays `inputs`, as float32 NumPy arrays.

    Rows are processed in batches of `batch_size`. The last batch is filled up to a power of two, so
    that at most log2(batch_size) + 2 shapes are ever compiled, for any number of rows. A batch is
    read while the next one is computed.

    Args:
        function: a function from batches of `inputs` to tensors, or a structure of them, with as
            many rows. `engine.compiled` returns such functions.
        inputs: arrays of equally many rows, or dicts of them.
        batch_size: the number of rows that are computed at once.

    Raises:
        ArgumentError: if the inputs have no rows.
    """
    check_count("batch_size", batch_size)
    total = len(keras.tree.flatten(inputs)[0])
    if not total:
        raise ArgumentError("There is nothing to compute: the inputs have no rows.")
    results = computed = None
    for start in range(0, total, batch_size):
        rows = min(batch_size, total - start)
        padded = min(batch_size, 1 << (rows - 1).bit_length())
        # The last row is repeated to fill the batch.
        indices = np.minimum(np.arange(start, start + padded), total - 1)
        outputs = function(*keras.tree.map_structure(lambda x, rows=indices: x[rows], inputs))
        if results is None:
            results = keras.tree.map_structure(
                lambda y: np.empty((total, *y.shape[1:]), "float32"), outputs
            )
        if computed is not None:
            _read(*computed, results)
        computed = start, rows, outputs
    _read(*computed, results)
    return results


def _read(start: int, rows: int, outputs, results) -> None:
    """Read the first `rows` of `outputs` into the rows of `results` from `start` on."""
    for array, output in zip(keras.tree.flatten(results), keras.tree.flatten(outputs), strict=True):
        array[start : start + rows] = engine.to_numpy(output)[:rows]
