"""Batches of arrays of which each process takes its own rows."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


class Rows(keras.utils.PyDataset):
    """The rows of process `index` of `count` in each batch of the arrays.

    Args:
        arrays: images, or images and labels.
        batch_size: the number of rows in a batch of all processes together.
        shard: `(index, count)`.
        seed: the seed of the order, which changes in each epoch. `None` keeps the order of the
            arrays.
    """

    def __init__(self, arrays: tuple, batch_size: int, shard: tuple[int, int], seed=None):
        super().__init__()
        self.arrays = tuple(ops.convert_to_numpy(x) if ops.is_tensor(x) else x for x in arrays)
        self.batch_size = batch_size
        self.shard = shard
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.order = np.arange(len(self.arrays[0]))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, step: int) -> tuple:
        index, count = self.shard
        rows = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        process_rows = rows[len(rows) * index // count : len(rows) * (index + 1) // count]
        return tuple(x[process_rows] for x in self.arrays)

    def on_epoch_end(self) -> None:
        if self.rng is not None:
            self.order = self.rng.permutation(self.order)
