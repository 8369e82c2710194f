"""The kernel distance (KID) between two sets of feature vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import blocks, check_two


class KernelDistance(NamedTuple):
    """The mean of several estimates, and its standard error."""

    mean: float
    standard_error: float


def kernel_distance(
    a, b, subsets: int | None = None, subset_size: int = 1000, seed: int = 0
) -> float | KernelDistance:
    """Return an unbiased estimate of the squared maximum mean discrepancy under a cubic kernel.

    E k(x, x') + E k(y, y') - 2 E k(x, y) over different rows, with k(x, y) = (x·y / dimensions +
    1)^3; section 4 of Binkowski et al. 2018, https://arxiv.org/abs/1801.01401. With the features of
    `zoo.evaluation.extractor("inception")` it is the KID. If both sets come from one distribution,
    the estimate lies around 0, also below, for any number of rows.

    Args:
        a: features, of shape `(n, dimensions)`, n at least 2.
        b: features, of shape `(m, dimensions)`, m at least 2.
        subsets: `None` for one estimate from all rows, or the number of random subsets of each set
            to estimate from.
        subset_size: the number of rows in a subset, drawn without replacement.
        seed: the seed of the subsets. torch-fidelity draws the same subsets with this seed.

    Returns:
        The estimate; with `subsets`, a `KernelDistance` with the mean of the subsets' estimates and
        its standard error over the draw of subsets. This error falls with the number of subsets,
        and does not describe the choice of images. The metric `"kid"` of `zoo.evaluate` reports the
        error over the images, see `estimate`.

    Raises:
        ArgumentError: if the shapes do not fit, a value is not finite, or a subset has more rows
            than a set.
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
    estimates = [
        estimate(*(x[rng.choice(len(x), subset_size, replace=False)] for x in (a, b))).mean
        for _ in range(subsets)
    ]
    return KernelDistance(
        float(np.mean(estimates)), float(np.std(estimates, ddof=1) / np.sqrt(subsets))
    )


def estimate(a, b) -> KernelDistance:
    """Return the estimate from all rows, and its asymptotic standard error.

    The squared error is the first-order variance of a U-statistic, 4 (var g(x) / n + var h(y) / m),
    with g(x) = E k(x, x') - E k(x, y) and h(y) = E k(y, y') - E k(x, y) (section 5.5.1 of Serfling
    1980, Approximation Theorems of Mathematical Statistics). If both sets come from one
    distribution this order vanishes, and the error is too small.
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
    """Return the kernel's sums over the rows of `b` for each row of `a`, and over `a` for `b`."""
    sums_of_a, sums_of_b = np.empty(len(a)), np.zeros(len(b))
    for rows in blocks(len(a), len(b)):
        kernel = a[rows] @ b.T
        kernel /= a.shape[1]
        kernel += 1
        kernel *= kernel * kernel
        sums_of_a[rows] = kernel.sum(axis=1)
        sums_of_b += kernel.sum(axis=0)
    return sums_of_a, sums_of_b
