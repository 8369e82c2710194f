"""`evaluate`: the numbers of a model, each with its protocol."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo import data as zoo_data
from zoo import registry
from zoo.data import Source
from zoo.engine.batch import check_range
from zoo.errors import ArgumentError, MissingSplitError, check_count, unknown_name
from zoo.evaluation.collected import OF_FEATURES, PART, Collected, reference
from zoo.evaluation.extractors import extractor as find_extractor
from zoo.evaluation.metric import Metric, Task
from zoo.evaluation.report import Report
from zoo.metrics import Measurement, Protocol
from zoo.models.classifiers import Classifier

Metrics = str | Metric | Sequence[str | Metric]


def evaluate(
    model_or_preset,
    data=None,
    metrics: Metrics | None = None,
    n: int = 10_000,
    seeds: int | Sequence[int] = 3,
    *,
    split: str = "test",
    train=None,
    extractor=None,
    baseline: bool = True,
    cache: bool = True,
    progress: bool | None = None,
    **sampling,
) -> Report:
    """Measures a model, and says of each number how.

    Samples are compared as 8-bit images, as they would be saved. For each seed `n` of them are
    made, part by part; numbers are the mean over the seeds, with the standard deviation for a
    spread. Conditional models are asked for the labels of the real images.

    Args:
        model_or_preset: a model of this package, the name of a preset, or the path of one.
        data: the real images: the name or path of a set, see `zoo.data.read`; a `zoo.data.Source`;
            what `zoo.data.load` gives; or an array of 8-bit images, or of float images in the
            model's value range, or a pair of one and labels. By default, of a preset, the set that
            it was trained on.
        metrics: names, or `zoo.evaluation.Metric`s, see `zoo.evaluation.metrics()`; by default
            those that suit the model.
        n: how many samples, and at most how many real images: of more, as many are drawn, the same
            each time.
        seeds: how many seeds of samples, 0 and up, or which.
        split: the part of a set that is given by name.
        train: the training images, as `data`; by default, of a set that is given by name, its
            split `"train"`. They tell memorisation, choose the width of Parzen windows, and as many
            as there are samples are scored in place of samples: `of_real`.
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
    >>> images = np.zeros((20, 8, 8, 1), "uint8")
    >>> report = zoo.evaluate(model, images, "prdc", n=20, seeds=2, extractor="pixels")
    >>> report["coverage"].spread is not None, report["coverage"].protocol.n_fake
    (True, 20)
    """
    check_count("n", n, minimum=2)
    seeds = _seeds(seeds)
    model, name, trained_on = _model(model_or_preset)
    if data is None and trained_on is None:
        raise ArgumentError("data is needed: the real images that samples are compared with.")
    data = trained_on if data is None else data
    name += _checked(sampling, model)
    test = _source(data, split, model)
    chosen = _chosen(metrics, model, test)
    for metric in chosen:
        metric.check(model, test)
    if any(m.of_samples for m in chosen) and not hasattr(model, "sample"):
        wrong = next(m for m in chosen if m.of_samples)
        raise ArgumentError(
            f"The metric {_name(wrong)!r} is for models that make samples. Received: "
            f"{type(model).__name__}."
        )
    train = _train(train, data, model, chosen, baseline)
    test = _part(test, n)
    needs = frozenset().union(*(m.needs for m in chosen))
    of_features = bool(needs & OF_FEATURES)
    if of_features:
        points = len(model.image_shape) == 1 and extractor is None
        extractor = find_extractor("pixels" if points else extractor, test.name)
    sha256 = test.sha256
    in_train = _part(train, n) if train is not None else None
    scored = baseline and in_train is not None
    from_train = scored and any(m.baseline == "train" and m.of_samples for m in chosen)
    sampled = any(m.of_samples for m in chosen)
    total = (
        len(test.images) + n * len(seeds) * sampled + (len(in_train.images) if from_train else 0)
    )
    with _bar(total, name, progress) as bar:
        real = reference(test, sha256, needs, extractor, cache, bar.update)
        places: dict[str | None, Collected] = {"test": real}
        if from_train:
            places["train"] = reference(
                in_train, in_train.sha256, needs, extractor, cache, bar.update
            )
        found: list[dict[str, list]] = [{} for _ in chosen]
        notes: list[list[str]] = [[] for _ in chosen]
        for seed in seeds:
            task = Task(model, test, real, train, seed)
            samples = Collected(needs, extractor)
            if sampled:
                for images, labels in _samples(model, n, seed, test, sampling):
                    samples.add(images, labels)
                    bar.update(len(images))
            for i, metric in enumerate(chosen):
                if seed != seeds[0] and not metric.seeded:
                    continue
                given = samples if metric.of_samples else None
                for key, value in metric.measure(given, task).items():
                    found[i].setdefault(key, []).append(value)
                notes[i] = [str(note) for note in metric.notes(given, task)]
        task = Task(model, test, real, train, seeds[0])
        measurements = []
        for i, metric in enumerate(chosen):
            place = places.get(metric.baseline) if scored and metric.of_samples else None
            of_real = {} if place is None else metric.measure(place, task)
            protocol = Protocol(
                metric=_name(metric),
                settings=metric.settings(model),
                extractor=extractor.name if metric.needs & OF_FEATURES else None,
                extractor_sha256=extractor.sha256 if metric.needs & OF_FEATURES else None,
                data=test.name,
                split=test.split,
                data_sha256=sha256,
                images=_described(model),
                n_real=len(test.images),
                n_fake=n if metric.of_samples else None,
            )
            for note in notes[i]:
                warnings.warn(f"{_name(metric)}: {note}", stacklevel=2)
            for key, values in found[i].items():
                measurements.append(
                    _measurement(key, values, of_real.get(key), metric, protocol, notes[i], seeds)
                )
    return Report(model=name, measurements=measurements)


def metrics() -> list[str]:
    """The names of the metrics that `evaluate` takes."""
    return sorted(Metric.named())


def default_metrics(model, test: Source) -> list[str]:
    """What suits `model` and the real images `test`."""
    if isinstance(model, Classifier):
        return ["accuracy"]
    if len(model.image_shape) == 1:
        return ["mixture_modes" if "mixture" in _kind(test) else "prdc"]
    if not hasattr(model, "sample"):
        return ["reconstruction"]
    conditional = ["label_accuracy"] if model.num_classes is not None else []
    likelihood = ["elbo"] if hasattr(model, "log_prob") else []
    return ["fid", "kid", "prdc", "modes", *conditional, *likelihood]


def _kind(test: Source) -> str:
    synthetic = zoo_data.synthetic
    if test.name in synthetic.NAMED:
        truth = synthetic.named(test.name)
        return "mixture" if isinstance(truth, synthetic.GaussianMixture) else "points"
    return "points"


def _chosen(metrics: Metrics | None, model, test: Source) -> list[Metric]:
    if metrics is None:
        metrics = default_metrics(model, test)
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        metrics = [metrics]
    chosen = [Metric.get(metric) for metric in metrics]
    if not chosen:
        raise ArgumentError(f"metrics holds none. Allowed: {', '.join(sorted(Metric.named()))}.")
    outputs = [output for metric in chosen for output in metric.outputs]
    twice = sorted({output for output in outputs if outputs.count(output) > 1})
    if twice:
        raise ArgumentError(f"metrics gives {', '.join(twice)} more than once.")
    return chosen


def _name(metric) -> str:
    return metric.name or type(metric).__name__


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, Sequence) and not isinstance(seeds, str) and len(seeds):
        return [check_count("seeds", seed, minimum=0) for seed in seeds]
    return list(range(check_count("seeds", seeds)))


def _model(model_or_preset) -> tuple[Any, str, str | None]:
    """The model, its name, and the data it was trained on, where that is known."""
    if not isinstance(model_or_preset, str | Path):
        if not hasattr(model_or_preset, "image_shape"):
            raise ArgumentError(
                "model_or_preset must be a model of this package, or the name or the path of a "
                f"preset. Received: {model_or_preset!r}."
            )
        return model_or_preset, model_or_preset.name, None
    card = registry.info(model_or_preset)
    return registry.load(model_or_preset), card.name, card.training.data


def _checked(sampling: dict[str, Any], model) -> str:
    """Raises unless these are arguments of the model's `sample`; what they add to its name."""
    own = {"n", "seed", "latents", "labels", "batch_size"}
    allowed = inspect.signature(model.sample).parameters if hasattr(model, "sample") else ()
    for key in sampling:
        if key not in allowed or key in own:
            raise unknown_name("argument of evaluate", key, set(allowed) - own)
    return f" ({', '.join(f'{k}={v}' for k, v in sampling.items())})" if sampling else ""


def _source(data, split: str, model) -> Source:
    """The real images of `data`, 8-bit and of the model's shape; or points."""
    shape = tuple(model.image_shape)
    if isinstance(data, str | Path):
        source = zoo_data.read(data, split, **zoo_data.fitting(shape))
    elif isinstance(data, Source):
        source = data
    elif hasattr(data, "images") and hasattr(data, "labels"):
        source = Source("batches", data.images, data.labels)
    else:
        images, labels = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
        source = Source("arrays", _bytes(np.asarray(images), model), labels)
    if tuple(source.images.shape[1:]) != shape:
        raise ArgumentError(
            f"data must hold images of shape {shape}, as the model's. Received: images of shape "
            f"{tuple(source.images.shape[1:])}."
        )
    if len(shape) == 3 and source.images.dtype != np.uint8:
        raise ArgumentError(f"data must hold 8-bit images. Received: {source.images.dtype}.")
    if model.num_classes is not None and source.labels is None:
        raise ArgumentError(
            f"data must have labels for {type(model).__name__}, which is asked for them. Received: "
            "none."
        )
    if len(source.images) < 2:
        raise ArgumentError(f"data must hold two images or more. Received: {len(source.images)}.")
    return source


def _bytes(images: np.ndarray, model) -> np.ndarray:
    """An array of images as 8 bits; points as float32."""
    if len(model.image_shape) == 1:
        if not np.isfinite(images).all():
            raise ArgumentError("data must be finite. Received: NaN or infinite values.")
        return images.astype("float32")
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating) or not images.size:
        raise ArgumentError(
            "data must hold 8-bit images, or float images in the model's value range. Received: "
            f"{images.dtype} of shape {images.shape}."
        )
    check_range("data", images, model.value_range)
    return zoo_data.to_bytes(images, model.value_range)


def _train(train, data, model, chosen: list[Metric], baseline: bool) -> Source | None:
    """The training images, where a metric asks for them or they are to be scored."""
    needed = [metric for metric in chosen if metric.trains]
    scored = baseline and any(m.of_samples and m.baseline == "train" for m in chosen)
    if not needed and not scored:
        return None
    if train is not None:
        return _source(train, "train", model)
    if isinstance(data, str | Path):
        try:
            return _source(data, "train", model)
        except MissingSplitError:
            if needed:
                raise
            return None
    if needed:
        raise ArgumentError(
            f"The metric {_name(needed[0])!r} looks at training images: train= is needed."
        )
    return None


def _part(source: Source, n: int) -> Source:
    """`n` images of `source`, drawn once and for all, in their order; all if there are no more."""
    if len(source.images) <= n:
        return source
    rows = np.random.default_rng(0).permutation(len(source.images))[:n]
    return source.select(np.sort(rows))


def _samples(
    model, n: int, seed: int, test: Source, sampling: dict[str, Any]
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Samples as 8-bit images, or as points, and the labels that they were asked for."""
    if model.num_classes is not None:
        rows = np.arange(n) % len(test.labels)
        sampling = {"labels": np.asarray(test.labels)[rows], **sampling}
    for images, labels in model.sample_batches(n, seed, batch_size=PART, **sampling):
        if not np.isfinite(images).all():
            raise ArgumentError(
                f"{type(model).__name__} gives samples that are not finite: NaN or infinite values."
            )
        if len(model.image_shape) == 3:
            check_range("samples", images, model.value_range, in_training=False)
            images = zoo_data.to_bytes(images, model.value_range)
        yield images, labels


def _described(model) -> str:
    shape = "x".join(map(str, model.image_shape))
    return f"{shape} 8-bit" if len(model.image_shape) == 3 else f"{shape} coordinates"


def _measurement(key, values, of_real, metric, protocol, notes, seeds) -> Measurement:
    """The mean over the seeds, with its spread."""
    errors = [value[1] for value in values if isinstance(value, tuple)]
    values = [float(value[0] if isinstance(value, tuple) else value) for value in values]
    of_real = of_real[0] if isinstance(of_real, tuple) else of_real
    for value in (*values, *errors):
        if not math.isfinite(value):
            raise ArgumentError(f"{key} is not finite: {value}.")
    return Measurement(
        name=key,
        value=float(np.mean(values)),
        spread=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        seeds=seeds if metric.seeded else [],
        standard_error=float(np.mean(errors)) if errors else None,
        of_real=None if of_real is None else float(of_real),
        better=metric.outputs[key],
        notes=notes,
        protocol=protocol,
    )


def _bar(total: int, name: str, progress: bool | None):
    from tqdm import tqdm

    disable = None if progress is None else not progress
    return tqdm(total=total, desc=f"evaluating {name}", unit="image", disable=disable, leave=False)
