"""Shuffled batches of images that are the same on each backend and can start at any step."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from keras.utils import PyDataset

from zoo.base.arrays import as_labels
from zoo.base.binarization import BINARIZATIONS, binarized
from zoo.base.logs import quiet
from zoo.base.processes import check_main_guard
from zoo.base.ranges import BYTES, as_bytes, to_range
from zoo.data.decoded import Broken
from zoo.data.image_format import check_crop
from zoo.data.stream import AHEAD, Stream
from zoo.errors import ArgumentError, DataError, check_choice, check_count


class Gather(NamedTuple):
    """Batches whose elements are rows of arrays in memory.

    `rows(epoch)` gives the row numbers, of shape `(steps, batch_size)`. 8-bit images are converted
    from 0 to 255 to `value_range`, unless it is `None`.
    """

    arrays: tuple[np.ndarray, ...]
    rows: Callable[[int], np.ndarray]
    steps: int
    batch_size: int
    value_range: tuple[float, float] | None


class Batches(PyDataset):
    """Batches of 8-bit images, or of points, for `fit`, `evaluate` and metrics.

    The order of the images and all randomness in a batch depend on three numbers alone: `seed`, the
    epoch, and the index of the batch. They are therefore the same on each backend and in a resumed
    run.

    The models of this package train on `stream`, which leaves out the last, smaller batch of an
    epoch. Any other Keras model takes the object itself. It visits the batches of each epoch in an
    order of its own unless `fit` is given `shuffle=False`.

    Elements are images, or `(images, labels)` if there are labels.

    Args:
        images: 8-bit images of shape `(n, height, width, channels)`, or bool for black and white,
            or float32 points of shape `(n, features)`. An object that is indexed like such an array
            serves too, see `zoo.data.Source`.
        labels: integer labels of shape `(n,)` or `(n, 1)`, or `None`.
        batch_size: the number of images in a batch. The last batch of an epoch holds the rest.
        seed: the seed of the order and of all random changes below.
        shuffle: whether each epoch has a new order.
        value_range: the range of the float32 images in a batch. Points are not converted.
        crop: `"random"` for another window in each epoch where `images` are larger than their
            windows, see `zoo.data.read`; `"centre"` or `"none"` for the middle.
        flip: whether each image is mirrored, left to right, with probability one half.
        dequantize: whether uniform noise of one grey level is added, drawn anew in each epoch. It
            makes likelihoods of continuous values finite (Theis et al. 2016).
        binarize: `None`, `"stochastic"`, `"sampled"` or `"threshold"`. `"stochastic"` makes a pixel
            white with its grey level as the probability, drawn anew in each epoch (Salakhutdinov
            and Murray 2008). `"sampled"` has one such draw for each image, which the image alone
            determines. `"threshold"` makes a pixel white above one half.
        shard: `(index, count)`, the process `index` of `count` that train together, which gets its
            rows of each batch. `batch_size` counts the rows of all processes, and `count` must
            divide it. Random numbers are drawn for the complete batch, so that the processes
            together see what one process would.
        decoding_processes: the number of processes that decode images for `stream`, for sets that
            are not held in memory. 0 decodes in threads; small images have one thread. Each process
            imports the script that started it, whose code must therefore stand below
            `if __name__ == "__main__":`.

    Raises:
        DataError: if images or labels have a wrong type, shape or number.
        ArgumentError: if another argument has a wrong value.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        value_range: tuple[float, float] | None = (-1.0, 1.0),
        crop: str = "centre",
        flip: bool = False,
        dequantize: bool = False,
        binarize: str | None = None,
        shard: tuple[int, int] = (0, 1),
        decoding_processes: int = 0,
    ):
        super().__init__()
        if not len(images):
            raise DataError("images holds no image.")
        if hasattr(images, "__getitem__"):
            images = as_bytes("images", images, DataError)
        _, *axes = images.shape
        if (images.dtype, len(axes)) not in ((np.uint8, 3), (np.float32, 1)):
            raise DataError(
                "images must be 8-bit (uint8) of shape (n, height, width, channels), or points, "
                f"float32 of shape (n, features). Received: {images.dtype} of shape "
                f"{images.shape}."
            )
        points = images.dtype == np.float32
        if not points and value_range is None:
            raise DataError("value_range must be a pair of numbers for images. Received: None.")
        if points and (flip or dequantize or binarize):
            raise ArgumentError("flip, dequantize and binarize are for images. Received: points.")
        if labels is not None:
            labels = as_labels("labels", labels, rows=len(images), error=DataError)
        if binarize is not None:
            check_choice("binarize", binarize, BINARIZATIONS)
            if dequantize:
                raise ArgumentError("dequantize=True and binarize= do not go together.")
        self.images = images
        self.labels = labels
        self.batch_size = check_count("batch_size", batch_size)
        self.seed = check_count("seed", seed, minimum=0)
        self.shuffle = shuffle
        self.value_range = None if points else value_range
        self.crop = check_crop(crop)
        self.flip = flip
        self.dequantize = dequantize
        self.binarize = binarize
        self.shard = _checked_shard(shard, batch_size)
        self.decoding_processes = check_count("decoding_processes", decoding_processes, minimum=0)
        self.epoch = 0  # the epoch whose batches `self[index]` gives
        self.position = 0  # the first step of the next `fit` of a model of this package
        self._order = (None, None)

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int):
        return self.batch(self.epoch, index)

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def sharded(self, index: int, count: int) -> Batches:
        """Return the same batches for process `index` of `count`, which takes its rows of each.

        Raises:
            ArgumentError: if the batches have another shard already.
        """
        if self.shard not in ((0, 1), (index, count)):
            raise ArgumentError(
                f"shard must be that of this process, {(index, count)}, or not given. Received: "
                f"{self.shard}."
            )
        sharded = copy.copy(self)
        sharded.shard = _checked_shard((index, count), self.batch_size)
        return sharded

    def process_rows(self, rows: int) -> slice:
        """Return the slice of the `rows` of a batch that belongs to this process."""
        index, count = self.shard
        return slice(rows * index // count, rows * (index + 1) // count)

    def fixed(self) -> Batches:
        """Return the same batches with the order and the noise of the first epoch in every epoch.

        They are meant for validation, whose results are compared between epochs.
        """
        fixed = copy.copy(self)
        fixed.epoch = 0
        fixed.on_epoch_end = lambda: None
        return fixed

    def batch(self, epoch: int, index: int):
        """Return the batch `index` of `epoch`, with the rows of this process."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        rows = self.order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]
        size, process_rows = len(rows), self.process_rows(len(rows))
        rows = rows[process_rows]
        generators = []

        def draw(*shape, **kwargs):
            if not generators:  # which takes longer than the rows of a small batch
                # NumPy pads short seeds with zeros, so the last number keeps this seed different
                # from the seed of the order.
                generators.append(np.random.default_rng((self.seed, epoch, index, 0, 1)))
            return generators[0].random((size, *shape), **kwargs)[process_rows]

        positions = draw(2) if self.crop == "random" else np.full((len(rows), 2), 0.5)
        while True:
            try:
                if hasattr(self.images, "readable"):
                    rows = self.images.readable(rows)
                windowed = hasattr(self.images, "windows")
                images = self.images.windows(rows, positions) if windowed else self.images[rows]
                break
            except Broken:
                continue  # `readable` now replaces the broken image
        images = self._changed(images, draw)
        return images if self.labels is None else (images, self.labels[rows])

    def _changed(self, images: np.ndarray, draw: Callable[..., np.ndarray]) -> np.ndarray:
        """Apply flips, noise, binarization and the value range to the 8-bit `images`.

        `draw(*shape)` gives random numbers of that shape for each image.
        """
        if self.value_range is None:
            return images
        if self.flip:
            mirrored = draw() < 0.5
            images[mirrored] = images[mirrored, :, ::-1]
        if self.dequantize:
            noisy = images + draw(*images.shape[1:], dtype="float32")
            # A sum that float32 rounds up to the next grey level is moved back below it.
            noisy = np.minimum(noisy, np.nextafter(images + np.float32(1), np.float32(0)))
            return to_range(noisy, self.value_range, source=(0.0, 256.0))
        if self.binarize is not None:
            numbers = functools.partial(draw, *images.shape[1:], dtype="float32")
            white = binarized(images, self.binarize, numbers)
            return to_range(white, self.value_range, source=(0.0, 1.0))
        return to_range(images, self.value_range, source=BYTES)

    def order(self, epoch: int) -> np.ndarray:
        """Return the order of the images in `epoch`."""
        last_epoch, order = self._order
        if last_epoch != epoch:
            order = np.arange(len(self.images))
            if self.shuffle:
                order = np.random.default_rng((self.seed, epoch)).permutation(order)
            self._order = (epoch, order)  # one assignment, since several threads read it
        return order

    @property
    def full_batches(self) -> int:
        """The number of complete batches in an epoch.

        Raises:
            DataError: if an epoch has fewer images than a batch.
        """
        count = len(self.images) // self.batch_size
        if not count:
            raise DataError(
                f"batch_size must be at most the number of images, {len(self.images)}. "
                f"Received: {self.batch_size}."
            )
        return count

    def step(self, step: int) -> tuple:
        """Return the complete batch of training step `step`, counted from the start of epoch 0."""
        batch = self.batch(*divmod(step, self.full_batches))
        return batch if isinstance(batch, tuple) else (batch,)

    def stream(self, start: int = 0):
        """Return an endless stream of the batches from step `start` on.

        Images that are not in memory are decoded while earlier batches are trained on.

        Returns:
            A `zoo.data.stream.Stream` of tuples, or with `decoding_processes` a
            `grain.IterDataset`. `fit` takes both on each backend together with the number of steps
            of an epoch, `full_batches`. The state of an iterator is its position.

        Raises:
            DataError: if `batch_size` is larger than an epoch, or grain, which starts the
                `decoding_processes`, is not installed.
            ArgumentError: if processes decode, and the script has no `__main__` guard.
        """
        self.step(start)  # an error is raised here, and not in a thread
        if isinstance(self.images, np.ndarray):
            # A batch takes a tenth of a millisecond, and a thread would only slow the training.
            return Stream(self.step, start)
        threads = getattr(self.images, "threads", 1)
        if not self.decoding_processes:
            return Stream(self.step, start, threads)
        check_main_guard("decoding_processes")
        grain = _grain()
        from absl import flags

        if not flags.FLAGS.is_parsed():  # grain reads flags, which nobody may have parsed
            flags.FLAGS.mark_as_parsed()
        steps = grain.MapDataset.range(start, sys.maxsize).map(self.step)
        stream = steps.to_iter_dataset(grain.ReadOptions(threads, max(AHEAD, threads)))
        return stream.mp_prefetch(grain.MultiprocessingOptions(self.decoding_processes, AHEAD))

    def gather(self) -> Gather | None:
        """Return the arrays and rows from which another library's pipeline builds the same batches.

        `None` is returned if a batch is more than rows of arrays in memory.
        """
        random = self.flip or self.dequantize or self.binarize is not None
        if random or not isinstance(self.images, np.ndarray):
            return None
        size, steps = self.batch_size, self.full_batches
        process_rows = self.process_rows(size)

        def rows(epoch: int) -> np.ndarray:
            return self.order(epoch)[: size * steps].reshape(steps, size)[:, process_rows]

        arrays = (self.images,) if self.labels is None else (self.images, self.labels)
        return Gather(arrays, rows, steps, process_rows.stop - process_rows.start, self.value_range)


def _checked_shard(shard: tuple[int, int], batch_size: int) -> tuple[int, int]:
    """Return `shard`, or raise an `ArgumentError` if it is no valid share of `batch_size`."""
    index, count = shard
    if not 0 <= index < count:
        raise ArgumentError(
            f"shard must be (index, count) with 0 <= index < count. Received: {shard!r}."
        )
    if batch_size % count:
        raise ArgumentError(
            f"batch_size must be a multiple of the number of shards, {count}. Received: "
            f"{batch_size}."
        )
    return index, count


def _grain():
    """Import grain.

    Raises:
        DataError: if it is not installed.
    """
    try:
        with quiet("absl"):  # without JAX, grain warns that it cannot profile
            import grain
    except ImportError as error:
        raise DataError(
            "decoding_processes needs the extra 'data': pip install 'keras-generative-zoo[data]'. "
            f"({error})"
        ) from error
    return grain
