"""Checks of arrays, and distances in blocks of rows, which all metrics of vectors share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoo.base.arrays import LARGEST, as_array, as_labels
from zoo.errors import ArgumentError

BLOCK = 2**23  # numbers in memory at once, which take 64 MiB


def check_vectors(name: str, x, at_least: int = 1) -> np.ndarray:
    """Return `x` as a float64 array of shape `(n, dimensions)`, with n at least `at_least`.

    Raises:
        ArgumentError: if the shape does not fit, or a value is not finite.
    """
    x = as_array(name, x).astype("float64", copy=False)
    if x.ndim != 2 or len(x) < at_least or not x.shape[1]:
        raise ArgumentError(
            f"{name} must have the shape (n, dimensions) with n at least {at_least}. Received: "
            f"shape {x.shape}."
        )
    if not np.isfinite(x).all():
        raise ArgumentError(f"{name} must be finite. Received: NaN or infinite values.")
    return x


def check_two(names: tuple[str, str], a, b, at_least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return both arrays, checked like `check_vectors`, with equal dimensions.

    Raises:
        ArgumentError: if a shape does not fit, or a value is not finite.
    """
    a, b = (check_vectors(name, x, at_least) for name, x in zip(names, (a, b), strict=True))
    if a.shape[1] != b.shape[1]:
        raise ArgumentError(
            f"{names[0]} and {names[1]} must have the same dimensions. Received: {a.shape[1]} and "
            f"{b.shape[1]}."
        )
    return a, b


def check_probabilities(name: str, p) -> np.ndarray:
    """Return `p` as a float64 array of shape `(n, classes)` whose rows sum to one.

    Raises:
        ArgumentError: if the rows are no probabilities.
    """
    p = check_vectors(name, p)
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise ArgumentError(
            f"{name} must hold probabilities, in rows that sum to 1. Received: values from "
            f"{p.min():g} to {p.max():g}, sums from {p.sum(axis=1).min():g} to "
            f"{p.sum(axis=1).max():g}."
        )
    return p


def check_classes(name: str, labels, num_classes: int = LARGEST) -> np.ndarray:
    """Return `labels`, integers of shape `(n,)` or `(n, 1)` from 0 to `num_classes` - 1, as int64
    of shape `(n,)`.

    Raises:
        ArgumentError: if a label is not one of the classes.
    """
    labels = as_labels(name, labels)
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ArgumentError(
            f"{name} must lie in 0 to {num_classes - 1}. Received: values from {labels.min()} to "
            f"{labels.max()}."
        )
    return labels


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of `rows`; each slice times `columns` fits into `BLOCK` numbers."""
    size = max(1, BLOCK // max(columns, 1))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def squared_distances(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of rows of `a`, and their squared distances `(rows, len(b))` to all rows of `b`.

    The distances are |x|^2 + |y|^2 - 2 x·y, which is a matrix product. The common mean is
    subtracted first, so that little is lost to rounding. If `a` is `b`, the distance of a row to
    itself is exactly 0.
    """
    centre = b.mean(axis=0)
    same, a, b = a is b, a - centre, b - centre
    squares = np.einsum("ij,ij->i", b, b)
    for rows in blocks(len(a), len(b)):
        block = a[rows]
        distances = block @ b.T
        distances *= -2
        distances += squares
        distances += np.einsum("ij,ij->i", block, block)[:, None]
        np.maximum(distances, 0, out=distances)
        if same:
            np.fill_diagonal(distances[:, rows], 0)
        yield rows, distances
