"""Shuffled batches of images, the same on each backend, that can be entered at any step."""

from __future__ import annotations

import contextlib
import copy
import logging
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from keras.utils import PyDataset

from zoo.base.ranges import to_range
from zoo.data.decoded import Broken
from zoo.errors import ArgumentError, DataError, check_choice, check_count

AHEAD = 4  # batches that are made ready while a step is computed


class Gather(NamedTuple):
    """Batches that are rows of arrays.

    `rows(epoch)` gives the row numbers, of shape `(steps, batch_size)`; images of 8 bits are
    converted from 0 to 255 to `value_range`, unless it is `None`.
    """

    arrays: tuple[np.ndarray, ...]
    rows: Callable[[int], np.ndarray]
    steps: int
    batch_size: int
    value_range: tuple[float, float] | None


class Batches(PyDataset):
    """Batches of 8-bit images, or of points, for `fit`, `evaluate` and metrics.

    The order of the images in an epoch, and all that is random about a batch, is a function of
    `seed`, the number of the epoch and that of the batch alone: the same on each backend, and in a
    resumed run. The models of this package train on `stream`, which leaves out what is left of an
    epoch after its last whole batch; any Keras model takes the object itself, and then visits the
    batches of each epoch in an order of its own unless `shuffle=False` is given to `fit`.

    Args:
        images: 8-bit images of shape `(n, height, width, channels)`, or float32 points of shape
            `(n, features)`; or what is indexed like such an array, see `zoo.data.Source`.
        labels: integer labels of shape `(n,)`, or `None`.
        batch_size: images in a batch; the last one of an epoch holds what is left.
        seed: the seed of the order, and of all below.
        shuffle: whether images are put in a new order each epoch.
        value_range: the range of the float32 images that come out; points come out as they are.
        crop: `"center"`, or `"random"`: a window drawn anew each epoch, where images are not
            square.
        flip: whether each image is mirrored, left to right, with probability one half.
        dequantize: whether uniform noise of one grey level is added, drawn anew each epoch, so
            that likelihoods of continuous values are finite (Theis et al. 2016).
        binarize: `None`; `"stochastic"`, each pixel white with its grey level for a probability,
            drawn anew each epoch (Salakhutdinov and Murray 2008); or `"threshold"`, at one half.
        shard: `(index, count)`: of each batch, the rows for process `index` of `count` that train
            together. `batch_size` is that of all of them, which `count` must divide, and what is
            random is drawn for the whole batch: together they see what one process alone would.
        decoding_processes: how many processes decode images for `stream`, for sets that are not
            held in memory; 0 decodes in threads, of which there is one where images are small.

    Elements are images, or `(images, labels)` where there are labels.

    Raises:
        DataError: if the images are of no such kind.
        ValueError: if another argument has a wrong value.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        value_range: tuple[float, float] | None = (-1.0, 1.0),
        crop: str = "center",
        flip: bool = False,
        dequantize: bool = False,
        binarize: str | None = None,
        shard: tuple[int, int] = (0, 1),
        decoding_processes: int = 0,
    ):
        super().__init__()
        if not len(images):
            raise DataError("images holds no image.")
        if (images.dtype, len(images.shape)) not in ((np.uint8, 4), (np.float32, 2)):
            raise DataError(
                "images must be 8-bit (uint8) of shape (n, height, width, channels), or points, "
                f"float32 of shape (n, features). Received: {images.dtype} of shape "
                f"{images.shape}."
            )
        points = len(images.shape) == 2
        if not points and value_range is None:
            raise DataError("value_range must be a pair of numbers for images. Received: None.")
        if points and (flip or dequantize or binarize):
            raise ArgumentError("flip, dequantize and binarize are for images. Received: points.")
        if labels is not None and len(labels) != len(images):
            raise DataError(
                f"labels must be as many as images, {len(images)}. Received: {len(labels)}."
            )
        if binarize is not None:
            check_choice("binarize", binarize, ("stochastic", "threshold"))
            if dequantize:
                raise ArgumentError("dequantize=True and binarize= do not go together.")
        self.images = images
        self.labels = labels
        self.batch_size = check_count("batch_size", batch_size)
        self.seed = check_count("seed", seed, minimum=0)
        self.shuffle = shuffle
        self.value_range = None if points else value_range
        check_choice("crop", crop, ("center", "random"))
        self.crop = crop
        self.flip = flip
        self.dequantize = dequantize
        self.binarize = binarize
        self.shard = _checked_shard(shard, batch_size)
        self.decoding_processes = check_count("decoding_processes", decoding_processes, minimum=0)
        self.epoch = 0  # of the order in which the batches are indexed
        self.position = 0  # the step with which the next `fit` of this package's models begins
        self._order = (None, None)

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int):
        return self.batch(self.epoch, index)

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def sharded(self, index: int, count: int) -> Batches:
        """The same batches, of which process `index` of `count` takes its rows."""
        if self.shard not in ((0, 1), (index, count)):
            raise ArgumentError(
                f"shard must be that of this process, {(index, count)}, or not given. Received: "
                f"{self.shard}."
            )
        found = copy.copy(self)
        found.shard = _checked_shard((index, count), self.batch_size)
        return found

    def own(self, rows: int) -> slice:
        """Which of the `rows` of a batch are those of this process."""
        index, count = self.shard
        return slice(rows * index // count, rows * (index + 1) // count)

    def fixed(self) -> Batches:
        """The same batches, in the order and with the noise of the first epoch each time: for
        validation, whose results are to be compared."""
        found = copy.copy(self)
        found.epoch = 0
        found.on_epoch_end = lambda: None
        return found

    def batch(self, epoch: int, index: int):
        """The batch `index` of `epoch`, of this process."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        rows = self.order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]
        whole, own = len(rows), self.own(len(rows))
        rows = rows[own]
        # The last number keeps this seed from being that of the order, to which NumPy would add
        # zeros.
        rng = np.random.default_rng((self.seed, epoch, index, 0, 1))

        def draw(*shape, **kwargs):
            return rng.random((whole, *shape), **kwargs)[own]

        where = draw(2) if self.crop == "random" else np.full((len(rows), 2), 0.5)
        while True:
            try:
                if hasattr(self.images, "readable"):
                    rows = self.images.readable(rows)
                windowed = hasattr(self.images, "windows")
                images = self.images.windows(rows, where) if windowed else self.images[rows]
                break
            except Broken:
                continue  # which one, `readable` knows now
        images = self._changed(images, draw)
        return images if self.labels is None else (images, self.labels[rows])

    def _changed(self, images: np.ndarray, draw: Callable[..., np.ndarray]) -> np.ndarray:
        """What the arguments ask to be done with the 8-bit `images`; `draw(*shape)` gives numbers
        of that shape for each."""
        if self.value_range is None:
            return images
        if self.flip:
            mirrored = draw() < 0.5
            images[mirrored] = images[mirrored, :, ::-1]
        if self.dequantize:
            noisy = images + draw(*images.shape[1:], dtype="float32")
            # Float32 rounds some sums up to the next grey level.
            noisy = np.minimum(noisy, np.nextafter(images + np.float32(1), np.float32(0)))
            return to_range(noisy, self.value_range, source=(0.0, 256.0))
        if self.binarize is not None:
            stochastic = self.binarize == "stochastic"
            level = draw(*images.shape[1:], dtype="float32") if stochastic else 0.5
            white = images > np.float32(255) * level
            return to_range(white, self.value_range, source=(0.0, 1.0))
        return to_range(images, self.value_range)

    def order(self, epoch: int) -> np.ndarray:
        """The order of the images in `epoch`."""
        kept, order = self._order
        if kept != epoch:
            order = np.arange(len(self.images))
            if self.shuffle:
                order = np.random.default_rng((self.seed, epoch)).permutation(order)
            self._order = (epoch, order)  # at once: threads look at it
        return order

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

    def step(self, step: int) -> tuple:
        """The whole batch of training step `step`, counted from the first epoch's first."""
        batch = self.batch(*divmod(step, self.full_batches))
        return batch if isinstance(batch, tuple) else (batch,)

    def stream(self, start: int = 0):
        """The batches of all steps from `start` on, without end; those that are not in memory are
        made ready while others are trained on.

        Returns:
            A `grain.IterDataset` of tuples, which `fit` takes on each backend, with the number of
            steps of an epoch, `full_batches`. The state of its iterator is the position.

        Raises:
            DataError: if grain is not installed, or `batch_size` is larger than an epoch.
        """
        grain = _grain()
        self.step(start)  # what raises does so here, and not in a thread
        steps = grain.MapDataset.range(start, sys.maxsize).map(self.step)
        if isinstance(self.images, np.ndarray):
            # Put together in a tenth of a millisecond: a thread would only disturb the training.
            return steps.to_iter_dataset(grain.ReadOptions(0, 0))
        threads = getattr(self.images, "threads", 1)
        stream = steps.to_iter_dataset(grain.ReadOptions(threads, max(AHEAD, threads)))
        if self.decoding_processes:
            from absl import flags

            if not flags.FLAGS.is_parsed():  # grain reads flags, also where no program parses any
                flags.FLAGS.mark_as_parsed()
            workers = grain.MultiprocessingOptions(self.decoding_processes, AHEAD)
            stream = stream.mp_prefetch(workers)
        return stream

    def gather(self) -> Gather | None:
        """How a pipeline of another library puts the same batches together; `None` where there is
        more to a batch than rows of arrays in memory."""
        drawn = self.flip or self.dequantize or self.binarize is not None
        if drawn or not isinstance(self.images, np.ndarray):
            return None
        size, steps, own = self.batch_size, self.full_batches, self.own(self.batch_size)

        def rows(epoch: int) -> np.ndarray:
            return self.order(epoch)[: size * steps].reshape(steps, size)[:, own]

        arrays = (self.images,) if self.labels is None else (self.images, self.labels)
        return Gather(arrays, rows, steps, own.stop - own.start, self.value_range)


def _checked_shard(shard: tuple[int, int], batch_size: int) -> tuple[int, int]:
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
    try:
        with _quiet("absl"):  # grain warns that it cannot profile where there is no JAX
            import grain
    except ImportError as error:
        raise DataError(
            "Streams of batches need the extra 'data': pip install 'keras-generative-zoo[data]'. "
            f"({error})"
        ) from error
    return grain


@contextlib.contextmanager
def _quiet(name: str):
    log = logging.getLogger(name)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
