"""How many modes of a mixture samples cover, and how many samples lie at a mode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_number

RADIUS = 3.0  # of a mode, in standard deviations
SHARE = 0.25  # of a fair share, that covers a mode


class ModeCoverage(NamedTuple):
    """What `mode_coverage` counts.

    `covered` is the number of modes covered, `high_quality` the share, in [0, 1], of samples that
    lie at a mode, and `counts`, of shape `(k,)`, how many lie at each.
    """

    covered: int
    high_quality: float
    counts: np.ndarray


def mode_coverage(points: np.ndarray, means: np.ndarray, sigma: float) -> ModeCoverage:
    """Counts the samples at each mode of a mixture of equally likely round Gaussians.

    A sample is of high quality, and counts for its nearest mode, within 3 sigma of it: of the
    mixture's own samples 1 - exp(-9/2) = 98.9% are. A mode is covered when it counts at least a
    quarter of its fair share, which is the number of all samples divided by that of the modes.

    Args:
        points: the samples, of shape `(n, dimensions)`.
        means: the modes, of shape `(k, dimensions)`.
        sigma: the standard deviation of each mode, in each direction.

    Raises:
        ValueError: if the shapes do not fit, or a value is not finite.
    """
    points, means = (_check(name, x) for name, x in (("points", points), ("means", means)))
    if points.shape[1] != means.shape[1]:
        raise ArgumentError(
            "points and means must have the same dimensions. Received: "
            f"{points.shape[1]} and {means.shape[1]}."
        )
    check_number("sigma", sigma, above=True)
    # One mode after the other: memory grows with the points alone.
    distances = np.stack([np.linalg.norm(points - mean, axis=1) for mean in means])
    nearest = distances.argmin(axis=0)
    good = distances.min(axis=0) <= RADIUS * sigma
    counts = np.bincount(nearest[good], minlength=len(means))
    covered = int(np.sum(counts * len(means) >= SHARE * len(points)))
    return ModeCoverage(covered, float(good.mean()), counts)


def _check(name: str, x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype="float64")
    if x.ndim != 2 or not x.size:
        raise ArgumentError(
            f"{name} must have the shape (n, dimensions) with n at least 1. Received: shape "
            f"{x.shape}."
        )
    if not np.isfinite(x).all():
        raise ArgumentError(f"{name} must be finite. Received: NaN or infinite values.")
    return x
