"""Which modes samples cover: those of a mixture of Gaussians, and classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count, check_number
from zoo.metrics.arrays import check_classes, check_probabilities, check_two

RADIUS = 3.0  # of a mode, in standard deviations
SHARE = 0.25  # of a fair share, that covers a mode


class ModeCoverage(NamedTuple):
    """What `mode_coverage` counts.

    `covered` is the number of modes covered, `high_quality` the share, in [0, 1], of samples that
    lie at a mode, and `counts`, of shape `(k,)`, how many lie at each. Of the modes covered, in
    units of sigma: `width` is the mean over modes of the standard deviation of the samples at one,
    `narrowest` the least standard deviation at any mode in any direction, and `offset` the greatest
    distance of their mean from the mode. Of the mixture's own samples in the plane the first two
    are near 0.97, as nothing beyond 3 sigma is of a mode, and the last near 0. Where no mode is
    covered they are 0, 0 and 3.
    """

    covered: int
    high_quality: float
    counts: np.ndarray
    width: float
    narrowest: float
    offset: float


def mode_coverage(points: np.ndarray, means: np.ndarray, sigma: float) -> ModeCoverage:
    """Counts the samples at each mode of a mixture of equally likely round Gaussians.

    A sample is of high quality, and counts for its nearest mode, within 3 sigma of it: in the
    plane 1 - exp(-9/2) = 98.9% of the mixture's own samples are. A mode is covered when it counts
    at least a quarter of its fair share, which is the number of all samples divided by that of the
    modes.

    Args:
        points: the samples, of shape `(n, dimensions)`.
        means: the modes, of shape `(k, dimensions)`.
        sigma: the standard deviation of each mode, in each direction.

    Raises:
        ValueError: if the shapes do not fit, or a value is not finite.
    """
    points, means = check_two(("points", "means"), points, means)
    check_number("sigma", sigma, above=True)
    # One mode after the other: memory grows with the points alone.
    distances = np.stack([np.linalg.norm(points - mean, axis=1) for mean in means])
    nearest = distances.argmin(axis=0)
    good = distances.min(axis=0) <= RADIUS * sigma
    counts = np.bincount(nearest[good], minlength=len(means))
    covered = np.flatnonzero((counts * len(means) >= SHARE * len(points)) & (counts > 0))
    deviations, offsets = [], []
    for mode in covered:
        here = (points[good & (nearest == mode)] - means[mode]) / sigma
        center = here.mean(axis=0)
        # The singular values of centred samples are their deviations along the principal axes.
        spread = np.linalg.svd(here - center, compute_uv=False) / np.sqrt(len(here))
        deviations.append(np.pad(spread, (0, means.shape[1] - len(spread))))
        offsets.append(np.linalg.norm(center))
    return ModeCoverage(
        covered=len(covered),
        high_quality=float(good.mean()),
        counts=counts,
        width=float(np.mean([np.sqrt(np.mean(d**2)) for d in deviations] or [0.0])),
        narrowest=float(np.min(deviations or [0.0])),
        offset=float(np.max(offsets or [RADIUS])),
    )


class ClassModes(NamedTuple):
    """What `class_modes` counts.

    `covered` is the number of classes with a sample, `kl`, in nats, how far their frequencies are
    from equal ones, and `counts`, of shape `(num_classes,)`, how many samples each has.
    """

    covered: int
    kl: float
    counts: np.ndarray


class ClassEntropy(NamedTuple):
    """What `class_entropy` gives, both in nats, from 0 to the logarithm of the number of
    classes."""

    of_all: float
    of_each: float


def class_modes(labels, num_classes: int) -> ClassModes:
    """Counts classes as modes: those with at least one sample are covered, and KL(q || uniform) =
    sum_c q_c log(q_c num_classes), with q_c the share of class c, says how evenly.

    Section 3.3 of Metz et al. 2017, https://arxiv.org/abs/1611.02163, whose stacked MNIST has 1,000
    classes and is scored on 26,000 samples in later work.

    Args:
        labels: the class of each sample, from a classifier, of shape `(n,)`; of stacked digits see
            `zoo.data.stack`.
        num_classes: how many there are.

    Raises:
        ValueError: if a label is not one of the classes.
    """
    check_count("num_classes", num_classes)
    counts = np.bincount(check_classes("labels", labels, num_classes), minlength=num_classes)
    shares = counts[counts > 0] / counts.sum()
    kl = float(np.sum(shares * np.log(shares * num_classes)))
    return ClassModes(int(np.count_nonzero(counts)), kl, counts)


def label_accuracy(predicted, asked) -> float:
    """The share of conditional samples that a classifier gives the label that was asked for.

    Args:
        predicted: the classifier's labels, of shape `(n,)`.
        asked: the labels that the samples were made with, of shape `(n,)`.

    Raises:
        ValueError: if the numbers of labels differ.
    """
    limit = np.iinfo(np.int64).max
    predicted = check_classes("predicted", predicted, limit)
    asked = check_classes("asked", asked, limit)
    if len(predicted) != len(asked):
        raise ArgumentError(
            f"predicted and asked must be equally many. Received: {len(predicted)} and "
            f"{len(asked)}."
        )
    return float(np.mean(predicted == asked))


def class_entropy(probabilities) -> ClassEntropy:
    """The entropy of the mean prediction, and the mean entropy of each: high and low for samples
    that are diverse and clear. The exponential of their difference is the Inception score.

    Args:
        probabilities: p(y | x), of shape `(n, classes)`.

    Raises:
        ValueError: if the rows are no probabilities.
    """
    p = check_probabilities("probabilities", probabilities)
    return ClassEntropy(float(_entropy(p.mean(axis=0))), float(_entropy(p).mean()))


def _entropy(p: np.ndarray) -> np.ndarray:
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
