"""`Stream` and `Positioned`, through which Keras's trainers read batches of every kind."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator

import keras
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

from zoo import engine
from zoo.errors import ArgumentError


class _Adapter(DataAdapter):
    """A data adapter with one way to its batches, `engine.batches`, on each backend."""

    failure: Exception | None = None
    num_batches: int | None = None
    batch_size = has_partial_batch = partial_batch_size = None

    def _batches(self):
        return engine.batches(self)

    def _remembering(self, batches: Iterable) -> Iterator:
        """Yield `batches`, and remember an error of reading them for `own_errors`."""
        try:
            yield from batches
        except Exception as error:
            self.failure = error
            raise

    get_numpy_iterator = get_jax_iterator = get_torch_dataloader = get_tf_dataset = _batches


class Stream(_Adapter):
    """Batches of any source, each of which is looked at before it is trained on.

    The first batch is read when the stream is made, and no batch is read twice, but for the first
    of a `PyDataset` or of a `tf.data` pipeline on TensorFlow, which give it again.

    Attributes:
        source: the source of the batches.
        parts: a function from a batch to its parts, arrays or tensors.
        look: a function from these parts to a tuple of arrays, which raises for wrong ones.
        first: the arrays of the first batch, or `None` where reading it would lose it.
        needed: the number of batches that a source that is read once must give, or `None`.
        bounds: the lowest and the highest value of each array, or `None` for any value.
        failure: the error of a batch, or of reading it, which TensorFlow hides in one of its own.

    Args:
        source: a data set, a loader, an iterator or another iterable of batches.
        parts: see above.
        look: see above.
        bounds: see above.
        name: the name of the source in errors.
        shuffle: whether the batches of a `PyDataset` are read in a random order.
    """

    def __init__(
        self,
        source: Iterable,
        parts: Callable,
        look: Callable,
        bounds: tuple,
        name: str,
        shuffle: bool = False,
    ):
        self.source, self.parts, self.look = source, parts, look
        self.bounds, self.name = bounds, name
        self.first: tuple | None = None
        self.needed: int | None = None
        self._keras = None
        self._begun: Iterator | None = None
        if isinstance(source, keras.utils.PyDataset):
            self._keras = PyDatasetAdapter(source, shuffle=shuffle)
        self.read_once = isinstance(source, Iterator)
        self.num_batches = None if self.read_once else _length(source)
        if self.num_batches == 0:
            raise ArgumentError(f"{name} holds no batch.")
        if getattr(source, "read_once", False):  # the result of `engine.feed`
            return
        if self._keras is not None:
            self.first = look(*parts(source[0]))
            return
        iterator = iter(source)
        batch = next(iterator, None)
        if batch is None:
            raise ArgumentError(f"{name} holds no batch.")
        self.first = look(*parts(batch))
        if not engine.reads_itself(source):
            self._begun = itertools.chain([batch], iterator)

    def __iter__(self) -> Iterator[tuple]:
        """Return an iterator of the arrays of the batches of an epoch."""
        return self._remembering(self._epoch())

    def _epoch(self) -> Iterator[tuple]:
        if self._keras is not None:
            batches = self._keras.get_numpy_iterator()
        elif self._begun is not None:
            batches = self._begun
        else:
            batches = iter(self.source)
        if not self.read_once:
            self._begun = None
        count = 0
        for batch in batches:
            count += 1
            yield self.looked_at(*self.parts(batch))
        if not count:
            raise ArgumentError(
                f"{self.name} holds no batch any more. An iterator is read once: give "
                f"{'validation_steps' if 'validation' in self.name else 'steps_per_epoch'}, or "
                "what can be read in each epoch anew."
            )
        if self.read_once and self.needed is not None and count < self.needed:
            raise ArgumentError(
                f"{self.name} ended after {count} batches. steps_per_epoch times epochs asks for "
                f"{self.needed}."
            )

    def looked_at(self, *parts) -> tuple:
        """Return the arrays of the parts of a batch, or remember and raise its error."""
        try:
            return self.look(*parts)
        except Exception as error:
            self.failure = error
            raise

    def is_right(self, *parts) -> bool:
        """Return True for the parts of a right batch, or raise the error of a wrong one."""
        self.looked_at(*parts)
        return True

    def on_epoch_begin(self):
        if self._keras is not None:
            self._keras.on_epoch_begin()

    def on_epoch_end(self):
        if self._keras is not None:
            self._keras.on_epoch_end()


class Positioned(_Adapter):
    """The batches of `zoo.data` from a step that is known when the first epoch begins.

    A callback such as `BackupAndRestore` may choose the epoch after the stream was made.

    Args:
        source: batches with `stream(start)`.
        start: a function that returns the first step.
    """

    def __init__(self, source, start: Callable[[], int]):
        self.source, self.start = source, start

    def __iter__(self):
        return iter(engine.feed(self, self.start()))

    def step(self, number: int):
        """Return the batch of a step of the source."""
        return self.source.step(number)

    def stream(self, start: int) -> Iterator:
        """Yield the batches of the source from the step `start` on."""
        return self._remembering(self._from(start))

    def _from(self, start: int) -> Iterator:
        yield from self.source.stream(start)

    def gather(self):
        """Return the arrays and rows of the batches, or `None` if the source has none."""
        return self.source.gather() if hasattr(self.source, "gather") else None


@contextlib.contextmanager
def own_errors(*streams) -> Iterator[None]:
    """Raise the error of a batch itself, where a backend hides it in one of its own."""
    try:
        yield
    except Exception:
        for stream in streams:
            if getattr(stream, "failure", None) is not None:
                raise stream.failure from None
        raise


def _length(source) -> int | None:
    """Return the number of batches in an epoch, or `None` if it is unknown or without end."""
    if isinstance(source, keras.utils.PyDataset):
        return source.num_batches
    try:
        return len(source)
    except TypeError:
        return None
    except OverflowError:  # endless
        return None
