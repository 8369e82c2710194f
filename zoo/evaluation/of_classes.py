"""Metrics of classes and modes: which ones samples show, and whether they are those asked for."""

from __future__ import annotations

import numpy as np

from zoo.data import synthetic
from zoo.errors import ArgumentError, check_number
from zoo.evaluation.metric import Metric
from zoo.metrics import class_entropy, class_modes, inception_score, label_accuracy, mode_coverage


class _OfClasses(Metric):
    """A metric of the class probabilities that an extractor gives."""

    needs = frozenset({"probabilities"})

    def probabilities(self, samples) -> np.ndarray:
        if samples.probabilities is None:
            raise ArgumentError(
                f"The metric {self.name!r} needs an extractor with classes. Received: "
                f"{samples.extractor.name!r}, which has none."
            )
        return samples.probabilities


class InceptionScore(_OfClasses):
    """exp of the mutual information of image and class, over all samples, see
    `zoo.metrics.inception_score`; the paper takes the extractor `"inception"`, and 10 splits, whose
    scores are lower."""

    name = "inception_score"
    outputs = {"inception_score": "higher"}

    def measure(self, samples, task):
        return {"inception_score": inception_score(self.probabilities(samples))}


class ClassModes(_OfClasses):
    """The classes that samples show, as modes, see `zoo.metrics.class_modes`: how many, which share
    of all, the Kullback-Leibler divergence from equal frequencies in nats, and the share of samples
    whose class has a probability above `confidence`."""

    name = "modes"
    outputs = {
        "modes_covered": "higher",
        "mode_share": "higher",
        "mode_kl": "lower",
        "confident": "higher",
    }

    def __init__(self, confidence: float = 0.9):
        self.confidence = check_number("confidence", confidence)

    def check(self, model, test):
        if len(model.image_shape) == 1:
            raise ArgumentError(
                f"The metric {self.name!r} is for images; {MixtureModes.name!r} counts the modes "
                f"of points. Received: data {test.name!r}."
            )

    def measure(self, samples, task):
        p = self.probabilities(samples)
        found = class_modes(p.argmax(axis=1), p.shape[1])
        return {
            "modes_covered": found.covered,
            "mode_share": found.covered / p.shape[1],
            "mode_kl": found.kl,
            "confident": float(np.mean(p.max(axis=1) > self.confidence)),
        }


class MixtureModes(Metric):
    """The modes of a mixture of Gaussians that samples cover, the share of them, and the share of
    samples at a mode, see `zoo.metrics.mode_coverage`."""

    name = "mixture_modes"
    outputs = dict.fromkeys(("modes_covered", "mode_share", "high_quality"), "higher")
    needs = frozenset({"images"})

    def check(self, model, test):
        self._mixture(test)

    def measure(self, samples, task):
        truth = self._mixture(task.test)
        found = mode_coverage(samples.images, truth.means, truth.sigma)
        share = found.covered / len(truth.means)
        return {
            "modes_covered": found.covered,
            "mode_share": share,
            "high_quality": found.high_quality,
        }

    def _mixture(self, test) -> synthetic.GaussianMixture:
        truth = synthetic.named(test.name) if test.name in synthetic.NAMED else None
        if not isinstance(truth, synthetic.GaussianMixture):
            raise ArgumentError(
                f"The metric {self.name!r} is for mixtures of Gaussians. Received: data "
                f"{test.name!r}."
            )
        return truth


class LabelAccuracy(_OfClasses):
    """The share of samples of a conditional model that the extractor gives the label that was asked
    for, see `zoo.metrics.label_accuracy`."""

    name = "label_accuracy"
    outputs = {"label_accuracy": "higher"}

    def check(self, model, test):
        if model.num_classes is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for conditional models. Received: "
                f"{type(model).__name__}."
            )

    def measure(self, samples, task):
        predicted = self.probabilities(samples).argmax(axis=1)
        return {"label_accuracy": label_accuracy(predicted, samples.labels)}


class ClassEntropy(_OfClasses):
    """The entropy of the mean prediction, high where samples are diverse, and the mean entropy of
    each, low where they are clear, in nats, see `zoo.metrics.class_entropy`."""

    name = "class_entropy"
    outputs = {"class_entropy": "higher", "class_entropy_of_each": "lower"}

    def measure(self, samples, task):
        found = class_entropy(self.probabilities(samples))
        return dict(zip(self.outputs, found, strict=True))
