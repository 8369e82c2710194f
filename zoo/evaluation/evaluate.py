"""`evaluate`: the numbers of a model, each with its protocol."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo import data as zoo_data
from zoo.data import Source
from zoo.data.sources import training_split
from zoo.engine.batch import check_range
from zoo.errors import ArgumentError, DataError, MissingSplitError, check_count, unknown_name
from zoo.evaluation.collected import OF_FEATURES, PART, Collected, reference
from zoo.evaluation.extractors import extractor as find_extractor
from zoo.evaluation.metric import Metric, Task
from zoo.evaluation.of_classes import mixture
from zoo.evaluation.real import drawn, read_real, read_test
from zoo.evaluation.report import Report
from zoo.metrics import Measurement, Protocol
from zoo.models.classifiers import Classifier
from zoo.presets.card import Card
from zoo.presets.load import info, load

Metrics = str | Metric | Sequence[str | Metric]
SAMPLES = 10_000


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
    """Measures a model, and says of each number how.

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
            samples: `real_baseline`. (A classifier that is the extractor may have been trained on
            them.)
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
    if n is not None:
        check_count("n", n, minimum=2)
    seeds = _seeds(seeds)
    model, name, card = _model(model_or_preset)
    trained_on = None if card is None or card.training is None else card.training.data
    as_the_card = trained_on is not None and _same(data, trained_on)
    if n is None:
        n = (_common(card, "n_fake") if as_the_card else None) or SAMPLES
    if metrics is None and as_the_card:
        metrics = _of_card(card) or None
        if extractor is None:
            extractor = _common(card, "extractor")
    if data is None and trained_on is None:
        raise ArgumentError("data is needed: the real images that samples are compared with.")
    name += _checked(sampling, model)
    usual = (_common(card, "split") if as_the_card else None) or "test"
    if data is None:
        data = trained_on
        test = _read_again(data, split, usual, model)
    else:
        test = read_test(data, split, usual, model)
    chosen = _chosen(metrics, model, test)
    sampled = any(m.of_samples for m in chosen)
    if sampled and not hasattr(model, "sample"):
        wrong = next(m for m in chosen if m.of_samples)
        raise ArgumentError(
            f"The metric {wrong.name!r} is for models that make samples. Received: "
            f"{type(model).__name__}."
        )
    train = _train(train, data, test.split, model, chosen, baseline)
    test = drawn(test, n)
    for metric in chosen:
        metric.check(model, test)
    needs = frozenset().union(*(m.needs for m in chosen))
    extractor = fitting_extractor(extractor, needs, model, test)
    # Of models that are not conditional, labels change no number.
    sha256 = _bare(test) if model.num_classes is None else test.sha256
    train_sha256 = None if train is None else train.sha256
    looking = [metric.name for metric in chosen if metric.trains]
    if looking and _bare(drawn(train, n)) == _bare(test):
        raise ArgumentError(
            f"The metric {looking[0]!r} looks at training images, which are the test images here. "
            "Give others as train= or data."
        )
    protocols = [
        _protocol(metric, model, extractor, test, sha256, train, train_sha256, n)
        for metric in chosen
    ]
    scale, missing = _scale(train, test, n) if baseline else (None, [])
    from_train = any(m.baseline == "train" and m.of_samples for m in chosen)
    from_train = from_train and scale is not None
    total = len(test.images) + n * len(seeds) * sampled + n * from_train
    with _bar(total, name, progress) as bar:
        real = reference(test, sha256, needs, extractor, cache, bar.update)
        places: dict[str | None, Collected | None] = {"test": real if baseline else None}
        if from_train:
            places["train"] = reference(scale, scale.sha256, needs, extractor, cache, bar.update)
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
                bar.set_postfix_str(metric.name)
                given = samples if metric.of_samples else None
                for key, value in metric.measure(given, task).items():
                    found[i].setdefault(key, []).append(value)
                notes[i] = [str(note) for note in metric.notes(given, task)]
        task = Task(model, test, real, train, seeds[0])
        measurements = []
        for i, metric in enumerate(chosen):
            place = places.get(metric.baseline) if metric.of_samples else None
            real_baseline = {} if place is None else metric.measure(place, task)
            if baseline and metric.of_samples and metric.baseline == "train" and train is not None:
                notes[i] += missing
            for note in notes[i]:
                warnings.warn(f"{metric.name}: {note}", stacklevel=2)
            for key, values in found[i].items():
                measurements.append(
                    _measurement(
                        key, values, real_baseline.get(key), metric, protocols[i], notes[i], seeds
                    )
                )
    return Report(model=name, measurements=measurements)


def fitting_extractor(extractor, needs: frozenset[str], model, test: Source):
    """The extractor that `evaluate` was given, or the default one; `None` where none is needed.

    Raises:
        ValueError: if there is none, it does not take the model's images, or lacks classes that a
        metric needs.
    """
    if not needs & OF_FEATURES:
        if extractor is not None:
            find_extractor(extractor, test.name)  # a wrong one is an error anyway
        return None
    points = len(model.image_shape) == 1 and extractor is None
    extractor = find_extractor("pixels" if points else extractor, test.name)
    wanted, shape = extractor.image_shape, tuple(model.image_shape)
    if wanted is not None:
        fits = len(wanted) == len(shape)
        fits = fits and all(w in (None, s) for w, s in zip(wanted, shape, strict=True))
        if not fits:
            sizes = ", ".join("any" if size is None else str(size) for size in wanted)
            raise ArgumentError(
                f"The extractor {extractor.name!r} takes images of shape ({sizes}). Received: a "
                f"model of images of shape {shape}."
            )
    if "probabilities" in needs and not extractor.has_classes:
        raise ArgumentError(
            "Metrics of classes need an extractor with classes. Received: "
            f"{extractor.name!r}, which has none; a Keras model gives classes where it has two "
            "outputs, features and logits."
        )
    return extractor


def _protocol(metric, model, extractor, test, sha256, train, train_sha256, n) -> Protocol:
    featured = metric.needs & OF_FEATURES
    return Protocol(
        metric=metric.name,
        version=metric.version,
        settings=metric.settings(model),
        extractor=extractor.name if featured else None,
        extractor_sha256=extractor.sha256 if featured else None,
        data=test.name,
        split=test.split,
        data_sha256=sha256,
        images=_described(model),
        n_real=len(test.images),
        n_fake=n if metric.of_samples else None,
        train_sha256=train_sha256 if metric.trains else None,
        n_train=len(train.images) if metric.trains else None,
    )


def _bare(source: Source) -> str:
    """The hash of the images alone."""
    return source._replace(labels=None).sha256


def _scale(train: Source | None, test: Source, n: int) -> tuple[Source | None, list[str]]:
    """As many training images as there are samples, to be scored in their place, or why not."""
    if train is None:
        return None, []
    part = drawn(train, n)
    if len(part.images) < n:
        return None, [f"no number of real images: {len(part.images)} training images, {n} samples."]
    if _bare(part) == _bare(test):
        return None, ["no number of real images: training and test images are the same."]
    return part, []


def metrics() -> list[str]:
    """The names of the metrics that `evaluate` takes."""
    return sorted(Metric.named())


def default_metrics(model, test: Source) -> list[str]:
    """What suits `model` and the real images `test`."""
    if isinstance(model, Classifier):
        return ["accuracy"]
    if len(model.image_shape) == 1:
        return ["prdc" if mixture(test) is None else "mixture_modes"]
    if not hasattr(model, "sample"):
        return ["reconstruction"]
    conditional = ["label_accuracy"] if model.num_classes is not None else []
    likelihood = ["elbo"] if hasattr(model, "log_prob") else []
    return ["fid", "kid", "prdc", "modes", *conditional, *likelihood]


def _chosen(metrics: Metrics | None, model, test: Source) -> list[Metric]:
    if metrics is None:
        metrics = default_metrics(model, test)
    metrics = [metrics] if isinstance(metrics, str | Metric | type) else metrics
    chosen = [Metric.get(metric) for metric in metrics]
    if not chosen:
        raise ArgumentError(f"metrics holds none. Allowed: {', '.join(sorted(Metric.named()))}.")
    outputs = [output for metric in chosen for output in metric.outputs]
    twice = sorted({output for output in outputs if outputs.count(output) > 1})
    if twice:
        raise ArgumentError(f"metrics gives {', '.join(twice)} more than once.")
    return chosen


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, Sequence) and not isinstance(seeds, str) and len(seeds):
        found = [check_count("seeds", seed, minimum=0) for seed in seeds]
        if len(set(found)) < len(found):
            raise ArgumentError(f"seeds must differ. Received: {list(seeds)}.")
        return found
    return list(range(check_count("seeds", seeds)))


def _same(data, trained_on: str) -> bool:
    """Whether the real images are those of the card."""
    return data is None or (isinstance(data, str | Path) and Path(data).stem == trained_on)


def _read_again(trained_on: str, split: str | None, usual: str, model) -> Source:
    """The real images of the set that a preset was trained on, by the name in its card."""
    try:
        return read_test(trained_on, split, usual, model)
    except MissingSplitError:
        raise
    except DataError as error:
        raise DataError(
            f"The set {trained_on!r}, which the preset was trained on, cannot be read: data must "
            f"name it, or its file or folder. ({error})"
        ) from error


def _of_card(card: Card) -> list[Metric]:
    """The metrics whose numbers stand in a card, as far as they are this package's own."""
    known, found = Metric.named(), {}
    for protocol in (measurement.protocol for measurement in card.metrics):
        which = (protocol.metric, protocol.settings)
        if protocol.metric in known and which not in found:
            cls = known[protocol.metric]
            own = inspect.signature(cls).parameters
            settings = {key: value for key, value in protocol.settings if key in own}
            found[which] = cls.from_config(settings)
    return list(found.values())


def _common(card: Card, part: str):
    """What all protocols of a card that have this part have for it, or `None`."""
    found = {getattr(measurement.protocol, part) for measurement in card.metrics} - {None}
    return found.pop() if len(found) == 1 else None


def _model(model_or_preset) -> tuple[Any, str, Card | None]:
    """The model, its name, and the card of a preset."""
    if not isinstance(model_or_preset, str | Path):
        if not hasattr(model_or_preset, "image_shape"):
            raise ArgumentError(
                "model_or_preset must be a model of this package, or the name or the path of a "
                f"preset. Received: {model_or_preset!r}."
            )
        return model_or_preset, model_or_preset.name, None
    card = info(model_or_preset)
    return load(model_or_preset), card.name, card


def _checked(sampling: dict[str, Any], model) -> str:
    """Raises unless these are arguments of the model's `sample`; what they add to its name."""
    own = {"n", "seed", "latents", "labels", "batch_size"}
    allowed = inspect.signature(model.sample).parameters if hasattr(model, "sample") else ()
    for key in sampling:
        if key not in allowed or key in own:
            raise unknown_name("argument of evaluate", key, set(allowed) - own)
    return f" ({', '.join(f'{k}={v}' for k, v in sampling.items())})" if sampling else ""


def _train(
    train, data, split: str | None, model, chosen: list[Metric], baseline: bool
) -> Source | None:
    """The training images, where a metric asks for them or they are to be scored."""
    needed = [metric for metric in chosen if metric.trains]
    scored = baseline and any(m.of_samples and m.baseline == "train" for m in chosen)
    if not needed and not scored:
        return None
    if train is not None:
        return read_real(train, "train", model, "train")
    if isinstance(data, str | Path):
        try:
            return read_real(data, training_split(split), model, "train")
        except MissingSplitError:
            if needed:
                raise
            return None
    if needed:
        raise ArgumentError(
            f"The metric {needed[0].name!r} looks at training images: train= is needed."
        )
    return None


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


def _measurement(key, values, real_baseline, metric, protocol, notes, seeds) -> Measurement:
    """The mean over the seeds, with its spread."""
    errors = [value[1] for value in values if isinstance(value, tuple)]
    values = [float(value[0] if isinstance(value, tuple) else value) for value in values]
    real_baseline = real_baseline[0] if isinstance(real_baseline, tuple) else real_baseline
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


def _bar(total: int, name: str, progress: bool | None):
    from tqdm import tqdm

    disable = None if progress is None else not progress
    return tqdm(total=total, desc=f"evaluating {name}", unit="image", disable=disable, leave=False)
