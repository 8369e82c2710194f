"""Metrics of pixels and of models: likelihoods, memorisation, reconstruction, accuracy."""

from __future__ import annotations

import hashlib
import inspect

import numpy as np

from zoo.data import Batches
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.metric import Metric
from zoo.metrics import bits_per_dimension, copies, nearest_neighbours, parzen_log_likelihood
from zoo.networks.features import Pixels

PART = 256


class _Likelihood(Metric):
    """A likelihood of test data, or a bound or an estimate of it, which a model computes itself.

    Data are drawn as the model's likelihood needs them: binary pixels with their grey levels for
    probabilities (dynamic binarisation), for a density of images they are dequantized. They are put
    in the order of their hashes first, so that their noise does not depend on the order of the set.
    """

    of_samples = False
    baseline = None

    def check(self, model, test):
        if "scores" not in model.tasks:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with log_prob. Received: "
                f"{type(model).__name__}."
            )

    def settings(self, model):
        if model.data.name != "images":
            return self.get_config()
        forms = {"binary": "stochastic", "continuous": "dequantized"}
        return {**self.get_config(), "pixels": forms.get(model.density_of, "8-bit levels")}

    def log_prob(self, subject, **options) -> np.ndarray:
        """Return the log-likelihood of each test datum, in nats, in float64."""
        inputs = _prepared(subject)
        return subject.model.log_prob(*inputs, **options).astype("float64")


def _prepared(subject) -> list[np.ndarray]:
    """Return the test data as the model's likelihood needs them, and their conditions."""
    model, test = subject.model, subject.test
    values = np.asarray(test.images[:])
    hashes = [hashlib.sha256(value.tobytes()).digest() for value in values]
    rows = sorted(range(len(values)), key=hashes.__getitem__)
    conditions = []
    if model.condition is not None:
        conditions = [model.condition.from_stored(np.asarray(test.labels)[rows])]
    if model.data.name != "images":
        return [model.data.from_stored(values[rows]), *conditions]
    batches = Batches(
        values[rows],
        None,
        batch_size=PART,
        seed=subject.seed,
        shuffle=False,
        value_range=model.data.range or (0.0, 1.0),
        dequantize=model.density_of == "continuous",
        binarize="stochastic" if model.density_of == "binary" else None,
    ).fixed()
    return [np.concatenate([batches[i] for i in range(len(batches))]), *conditions]


class LogLikelihood(_Likelihood):
    """The log-likelihood of test data, in nats, by the model's own `log_prob`: exact, a bound or an
    estimate, as the protocol says."""

    name = "log_likelihood"
    outputs = {"log_likelihood": "higher"}

    def __init__(self):
        pass

    def settings(self, model):
        return {**super().settings(model), "likelihood": model.likelihood_is}

    def measure(self, samples, subject):
        random = "seed" in inspect.signature(subject.model.log_prob).parameters
        options = {"seed": subject.seed} if random else {}
        return {"log_likelihood": with_error(self.log_prob(subject, **options))}


class _Estimate(_Likelihood):
    """A likelihood by `k` draws, of a model whose `log_prob` takes `method` and `k`."""

    method: str

    def __init__(self, k: int):
        self.k = check_count("k", k)

    def check(self, model, test):
        super().check(model, test)
        if self.method not in model.estimators:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with the estimator {self.method!r}. "
                f"Received: {type(model).__name__}, of an {model.likelihood_is} log-likelihood. "
                "Allowed: 'log_likelihood'."
            )

    def estimate(self, subject) -> np.ndarray:
        """Return the estimate for each test datum."""
        return self.log_prob(subject, method=self.method, k=self.k, seed=subject.seed)


class ELBO(_Estimate):
    """The evidence lower bound of test images, in nats, see `zoo.metrics.elbo`.

    Args:
        k: how many draws of the posterior for each image.
    """

    name = "elbo"
    method = "elbo"
    outputs = {"elbo": "higher"}

    def __init__(self, k: int = 10):
        super().__init__(k)

    def measure(self, samples, subject):
        return {"elbo": with_error(self.estimate(subject))}


class IWAE(_Estimate):
    """The importance-weighted bound of log p(x) of test images, in nats, see
    `zoo.metrics.importance_weighted_bound`.

    Args:
        k: how many importance samples for each image.
    """

    name = "iwae"
    method = "iwae"
    outputs = {"iwae": "higher"}

    def __init__(self, k: int = 5000):
        super().__init__(k)

    def measure(self, samples, subject):
        return {"iwae": with_error(self.estimate(subject))}


class BitsPerDimension(_Likelihood):
    """The log-likelihood in bits for each number of an image, see
    `zoo.metrics.bits_per_dimension`; of a model with importance-weighted bounds, that of `k` draws.

    Args:
        k: how many importance samples for each image, where the model takes any.
    """

    name = "bits_per_dimension"
    outputs = {"bits_per_dimension": "lower"}

    def __init__(self, k: int = 100):
        self.k = check_count("k", k)

    def check(self, model, test):
        super().check(model, test)
        if model.data.name != "images":
            raise ArgumentError(
                f"The metric {self.name!r} is for images. Received: {model.data.noun}."
            )

    def measure(self, samples, subject):
        model = subject.model
        weighted = "iwae" in model.estimators
        options = {"method": "iwae", "k": self.k, "seed": subject.seed} if weighted else {}
        levels = 256 if model.density_of == "continuous" else 1
        bits = bits_per_dimension(self.log_prob(subject, **options), model.data.size, levels)
        return {"bits_per_dimension": with_error(bits)}


class Parzen(Metric):
    """The log-likelihood of test images under Parzen windows around the samples, in nats, with the
    width that the last `validation` training images find likeliest, see
    `zoo.metrics.parzen_log_likelihood`. The paper holds those out; the presets of this package are
    trained on all training images."""

    name = "parzen"
    outputs = {"parzen": "higher"}
    needs = frozenset({"images"})
    baseline = None
    trains = True

    def __init__(self, validation: int = 10_000):
        self.validation = check_count("validation", validation)

    def check(self, model, test):
        if model.data.name != "images":
            raise ArgumentError(
                f"The metric {self.name!r} is for images. Received: {model.data.noun}."
            )

    def measure(self, samples, subject):
        last = np.arange(len(subject.train.images))[-self.validation :]
        sets = (samples.images, subject.train.select(last).images[:], subject.real.images)
        found = parzen_log_likelihood(*(_flat(images) for images in sets))
        return {"parzen": (found.mean, found.standard_error)}


class Memorisation(Metric):
    """How near samples lie to training images, in pixels of [0, 1]: the median distance to the
    nearest one, and the share of samples that are nearer than all but a hundredth of the test
    images, which is about 0.01 where nothing is memorised, see `zoo.metrics.copies`."""

    name = "memorisation"
    outputs = {"nearest_distance": None, "copies": "lower"}
    needs = frozenset({"images"})
    baseline = "test"
    trains = True

    def measure(self, samples, subject):
        of_samples, of_test = (self._distances(x, subject.train) for x in (samples, subject.real))
        return {
            "nearest_distance": float(np.median(of_samples)),
            "copies": copies(of_samples, of_test),
        }

    def _distances(self, found, train) -> np.ndarray:
        """To the nearest training image; of real images worked out once for all seeds."""
        if self.name not in found.memo:
            nearest = nearest_neighbours(_flat(found.images), _flat(train.images[:]))
            found.memo[self.name] = nearest.distances[:, 0]
        return found.memo[self.name]


class _Error(Metric):
    """The error of data that a model gives for test data: the mean squared error of values scaled
    to [0, 1], and the peak signal-to-noise ratio 10 log10(1 / error) in decibels, the mean over the
    data."""

    of_samples = False
    seeded = False
    baseline = None

    def errors(self, subject, outputs) -> tuple[np.ndarray, np.ndarray]:
        """Return the squared error and the decibels of each datum; `outputs(data, conditions)` are
        what the model gives for a part of the test data."""
        low, high = subject.model.data.range or (0.0, 1.0)
        errors = []
        for values, conditions in parts(subject):
            wrong = (outputs(values, conditions) - values) / (high - low)
            axes = tuple(range(1, wrong.ndim))
            errors.append(np.square(wrong.astype("float64")).mean(axis=axes))
        errors = np.concatenate(errors)
        return errors, -10 * np.log10(np.maximum(errors, 1e-12))


class Reconstruction(_Error):
    """The error of reconstructed test images: the mean squared error of pixels, values from 0 to 1,
    and the peak signal-to-noise ratio 10 log10(1 / error) in decibels, the mean over images."""

    name = "reconstruction"
    outputs = {"squared_error": "lower", "psnr": "higher"}

    def check(self, model, test):
        if "encodes" not in model.tasks:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with reconstruct. Received: "
                f"{type(model).__name__}."
            )

    def measure(self, samples, subject):
        def reconstructions(images, labels):
            conditions = () if labels is None else (labels,)
            return subject.model.reconstruct(images, *conditions)

        errors, decibels = self.errors(subject, reconstructions)
        return {"squared_error": with_error(errors), "psnr": with_error(decibels)}


class Translation(_Error):
    """The error of what a model makes of test inputs, beside their targets: the mean squared error
    of values scaled to [0, 1], and the peak signal-to-noise ratio in decibels."""

    name = "translation"
    outputs = {"translation_error": "lower", "translation_psnr": "higher"}

    def check(self, model, test):
        if "translates" not in model.tasks or test.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for models that translate, and test data with "
                f"inputs. Received: {type(model).__name__}, {test.name!r}."
            )

    def measure(self, samples, subject):
        errors, decibels = self.errors(
            subject, lambda targets, inputs: subject.model.translate(inputs, seed=0)
        )
        return {
            "translation_error": with_error(errors),
            "translation_psnr": with_error(decibels),
        }


class Accuracy(Metric):
    """The share of test images that a classifier gives their label."""

    name = "accuracy"
    outputs = {"accuracy": "higher"}
    of_samples = False
    seeded = False
    baseline = None

    def check(self, model, test):
        if "classifies" not in model.tasks or test.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for classifiers, and test images with labels. "
                f"Received: {type(model).__name__}, {test.name!r}."
            )

    def measure(self, samples, subject):
        right = np.concatenate(
            [subject.model.classify(images) == labels for images, labels in parts(subject)]
        )
        return {"accuracy": with_error(right)}


def parts(subject):
    """Yield the test data in the model's range, and their conditions where it takes any, part by
    part."""
    model, test = subject.model, subject.test
    for start in range(0, len(test.images), PART):
        rows = slice(start, start + PART)
        conditions = None
        if model.condition is not None:
            conditions = model.condition.from_stored(np.asarray(test.labels[rows]))
        yield model.data.from_stored(test.images[rows]), conditions


def _flat(images: np.ndarray) -> np.ndarray:
    return Pixels()(images).features


def with_error(values: np.ndarray) -> tuple[float, float]:
    """The mean, and its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(error)
