"""Metrics of nearest neighbours: precision and recall, density and coverage, and copies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import check_two, squared_distances


class PrecisionRecall(NamedTuple):
    """What `precision_recall` gives, both in [0, 1]."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """What `density_coverage` gives: a density from 0, not bounded, and a coverage in [0, 1]."""

    density: float
    coverage: float


class Nearest(NamedTuple):
    """What `nearest_neighbours` finds: distances, and rows of the other set, of shape `(n, k)`."""

    distances: np.ndarray
    rows: np.ndarray


def precision_recall(real, fake, k: int = 3) -> PrecisionRecall:
    """The share of samples that lie among real images, and of real images among samples.

    A point lies among others when it is no further from some of them than this one's k-th nearest
    neighbour: equations 1 and 2 of Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991.

    Args:
        real: features of real images, of shape `(n, dimensions)`, n above `k`.
        fake: features of samples, of shape `(m, dimensions)`, m above `k`.
        k: which neighbour, the point itself not counted: 3 in the paper, 5 in that of
            `density_coverage`.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or `k` is too large.
    """
    return _Manifolds(real, fake, k).precision_recall


def density_coverage(real, fake, k: int = 5) -> DensityCoverage:
    """How many real neighbourhoods a sample lies in, in units of `k`, and the share of real images
    whose neighbourhood holds a sample.

    Equations 4 and 5 of Naeem et al. 2020, https://arxiv.org/abs/2002.09797: outliers among the
    real images weigh less than in `precision_recall`. Where samples are of the real distribution
    the density is 1 and the coverage 1 - (1 / 2)^k, or nearly so.

    Args:
        real: features of real images, of shape `(n, dimensions)`, n above `k`.
        fake: features of samples, of shape `(m, dimensions)`.
        k: a neighbourhood reaches to the k-th nearest real image, itself not counted.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or `k` is too large.
    """
    return _Manifolds(real, fake, k, both=False).density_coverage


def prdc(real, fake, k: int = 5) -> dict[str, float]:
    """`precision`, `recall`, `density` and `coverage` with one `k`, from one pass over the
    distances; arguments as for `precision_recall`."""
    manifolds = _Manifolds(real, fake, k)
    return {**manifolds.precision_recall._asdict(), **manifolds.density_coverage._asdict()}


class _Manifolds:
    """What is counted of the balls around real points and, where `both`, around fake ones."""

    def __init__(self, real, fake, k: int, both: bool = True):
        real, fake = check_two(("real", "fake"), real, fake)
        check_count("k", k)
        fewest = min(len(real), len(fake)) if both else len(real)
        if k >= fewest:
            raise ArgumentError(f"k must be below the number of rows, {fewest}. Received: {k}.")
        real_radii = _squared_radii(real, k)
        fake_radii = _squared_radii(fake, k) if both else np.full(len(fake), -1.0)
        holding = np.zeros(len(fake))  # of each sample, the number of real balls that hold it
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
    """The squared distance of each row to its k-th nearest neighbour."""
    radii = np.empty(len(x))
    for rows, squared in squared_distances(x, x):
        radii[rows] = np.partition(squared, k, axis=1)[:, k]  # after itself, at 0
    return radii


def nearest_neighbours(samples, training, k: int = 1) -> Nearest:
    """For each sample the `k` nearest training images, by the Euclidean distance, the nearest
    first.

    Args:
        samples: pixels or features, of shape `(n, dimensions)`.
        training: those of the training images, of shape `(m, dimensions)`.
        k: how many, at most m.

    Raises:
        ValueError: if the shapes do not fit, or a value is not finite.
    """
    samples, training = check_two(("samples", "training"), samples, training)
    if check_count("k", k) > len(training):
        raise ArgumentError(f"k must be at most {len(training)}, the rows. Received: {k}.")
    distances, found = np.empty((len(samples), k)), np.empty((len(samples), k), dtype=np.int64)
    for rows, squared in squared_distances(samples, training):
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        order = np.take_along_axis(squared, nearest, axis=1).argsort(axis=1)
        found[rows] = np.take_along_axis(nearest, order, axis=1)
        for column in range(k):  # once more by their differences: exactly 0 for copies
            apart = samples[rows] - training[found[rows, column]]
            distances[rows, column] = np.linalg.norm(apart, axis=1)
    return Nearest(distances, found)


def copies(sample_distances, test_distances, quantile: float = 0.01) -> float:
    """The share of samples that lie as near to a training image as the nearest share `quantile` of
    test images: about `quantile` where nothing is memorised, 1 where all is.

    Args:
        sample_distances: to the nearest training image, of shape `(n,)`, see
            `nearest_neighbours`.
        test_distances: the same of test images.
        quantile: above 0 and below 1.

    Raises:
        ValueError: if `quantile` is out of range, or there are no distances.
    """
    sample_distances, test_distances = map(np.asarray, (sample_distances, test_distances))
    if not 0 < quantile < 1:
        raise ArgumentError(f"quantile must lie above 0 and below 1. Received: {quantile!r}.")
    for name, x in (("sample_distances", sample_distances), ("test_distances", test_distances)):
        if x.ndim != 1 or not len(x):
            raise ArgumentError(f"{name} must have the shape (n,). Received: shape {x.shape}.")
    return float(np.mean(sample_distances <= np.quantile(test_distances, quantile)))
