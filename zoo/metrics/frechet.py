"""The Fréchet distance between two sets of feature vectors."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError
from zoo.metrics.arrays import check_two, check_vectors


class Moments:
    """The mean and the covariance of vectors that are seen in parts: memory does not grow with
    their number.

    Parts are merged in float64 by the formula of Chan, Golub and LeVeque 1979, which loses nothing
    to a mean far from zero: sizes and order of the parts change the result by rounding alone.
    """

    def __init__(self, n: int = 0, mean=None, scatter=None):
        self.n = int(n)
        self.mean = mean
        self.scatter = scatter  # the sum of the outer products of (x - mean) with itself

    def update(self, features) -> None:
        """Adds `features`, of shape `(n, dimensions)`.

        Raises:
            ValueError: if the shape does not fit, or a value is not finite.
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
        step = mean - self.mean
        self.scatter += scatter + np.outer(step, step) * (self.n * len(x) / total)
        self.mean = self.mean + step * (len(x) / total)
        self.n = total

    @property
    def covariance(self) -> np.ndarray:
        """With the denominator n - 1."""
        return self.scatter / (self.n - 1)

    def distance(self, other: Moments) -> float:
        """The Fréchet distance, see `frechet_distance`."""
        roots = []
        for moments in (self, other):
            values, vectors = np.linalg.eigh(moments.covariance)
            # Of fewer vectors than dimensions, what is not 0 is rounding.
            kept = values > values[-1] * len(values) * np.finfo("float64").eps
            roots.append(vectors[:, kept] * np.sqrt(values[kept]))
        cross = np.linalg.svd(roots[0].T @ roots[1], compute_uv=False).sum()
        spread = sum(np.square(root).sum() for root in roots)
        return float(np.square(self.mean - other.mean).sum() + spread - 2 * cross)


def frechet_distance(a, b) -> float:
    """||m_a - m_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), the squared 2-Wasserstein distance of
    two Gaussians.

    Equation 6 of Heusel et al. 2017, https://arxiv.org/abs/1706.08500; with the features of
    `zoo.evaluation.extractor("inception")` it is the FID. The covariances have the denominator
    N - 1. The trace of the root is the sum of the singular values of C_a^(1/2) C_b^(1/2), in
    float64: it is real, and precise also where fewer vectors than dimensions make the covariances
    singular.

    Args:
        a: features, of shape `(n, dimensions)`, n at least 2.
        b: features, of shape `(m, dimensions)`, m at least 2.

    Raises:
        ValueError: if the shapes do not fit, or a value is not finite.

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
