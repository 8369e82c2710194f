"""`evaluate`: the numbers of a model, each with its protocol."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zoo.errors import ArgumentError
from zoo.evaluation.collected import PART, Collected, reference
from zoo.evaluation.metric import Metric, Subject
from zoo.evaluation.plan import SAMPLES, Metrics, Plan, images_sha256, plan
from zoo.evaluation.report import Report
from zoo.metrics import Measurement, Protocol

__all__ = ["SAMPLES", "evaluate", "metrics"]


def evaluate(
    model_or_preset,
    data=None,
    metrics: Metrics | None = None,
    n: int | None = None,
    seeds: int | Sequence[int] = 3,
    *,
    split: str | None = None,
    train=None,
    extractor=None,
    baseline: bool = True,
    cache: bool = True,
    progress: bool | None = None,
    **sampling,
) -> Report:
    """Measure a model, and record for each number how it was measured.

    Samples are compared as 8-bit images, as they would be saved. For each seed `n` of them are
    made, part by part; numbers are the mean over the seeds, with the standard deviation for a
    spread; p-values are put together to one, see `zoo.metrics.Measurement`. Conditional models are
    asked for the labels of the real images.

    Args:
        model_or_preset: a model of this package, the name of a preset, or the path of one.
        data: the real images: the name or path of a set, see `zoo.data.read`; a `zoo.data.Source`;
            what `zoo.data.load` gives; or an array of 8-bit images, or of float images in the
            model's value range, or a pair of one and labels. By default, of a preset, the set that
            it was trained on.
        metrics: names, or `zoo.evaluation.Metric`s, see `zoo.evaluation.metrics()`; by default
            those in the card of a preset, on the data it was trained on, else those that suit the
            model.
        n: how many samples, and at most how many real images: of more, as many are drawn, the same
            each time; by default as many as the card of a preset is of, on the data it was trained
            on, else 10,000.
        seeds: how many seeds of samples, 0 and up, or which.
        split: the part of a set that is given by name; by default that of the card of a preset, on
            the data it was trained on, else `"test"`. A set without it has `"train, one in ten"`,
            see `zoo.data.read`.
        train: the training images, as `data`, of a set that is given by name its split `"train"`;
            by default that of `data`, where it is given by name, less what `split` holds out of it.
            They tell memorisation, choose the
            width of Parzen windows, and as many as there are samples are scored in place of
            samples: `of_real`. (A classifier that is the extractor may have been trained on them.)
        extractor: what makes features of images, see `zoo.evaluation.extractor`; by default the
            classifier that was trained on `data`.
        baseline: whether real images are scored in place of samples too.
        cache: whether what is collected of real images is kept under `ZOO_HOME`.
        progress: whether a progress bar is shown; by default on a terminal alone.
        **sampling: more arguments of the model's `sample`, such as `weights="raw"`.

    Returns:
        A `zoo.evaluation.Report`.

    Raises:
        ValueError: if an argument has a wrong value, real images or samples are not what the
        extractor takes, or hold values out of their range or not finite.
        DataError: if the data cannot be read.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("dcgan", image_shape=(8, 8, 1), width=2)
    >>> images = np.full((20, 8, 8, 1), 128, "uint8")
    >>> report = zoo.evaluate(model, images, "prdc", n=20, seeds=2, extractor="pixels")
    >>> report["coverage"].spread is not None, report["coverage"].protocol.n_fake
    (True, 20)
    """
    todo = plan(
        model_or_preset, data, metrics, n, seeds, split, train, extractor, baseline, sampling
    )
    with _bar(todo.images, todo.name, progress) as bar:
        real = _collected_real(todo, cache, bar)
        values = _Values(todo)
        for seed in todo.seeds:
            subject = Subject(todo.model, todo.test, real["test"], todo.train, seed)
            values.measure(subject, _collected_samples(todo, seed, bar), bar)
        measurements = values.measurements(real)
    return Report(model=todo.name, measurements=measurements)


def metrics() -> list[str]:
    """Return the names of the metrics that `evaluate` takes."""
    return sorted(Metric.named())


def _collected_real(todo: Plan, cache: bool, bar) -> dict[str, Collected]:
    """Return what the metrics need of the test data and, where they are scored, of training
    data."""
    parts = {"test": todo.test}
    if todo.scores_training_data:
        parts["train"] = todo.baseline
    conditional = todo.model.condition is not None
    return {
        name: reference(
            source,
            source.sha256 if conditional or name == "train" else images_sha256(source),
            todo.needs,
            todo.extractor,
            cache,
            bar.update,
        )
        for name, source in parts.items()
    }


def _collected_samples(todo: Plan, seed: int, bar) -> Collected:
    """Return what the metrics need of the samples of one seed."""
    samples = Collected(todo.needs, todo.extractor)
    if todo.samples:
        for images, labels in _samples(todo, seed):
            samples.add(images, labels)
            bar.update(len(images))
    return samples


def _samples(todo: Plan, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield samples as they would be stored, and the conditions that they were asked for."""
    model, sampling = todo.model, todo.sampling
    if model.condition is not None:
        rows = np.arange(todo.n) % len(todo.test.labels)
        conditions = model.condition.from_stored(np.asarray(todo.test.labels)[rows])
        sampling = {"condition": conditions, **sampling}
    for samples, conditions in model.sample_batches(todo.n, seed, batch_size=PART, **sampling):
        if not np.isfinite(samples).all():
            raise ArgumentError(
                f"{type(model).__name__} gives samples that are not finite: NaN or infinite values."
            )
        model.data.check_values("samples", samples, in_training=False)
        yield model.data.to_stored(samples), conditions


class _Values:
    """The values of all metrics, seed by seed."""

    def __init__(self, todo: Plan):
        self.todo = todo
        self.values: list[dict[str, list]] = [{} for _ in todo.metrics]
        self.notes: list[list[str]] = [[] for _ in todo.metrics]

    def measure(self, subject: Subject, samples: Collected, bar) -> None:
        """Take each metric of the samples of one seed."""
        for i, metric in enumerate(self.todo.metrics):
            if subject.seed != self.todo.seeds[0] and not metric.seeded:
                continue
            bar.set_postfix_str(metric.name)
            of_metric = samples if metric.of_samples else None
            for key, value in metric.measure(of_metric, subject).items():
                self.values[i].setdefault(key, []).append(value)
            self.notes[i] = [str(note) for note in metric.notes(of_metric, subject)]

    def measurements(self, real: dict[str, Collected]) -> list[Measurement]:
        """Return the numbers, with what real data score in place of samples."""
        todo = self.todo
        subject = Subject(todo.model, todo.test, real["test"], todo.train, todo.seeds[0])
        measurements = []
        for i, metric in enumerate(todo.metrics):
            scored = todo.score_real and metric.of_samples
            place = real.get(metric.baseline) if scored else None
            baseline = {} if place is None else metric.measure(place, subject)
            if scored and metric.baseline == "train" and todo.train is not None:
                self.notes[i] += todo.why_no_baseline
            for note in self.notes[i]:
                warnings.warn(f"{metric.name}: {note}", stacklevel=3)
            measurements += [
                _measurement(key, values, baseline.get(key), self._context(i))
                for key, values in self.values[i].items()
            ]
        return measurements

    def _context(self, i: int) -> tuple[Metric, Protocol, list[str], list[int]]:
        return self.todo.metrics[i], self.todo.protocols[i], self.notes[i], self.todo.seeds


def _measurement(key: str, values: list, real_baseline, context) -> Measurement:
    """Return the mean over the seeds, with its spread."""
    metric, protocol, notes, seeds = context
    errors = [value[1] for value in values if isinstance(value, tuple)]
    values = [float(value[0] if isinstance(value, tuple) else value) for value in values]
    if isinstance(real_baseline, tuple):
        real_baseline = real_baseline[0]
    value, spread = float(np.mean(values)), None
    if len(values) > 1 and key.endswith("p_value"):
        value = min(1.0, 2 * value)
    elif len(values) > 1:
        spread = float(np.std(values, ddof=1))
    for each in (*values, *errors):
        if not math.isfinite(each):
            raise ArgumentError(f"{key} is not finite: {each}.")
    return Measurement(
        name=key,
        value=value,
        spread=spread,
        seeds=seeds if metric.seeded else [],
        standard_error=float(np.mean(errors)) if errors else None,
        real_baseline=None if real_baseline is None else float(real_baseline),
        better=metric.outputs[key],
        notes=notes,
        protocol=protocol,
    )


def _bar(total: int, name: str, progress: bool | None) -> Any:
    from tqdm import tqdm

    disable = None if progress is None else not progress
    return tqdm(total=total, desc=f"evaluating {name}", unit="image", disable=disable, leave=False)
