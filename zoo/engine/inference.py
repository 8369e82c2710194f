"""A function of arrays, applied batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from zoo import engine
from zoo.errors import ArgumentError, check_count


def batched(function: Callable, inputs: tuple[np.ndarray, ...], batch_size: int):
    """`function` over the rows of the arrays `inputs`, as a float32 NumPy array or a tuple of them.

    Rows go through in batches of `batch_size`, the last filled up to a power of two, so that at
    most log2(batch_size) + 2 shapes are ever compiled, whatever the number of rows.

    Args:
        function: from batches of `inputs` to tensors with as many rows, such as what
            `engine.compiled` gives.
        inputs: arrays of equally many rows, or dicts of them.
        batch_size: how many rows are computed at once.
    """
    check_count("batch_size", batch_size)
    total = len(keras.tree.flatten(inputs)[0])
    if not total:
        raise ArgumentError("There is nothing to compute: the inputs have no rows.")
    whole = None
    for start in range(0, total, batch_size):
        rows = min(batch_size, total - start)
        padded = min(batch_size, 1 << (rows - 1).bit_length())
        # What is missing repeats the last row.
        picked = np.minimum(np.arange(start, start + padded), total - 1)
        found = function(*keras.tree.map_structure(lambda x, rows=picked: x[rows], inputs))
        if whole is None:
            whole = keras.tree.map_structure(
                lambda y: np.empty((total, *y.shape[1:]), "float32"), found
            )
        for array, part in zip(keras.tree.flatten(whole), keras.tree.flatten(found), strict=True):
            array[start : start + rows] = engine.to_numpy(part)[:rows]
    return whole
