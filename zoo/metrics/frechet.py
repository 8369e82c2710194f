"""The Fréchet distance between two sets of feature vectors."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """||m_a - m_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), the squared 2-Wasserstein distance of
    two Gaussians.

    Equation 6 of Heusel et al. 2017, https://arxiv.org/abs/1706.08500. The covariances have the
    denominator N - 1. The root is taken of the symmetric C_a^(1/2) C_b C_a^(1/2), which has the
    same trace, in float64, and stays real where fewer vectors than dimensions make the covariances
    singular.

    Args:
        a: features, of shape `(n, dimensions)`, n at least 2.
        b: features, of shape `(m, dimensions)`, m at least 2.

    Raises:
        ValueError: if the shapes do not fit, or a value is not finite.
    """
    a, b = (_check(name, x) for name, x in (("a", a), ("b", b)))
    if a.shape[1] != b.shape[1]:
        raise ArgumentError(
            f"a and b must have the same dimensions. Received: {a.shape[1]} and {b.shape[1]}."
        )
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root_a = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.linalg.eigvalsh(root_a @ cov_b @ root_a)
    distance = np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a) + np.trace(cov_b)
    return float(distance - 2 * np.sum(np.sqrt(np.maximum(cross, 0))))


def _check(name: str, x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype="float64")
    if x.ndim != 2 or len(x) < 2:
        raise ArgumentError(
            f"{name} must have the shape (n, dimensions) with n at least 2. Received: shape "
            f"{x.shape}."
        )
    if not np.isfinite(x).all():
        raise ArgumentError(f"{name} must be finite. Received: NaN or infinite values.")
    return x
