"""`evaluate`, which measures a model and records the protocol of each number."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.base.warn import warn
from zoo.errors import ArgumentError, unknown_name
from zoo.evaluation.collected import Collected, collect, reference
from zoo.evaluation.metric import Metric, Subject
from zoo.evaluation.plan import SAMPLES, Metrics, Plan, images_sha256, plan
from zoo.evaluation.report import Report, ReportWarning
from zoo.evaluation.sets import Sets, SharedSets
from zoo.files.home import user_path
from zoo.files.parts import check_process
from zoo.metrics import Measurement, Protocol

__all__ = ["SAMPLES", "evaluate", "metrics"]


def evaluate(
    model_or_preset,
    data=None,
    metrics: Metrics | None = None,
    n: int | None = None,
    seeds: int | Sequence[int] = 3,
    *,
    samples: int | None = None,
    split: str | None = None,
    train=None,
    extractor=None,
    baseline: bool = True,
    cache: bool = True,
    progress: bool | None = None,
    work: str | Path | None = None,
    process: tuple[int, int] = (0, 1),
    **sampling,
) -> Report | None:
    """Measure a model, and record the protocol of each number.

    Samples are compared as 8-bit images, as they would be saved, and those of models of binary
    pixels with real images that are made binary by one draw. For each seed, `samples` samples are
    made in parts. A number is the mean over the seeds, its spread the standard deviation, and its
    margin, printed after ±, half the width of the 95% confidence interval of the mean; p-values
    are combined to one, see `zoo.metrics.Measurement`. Conditional models sample for the labels of
    the real images.

    Args:
        model_or_preset: a model of this package, or the name or path of a preset.
        data: the real images: the name or path of a set, see `zoo.data.read`; a `zoo.data.Source`;
            the batches of `zoo.data.load`; an array of 8-bit images, or of float images in the
            model's value range; or a pair of such an array and labels. By default it is the
            training set of a preset.
        metrics: names, see `zoo.evaluation.metrics()`, or `zoo.evaluation.Metric` objects. By
            default they are the metrics in the card of a preset if `data` are those of the card,
            else the metrics that suit the model and the extractor. The name of a metric in the
            card has the settings of the card, and its extractor. A metric is left out, with a
            warning and a line in the report, where samples or real images are fewer than its
            `fewest`, 50 for most metrics.
        n: the number of samples, and the largest number of real images: from a larger set, the
            same `n` images are drawn each time. By default it is the number of real images in the
            card of a preset if `data` are those of the card, else 10,000, or 1,000 if there are
            fewer real images than that.
        samples: the number of samples, where it is another than `n`, because they take long. By
            default it is `n` if that is given, else the number in the card in the same way.
        seeds: the number of seeds of samples, which are counted from 0, or a list of seeds.
        split: the split of a set that is given by name. By default it is the split in the card of
            a preset if `data` have the name of its data, else `"test"`. For a set without a test
            split, `"train, one in ten"` names each tenth training image, see `zoo.data.read`.
        train: the training images, in the forms of `data`; of a set given by name, the split
            `"train"` is read. By default it is the training split of `data`, if that is given by
            name, without the images that `split` holds out. Training images are needed to measure
            memorisation and to choose the width of Parzen windows, and `samples` of them are scored
            in place of samples as `real_baseline`. (The extractor may be a classifier that was
            trained on them.)
        extractor: the extractor of features, such as the path of a classifier's preset, see
            `zoo.evaluation.extractor`; by default the classifier that was trained on `data`.
        baseline: whether real images are also scored in place of samples.
        cache: whether statistics of real images are kept under `ZOO_HOME`.
        progress: whether a progress bar is shown; by default on a terminal alone.
        work: a folder, new or empty, for the features of samples and real images, and for the
            likelihoods and errors of real images, 512 in a file. The same call goes on from there
            where it was interrupted, and several processes that share the disk fill it together.
            The numbers are those of one process.
        process: `(index, count)` of this process among those that share the work. The first one
            waits for the others, and computes the numbers. Each must be given `work`.
        **sampling: more arguments of the model's `sample`, such as `weights="raw"`.

    Returns:
        A `zoo.evaluation.Report`. Its `other_data` is a sentence if the numbers in the card of a
        preset are of other data, as the hashes of the data say. `None` in processes that only
        share the work.

    Raises:
        ValueError: if an argument has a wrong value, the extractor does not take the images, or
            real images or samples hold values that are out of range or not finite.
        DataError: if the data cannot be read.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("dcgan", image_shape=(8, 8, 1), width=2)
    >>> images = np.full((50, 8, 8, 1), 128, "uint8")
    >>> report = zoo.evaluate(model, images, "prdc", n=50, seeds=2, extractor="pixels")
    >>> report["coverage"].spread is not None, report["coverage"].protocol.n_fake
    (True, 50)
    """
    check_process(process)
    if work is None and process[1] > 1:
        raise ArgumentError(f"work is needed, the folder that {process[1]} processes share.")
    todo = plan(
        model_or_preset,
        data,
        metrics,
        n,
        seeds,
        split,
        train,
        extractor,
        baseline,
        sampling,
        samples,
    )
    for sentence in todo.left_out:
        warn(sentence, ReportWarning)
    with _bar(todo.images // process[1], todo.name, progress) as bar:
        if work is None:
            sets = Sets(todo, bar.update)
        else:
            sets = SharedSets(todo, user_path(work), process, bar.update)
            sets.compute()
            if process[0] > 0:
                return None
            sets.wait(bar.write)
        real = _collected_real(sets, cache)
        values = _Values(todo)
        for seed in todo.seeds:
            subject = sets.subject(seed, real["test"])
            parts = sets.outputs(seed, todo.needs) if todo.needs_samples else ()
            values.measure(subject, collect(parts, todo.needs), bar)
        measurements = values.measurements(real, sets.subject(todo.seeds[0], real["test"]))
    return Report(
        model=todo.name,
        measurements=measurements,
        left_out=todo.left_out,
        other_data=todo.other_data,
    )


def metrics() -> list[str]:
    """Return the names of the metrics that `evaluate` takes."""
    return sorted(Metric.named())


def _collected_real(sets: Sets, cache: bool) -> dict[str, Collected]:
    """Return the statistics of the test data, and of training data that are scored."""
    todo = sets.todo
    conditional = todo.model.condition is not None
    return {
        name: reference(
            source,
            source.sha256 if conditional or name == "train" else images_sha256(source),
            todo.model.data.compared_as,
            todo.needs,
            todo.extractor,
            cache,
            functools.partial(sets.outputs, name),
        )
        for name, source in sets.real.items()
    }


class _Values:
    """The values of all metrics for each seed, which become measurements."""

    def __init__(self, todo: Plan):
        self.todo = todo
        self.values: list[dict[str, list]] = [{} for _ in todo.metrics]
        self.notes: list[list[str]] = [[] for _ in todo.metrics]

    def measure(self, subject: Subject, samples: Collected, bar) -> None:
        """Compute each metric on the samples of one seed."""
        for i, metric in enumerate(self.todo.metrics):
            if subject.seed not in self.todo.seeds_of(metric):
                continue
            bar.set_postfix_str(metric.name)
            of_metric = samples if metric.of_samples else None
            for key, value in metric.measure(of_metric, subject).items():
                self.values[i].setdefault(key, []).append(value)
            self.notes[i] = [str(note) for note in metric.notes(of_metric, subject)]

    def measurements(self, real: dict[str, Collected], subject: Subject) -> list[Measurement]:
        """Return the measurements, with the scores of real data in place of samples.

        `real` are the statistics of the real data, by split, and `subject` that of the first seed.
        """
        todo = self.todo
        measurements = []
        for i, metric in enumerate(todo.metrics):
            scored = todo.score_real and metric.of_samples
            statistics = real.get(metric.baseline) if scored else None
            baseline = {} if statistics is None else metric.measure(statistics, subject)
            for key in self.values[i]:
                if key not in metric.outputs:
                    raise unknown_name(f"output of the metric {metric.name}", key, metric.outputs)
            if scored and metric.baseline == "train" and todo.train is not None:
                self.notes[i] += todo.why_no_baseline
            for note in self.notes[i]:
                warn(f"{metric.name}: {note}", ReportWarning)
            measurements += [
                _measurement(key, values, baseline.get(key), self._context(i))
                for key, values in self.values[i].items()
            ]
        return measurements

    def _context(self, i: int) -> tuple[Metric, Protocol, list[str], list[int]]:
        """Return the metric of index `i`, its protocol, its notes and the seeds, if it has any."""
        todo, metric = self.todo, self.todo.metrics[i]
        seeds = todo.seeds if metric.varies(todo.model) else []
        return metric, todo.protocols[i], self.notes[i], seeds


def _measurement(key: str, values: list, real_baseline, context) -> Measurement:
    """Return the measurement of `values`, one for each seed: their mean and their spread.

    P-values are combined to twice their mean, at most 1.
    """
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
        seeds=seeds,
        standard_error=float(np.mean(errors)) if errors else None,
        real_baseline=None if real_baseline is None else float(real_baseline),
        better=metric.outputs[key],
        notes=notes,
        protocol=protocol,
    )


def _bar(total: int, name: str, progress: bool | None) -> Any:
    """Return a progress bar for `total` images."""
    from tqdm import tqdm

    disable = None if progress is None else not progress
    return tqdm(total=total, desc=f"evaluating {name}", unit="image", disable=disable, leave=False)
