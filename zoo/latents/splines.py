"""Cubic splines through points, open or closed."""

from __future__ import annotations

import numpy as np


class CubicSpline:
    """The cubic spline through points: each number is a cubic between two knots, and its second
    derivative is continuous.

    The second derivatives M at the knots solve h_{i-1} M_{i-1} + 2 (h_{i-1} + h_i) M_i +
    h_i M_{i+1} = 6 (d_i - d_{i-1}), with the distances h of the knots and the slopes d between
    them. An open spline is the natural one, M = 0 at both ends. A closed one is periodic.

    Args:
        knots: the places of the points, rising, of shape `(m,)`. A closed spline has one more, the
            place at which it is back at the first point.
        points: the points, of shape `(m, dimensions)`, at least two.
        closed: whether the spline returns to its first point.
    """

    def __init__(self, knots: np.ndarray, points: np.ndarray, closed: bool = False):
        self.knots = np.asarray(knots, "float64")
        points = np.asarray(points, "float64")
        self.points = np.concatenate([points, points[:1]]) if closed else points
        steps = np.diff(self.knots)
        slopes = np.diff(self.points, axis=0) / steps[:, None]
        solve = _periodic if closed else _natural
        self.second = solve(steps, slopes)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Return the points at `places`, which lie between the first and the last knot, of shape
        `(n, dimensions)`."""
        places = np.asarray(places, "float64")
        left = np.clip(np.searchsorted(self.knots, places, "right") - 1, 0, len(self.knots) - 2)
        step = (self.knots[left + 1] - self.knots[left])[:, None]
        after = (places - self.knots[left])[:, None]
        before = step - after
        first, last = self.points[left], self.points[left + 1]
        first_second, last_second = self.second[left], self.second[left + 1]
        line = (first * before + last * after) / step
        bend = first_second * before * (before**2 - step**2)
        bend = bend + last_second * after * (after**2 - step**2)
        return line + bend / (6.0 * step)


def _natural(steps: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return the second derivatives at all knots, which are 0 at both ends."""
    inner = len(steps) - 1
    second = np.zeros((inner + 2, slopes.shape[1]))
    if inner:
        matrix = np.diag(2.0 * (steps[:-1] + steps[1:]))
        matrix += np.diag(steps[1:-1], 1) + np.diag(steps[1:-1], -1)
        second[1:-1] = np.linalg.solve(matrix, 6.0 * np.diff(slopes, axis=0))
    return second


def _periodic(steps: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return the second derivatives at all knots, of which the last is the first again."""
    m = len(steps)
    rows = np.arange(m)
    earlier = np.roll(steps, 1)
    matrix = np.zeros((m, m))
    matrix[rows, rows] += 2.0 * (earlier + steps)
    np.add.at(matrix, (rows, (rows - 1) % m), earlier)
    np.add.at(matrix, (rows, (rows + 1) % m), steps)
    second = np.linalg.solve(matrix, 6.0 * (slopes - np.roll(slopes, 1, axis=0)))
    return np.concatenate([second, second[:1]])
