"""The Fréchet distance between two sets of feature vectors."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError
from zoo.metrics.arrays import check_two, check_vectors


class Moments:
    """The mean and the covariance of vectors that arrive in parts.

    Memory does not grow with the number of vectors. Parts are merged in float64 by the formula of
    Chan, Golub and LeVeque 1979, which stays accurate if the mean is far from zero. The sizes and
    the order of the parts change the result by rounding alone.

    Args:
        n: the number of vectors so far.
        mean: their mean, of shape `(dimensions,)`, or `None`.
        scatter: the sum of the outer products of (x - mean) with itself, or `None`.
    """

    def __init__(self, n: int = 0, mean=None, scatter=None):
        self.n = int(n)
        self.mean = mean
        self.scatter = scatter

    def update(self, features) -> None:
        """Add `features`, of shape `(n, dimensions)`.

        Raises:
            ArgumentError: if the shape does not fit, or a value is not finite.
        """
        x = check_vectors("features", features)
        if self.n and x.shape[1] != len(self.mean):
            raise ArgumentError(
                f"features must have {len(self.mean)} dimensions, as those before. Received: "
                f"{x.shape[1]}."
            )
        mean = x.mean(axis=0)
        x = x - mean
        scatter = x.T @ x
        if not self.n:
            self.n, self.mean, self.scatter = len(x), mean, scatter
            return
        total = self.n + len(x)
        difference = mean - self.mean
        self.scatter += scatter + np.outer(difference, difference) * (self.n * len(x) / total)
        self.mean = self.mean + difference * (len(x) / total)
        self.n = total

    @property
    def covariance(self) -> np.ndarray:
        """The covariance, with the denominator n - 1."""
        return self.scatter / (self.n - 1)

    def distance(self, other: Moments) -> float:
        """Return the Fréchet distance to `other`, see `frechet_distance`."""
        roots = []
        for moments in (self, other):
            values, vectors = np.linalg.eigh(moments.covariance)
            # With fewer vectors than dimensions many eigenvalues are 0 but for rounding.
            nonzero = values > values[-1] * len(values) * np.finfo("float64").eps
            roots.append(vectors[:, nonzero] * np.sqrt(values[nonzero]))
        cross = np.linalg.svd(roots[0].T @ roots[1], compute_uv=False).sum()
        spread = sum(np.square(root).sum() for root in roots)
        return float(np.square(self.mean - other.mean).sum() + spread - 2 * cross)


def frechet_distance(a, b) -> float:
    """Return the squared 2-Wasserstein distance of two Gaussians with the moments of `a` and `b`.

    ||m_a - m_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), equation 6 of Heusel et al. 2017,
    https://arxiv.org/abs/1706.08500. With the features of `zoo.evaluation.extractor("inception")`
    it is the FID. The covariances have the denominator N - 1. The trace of the root is computed in
    float64 as the sum of the singular values of C_a^(1/2) C_b^(1/2). It is therefore real, and
    precise also where fewer vectors than dimensions make the covariances singular.

    Args:
        a: features, of shape `(n, dimensions)`, n at least 2.
        b: features, of shape `(m, dimensions)`, m at least 2.

    Raises:
        ArgumentError: if the shapes do not fit, or a value is not finite.

    Example:

    >>> import zoo
    >>> zoo.metrics.frechet_distance([[-1.0], [1.0]], [[2.0], [4.0]])
    9.0
    """
    moments = []
    for x in check_two(("a", "b"), a, b, at_least=2):
        moments.append(Moments())
        moments[-1].update(x)
    return moments[0].distance(moments[1])
