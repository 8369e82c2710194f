"""Confidence intervals of means over few seeds, by Student's t."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

CONFIDENCE = 0.95
POINTS = 20_001  # of the integral of the density, which is exact to 1e-9


def half_width(samples: Sequence[tuple[float, int]]) -> float:
    """Return half the width of the 95% confidence interval of a mean, or of a sum of means.

    The interval of one mean of n values with the standard deviation s is t s / sqrt(n), with
    Student's t of n - 1 degrees of freedom. The degrees of freedom of several means are those of
    Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28.

    Args:
        samples: for each mean, the standard deviation of its values and their number, from 2 up.
    """
    variances = [s * s / n for s, n in samples]
    total = sum(variances)
    if total == 0:
        return 0.0
    shares = [(v / total) ** 2 / (n - 1) for v, (_, n) in zip(variances, samples, strict=True)]
    return student_t(1 / sum(shares)) * math.sqrt(total)


def student_t(degrees: float, confidence: float = CONFIDENCE) -> float:
    """Return the t that a variable of Student's distribution exceeds in size with probability
    1 - `confidence`.

    With x = sqrt(degrees) tan(angle) the density is a power of the cosine, on a bounded interval.
    """
    angles = np.linspace(0, math.pi / 2, POINTS)
    density = np.cos(angles) ** (degrees - 1)
    below = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return math.sqrt(degrees) * math.tan(np.interp(confidence * below[-1], below, angles))
