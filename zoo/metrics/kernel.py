"""The kernel distance (KID) between two sets of feature vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import blocks, check_two


class KernelDistance(NamedTuple):
    """What `kernel_distance` gives of subsets."""

    mean: float
    standard_error: float


def kernel_distance(
    a, b, subsets: int | None = None, subset_size: int = 1000, seed: int = 0
) -> float | KernelDistance:
    """The squared maximum mean discrepancy under k(x, y) = (x·y / dimensions + 1)^3, unbiased.

    E k(x, x') + E k(y, y') - 2 E k(x, y) over different rows, section 4 of Binkowski et al. 2018,
    https://arxiv.org/abs/1801.01401: the KID, with the features of
    `zoo.evaluation.extractor("inception")`. Around 0, also below, where the two are of one
    distribution, whatever the number of rows.

    Args:
        a: features, of shape `(n, dimensions)`, n at least 2.
        b: features, of shape `(m, dimensions)`, m at least 2.
        subsets: `None` for one estimate from all rows, or from how many random subsets of each to
            estimate.
        subset_size: the rows of a subset, drawn without replacement.
        seed: of the subsets, which are those that torch-fidelity draws with this seed.

    Returns:
        The estimate; or, of subsets, the mean of their estimates and its standard error over the
        draw of the subsets: it falls with their number, and says nothing of other images. That is
        what the error of the metric `"kid"` of `zoo.evaluate` says.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or there are fewer rows than in
        a subset.
    """
    a, b = check_two(("a", "b"), a, b, at_least=2)
    if subsets is None:
        return estimate(a, b).mean
    check_count("subsets", subsets, minimum=2)
    check_count("subset_size", subset_size, minimum=2)
    if subset_size > min(len(a), len(b)):
        raise ArgumentError(
            f"subset_size must be at most the number of rows, {min(len(a), len(b))}. Received: "
            f"{subset_size}."
        )
    rng = np.random.RandomState(check_count("seed", seed, minimum=0))
    found = [
        estimate(*(x[rng.choice(len(x), subset_size, replace=False)] for x in (a, b))).mean
        for _ in range(subsets)
    ]
    return KernelDistance(float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(subsets)))


def estimate(a, b) -> KernelDistance:
    """The estimate from all rows, and its asymptotic standard error.

    The squared error is the first order of a U-statistic's, 4 (var g(x) / n + var h(y) / m) with
    g(x) = E k(x, x') - E k(x, y) and h(y) = E k(y, y') - E k(x, y) (section 5.5.1 of Serfling 1980,
    Approximation Theorems of Mathematical Statistics). Where both sets are of one distribution this
    order vanishes, and the error is too small.
    """
    a, b = check_two(("a", "b"), a, b, at_least=2)
    to_a, to_b = _sums(a, b)
    g, h = (
        (_sums(x, x)[0] - (np.einsum("ij,ij->i", x, x) / x.shape[1] + 1) ** 3) / (len(x) - 1)
        for x in (a, b)
    )
    g_b, h_a = to_a / len(b), to_b / len(a)
    error = 4 * (np.var(g - g_b, ddof=1) / len(a) + np.var(h - h_a, ddof=1) / len(b))
    return KernelDistance(float(g.mean() + h.mean() - 2 * g_b.mean()), float(np.sqrt(error)))


def _sums(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums of the kernel over the rows of `b`, for each of `a`, and the other way round."""
    of_a, of_b = np.empty(len(a)), np.zeros(len(b))
    for rows in blocks(len(a), len(b)):
        kernel = a[rows] @ b.T
        kernel /= a.shape[1]
        kernel += 1
        kernel *= kernel * kernel
        of_a[rows] = kernel.sum(axis=1)
        of_b += kernel.sum(axis=0)
    return of_a, of_b
