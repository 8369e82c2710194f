"""`Plan`: the arguments of an evaluation, checked before anything is computed."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo import engine
from zoo.data import Source
from zoo.data.image_format import still
from zoo.data.sources import divide, training_split
from zoo.engine.model import Model
from zoo.errors import (
    ArgumentError,
    DataError,
    MissingSplitError,
    check_count,
    instance_hint,
    unknown_name,
)
from zoo.evaluation.collected import OF_FEATURES
from zoo.evaluation.defaults import default_or_error
from zoo.evaluation.extractors import extractor as find_extractor
from zoo.evaluation.metric import Metric, PerDatum
from zoo.evaluation.of_card import metrics_of, set_as_in_card
from zoo.evaluation.real import drawn, read_real, read_test
from zoo.metrics import Protocol
from zoo.presets.card import Card
from zoo.presets.locate import locate

Metrics = str | Metric | Sequence[str | Metric]
SAMPLES = 10_000
FEW = 1_000  # fewer real images say little about distributions, and need not so many samples
UNSCORED = "real images are not scored in place of samples"


@dataclasses.dataclass(frozen=True)
class Plan:
    """The resolved and checked arguments of an evaluation.

    Attributes:
        model: the model.
        name: the name of the model in the report.
        metrics: the metrics.
        protocols: the protocol of each metric.
        extractor: the extractor of features, or `None` if no metric needs features.
        test: the real data.
        train: the training data, or `None` if nothing needs them.
        baseline: the training data that are scored in place of samples, or `None`.
        why_no_baseline: sentences that explain a missing `baseline`.
        score_real: whether real data are scored in place of samples.
        samples: the number of samples for each seed.
        seeds: the seeds of samples.
        sampling: more arguments of the model's `sample`.
        left_out: a sentence for each metric that is left out.
        other_data: a sentence if the numbers in the card are of other data, or `None`.
    """

    model: Any
    name: str
    metrics: list[Metric]
    protocols: list[Protocol]
    extractor: Any
    test: Source
    train: Source | None
    baseline: Source | None
    why_no_baseline: list[str]
    score_real: bool
    samples: int
    seeds: list[int]
    sampling: dict[str, Any]
    left_out: list[str]
    other_data: str | None

    @property
    def needs(self) -> frozenset[str]:
        """The statistics that the metrics need of samples and real data, see `Metric.needs`."""
        return frozenset().union(*(metric.needs for metric in self.metrics))

    @property
    def needs_samples(self) -> bool:
        """Whether a metric needs samples."""
        return any(metric.of_samples for metric in self.metrics)

    @property
    def scores_training_data(self) -> bool:
        """Whether training data are scored in place of samples."""
        asked = any(m.baseline == "train" and m.of_samples for m in self.metrics)
        return asked and self.baseline is not None

    def seeds_of(self, metric: Metric) -> list[int]:
        """Return the seeds for which a metric is measured: the first one, if it does not vary."""
        return self.seeds if metric.varies(self.model) else self.seeds[:1]

    @property
    def images(self) -> int:
        """The number of samples and real data that are processed, for the progress bar."""
        sampled = self.samples * len(self.seeds) * self.needs_samples
        per_datum = (metric for metric in self.metrics if isinstance(metric, PerDatum))
        passes = [len(self.seeds_of(metric)) for metric in per_datum]
        real = (1 + sum(passes)) * len(self.test.images)
        return real + sampled + self.samples * self.scores_training_data


def plan(
    model_or_preset,
    data=None,
    metrics: Metrics | None = None,
    n: int | None = None,
    seeds: int | Sequence[int] = 3,
    split: str | None = None,
    train=None,
    extractor=None,
    baseline: bool = True,
    sampling: dict[str, Any] | None = None,
    samples: int | None = None,
) -> Plan:
    """Resolve and check the arguments of `zoo.evaluate`.

    Raises:
        ValueError: as `zoo.evaluate`.
        DataError: as `zoo.evaluate`.
    """
    for argument, count in (("n", n), ("samples", samples)):
        if count is not None:
            check_count(argument, count, minimum=2)
    seeds, sampling = _seeds(seeds), sampling or {}
    if metrics is not None:
        metrics = [metrics] if isinstance(metrics, str | Metric | type) else list(metrics)
    chosen = None if metrics is None else _named(metrics)  # a wrong name needs no data
    subject = _subject(model_or_preset, data)
    model = subject.model
    name = subject.name + _checked(sampling, model)
    data, test = subject.read_test(data, split)
    as_the_card = subject.measured_on(data, test)
    if n is None:
        usual = SAMPLES if len(test.images) >= FEW else FEW
        of_card = subject.common if as_the_card else lambda field: None
        samples = samples or of_card("n_fake")
        counts = (of_card("n_real"), of_card("n_fake"))  # other splits may be larger than n_real
        n = max(filter(None, counts), default=usual)
    samples = samples or n
    asked = chosen is not None
    if as_the_card:
        card = subject.card
        chosen = set_as_in_card(metrics, chosen, card) if asked else metrics_of(card)
        extractor = subject.common("extractor") if extractor is None else extractor
    chosen = chosen or _named(default_or_error(model, test))
    for metric in chosen:
        if metric.of_samples and "samples" not in model.tasks:
            raise ArgumentError(
                f"The metric {metric.name!r} is for models that make samples. Received: "
                f"{type(model).__name__}."
            )
    test = drawn(test, n)
    reasons = [metric.too_few(samples, test) for metric in chosen]
    if not asked:
        missing = [_without_classes(metric, extractor, test) for metric in chosen]
        reasons = [few or none for few, none in zip(reasons, missing, strict=True)]
    chosen = [metric for metric, why in zip(chosen, reasons, strict=True) if why is None]
    train = _train(train, data, test.split, subject, chosen, baseline)
    for metric in chosen:
        metric.check(model, test)
    needs = frozenset().union(*(metric.needs for metric in chosen))
    extractor = fitting_extractor(extractor, needs, model, test)
    _check_training_data(chosen, train, test, n)
    scored, why = _baseline(train, test, samples) if baseline else (None, [])
    return Plan(
        model=model,
        name=name,
        metrics=chosen,
        protocols=_protocols(chosen, model, extractor, test, train, samples),
        extractor=extractor,
        test=test,
        train=train,
        baseline=scored,
        why_no_baseline=why,
        score_real=baseline,
        samples=samples,
        seeds=seeds,
        sampling=sampling,
        left_out=list(filter(None, reasons)),
        other_data=None if as_the_card else subject.other_data,
    )


@dataclasses.dataclass(frozen=True)
class _Subject:
    """A model, its name, and its card if it is a preset.

    `same_name` is whether the real data have the name of the data in the card, and `data` the name
    or the path of the data that it was trained on, if they are known.
    """

    model: Any
    name: str
    card: Card | None
    same_name: bool
    data: str | None

    def common(self, field: str):
        """Return the value of a field of the card's protocols, or `None` if they differ in it.

        Protocols without a value for the field are ignored.
        """
        values = {getattr(m.protocol, field) for m in self.card.metrics} - {None}
        return values.pop() if len(values) == 1 else None

    def measured_on(self, data, test: Source) -> bool:
        """Return whether the card was measured on `data`, of which `test` is a split.

        Hashes decide, of the part that was measured or of the training data, and not names.
        """
        if self.card is None:
            return False
        for protocol in {m.protocol.data_sha256: m.protocol for m in self.card.metrics}.values():
            part = drawn(test, protocol.n_real)
            if _protocol_sha256(part, self.model) == protocol.data_sha256:
                return True
        if not self.same_name:
            return False
        try:  # other splits of the same set are the data of the card too
            train = read_real(data, "train", self.model, crop=self.crop)
        except DataError:  # there are no training data
            return False
        known = self.card.training.data_sha256
        return known in (train.sha256, divide(train)[0].sha256)

    @property
    def crop(self) -> str:
        """The crop of the images that the model was trained on, see `zoo.data.read`."""
        training = None if self.card is None else self.card.training
        return "centre" if training is None else training.crop

    @property
    def other_data(self) -> str | None:
        """The sentence about numbers of other data than the card's, if there are any."""
        if self.card is None or not self.card.metrics:
            return None
        known = {(m.protocol.data, m.protocol.data_sha256[:12]) for m in self.card.metrics}
        texts = [f"{data}, SHA-256 {sha256}" for data, sha256 in sorted(known)]
        return (
            f"The numbers in the card of {self.card.name} are of other data ({'; '.join(texts)}), "
            "and cannot be compared with these."
        )

    def read_test(self, data, split: str | None) -> tuple[Any, Source]:
        """Read the real data; return the argument that named them, and the data."""
        usual = (self.common("split") if self.same_name else None) or "test"
        crop = still(self.crop)
        if data is not None:
            return data, read_test(data, split, usual, self.model, crop)
        if self.card is None or self.card.training is None:
            raise ArgumentError("data is needed: the real images that samples are compared with.")
        data = self.data
        try:
            return data, read_test(data, split, usual, self.model, crop)
        except MissingSplitError:
            raise
        except DataError as error:
            raise DataError(
                f"The set {data!r}, which the preset was trained on, cannot be read: data must "
                f"name it, or its file or folder. ({error})"
            ) from error


def _subject(model_or_preset, data) -> _Subject:
    """Return the model that is measured, with its name and card."""
    if not isinstance(model_or_preset, str | Path):
        if not isinstance(model_or_preset, Model):
            raise ArgumentError(
                "model_or_preset must be a model of this package, or the name or the path of a "
                f"preset. Received: {model_or_preset!r}.{instance_hint(model_or_preset)}"
            )
        return _Subject(model_or_preset, model_or_preset.name, None, False, None)
    preset = locate(model_or_preset)
    card = preset.card
    trained_on = None if card.training is None else card.training.data
    same = data is None or (isinstance(data, str | Path) and Path(data).stem == trained_on)
    same_name = trained_on is not None and same
    return _Subject(preset.read(), card.name, card, same_name, preset.data)


def _named(metrics: list) -> list[Metric]:
    """Return the metrics of the list `metrics`, or raise."""
    chosen = [Metric.get(metric) for metric in metrics]
    if not chosen:
        raise ArgumentError(f"metrics holds none. Allowed: {', '.join(sorted(Metric.named()))}.")
    for metric in chosen:
        if not isinstance(metric.name, str):
            raise ArgumentError(f"The metric {type(metric).__name__} needs a name.")
    outputs = [output for metric in chosen for output in metric.outputs]
    repeated = sorted({output for output in outputs if outputs.count(output) > 1})
    if repeated:
        raise ArgumentError(f"metrics gives {', '.join(repeated)} more than once.")
    return chosen


def _without_classes(metric: Metric, extractor, test: Source) -> str | None:
    """Return the sentence that leaves out a metric of classes that `extractor` does not have, or
    `None`."""
    if "probabilities" not in metric.needs or extractor is None:
        return None
    found = find_extractor(extractor, test.name)
    if found.has_classes:
        return None
    return f"{metric.name} is left out: the extractor {found.name!r} has no classes."


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    """Return the list of seeds: `seeds` itself, or as many from 0 up as it says."""
    if isinstance(seeds, Sequence) and not isinstance(seeds, str) and len(seeds):
        numbers = [check_count("seeds", seed, minimum=0) for seed in seeds]
        if len(set(numbers)) < len(numbers):
            raise ArgumentError(f"seeds must differ. Received: {list(seeds)}.")
        return numbers
    return list(range(check_count("seeds", seeds)))


def _checked(sampling: dict[str, Any], model) -> str:
    """Check the additional arguments of the model's `sample`.

    Returns:
        The arguments in parentheses, which the report adds to the name of the model.
    """
    reserved = {"n", "seed", "latents", "labels", "noise", "condition", "batch_size"}
    reserved |= {"told", "chains"}  # for one call alone
    samples = "samples" in model.tasks
    allowed = set(inspect.signature(model.sample).parameters) - reserved if samples else set()
    for key in sampling:
        if key not in allowed:
            raise unknown_name("argument of evaluate", key, allowed)
    return f" ({', '.join(f'{k}={v}' for k, v in sampling.items())})" if sampling else ""


def _train(
    train, data, split: str | None, subject: _Subject, chosen: list[Metric], baseline: bool
) -> Source | None:
    """Return the training data, or `None` if neither a metric nor the baseline needs them.

    A baseline alone is left out if the training data cannot be found.
    """
    needed = [metric for metric in chosen if metric.trains]
    scored = baseline and any(m.of_samples and m.baseline == "train" for m in chosen)
    if not needed and not scored:
        return None
    model, crop = subject.model, still(subject.crop)
    if train is not None:
        return read_real(train, "train", model, "train", crop).centred()
    if isinstance(data, str | Path):
        try:
            return read_real(data, training_split(split), model, "train", crop)
        except MissingSplitError:
            if needed:
                raise
            return None
    if needed:
        raise ArgumentError(
            f"The metric {needed[0].name!r} looks at training images: train= is needed."
        )
    return None


def _check_training_data(chosen: list[Metric], train: Source | None, test: Source, n: int) -> None:
    """Raise if a metric cannot use the training data, or they are the test data."""
    looking = [metric for metric in chosen if metric.trains]
    for metric in looking:
        metric.check_training(train)
    if looking and images_sha256(drawn(train, n)) == images_sha256(test):
        raise ArgumentError(
            f"The metric {looking[0].name!r} looks at training images, which are the test images "
            "here. Give others as train= or data."
        )


def _baseline(train: Source | None, test: Source, samples: int) -> tuple[Source | None, list[str]]:
    """Return as many training data to score in place of samples.

    Returns:
        The data, or `None`; and sentences that explain why there are none.
    """
    if train is None:
        return None, []
    part = drawn(train, samples)
    if len(part.images) < samples:
        few = f"there are {len(part.images)} training images and {samples} samples."
        return None, [f"{UNSCORED}: {few}"]
    if images_sha256(part) == images_sha256(test):
        return None, [f"{UNSCORED}: training and test images are the same."]
    return part, []


def _protocols(chosen, model, extractor, test: Source, train: Source | None, samples: int):
    """Return the protocol of each metric."""
    sha256 = _protocol_sha256(test, model)
    train_sha256 = None if train is None else train.sha256
    precision = {"float32": "tf32"} if engine.uses_tf32() else {}

    def protocol(metric: Metric) -> Protocol:
        featured = metric.needs & OF_FEATURES
        return Protocol(
            metric=metric.name,
            version=metric.version,
            settings={**metric.settings(model), **precision},
            extractor=extractor.name if featured else None,
            extractor_sha256=extractor.sha256 if featured else None,
            data=test.name,
            split=test.split,
            data_sha256=sha256,
            images=model.data.compared_as if metric.of_samples else model.data.stored_as,
            n_real=len(test.images),
            n_fake=samples if metric.of_samples else None,
            train_sha256=train_sha256 if metric.trains else None,
            n_train=len(train.images) if metric.trains else None,
        )

    return [protocol(metric) for metric in chosen]


def _protocol_sha256(test: Source, model) -> str:
    """Return the hash of the real data in protocols.

    Their labels change no number of a model without a condition.
    """
    return images_sha256(test) if model.condition is None else test.sha256


def images_sha256(source: Source) -> str:
    """Return the hash of the images of `source`, without its labels."""
    return source._replace(labels=None).sha256


def fitting_extractor(extractor, needs: frozenset[str], model, test: Source):
    """Return the extractor of an evaluation, or `None` if no metric needs features.

    Args:
        extractor: the argument of `zoo.evaluate`, or `None` for the default.
        needs: the statistics that the metrics need.
        model: the model.
        test: the real data.

    Raises:
        ValueError: if there is no such extractor, it does not take the model's data, or it lacks
            the classes that a metric needs.
    """
    if not needs & OF_FEATURES:
        if extractor is not None:
            find_extractor(extractor, test.name)  # a wrong name is an error even if it is unused
        return None
    plain = model.data.name != "images" and extractor is None
    extractor = find_extractor("pixels" if plain else extractor, test.name)
    sizes, shape = extractor.image_shape, model.data.shape
    if sizes is not None and not _fits(sizes, shape):
        wanted = ", ".join("any" if size is None else str(size) for size in sizes)
        raise ArgumentError(
            f"The extractor {extractor.name!r} takes images of shape ({wanted}). Received: a "
            f"model of {model.data.noun} of shape {shape}."
        )
    if "probabilities" in needs and not extractor.has_classes:
        raise ArgumentError(
            "Metrics of classes need an extractor with classes. Received: "
            f"{extractor.name!r}, which has none; a Keras model gives classes where it has two "
            "outputs, features and logits."
        )
    return extractor


def _fits(sizes: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    """Return whether `shape` has the `sizes` of an extractor, of which `None` is any."""
    try:
        return all(w in (None, s) for w, s in zip(sizes, shape, strict=True))
    except ValueError:  # the numbers of axes differ
        return False
