"""The sets of data of an evaluation, real data and samples, computed here or by many processes."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.base.memory import check_memory
from zoo.data import Source
from zoo.engine.identity import weights_sha256
from zoo.errors import ArgumentError, StorageError
from zoo.evaluation.collected import PART, Collected, outputs_of, spans
from zoo.evaluation.metric import PerDatum, Subject
from zoo.evaluation.plan import Plan
from zoo.files.arrays import opened
from zoo.files.home import atomic_file
from zoo.files.parts import Parts

Needs = frozenset[str]
SECONDS = 1.0  # between two looks for the parts of other processes
PLAN_FORMAT = 2


class Sets:
    """The real data and the samples of an evaluation, in parts of `PART`.

    Args:
        todo: the evaluation.
        progress: is called with the number of data of each part.

    Attributes:
        real: the real data by the name of their set, `"test"` and, if they are scored, `"train"`.
    """

    def __init__(self, todo: Plan, progress: Callable[[int], None] = lambda n: None):
        self.todo = todo
        self.progress = progress
        self.real: dict[str, Source] = {"test": todo.test}
        if todo.scores_training_data:
            self.real["train"] = todo.baseline
        self._kept: dict[Hashable, Any] = {}

    def subject(self, seed: int, real: Collected | None = None) -> Subject:
        """Return the subject of a measurement, with the statistics `real` of the real data."""
        todo, values = self.todo, functools.partial(self.values, seed=seed)
        once = functools.partial(self._once, seed)
        return Subject(todo.model, todo.test, real, todo.train, seed, values, once)

    def _once(self, seed: int, name: Hashable, compute: Callable[[], Any]):
        """Return `compute()`, which is called once for each seed and name."""
        key = (seed, name)
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    def outputs(
        self, name: str | int, needs: Needs, spans: Iterable[range] | None = None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield the outputs of the parts of a set, see `outputs_of`.

        `name` is the name of real data, or the seed of samples; `spans` are the rows of the parts,
        by default all.
        """
        for images, labels in self.data(name, spans):
            yield outputs_of(images, labels, needs, self.todo.extractor)
            self.progress(len(images))

    def values(self, metric: PerDatum, seed: int) -> np.ndarray:
        """Return the values that a metric gives to all test data."""
        return np.concatenate(list(self.value_parts(metric, seed, self.spans_of(metric))))

    def value_parts(
        self, metric: PerDatum, seed: int, spans: Iterable[range]
    ) -> Iterator[np.ndarray]:
        """Yield the values that a metric gives to spans of the test data."""
        for values in metric.values(self.subject(seed), spans):
            yield values
            self.progress(len(values))

    def spans(self, name: str | int) -> list[range]:
        """Return the rows of each part of a set."""
        return spans(len(self.real[name].images) if name in self.real else self.todo.samples)

    def spans_of(self, metric: PerDatum) -> list[range]:
        """Return the rows of each part of the test data to which a metric gives values."""
        whole = range(len(self.todo.test.images))
        return spans(len(whole)) if metric.divides(self.todo.model) else [whole]

    def data(self, name: str | int, spans: Iterable[range] | None = None):
        """Yield the parts of a set, as they are stored, with their labels; `spans` are their rows,
        by default all."""
        if name not in self.real:
            return _samples(self.todo, name, spans)
        spans = self.spans(name) if spans is None else spans
        rows = (_rows(self.real[name], span) for span in spans)
        stored_here = self.todo.model.data.stored_here
        return ((stored_here(data), labels) for data, labels in rows)


class SharedSets(Sets):
    """The sets of an evaluation whose parts are computed by several processes.

    The outputs of each part, and the values that a `PerDatum` gives to it, are a file in a folder.
    One process folds them in their order: its numbers are those of a process that does all by
    itself.

    Args:
        todo: the evaluation.
        folder: the folder, see `zoo.files.parts.Parts`.
        process: `(index, count)` of this process.
        progress: is called with the number of data of each part.
    """

    def __init__(self, todo: Plan, folder: Path, process: tuple[int, int], progress):
        super().__init__(todo, progress)
        # The parts of each set of data, and of the values of each metric for a seed.
        rows = {name: self.spans(name) for name in (*self.real, *todo.seeds * todo.needs_samples)}
        for i, metric in enumerate(todo.metrics):
            if isinstance(metric, PerDatum):
                spans = self.spans_of(metric)
                rows |= {(i, seed): spans for seed in todo.seeds_of(metric)}
        self.rows = rows
        self.places = {
            key: number
            for number, key in enumerate((name, i) for name in rows for i in range(len(rows[name])))
        }
        plan = {
            "format": PLAN_FORMAT,
            "model": type(todo.model).__name__,
            "weights": weights_sha256(todo.model),
            "protocols": [protocol.model_dump(mode="json") for protocol in todo.protocols],
            "baseline": None if todo.baseline is None else todo.baseline.sha256,
            "sampling": {key: repr(value) for key, value in sorted(todo.sampling.items())},
            "seeds": todo.seeds,
            "parts": len(self.places),
        }
        self.parts = Parts(folder, plan, len(self.places), process)

    def compute(self) -> None:
        """Compute the parts of this process that are not done."""
        mine = set(self.parts.mine())
        for name, places in itertools.groupby(self.places.items(), lambda item: item[0][0]):
            numbers = {i: number for (_, i), number in places if number in mine}
            spans = [self.rows[name][i] for i in numbers]
            made = self._made(name, spans) if spans else ()
            for number, outputs in zip(numbers.values(), made, strict=True):
                with self.parts.made(number), atomic_file(self._file(number)) as partial:
                    np.savez(partial, **outputs)

    def _made(self, name, spans: list[range]) -> Iterator[dict[str, np.ndarray]]:
        """Yield what the files of parts hold."""
        if not isinstance(name, tuple):
            yield from super().outputs(name, self.todo.needs, spans)
            return
        place, seed = name
        for values in self.value_parts(self.todo.metrics[place], seed, spans):
            yield {"values": values}

    def wait(self, say: Callable[[str], None]) -> None:
        """Wait until the other processes have computed their parts."""
        said = None
        while missing := len(self.parts.missing()):
            if said != missing:
                say(f"waiting for {missing} of {self.parts.n} parts of other processes")
                said = missing
            time.sleep(SECONDS)

    def outputs(self, name, needs, spans=None):
        return self._read(name)

    def values(self, metric, seed):
        place = next(i for i, other in enumerate(self.todo.metrics) if other is metric)
        return np.concatenate([part["values"] for part in self._read((place, seed))])

    def _read(self, name) -> Iterator[dict[str, np.ndarray]]:
        for i in range(len(self.rows[name])):
            place = self._file(self.places[name, i])
            try:
                with opened(place, check_size=lambda size: check_memory("n", 1, size // 4)) as file:
                    outputs = {key: file[key] for key in file}
            except OSError as error:
                raise StorageError(f"{place} cannot be read: {error.strerror}.") from error
            yield outputs

    def _file(self, number: int) -> Path:
        return self.parts.folder / f"{number:05}.npz"


def _rows(source: Source, span: range) -> tuple[np.ndarray, np.ndarray | None]:
    rows = slice(span.start, span.stop)
    return source.images[rows], None if source.labels is None else source.labels[rows]


def _samples(
    todo: Plan, seed: int, spans: Iterable[range] | None
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield samples in parts, in the form in which they are stored, and their conditions."""
    model, sampling = todo.model, todo.sampling
    if model.condition is not None:
        rows = np.arange(todo.samples) % len(todo.test.labels)
        conditions = model.condition.from_stored(np.asarray(todo.test.labels)[rows])
        sampling = {"condition": conditions, **sampling}
    if spans is not None:  # a method of a user's class may know none
        sampling = {"spans": spans, **sampling}
    parts = model.sample_batches(todo.samples, seed, batch_size=PART, **sampling)
    for samples, conditions in parts:
        if not np.isfinite(samples).all():
            raise ArgumentError(
                f"{type(model).__name__} gives samples that are not finite: NaN or infinite values."
            )
        model.data.check_values("samples", samples, in_training=False)
        yield model.data.to_stored(samples), conditions
