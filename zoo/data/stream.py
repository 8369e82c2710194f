"""`Stream`, the endless batches of a training from any step on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from keras.utils import PyDataset

AHEAD = 4  # batches that are prepared while a step is computed


class Stream(PyDataset):
    """The batches of a training, in their order and without an end.

    `fit` takes it on each backend, together with the number of steps of an epoch.

    Args:
        step: a function that returns the batch of a step.
        start: the step of the first batch.
        threads: the number of threads that prepare the next batches while earlier ones are trained
            on; with 0 a batch is made when it is read.
    """

    num_batches = None  # no end

    def __init__(self, step: Callable[[int], Any], start: int = 0, threads: int = 0):
        super().__init__()
        self.step = step
        self.start = start
        self.ahead = max(AHEAD, threads)
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._prepared: dict[int, Future] = {}

    def __getitem__(self, index: int):
        if self._pool is None:
            return self.step(self.start + index)
        prepared = self._prepared
        self._prepared = {
            i: prepared.get(i) or self._pool.submit(self.step, self.start + i)
            for i in range(index, index + self.ahead)
        }
        return self._prepared[index].result()

    def __iter__(self) -> Position:
        return Position(self)


class Position(Iterator):
    """An iterator of a stream, whose state is its position."""

    def __init__(self, stream: Stream):
        self.stream = stream
        self.index = 0

    def __next__(self):
        batch = self.stream[self.index]
        self.index += 1
        return batch

    def get_state(self) -> dict[str, int]:
        """Return the number of the next batch, for `set_state` of another such iterator."""
        return {"next_index": self.index}

    def set_state(self, state: dict[str, int]) -> None:
        """Go to the position `state`."""
        self.index = state["next_index"]
