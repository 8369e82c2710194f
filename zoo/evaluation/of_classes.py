"""Metrics of classes and modes: which ones samples show, and whether they are those asked for."""

from __future__ import annotations

import numpy as np

from zoo.data import Source, synthetic
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError, check_number
from zoo.evaluation.metric import Metric
from zoo.metrics import class_entropy, class_modes, inception_score, label_accuracy, mode_coverage


class _OfClasses(Metric):
    """A metric of the class probabilities that an extractor gives. Its scale is that of test
    images, which a classifier that was trained on the training images has not seen."""

    needs = frozenset({"probabilities"})
    baseline = "test"


class InceptionScore(_OfClasses):
    """exp of the mutual information of image and class, over all samples, see
    `zoo.metrics.inception_score`; the paper takes the extractor `"inception"`, and 10 splits, whose
    scores are lower."""

    name = "inception_score"
    outputs = {"inception_score": "higher"}

    def measure(self, samples, subject):
        return {"inception_score": inception_score(samples.probabilities)}


class ClassModes(_OfClasses):
    """The classes that samples show, as modes, see `zoo.metrics.class_modes`: how many, which share
    of all, the Kullback-Leibler divergence from equal frequencies in nats, the share of samples
    whose class has a probability above `confidence`, and how many classes those alone show.

    The samples of a conditional model are asked for the labels of the test images, so that the
    frequencies of their classes are those of its labels as far as it obeys them."""

    name = "modes"
    outputs = {
        "modes_covered": "higher",
        "mode_share": "higher",
        "mode_kl": "lower",
        "confident": "higher",
        "confident_modes": "higher",
    }

    def __init__(self, confidence: float = 0.9):
        self.confidence = check_number("confidence", confidence)

    def check(self, model, test):
        if model.data.name != "images":
            raise ArgumentError(
                f"The metric {self.name!r} is for images; {MixtureModes.name!r} counts the modes "
                f"of points. Received: data {test.name!r}."
            )

    def measure(self, samples, subject):
        p = samples.probabilities
        classes, sure = p.argmax(axis=1), p.max(axis=1) > self.confidence
        found = class_modes(classes, p.shape[1])
        return {
            "modes_covered": found.covered,
            "mode_share": found.covered / p.shape[1],
            "mode_kl": found.kl,
            "confident": float(np.mean(sure)),
            "confident_modes": len(np.unique(classes[sure])),
        }


class MixtureModes(Metric):
    """The modes of a mixture of Gaussians that samples cover, the share of them, the share of
    samples at a mode, and how wide the modes are and how far off, in units of the true standard
    deviation, see `zoo.metrics.mode_coverage`."""

    name = "mixture_modes"
    outputs = {
        "modes_covered": "higher",
        "mode_share": "higher",
        "high_quality": "higher",
        "mode_width": None,  # best at that of real points
        "narrowest_width": None,
        "mode_offset": "lower",
    }
    needs = frozenset({"images"})

    def check(self, model, test):
        if mixture(test) is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for mixtures of Gaussians. Received: data "
                f"{test.name!r}."
            )

    def measure(self, samples, subject):
        truth = mixture(subject.test)
        found = mode_coverage(samples.images, truth.means, truth.sigma)
        share = found.covered / len(truth.means)
        return {
            "modes_covered": found.covered,
            "mode_share": share,
            "high_quality": found.high_quality,
            "mode_width": found.width,
            "narrowest_width": found.narrowest,
            "mode_offset": found.offset,
        }


def mixture(test: Source) -> synthetic.GaussianMixture | None:
    """The mixture of Gaussians that the points `test` are drawn from, if they are."""
    truth = synthetic.named(test.name) if test.name in synthetic.NAMED else None
    return truth if isinstance(truth, synthetic.GaussianMixture) else None


class LabelAccuracy(_OfClasses):
    """The share of samples of a conditional model that the extractor gives the label that was asked
    for, see `zoo.metrics.label_accuracy`."""

    name = "label_accuracy"
    outputs = {"label_accuracy": "higher"}

    def check(self, model, test):
        if not isinstance(model.condition, Classes):
            raise ArgumentError(
                f"The metric {self.name!r} is for conditional models. Received: "
                f"{type(model).__name__}."
            )

    def measure(self, samples, subject):
        predicted = samples.probabilities.argmax(axis=1)
        return {"label_accuracy": label_accuracy(predicted, samples.labels)}


class ClassEntropy(_OfClasses):
    """The entropy of the mean prediction, high where samples are diverse, and the mean entropy of
    each, low where they are clear, in nats, see `zoo.metrics.class_entropy`."""

    name = "class_entropy"
    outputs = {"class_entropy": "higher", "class_entropy_of_each": "lower"}

    def measure(self, samples, subject):
        found = class_entropy(samples.probabilities)
        return dict(zip(self.outputs, found, strict=True))
