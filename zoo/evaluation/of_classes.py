"""Metrics of classes and modes: their coverage by samples, and the accuracy of conditions."""

from __future__ import annotations

import numpy as np

from zoo.data import Source, synthetic
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError, check_number
from zoo.evaluation.metric import SEVERAL, Metric
from zoo.metrics import class_entropy, class_modes, inception_score, label_accuracy, mode_coverage


class _OfClasses(Metric):
    """A metric of the class probabilities that an extractor gives to samples.

    Its baseline are test images: the extractor may have been trained on the training images.
    """

    needs = frozenset({"probabilities"})
    baseline = "test"
    fewest = SEVERAL


class InceptionScore(_OfClasses):
    """The exponential of the mutual information of image and class, over all samples.

    See `zoo.metrics.inception_score`. The paper uses the extractor `"inception"` and 10 splits of
    the samples, which give lower scores.
    """

    name = "inception_score"
    outputs = {"inception_score": "higher"}

    def measure(self, samples, subject):
        return {"inception_score": inception_score(samples.probabilities)}


class ClassModes(_OfClasses):
    """The coverage of classes by samples, with classes as modes, see `zoo.metrics.class_modes`.

    `modes_covered` is the number of classes among the samples and `mode_share` their share of all
    classes; `mode_kl` is the Kullback-Leibler divergence of the class frequencies from equal ones,
    in nats; `confident` is the share of samples whose class has a probability above `confidence`,
    and `confident_modes` the number of classes among those samples.

    A conditional model samples for the labels of the test images: its class frequencies are those
    of the labels, as far as it follows them.

    Args:
        confidence: the lowest probability of a confident sample.
    """

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
        modes = class_modes(classes, p.shape[1])
        return {
            "modes_covered": modes.covered,
            "mode_share": modes.covered / p.shape[1],
            "mode_kl": modes.kl,
            "confident": float(np.mean(sure)),
            "confident_modes": len(np.unique(classes[sure])),
        }


class MixtureModes(Metric):
    """The coverage of the modes of a mixture of Gaussians, see `zoo.metrics.mode_coverage`.

    `modes_covered` and `mode_share` are the number and the share of covered modes, and
    `high_quality` the share of samples near a mode. `mode_width`, `narrowest_width` and
    `mode_offset` are the widths of the modes and their distance from the true means, in units of
    the true standard deviation.
    """

    name = "mixture_modes"
    outputs = {
        "modes_covered": "higher",
        "mode_share": "higher",
        "high_quality": "higher",
        "mode_width": None,  # best at the width of real points
        "narrowest_width": None,
        "mode_offset": "lower",
    }
    needs = frozenset({"images"})
    fewest = SEVERAL

    def check(self, model, test):
        if mixture(test) is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for mixtures of Gaussians. Received: data "
                f"{test.name!r}."
            )

    def measure(self, samples, subject):
        truth = mixture(subject.test)
        coverage = mode_coverage(samples.images, truth.means, truth.sigma)
        share = coverage.covered / len(truth.means)
        return {
            "modes_covered": coverage.covered,
            "mode_share": share,
            "high_quality": coverage.high_quality,
            "mode_width": coverage.width,
            "narrowest_width": coverage.narrowest,
            "mode_offset": coverage.offset,
        }


def mixture(test: Source) -> synthetic.GaussianMixture | None:
    """Return the mixture of Gaussians of the points `test`, or `None` if there is none."""
    truth = synthetic.named(test.name) if test.name in synthetic.NAMED else None
    return truth if isinstance(truth, synthetic.GaussianMixture) else None


class LabelAccuracy(_OfClasses):
    """The share of a conditional model's samples whose label the extractor predicts.

    See `zoo.metrics.label_accuracy`.
    """

    name = "label_accuracy"
    fewest = 2  # a mean over samples, which few of them do not shift
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
    """The entropy of the mean prediction, and the mean entropy of each prediction, in nats.

    The first is high if samples are diverse, the second low if they are clear; see
    `zoo.metrics.class_entropy`.
    """

    name = "class_entropy"
    outputs = {"class_entropy": "higher", "class_entropy_of_each": "lower"}

    def measure(self, samples, subject):
        entropies = class_entropy(samples.probabilities)
        return dict(zip(self.outputs, entropies, strict=True))
