"""Metrics of pixels and of models: likelihoods, memorisation, reconstruction, accuracy."""

from __future__ import annotations

import hashlib

import numpy as np

from zoo.data import Batches, to_range
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.metric import Metric
from zoo.metrics import bits_per_dimension, copies, nearest_neighbours, parzen_log_likelihood
from zoo.models.classifiers import Classifier
from zoo.networks.features import Pixels

PART = 256


class _Likelihood(Metric):
    """A bound of log p(x) of test images, which a model computes itself.

    Images are what the model's likelihood is a distribution of: binary ones are drawn with their
    grey levels for probabilities (dynamic binarisation), for a density they are dequantized. The
    images are put in the order of their hashes first, so that their noise does not depend on the
    order of the set.
    """

    of_samples = False
    baseline = None

    def __init__(self, k: int):
        self.k = check_count("k", k)

    def check(self, model, test):
        if not hasattr(model, "log_prob"):
            raise ArgumentError(
                f"The metric {self.name!r} is for models with log_prob. Received: "
                f"{type(model).__name__}."
            )

    def settings(self, model):
        pixels = _pixels(model)
        how = {"binary": "stochastic", "continuous": "dequantized"}.get(pixels, "8-bit levels")
        return {**self.get_config(), "pixels": how}

    def log_prob(self, task, method: str) -> np.ndarray:
        pixels = _pixels(task.model)
        images = np.asarray(task.test.images[:])
        hashes = [hashlib.sha256(image.tobytes()).digest() for image in images]
        rows = sorted(range(len(images)), key=hashes.__getitem__)
        batches = Batches(
            images[rows],
            task.test.labels[rows] if task.model.num_classes is not None else None,
            batch_size=PART,
            seed=task.seed,
            shuffle=False,
            value_range=task.model.value_range,
            dequantize=pixels == "continuous",
            binarize="stochastic" if pixels == "binary" else None,
        ).fixed()
        parts = [batches[i] for i in range(len(batches))]
        inputs = zip(*(p if isinstance(p, tuple) else (p,) for p in parts), strict=True)
        inputs = [np.concatenate(part) for part in inputs]
        found = task.model.log_prob(*inputs, method=method, k=self.k, seed=task.seed)
        return found.astype("float64")


class ELBO(_Likelihood):
    """The evidence lower bound of test images, in nats, see `zoo.metrics.elbo`.

    Args:
        k: how many draws of the posterior for each image.
    """

    name = "elbo"
    outputs = {"elbo": "higher"}

    def __init__(self, k: int = 10):
        super().__init__(k)

    def measure(self, samples, task):
        return {"elbo": with_error(self.log_prob(task, "elbo"))}


class IWAE(_Likelihood):
    """The importance-weighted bound of log p(x) of test images, in nats, see
    `zoo.metrics.importance_weighted_bound`.

    Args:
        k: how many importance samples for each image.
    """

    name = "iwae"
    outputs = {"iwae": "higher"}

    def __init__(self, k: int = 5000):
        super().__init__(k)

    def measure(self, samples, task):
        return {"iwae": with_error(self.log_prob(task, "iwae"))}


class BitsPerDimension(_Likelihood):
    """The importance-weighted bound in bits for each number of an image, see
    `zoo.metrics.bits_per_dimension`; arguments as for `IWAE`."""

    name = "bits_per_dimension"
    outputs = {"bits_per_dimension": "lower"}

    def __init__(self, k: int = 100):
        super().__init__(k)

    def measure(self, samples, task):
        dimensions = int(np.prod(task.model.image_shape))
        levels = 256 if _pixels(task.model) == "continuous" else 1
        bits = bits_per_dimension(self.log_prob(task, "iwae"), dimensions, levels)
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
        if len(model.image_shape) == 1:
            raise ArgumentError(f"The metric {self.name!r} is for images. Received: points.")

    def measure(self, samples, task):
        last = np.arange(len(task.train.images))[-self.validation :]
        sets = (samples.images, task.train.select(last).images[:], task.real.images)
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

    def measure(self, samples, task):
        of_samples, of_test = (self._distances(x, task.train) for x in (samples, task.real))
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


class Reconstruction(Metric):
    """The error of reconstructed test images: the mean squared error of pixels, values from 0 to 1,
    and the peak signal-to-noise ratio 10 log10(1 / error) in decibels, the mean over images."""

    name = "reconstruction"
    outputs = {"squared_error": "lower", "psnr": "higher"}
    of_samples = False
    seeded = False
    baseline = None

    def check(self, model, test):
        if not hasattr(model, "reconstruct"):
            raise ArgumentError(
                f"The metric {self.name!r} is for models with reconstruct. Received: "
                f"{type(model).__name__}."
            )

    def measure(self, samples, task):
        low, high = task.model.value_range
        errors = []
        for images, labels in parts(task):
            options = {} if labels is None else {"labels": labels}
            wrong = (task.model.reconstruct(images, **options) - images) / (high - low)
            errors.append(np.square(wrong.astype("float64")).mean(axis=(1, 2, 3)))
        errors = np.concatenate(errors)
        decibels = -10 * np.log10(np.maximum(errors, 1e-12))
        return {"squared_error": with_error(errors), "psnr": with_error(decibels)}


class Accuracy(Metric):
    """The share of test images that a classifier gives their label."""

    name = "accuracy"
    outputs = {"accuracy": "higher"}
    of_samples = False
    seeded = False
    baseline = None

    def check(self, model, test):
        if not isinstance(model, Classifier) or test.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for classifiers, and test images with labels. "
                f"Received: {type(model).__name__}, {test.name!r}."
            )

    def measure(self, samples, task):
        right = np.concatenate(
            [task.model.classify(images) == labels for images, labels in parts(task)]
        )
        return {"accuracy": with_error(right)}


def _pixels(model) -> str:
    """What the model's likelihood is a distribution of, see `zoo.losses.Likelihood`."""
    return getattr(model.likelihood, "pixels", "levels")


def parts(task):
    """The test images in the model's range, and their labels where it takes any, part by part."""
    for start in range(0, len(task.test.images), PART):
        rows = slice(start, start + PART)
        images = to_range(task.test.images[rows], task.model.value_range)
        yield images, None if task.model.num_classes is None else task.test.labels[rows]


def _flat(images: np.ndarray) -> np.ndarray:
    return Pixels()(images).features


def with_error(values: np.ndarray) -> tuple[float, float]:
    """The mean, and its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(error)
