"""Coverage of modes by samples, where modes are Gaussians of a mixture or classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count, check_number
from zoo.metrics.arrays import check_classes, check_probabilities, check_two

RADIUS = 3.0  # the radius of a mode, in standard deviations
SHARE = 0.25  # the part of its fair share of samples that covers a mode


class ModeCoverage(NamedTuple):
    """The results of `mode_coverage`.

    `covered` is the number of covered modes. `high_quality` is the share, in [0, 1], of samples
    within 3 sigma of a mode. `counts`, of shape `(k,)`, is the number of such samples at each mode.

    Three numbers describe the covered modes, in units of sigma. `width` is the mean over modes of
    the standard deviation of the samples at a mode. `narrowest` is the least standard deviation at
    any mode in any direction. `offset` is the greatest distance of the samples' mean from their
    mode. For the mixture's own samples in the plane, `width` and `narrowest` are near 0.97, since
    samples beyond 3 sigma do not count, and `offset` is near 0. If no mode is covered they are 0, 0
    and 3.
    """

    covered: int
    high_quality: float
    counts: np.ndarray
    width: float
    narrowest: float
    offset: float


def mode_coverage(points: np.ndarray, means: np.ndarray, sigma: float) -> ModeCoverage:
    """Count the samples at each mode of a mixture of equally likely round Gaussians.

    A sample is of high quality if it lies within 3 sigma of its nearest mode, and then counts for
    it. In the plane, 1 - exp(-9/2) = 98.9% of the mixture's own samples are of high quality. A mode
    is covered if at least a quarter of its fair share of samples count for it. The fair share is
    the number of all samples divided by the number of modes.

    Args:
        points: the samples, of shape `(n, dimensions)`.
        means: the modes, of shape `(k, dimensions)`.
        sigma: the standard deviation of each mode, in each direction.

    Raises:
        ArgumentError: if the shapes do not fit, or a value is not finite.
    """
    points, means = check_two(("points", "means"), points, means)
    check_number("sigma", sigma, above=True)
    # Modes are compared one after the other, so that memory stays small.
    distances = np.stack([np.linalg.norm(points - mean, axis=1) for mean in means])
    nearest = distances.argmin(axis=0)
    high_quality = distances.min(axis=0) <= RADIUS * sigma
    counts = np.bincount(nearest[high_quality], minlength=len(means))
    covered = np.flatnonzero((counts * len(means) >= SHARE * len(points)) & (counts > 0))
    deviations, offsets = [], []
    for mode in covered:
        members = (points[high_quality & (nearest == mode)] - means[mode]) / sigma
        center = members.mean(axis=0)
        # The singular values of centred samples are their deviations along the principal axes.
        spread = np.linalg.svd(members - center, compute_uv=False) / np.sqrt(len(members))
        deviations.append(np.pad(spread, (0, means.shape[1] - len(spread))))
        offsets.append(np.linalg.norm(center))
    return ModeCoverage(
        covered=len(covered),
        high_quality=float(high_quality.mean()),
        counts=counts,
        width=float(np.mean([np.sqrt(np.mean(d**2)) for d in deviations] or [0.0])),
        narrowest=float(np.min(deviations or [0.0])),
        offset=float(np.max(offsets or [RADIUS])),
    )


class ClassModes(NamedTuple):
    """The results of `class_modes`.

    `covered` is the number of classes with a sample. `kl` is the divergence of their frequencies
    from equal ones, in nats. `counts`, of shape `(num_classes,)`, is the number of samples of each
    class.
    """

    covered: int
    kl: float
    counts: np.ndarray


class ClassEntropy(NamedTuple):
    """The results of `class_entropy`, in nats, from 0 to the logarithm of the number of classes.

    `of_all` is the entropy of the mean prediction, and `of_each` the mean entropy of a prediction.
    """

    of_all: float
    of_each: float


def class_modes(labels, num_classes: int) -> ClassModes:
    """Count the classes that samples cover, and measure how evenly they cover them.

    A class is covered if it has at least one sample. The evenness is KL(q || uniform) = sum_c q_c
    log(q_c num_classes), where q_c is the share of class c. Section 3.3 of Metz et al. 2017,
    https://arxiv.org/abs/1611.02163; their stacked MNIST has 1,000 classes, and later work scores
    26,000 samples of it.

    Args:
        labels: the class of each sample, as a classifier predicts it, of shape `(n,)`. For stacked
            digits see `zoo.data.stack`.
        num_classes: the number of classes.

    Raises:
        ArgumentError: if a label is not one of the classes.
    """
    check_count("num_classes", num_classes)
    counts = np.bincount(check_classes("labels", labels, num_classes), minlength=num_classes)
    shares = counts[counts > 0] / counts.sum()
    kl = float(np.sum(shares * np.log(shares * num_classes)))
    return ClassModes(int(np.count_nonzero(counts)), kl, counts)


def label_accuracy(predicted, asked) -> float:
    """Return the share of conditional samples that a classifier gives the label they were made
    with.

    Args:
        predicted: the classifier's labels, of shape `(n,)`.
        asked: the labels that the samples were made with, of shape `(n,)`.

    Raises:
        ArgumentError: if the numbers of labels differ.
    """
    predicted, asked = check_classes("predicted", predicted), check_classes("asked", asked)
    if len(predicted) != len(asked):
        raise ArgumentError(
            f"predicted and asked must be equally many. Received: {len(predicted)} and "
            f"{len(asked)}."
        )
    return float(np.mean(predicted == asked))


def class_entropy(probabilities) -> ClassEntropy:
    """Return the entropy of the mean prediction, and the mean entropy of a prediction.

    The first is high for diverse samples, and the second is low for samples with a clear class. The
    exponential of their difference is the Inception score.

    Args:
        probabilities: p(y | x), of shape `(n, classes)`.

    Raises:
        ArgumentError: if the rows are no probabilities.
    """
    p = check_probabilities("probabilities", probabilities)
    return ClassEntropy(float(_entropy(p.mean(axis=0))), float(_entropy(p).mean()))


def _entropy(p: np.ndarray) -> np.ndarray:
    """Return the entropy over the last axis, in nats."""
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
