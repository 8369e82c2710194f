"""A function of arrays, applied batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from zoo.errors import check_count


def batched(function: Callable, inputs: tuple[np.ndarray, ...], batch_size: int):
    """`function` over the rows of the arrays `inputs`, as a float32 NumPy array or a tuple of them.

    Rows go through in batches of `batch_size`, the last filled up to a power of two, so that at
    most log2(batch_size) + 2 shapes are ever compiled, whatever the number of rows.

    Args:
        function: from batches of `inputs` to tensors with as many rows, such as what
            `engine.compiled` gives.
        inputs: arrays of equally many rows.
        batch_size: how many rows are computed at once.
    """
    check_count("batch_size", batch_size)
    total = len(inputs[0])
    outputs = []
    for start in range(0, total, batch_size):
        rows = min(batch_size, total - start)
        padded = min(batch_size, 1 << (rows - 1).bit_length())
        # What is missing repeats the last row.
        picked = np.minimum(np.arange(start, start + padded), total - 1)
        out = function(*(x[picked] for x in inputs))
        outputs.append(
            keras.tree.map_structure(
                lambda y, rows=rows: ops.convert_to_numpy(y)[:rows].astype("float32"), out
            )
        )
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)
