"""Metrics of pixels and of models: likelihoods, memorisation, reconstruction, accuracy."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zoo.base.binarization import BINARIZATIONS
from zoo.data import Batches
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.evaluation.metric import SEVERAL, Metric, PerDatum
from zoo.metrics import bits_per_dimension, copies, nearest_neighbours, parzen_log_likelihood
from zoo.networks.features import Pixels

# The forms of pixels in which each kind of likelihood can be measured, the usual one first.
FORMS = {
    "binary": ("stochastic", "sampled", "threshold"),
    "levels": ("8-bit levels",),
    "continuous": ("dequantized",),
}
DRAWN = ("stochastic", "dequantized")  # with noise that differs from seed to seed
BATCH = 256  # the parts of `zoo.evaluation.collected.PART` data are whole batches of it


class _Likelihood(PerDatum):
    """The log-likelihood of test data by a model's own `log_prob`, or a bound or an estimate of it.

    For a likelihood of binary pixels, images are made binary as the argument `pixels` says; for a
    density of images, pixels are dequantized. Data are sorted by their hashes first, so that this
    noise does not depend on the order of the set.
    """

    pixels: str | None = None

    def check(self, model, test):
        if "scores" not in model.tasks:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with log_prob. Received: "
                f"{type(model).__name__}."
            )
        if self.pixels is not None and model.data.name == "images":
            check_choice("pixels", self.pixels, FORMS[model.density_of])

    def varies(self, model):
        """Return whether draws are taken: of pixels or, by the model's `log_prob`, of others."""
        drawn = model.data.name == "images" and self.form(model) in DRAWN
        return drawn or takes(model, "seed")

    def settings(self, model):
        settings = {key: value for key, value in self.get_config().items() if key != "pixels"}
        return settings | ({"pixels": self.form(model)} if model.data.name == "images" else {})

    def form(self, model) -> str:
        """Return the form of the pixels whose likelihood is measured, by its name."""
        return self.pixels or FORMS[model.density_of][0]

    def options(self, model) -> dict[str, Any]:
        """Return arguments of the model's `log_prob`."""
        return {}

    def divides(self, model):
        # Noise that is counted from the first datum of a call would repeat in each part.
        return not takes(model, "seed") or takes(model, "first")

    def values(self, subject, spans):
        model, options = subject.model, self.options(subject.model)
        if takes(model, "seed"):
            options["seed"] = subject.seed
        if takes(model, "partition"):  # once, and not in each call
            options["partition"] = partition_of(subject)
        spans, form = list(spans), self.form(model)
        seeds = [_seed(subject.seed, draw) for draw in range(self.draws_for(model))]
        passes = [prepared(subject, spans, form, seed) for seed in seeds]
        for drawn in zip(*passes, strict=True):
            span = drawn[0][0]
            if takes(model, "first"):
                options["first"] = span.start
            values = [model.log_prob(*inputs, **options).astype("float64") for _, inputs in drawn]
            yield np.mean(values, axis=0)

    def draws_for(self, model) -> int:
        """Return the number of draws of the noise of pixels, over which values are averaged."""
        return 1

    def numbers(self, values, model):
        (name,) = self.outputs
        return {name: with_error(values)}


def partition_of(subject, *settings):
    """Return log Z of the model, which is found once for all metrics with the same settings.

    Args:
        subject: the subject of a measurement.
        *settings: the method, the number of chains and of their steps, if not the model's own.
    """
    method, *annealing = settings or (None,)
    return subject.once(
        ("log_partition", settings),
        lambda: subject.model.log_partition(method, subject.seed, *annealing),
    )


def takes(model, argument: str) -> bool:
    """Return whether `log_prob` of the model takes an argument of this name."""
    return argument in inspect.signature(model.log_prob).parameters


def _seed(seed: int, draw: int) -> int:
    """Return the seed of one of several draws of noise; the first has the seed itself."""
    return seed if draw == 0 else int(np.random.SeedSequence((seed, draw)).generate_state(1)[0])


def prepared(subject, spans, form: str, seed: int) -> Iterator[tuple[range, list[np.ndarray]]]:
    """Yield spans of the test data in the order of their hashes, images in the form of this name,
    with noise of this seed, and their conditions if the model has any."""
    model, test = subject.model, subject.test
    values = np.asarray(test.images[:])
    hashes = [hashlib.sha256(value.tobytes()).digest() for value in values]
    order = sorted(range(len(values)), key=hashes.__getitem__)
    if model.data.name == "images":
        batches = Batches(
            values[order],
            None,
            batch_size=BATCH,
            seed=seed,
            shuffle=False,
            value_range=model.data.range or (0.0, 1.0),
            dequantize=form == "dequantized",
            binarize=form if form in BINARIZATIONS else None,
        ).fixed()
    for span in spans:
        rows = order[span.start : span.stop]
        if model.data.name == "images":
            numbers = range(span.start // BATCH, -(-span.stop // BATCH))
            inputs = [np.concatenate([batches[i] for i in numbers])]
        else:
            inputs = [model.data.from_stored(values[rows])]
        if model.condition is not None:
            inputs.append(model.condition.from_stored(np.asarray(test.labels)[rows]))
        yield span, inputs


class LogLikelihood(_Likelihood):
    """The log-likelihood of test data by the model's `log_prob`, in nats.

    The protocol records whether it is exact, a bound or an estimate.

    Args:
        pixels: how images are made binary for a likelihood of binary pixels: `"stochastic"` draws
            each pixel, with its grey level as the probability, by the seed of the measurement;
            `"sampled"` has one such draw for each image; `"threshold"` is 1 above one half. `None`
            is `"stochastic"`, and the only form of other likelihoods.
    """

    name = "log_likelihood"
    outputs = {"log_likelihood": "higher"}

    def __init__(self, pixels: str | None = None):
        self.pixels = pixels

    def settings(self, model):
        return {**super().settings(model), "likelihood": model.likelihood_is}


class ThresholdLogLikelihood(LogLikelihood):
    """The log-likelihood of test images whose pixels are 1 above one half, in nats.

    It stands beside the one of drawn pixels, which is lower, since these have more noise.
    """

    name = "threshold_log_likelihood"
    outputs = {"threshold_log_likelihood": "higher"}

    def __init__(self):
        super().__init__("threshold")


class MarginalLogLikelihood(LogLikelihood):
    """The log-likelihood of test data without their labels, by a conditional model, in nats.

    It is log 1/C sum_y p(x | y) over the C classes, which are taken to be equally frequent.

    Args:
        pixels: how images are made binary, see `LogLikelihood`.
    """

    name = "marginal_log_likelihood"
    outputs = {"marginal_log_likelihood": "higher"}

    def check(self, model, test):
        super().check(model, test)
        if not isinstance(model.condition, Classes) or model.likelihood_is != "exact":
            raise ArgumentError(
                f"The metric {self.name!r} is for models of classes with an exact likelihood. "
                f"Received: {type(model).__name__}."
            )

    def values(self, subject, spans):
        model = subject.model
        for _, (data, _) in prepared(subject, spans, self.form(model), subject.seed):
            each = [
                model.log_prob(data, np.full(len(data), label)).astype("float64")
                for label in range(model.condition.n)
            ]
            yield np.logaddexp.reduce(each, axis=0) - np.log(model.condition.n)


class _Estimate(_Likelihood):
    """An estimate of the log-likelihood from `k` draws, for models whose `log_prob` takes `method`
    and `k`."""

    method: str

    def __init__(self, k: int, pixels: str | None = None):
        self.k = check_count("k", k)
        self.pixels = pixels

    def check(self, model, test):
        super().check(model, test)
        if self.method not in model.estimators:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with the estimator {self.method!r}. "
                f"Received: {type(model).__name__}, of an {model.likelihood_is} log-likelihood. "
                "Allowed: 'log_likelihood'."
            )

    def options(self, model):
        return {"method": self.method, "k": self.k}


class ELBO(_Estimate):
    """The evidence lower bound of test images, in nats, see `zoo.metrics.elbo`.

    Args:
        k: the number of draws from the posterior for each image.
        pixels: how images are made binary, see `LogLikelihood`.
    """

    name = "elbo"
    method = "elbo"
    outputs = {"elbo": "higher"}

    def __init__(self, k: int = 10, pixels: str | None = None):
        super().__init__(k, pixels)


class IWAE(_Estimate):
    """The importance-weighted bound of log p(x) of test images, in nats, see
    `zoo.metrics.importance_weighted_bound`.

    Args:
        k: the number of importance samples for each image.
        pixels: how images are made binary, see `LogLikelihood`.
    """

    name = "iwae"
    method = "iwae"
    outputs = {"iwae": "higher"}

    def __init__(self, k: int = 5000, pixels: str | None = None):
        super().__init__(k, pixels)


class BitsPerDimension(_Likelihood):
    """The negative log-likelihood in bits per dimension, see `zoo.metrics.bits_per_dimension`.

    It is computed from the importance-weighted bound if the model has one. From a density of
    continuous pixels it is a bound: the mean of the log-density over uniform noise of one pixel
    step is at most the log-likelihood of the 8-bit image, section 3.1 of Theis et al. 2016,
    https://arxiv.org/abs/1511.01844. From a likelihood of 8-bit pixels it is as exact as that one.

    Args:
        k: the number of importance samples for each image, if the model has that bound.
        draws: the number of draws of uniform noise for each image, if the model has a density of
            continuous pixels.
    """

    name = "bits_per_dimension"
    outputs = {"bits_per_dimension": "lower"}

    def __init__(self, k: int = 100, draws: int = 1):
        self.k = check_count("k", k)
        self.draws = check_count("draws", draws)

    def check(self, model, test):
        super().check(model, test)
        if model.data.name != "images":
            raise ArgumentError(
                f"The metric {self.name!r} is for images. Received: {model.data.noun}."
            )

    def settings(self, model):
        settings, continuous = super().settings(model), model.density_of == "continuous"
        unused = {"draws"} if not continuous else set()
        unused |= {"k"} if "iwae" not in model.estimators else set()
        likelihood = model.likelihood_is
        if continuous and likelihood == "exact":  # of the density, not of 8-bit pixels
            likelihood = "bound"
        kept = {key: value for key, value in settings.items() if key not in unused}
        return {**kept, "likelihood": likelihood}

    def options(self, model):
        return {"method": "iwae", "k": self.k} if "iwae" in model.estimators else {}

    def draws_for(self, model):
        return self.draws if model.density_of == "continuous" else 1

    def numbers(self, values, model):
        levels = 256 if model.density_of == "continuous" else 1
        return super().numbers(bits_per_dimension(values, model.data.size, levels), model)


class Parzen(Metric):
    """The log-likelihood of test images under Parzen windows around the samples, in nats.

    The width of the windows maximises the likelihood of the last `validation` training images, see
    `zoo.metrics.parzen_log_likelihood`. The paper holds these images out of the training; the
    presets of this package are trained on all training images.

    Args:
        validation: the number of training images that choose the width.
    """

    name = "parzen"
    outputs = {"parzen": "higher"}
    needs = frozenset({"images"})
    baseline = None
    trains = True
    fewest = SEVERAL

    def __init__(self, validation: int = 10_000):
        self.validation = check_count("validation", validation)

    def check(self, model, test):
        if model.data.name != "images":
            raise ArgumentError(
                f"The metric {self.name!r} is for images. Received: {model.data.noun}."
            )

    def measure(self, samples, subject):
        last = np.arange(len(subject.train.images))[-self.validation :]
        validation = subject.model.data.stored_here(subject.train.select(last).images[:])
        sets = (samples.images, validation, subject.real.images)
        estimate = parzen_log_likelihood(*(_flat(images) for images in sets))
        return {"parzen": (estimate.mean, estimate.standard_error)}


class Memorisation(Metric):
    """The distances of samples to their nearest training images, for pixels in [0, 1].

    `nearest_distance` is the median distance. `copies` is the share of samples that are nearer
    than all but a hundredth of the test images, about 0.01 for a model that memorises nothing; see
    `zoo.metrics.copies`.
    """

    name = "memorisation"
    outputs = {"nearest_distance": None, "copies": "lower"}
    needs = frozenset({"images"})
    baseline = "test"
    trains = True
    fewest = SEVERAL

    def measure(self, samples, subject):
        train = subject.model.data.stored_here(subject.train.images[:])
        of_samples, of_test = (self._distances(x, train) for x in (samples, subject.real))
        return {
            "nearest_distance": float(np.median(of_samples)),
            "copies": copies(of_samples, of_test),
        }

    def _distances(self, collected, train) -> np.ndarray:
        """Return the distance of each image to its nearest training image.

        The distances of real images are computed once for all seeds.
        """
        if self.name not in collected.memo:
            nearest = nearest_neighbours(_flat(collected.images), _flat(train))
            collected.memo[self.name] = nearest.distances[:, 0]
        return collected.memo[self.name]


class _Error(PerDatum):
    """The error of a model's outputs, compared with test data.

    The numbers are the mean squared error of values scaled to [0, 1], and the peak signal-to-noise
    ratio 10 log10(1 / error) in decibels, as a mean over the data.
    """

    seeded = False

    def made(self, model, data: np.ndarray, conditions) -> np.ndarray:
        """Return the outputs of the model for a part of the test data and its conditions."""
        raise NotImplementedError

    def values(self, subject, spans):
        low, high = subject.model.data.range or (0.0, 1.0)
        for data, conditions in parts(subject, spans):
            differences = (self.made(subject.model, data, conditions) - data) / (high - low)
            axes = tuple(range(1, differences.ndim))
            yield np.square(differences.astype("float64")).mean(axis=axes)

    def numbers(self, values, model):
        decibels = -10 * np.log10(np.maximum(values, 1e-12))
        numbers = with_error(values), with_error(decibels)
        return dict(zip(self.outputs, numbers, strict=True))


class Reconstruction(_Error):
    """The error of reconstructed test images.

    The numbers are the mean squared error of pixels in [0, 1], and the peak signal-to-noise ratio
    10 log10(1 / error) in decibels, as a mean over images.
    """

    name = "reconstruction"
    outputs = {"squared_error": "lower", "psnr": "higher"}

    def check(self, model, test):
        if "encodes" not in model.tasks:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with reconstruct. Received: "
                f"{type(model).__name__}."
            )

    def made(self, model, data, conditions):
        return model.reconstruct(data, *(() if conditions is None else (conditions,)))


class Translation(_Error):
    """The error of translated test inputs, compared with their targets.

    The numbers are the mean squared error of values scaled to [0, 1], and the peak signal-to-noise
    ratio in decibels, as a mean over the data.
    """

    name = "translation"
    outputs = {"translation_error": "lower", "translation_psnr": "higher"}

    def check(self, model, test):
        if "translates" not in model.tasks or test.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for models that translate, and test data with "
                f"inputs. Received: {type(model).__name__}, {test.name!r}."
            )

    def made(self, model, data, conditions):
        return model.translate(conditions, seed=0)


class Accuracy(PerDatum):
    """The share of test images whose label a classifier predicts."""

    name = "accuracy"
    outputs = {"accuracy": "higher"}
    seeded = False

    def check(self, model, test):
        if "classifies" not in model.tasks or test.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for classifiers, and test images with labels. "
                f"Received: {type(model).__name__}, {test.name!r}."
            )

    def values(self, subject, spans):
        for images, labels in parts(subject, spans):
            yield subject.model.classify(images) == labels

    def numbers(self, values, model):
        return {"accuracy": with_error(values)}


def parts(subject, spans: Iterable[range]):
    """Yield spans of the test data in the model's value range, with their conditions or `None`."""
    model, test = subject.model, subject.test
    for span in spans:
        rows = slice(span.start, span.stop)
        conditions = None
        if model.condition is not None:
            conditions = model.condition.from_stored(np.asarray(test.labels[rows]))
        yield model.data.from_stored(test.images[rows]), conditions


def _flat(images: np.ndarray) -> np.ndarray:
    """Return 8-bit images as vectors of pixels in [0, 1]."""
    return Pixels()(images).features


def with_error(values: np.ndarray) -> tuple[float, float]:
    """Return the mean of `values`, and its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(error)
