"""Two-sample tests, which measure whether two sets of vectors differ in distribution."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.metrics.arrays import check_two, squared_distances


class TwoSampleTest(NamedTuple):
    """A statistic, and its p-value under the hypothesis of one distribution."""

    statistic: float
    p_value: float


class ClassifierTest(NamedTuple):
    """A classifier's accuracy on held-out rows, and its p-value under guessing."""

    accuracy: float
    p_value: float


def mmd_test(
    a, b, bandwidth: float | None = None, permutations: int = 999, seed: int = 0
) -> TwoSampleTest:
    """Return the squared maximum mean discrepancy under a Gaussian kernel, and its p-value.

    The estimate is unbiased, and the kernel is exp(-|x - y|^2 / (2 bandwidth^2)): lemma 6 of
    Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html. The p-value comes from a
    permutation test, which is exact at any size. The rows are dealt anew to the two sets, in all
    ways if these are at most `permutations`, and else in random ways. The p-value is the share of
    statistics that are at least as large as the first one, which counts too.

    Args:
        a: vectors, of shape `(n, dimensions)`, n at least 2.
        b: vectors, of shape `(m, dimensions)`, m at least 2. Memory grows with (n + m)^2.
        bandwidth: the width of the kernel; by default the median distance between rows of both
            sets.
        permutations: the number of other ways to deal the rows.
        seed: the seed of the random ways.

    Returns:
        The statistic, and the p-value.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or all rows are equal.
    """
    a, b = check_two(("a", "b"), a, b, at_least=2)
    squared = _all_squared_distances(a, b)
    if bandwidth is None:
        bandwidth = math.sqrt(np.median(squared[np.triu_indices(len(squared), 1)]))
        if not bandwidth:
            raise ArgumentError(
                "bandwidth must be given where half of all pairs of rows are equal: their median "
                "distance is 0."
            )
    check_number("bandwidth", bandwidth, above=True)
    kernel = np.exp(squared / (-2 * bandwidth**2))
    return _permutation_test(kernel, len(a), True, permutations, seed)


def energy_test(a, b, permutations: int = 999, seed: int = 0) -> TwoSampleTest:
    """Return the energy distance 2 E|x - y| - E|x - x'| - E|y - y'| over all rows, and its p-value.

    Székely and Rizzo 2013, https://doi.org/10.1016/j.jspi.2013.03.018. It is 0 for two equal sets
    alone, and it is the maximum mean discrepancy under the kernel -|x - y|. It has the same
    arguments, errors and p-value as `mmd_test`.
    """
    a, b = check_two(("a", "b"), a, b, at_least=2)
    return _permutation_test(
        -np.sqrt(_all_squared_distances(a, b)), len(a), False, permutations, seed
    )


def classifier_test(
    a, b, classifier: str | Callable = "neighbours", seed: int = 0
) -> ClassifierTest:
    """Return the accuracy of a classifier that tells the two sets apart, and its binomial p-value.

    Section 3 of Lopez-Paz and Oquab 2017, https://arxiv.org/abs/1610.06545. The classifier is
    fitted to half of each set, and the other half is held out. If the sets come from one
    distribution, the number of right answers is binomial with probability 1/2. The p-value is the
    exact probability of at least as many right answers.

    Args:
        a: vectors, of shape `(n, dimensions)`, n at least 4.
        b: vectors, of shape `(m, dimensions)`, m at least 4. The larger set is cut to the size of
            the smaller one.
        classifier: `"neighbours"`, the majority among the nearest k rows, where k is odd and next
            to the root of their number; `"linear"`, least squares with a small ridge; or any
            callable `classifier(x, labels, held_out) -> predicted`, with labels 0 and 1.
        seed: the seed of the halves.

    Returns:
        The accuracy, in [0, 1], and the p-value.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or the name is unknown.
    """
    a, b = check_two(("a", "b"), a, b, at_least=4)
    if not callable(classifier):
        check_choice("classifier", classifier, _CLASSIFIERS)
        classifier = _CLASSIFIERS[classifier]
    rng = np.random.default_rng(check_count("seed", seed, minimum=0))
    rows = min(len(a), len(b))
    a, b = (x[rng.permutation(len(x))[:rows]] for x in (a, b))
    half = rows // 2
    training = np.concatenate([a[:half], b[:half]])
    held_out = np.concatenate([a[half:], b[half:]])
    truth = np.repeat([0, 1], rows - half)
    predicted = np.asarray(classifier(training, np.repeat([0, 1], half), held_out))
    if predicted.shape != truth.shape or not np.isin(predicted, (0, 1)).all():
        raise ArgumentError(
            f"classifier must give {len(truth)} labels, 0 or 1. Received: {predicted.dtype} of "
            f"shape {predicted.shape}."
        )
    right = int(np.count_nonzero(predicted == truth))
    return ClassifierTest(right / len(truth), _binomial_tail(right, len(truth)))


def _all_squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distances between all rows of both sets."""
    both = np.concatenate([a, b])
    return np.concatenate([part for _, part in squared_distances(both, both)])


def _permutation_test(
    kernel: np.ndarray, n: int, unbiased: bool, permutations: int, seed: int
) -> TwoSampleTest:
    """Return the discrepancy under the matrix `kernel`, and its p-value.

    The first `n` rows are one set, and the other rows are the other set.
    """
    check_count("permutations", permutations)
    total = len(kernel)
    if math.comb(total, n) <= permutations:
        ways = itertools.combinations(range(total), n)
        membership = np.zeros((total, math.comb(total, n)))
        for column, way in enumerate(ways):  # the first way is the two sets as they are
            membership[list(way), column] = 1
    else:
        rng = np.random.default_rng(check_count("seed", seed, minimum=0))
        first = (np.arange(total) < n).astype("float64")
        others = (rng.permutation(first) for _ in range(permutations))
        membership = np.stack([first, *others], axis=1)
    statistics = _discrepancies(kernel, membership, n, unbiased)
    # Ways that only swap equal rows have equal statistics but for rounding.
    tolerance = 1e-10 * np.abs(kernel).max()
    return TwoSampleTest(
        float(statistics[0]), float(np.mean(statistics >= statistics[0] - tolerance))
    )


def _discrepancies(kernel, membership, n, unbiased) -> np.ndarray:
    """Return the discrepancy for each column of `membership`, which is 1 in the first set."""
    m = len(kernel) - n
    row_sums, diagonal = kernel.sum(axis=1), np.diagonal(kernel)
    within_a = np.einsum("ij,ij->j", membership, kernel @ membership)
    with_a = row_sums @ membership
    between = with_a - within_a
    within_b = row_sums.sum() - 2 * with_a + within_a
    if unbiased:
        diagonal_a = diagonal @ membership
        within_a, within_b = within_a - diagonal_a, within_b - (diagonal.sum() - diagonal_a)
    pairs_a, pairs_b = (k * (k - 1) if unbiased else k * k for k in (n, m))
    return within_a / pairs_a + within_b / pairs_b - 2 * between / (n * m)


def _neighbours(x: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Predict labels by the majority of the nearest k rows."""
    k = int(math.sqrt(len(x)))
    k = min(k + 1 - k % 2, len(x))  # an odd k has no ties
    predicted = np.empty(len(held_out), dtype=int)
    for rows, squared in squared_distances(held_out, x):
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        predicted[rows] = labels[nearest].mean(axis=1) > 0.5
    return predicted


def _linear(x: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Predict labels by least squares with a small ridge."""
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    x, held_out = (x - centre) / scale, (held_out - centre) / scale
    gram = x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ (labels - labels.mean()))
    return (held_out @ weights > 0).astype(int)


_CLASSIFIERS = {"neighbours": _neighbours, "linear": _linear}


def _binomial_tail(right: int, n: int) -> float:
    """Return the exact probability of at least `right` heads in `n` throws of a fair coin."""
    ways, total = math.comb(n, right), 0
    for k in range(right, n + 1):
        total += ways
        ways = ways * (n - k) // (k + 1)
    return total / 2**n
