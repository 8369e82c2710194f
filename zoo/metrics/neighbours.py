"""Metrics of nearest neighbours: precision and recall, density and coverage, and copies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import check_two, squared_distances


class PrecisionRecall(NamedTuple):
    """The results of `precision_recall`, both in [0, 1]."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """The results of `density_coverage`: an unbounded density and a coverage in [0, 1]."""

    density: float
    coverage: float


class Nearest(NamedTuple):
    """The distances of nearest neighbours and their rows in the other set, of shape `(n, k)`."""

    distances: np.ndarray
    rows: np.ndarray


def precision_recall(real, fake, k: int = 3) -> PrecisionRecall:
    """Return the share of samples that lie among real images, and of real images among samples.

    A point lies among others if its distance to one of them is at most the distance of that one to
    its own k-th nearest neighbour: equations 1 and 2 of Kynkäänniemi et al. 2019,
    https://arxiv.org/abs/1904.06991.

    Args:
        real: features of real images, of shape `(n, dimensions)`, n above `k`.
        fake: features of samples, of shape `(m, dimensions)`, m above `k`.
        k: the rank of the neighbour, without the point itself. It is 3 in the paper; the paper of
            `density_coverage` takes 5.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or `k` is too large.
    """
    return _Manifolds(real, fake, k).precision_recall


def density_coverage(real, fake, k: int = 5) -> DensityCoverage:
    """Return the density of samples at real images, and the coverage of real images by samples.

    The density is the mean number of real neighbourhoods that hold a sample, divided by `k`. The
    coverage is the share of real images whose neighbourhood holds a sample. Equations 4 and 5 of
    Naeem et al. 2020, https://arxiv.org/abs/2002.09797. Outliers among the real images weigh less
    than in `precision_recall`. For samples of the real distribution the density is 1 and the
    coverage 1 - (1 / 2)^k, approximately.

    Args:
        real: features of real images, of shape `(n, dimensions)`, n above `k`.
        fake: features of samples, of shape `(m, dimensions)`.
        k: the rank of the real image to which a neighbourhood reaches, without its own centre.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or `k` is too large.
    """
    return _Manifolds(real, fake, k, both=False).density_coverage


def prdc(real, fake, k: int = 5) -> dict[str, float]:
    """Return `precision`, `recall`, `density` and `coverage` from one pass over the distances.

    Args:
        real: features of real images, of shape `(n, dimensions)`, n above `k`.
        fake: features of samples, of shape `(m, dimensions)`, m above `k`.
        k: the rank of the neighbour, without the point itself.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or `k` is too large.
    """
    manifolds = _Manifolds(real, fake, k)
    return {**manifolds.precision_recall._asdict(), **manifolds.density_coverage._asdict()}


class _Manifolds:
    """Counts of points inside the balls around real points and, if `both`, around fake points."""

    def __init__(self, real, fake, k: int, both: bool = True):
        real, fake = check_two(("real", "fake"), real, fake)
        check_count("k", k)
        fewest = min(len(real), len(fake)) if both else len(real)
        if k >= fewest:
            raise ArgumentError(f"k must be below the number of rows, {fewest}. Received: {k}.")
        real_radii = _squared_radii(real, k)
        fake_radii = _squared_radii(fake, k) if both else np.full(len(fake), -1.0)
        holding = np.zeros(len(fake))  # the number of real balls that hold each sample
        recalled, covered = 0, 0
        for rows, squared in squared_distances(real, fake):
            inside = squared <= real_radii[rows, None]
            holding += inside.sum(axis=0)
            covered += np.count_nonzero(inside.any(axis=1))
            recalled += np.count_nonzero((squared <= fake_radii).any(axis=1))
        n = len(real)
        self.precision_recall = PrecisionRecall(float((holding > 0).mean()), float(recalled / n))
        self.density_coverage = DensityCoverage(float(holding.mean() / k), float(covered / n))


def _squared_radii(x: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance of each row to its k-th nearest neighbour."""
    radii = np.empty(len(x))
    for rows, squared in squared_distances(x, x):
        radii[rows] = np.partition(squared, k, axis=1)[:, k]  # place 0 is the row itself
    return radii


def nearest_neighbours(samples, training, k: int = 1) -> Nearest:
    """Return the `k` training images nearest to each sample by the Euclidean distance, nearest
    first.

    Args:
        samples: pixels or features, of shape `(n, dimensions)`.
        training: pixels or features of the training images, of shape `(m, dimensions)`.
        k: the number of neighbours, at most m.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or `k` is too large.
    """
    samples, training = check_two(("samples", "training"), samples, training)
    if check_count("k", k) > len(training):
        raise ArgumentError(f"k must be at most {len(training)}, the rows. Received: {k}.")
    distances, neighbours = np.empty((len(samples), k)), np.empty((len(samples), k), dtype=np.int64)
    for rows, squared in squared_distances(samples, training):
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        order = np.take_along_axis(squared, nearest, axis=1).argsort(axis=1)
        neighbours[rows] = np.take_along_axis(nearest, order, axis=1)
        for column in range(k):  # a distance from differences is exactly 0 for a copy
            differences = samples[rows] - training[neighbours[rows, column]]
            distances[rows, column] = np.linalg.norm(differences, axis=1)
    return Nearest(distances, neighbours)


def copies(sample_distances, test_distances, quantile: float = 0.01) -> float:
    """Return the share of samples that are as near to a training image as the nearest test images.

    The threshold is the quantile `quantile` of the test images' distances. The result is about
    `quantile` if nothing is memorised, and 1 if all samples are copies.

    Args:
        sample_distances: the distance of each sample to its nearest training image, of shape
            `(n,)`, see `nearest_neighbours`.
        test_distances: the same distances of test images, of shape `(m,)`.
        quantile: a number above 0 and below 1.

    Raises:
        ArgumentError: if `quantile` is out of range, or there are no distances.
    """
    sample_distances, test_distances = map(np.asarray, (sample_distances, test_distances))
    if not 0 < quantile < 1:
        raise ArgumentError(f"quantile must lie above 0 and below 1. Received: {quantile!r}.")
    for name, x in (("sample_distances", sample_distances), ("test_distances", test_distances)):
        if x.ndim != 1 or not len(x):
            raise ArgumentError(f"{name} must have the shape (n,). Received: shape {x.shape}.")
    return float(np.mean(sample_distances <= np.quantile(test_distances, quantile)))
