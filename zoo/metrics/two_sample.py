"""Two-sample tests: whether two sets of vectors can be told apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.metrics.arrays import check_two, squared_distances


class TwoSampleTest(NamedTuple):
    """The statistic, and the probability of one as large where both sets are of one
    distribution."""

    statistic: float
    p_value: float


class ClassifierTest(NamedTuple):
    """The share of held-out rows told apart, and the probability of as many by guessing."""

    accuracy: float
    p_value: float


def mmd_test(
    a, b, bandwidth: float | None = None, permutations: int = 999, seed: int = 0
) -> TwoSampleTest:
    """The squared maximum mean discrepancy, unbiased, under the Gaussian kernel exp(-|x - y|^2 / (2
    bandwidth^2)), with the p-value of a permutation test.

    Lemma 6 of Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html. The p-value is
    exact at any size: the rows are dealt anew to the two sets, in all ways where these are at most
    `permutations`, else at random, and the share of statistics at least as large as the first one
    is counted, itself among them.

    Args:
        a: vectors, of shape `(n, dimensions)`, n at least 2.
        b: vectors, of shape `(m, dimensions)`, m at least 2. Memory grows with (n + m)^2.
        bandwidth: by default the median distance between rows of the two sets together.
        permutations: how many other ways to deal the rows to look at.
        seed: of the ways.

    Returns:
        The statistic, and the p-value.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or all rows are equal.
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
    return _permuted(kernel, len(a), True, permutations, seed)


def energy_test(a, b, permutations: int = 999, seed: int = 0) -> TwoSampleTest:
    """The energy distance 2 E|x - y| - E|x - x'| - E|y - y'|, over all pairs of rows, with the
    p-value of a permutation test.

    Székely and Rizzo 2013, https://doi.org/10.1016/j.jspi.2013.03.018; 0 for two
    equal sets alone, and the maximum mean discrepancy under the kernel -|x - y|. Arguments, errors
    and p-value as for `mmd_test`.
    """
    a, b = check_two(("a", "b"), a, b, at_least=2)
    return _permuted(-np.sqrt(_all_squared_distances(a, b)), len(a), False, permutations, seed)


def classifier_test(
    a, b, classifier: str | Callable = "neighbours", seed: int = 0
) -> ClassifierTest:
    """The accuracy on held-out rows of a classifier that was fitted to tell the two sets apart, and
    its binomial p-value.

    Section 3 of Lopez-Paz and Oquab 2017, https://arxiv.org/abs/1610.06545: half of each set is
    fitted to and half is held out. Where nobody can tell them apart, the number of right answers
    is binomial with probability 1/2; the p-value is the exact probability of at least as many.

    Args:
        a: vectors, of shape `(n, dimensions)`, n at least 4.
        b: vectors, of shape `(m, dimensions)`, m at least 4. Of the larger set as many rows are
            taken as the smaller one has.
        classifier: `"neighbours"`, the majority among the nearest k rows, where k is odd and next
            to the root of their number; `"linear"`, least squares with a small ridge; or any
            callable `classifier(x, labels, held_out) -> predicted`, with labels 0 and 1.
        seed: of the halves.

    Returns:
        The accuracy, in [0, 1], and the p-value.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or the name is unknown.
    """
    a, b = check_two(("a", "b"), a, b, at_least=4)
    if not callable(classifier):
        check_choice("classifier", classifier, _CLASSIFIERS)
        classifier = _CLASSIFIERS[classifier]
    rng = np.random.default_rng(check_count("seed", seed, minimum=0))
    rows = min(len(a), len(b))
    a, b = (x[rng.permutation(len(x))[:rows]] for x in (a, b))
    half = rows // 2
    fitted, held = np.concatenate([a[:half], b[:half]]), np.concatenate([a[half:], b[half:]])
    truth = np.repeat([0, 1], rows - half)
    predicted = np.asarray(classifier(fitted, np.repeat([0, 1], half), held))
    if predicted.shape != truth.shape or not np.isin(predicted, (0, 1)).all():
        raise ArgumentError(
            f"classifier must give {len(truth)} labels, 0 or 1. Received: {predicted.dtype} of "
            f"shape {predicted.shape}."
        )
    right = int(np.count_nonzero(predicted == truth))
    return ClassifierTest(right / len(truth), _at_least(right, len(truth)))


def _all_squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    both = np.concatenate([a, b])
    return np.concatenate([part for _, part in squared_distances(both, both)])


def _permuted(
    kernel: np.ndarray, n: int, unbiased: bool, permutations: int, seed: int
) -> TwoSampleTest:
    """The discrepancy under the matrix `kernel`, whose first `n` rows are one set, and its
    p-value."""
    check_count("permutations", permutations)
    total = len(kernel)
    if math.comb(total, n) <= permutations:
        ways = itertools.combinations(range(total), n)
        chosen = np.zeros((total, math.comb(total, n)))
        for column, way in enumerate(ways):  # the first one is that of the two sets
            chosen[list(way), column] = 1
    else:
        rng = np.random.default_rng(check_count("seed", seed, minimum=0))
        first = (np.arange(total) < n).astype("float64")
        others = (rng.permutation(first) for _ in range(permutations))
        chosen = np.stack([first, *others], axis=1)
    found = _discrepancies(kernel, chosen, n, unbiased)
    # Ways that differ by the order of equal rows are equal but for rounding.
    slack = 1e-10 * np.abs(kernel).max()
    return TwoSampleTest(float(found[0]), float(np.mean(found >= found[0] - slack)))


def _discrepancies(kernel, chosen, n, unbiased) -> np.ndarray:
    """Of each column of `chosen`, which is 1 for the rows of the first set and 0 for others."""
    m = len(kernel) - n
    of_rows, diagonal = kernel.sum(axis=1), np.diagonal(kernel)
    within_a = np.einsum("ij,ij->j", chosen, kernel @ chosen)
    with_a = of_rows @ chosen
    between = with_a - within_a
    within_b = of_rows.sum() - 2 * with_a + within_a
    if unbiased:
        own = diagonal @ chosen
        within_a, within_b = within_a - own, within_b - (diagonal.sum() - own)
    pairs_a, pairs_b = (k * (k - 1) if unbiased else k * k for k in (n, m))
    return within_a / pairs_a + within_b / pairs_b - 2 * between / (n * m)


def _neighbours(x: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    k = int(math.sqrt(len(x)))
    k = min(k + 1 - k % 2, len(x))  # odd: no ties
    predicted = np.empty(len(held_out), dtype=int)
    for rows, squared in squared_distances(held_out, x):
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        predicted[rows] = labels[nearest].mean(axis=1) > 0.5
    return predicted


def _linear(x: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    x, held_out = (x - centre) / scale, (held_out - centre) / scale
    gram = x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ (labels - labels.mean()))
    return (held_out @ weights > 0).astype(int)


_CLASSIFIERS = {"neighbours": _neighbours, "linear": _linear}


def _at_least(right: int, n: int) -> float:
    """The probability of at least `right` heads in `n` throws of a fair coin, exactly."""
    ways, total = math.comb(n, right), 0
    for k in range(right, n + 1):
        total += ways
        ways = ways * (n - k) // (k + 1)
    return total / 2**n
