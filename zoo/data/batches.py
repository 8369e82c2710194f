"""Shuffled batches of images in memory, the same on each backend, that can be entered at any
step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from keras.utils import PyDataset

from zoo.data.ranges import to_range
from zoo.errors import DataError, check_count


class Batches(PyDataset):
    """Batches of 8-bit images, or of points, in memory, for `fit`, `evaluate` and metrics.

    The order of the images in an epoch is a function of `seed` and the number of the epoch alone,
    the same on each backend. `stream` gives batches in that order, from any step on: so a resumed
    run sees exactly what the stopped one had not seen. When the object itself is given to `fit`,
    Keras visits the batches of each epoch in an order of its own unless `shuffle=False`.

    Args:
        images: 8-bit images of shape `(n, height, width, channels)`, or float32 points of shape
            `(n, features)`.
        labels: integer labels of shape `(n,)`, or `None`.
        batch_size: images in a batch; the last one of an epoch holds what is left.
        seed: the seed of the order.
        shuffle: whether images are put in a new order each epoch.
        value_range: the range of the float32 images that come out; points come out as they are.

    Elements are images, or `(images, labels)` where there are labels.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        value_range: tuple[float, float] | None = (-1.0, 1.0),
    ):
        super().__init__()
        if not len(images):
            raise DataError("images holds no image.")
        if (images.dtype, images.ndim) not in ((np.uint8, 4), (np.float32, 2)):
            raise DataError(
                "images must be 8-bit (uint8) of shape (n, height, width, channels), or points, "
                f"float32 of shape (n, features). Received: {images.dtype} of shape "
                f"{images.shape}."
            )
        if images.ndim == 4 and value_range is None:
            raise DataError("value_range must be a pair of numbers for images. Received: None.")
        if labels is not None and len(labels) != len(images):
            raise DataError(
                f"labels must be as many as images, {len(images)}. Received: {len(labels)}."
            )
        self.images = images
        self.labels = labels
        self.batch_size = check_count("batch_size", batch_size)
        self.seed = check_count("seed", seed, minimum=0)
        self.shuffle = shuffle
        self.value_range = value_range if images.ndim == 4 else None
        self.epoch = 0
        self._order = (None, None)

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int):
        return self.batch(self.epoch, index)

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def batch(self, epoch: int, index: int):
        """The batch `index` of `epoch`."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        rows = self.order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.images[rows]
        if self.value_range is not None:
            images = to_range(images, self.value_range)
        return images if self.labels is None else (images, self.labels[rows])

    def order(self, epoch: int) -> np.ndarray:
        """The order of the images in `epoch`."""
        if self._order[0] != epoch:
            rows = np.arange(len(self.images))
            if self.shuffle:
                rows = np.random.default_rng((self.seed, epoch)).permutation(rows)
            self._order = (epoch, rows)
        return self._order[1]

    @property
    def full_batches(self) -> int:
        """The number of batches of an epoch that are whole."""
        count = len(self.images) // self.batch_size
        if not count:
            raise DataError(
                f"batch_size must be at most the number of images, {len(self.images)}. "
                f"Received: {self.batch_size}."
            )
        return count

    def stream(self, start: int = 0) -> Iterator:
        """The whole batches of all epochs without end, as tuples, from step `start` on.

        What is left of an epoch after its last whole batch is dropped.
        """
        for step in itertools.count(start):
            batch = self.batch(*divmod(step, self.full_batches))
            yield batch if isinstance(batch, tuple) else (batch,)
