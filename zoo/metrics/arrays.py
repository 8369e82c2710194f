"""What the metrics on vectors share: checked arrays, and distances in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoo.errors import ArgumentError

BLOCK = 2**23  # numbers held at once: 64 MiB


def check_vectors(name: str, x, at_least: int = 1) -> np.ndarray:
    """`x` as a float64 array of shape `(n, dimensions)`, n at least `at_least`, or an error."""
    x = np.asarray(x, dtype="float64")
    if x.ndim != 2 or len(x) < at_least or not x.shape[1]:
        raise ArgumentError(
            f"{name} must have the shape (n, dimensions) with n at least {at_least}. Received: "
            f"shape {x.shape}."
        )
    if not np.isfinite(x).all():
        raise ArgumentError(f"{name} must be finite. Received: NaN or infinite values.")
    return x


def check_two(names: tuple[str, str], a, b, at_least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both as `check_vectors`, of the same dimensions."""
    a, b = (check_vectors(name, x, at_least) for name, x in zip(names, (a, b), strict=True))
    if a.shape[1] != b.shape[1]:
        raise ArgumentError(
            f"{names[0]} and {names[1]} must have the same dimensions. Received: {a.shape[1]} and "
            f"{b.shape[1]}."
        )
    return a, b


def check_probabilities(name: str, p) -> np.ndarray:
    """`p` as a float64 array `(n, classes)` of rows that sum to one, or an error."""
    p = check_vectors(name, p)
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise ArgumentError(
            f"{name} must hold probabilities, in rows that sum to 1. Received: values from "
            f"{p.min():g} to {p.max():g}, sums from {p.sum(axis=1).min():g} to "
            f"{p.sum(axis=1).max():g}."
        )
    return p


def check_classes(name: str, labels, num_classes: int) -> np.ndarray:
    """`labels` as integers from 0 to `num_classes` - 1, of shape `(n,)`, or an error."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
        raise ArgumentError(
            f"{name} must be integers of shape (n,). Received: {labels.dtype} of shape "
            f"{labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ArgumentError(
            f"{name} must lie in 0 to {num_classes - 1}. Received: values from {labels.min()} to "
            f"{labels.max()}."
        )
    return labels


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of `rows` such that a block of them times `columns` is of bounded size."""
    size = max(1, BLOCK // max(columns, 1))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def squared_distances(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """For blocks of rows of `a`, their squared distances to all rows of `b`, `(rows, len(b))`.

    By |x|^2 + |y|^2 - 2 x·y, which is a matrix product; the common mean is taken off first, so that
    little is lost to rounding. Where `a` is `b`, the distance of a row to itself is exactly 0.
    """
    centre = b.mean(axis=0)
    same, a, b = a is b, a - centre, b - centre
    squares = np.einsum("ij,ij->i", b, b)
    for rows in blocks(len(a), len(b)):
        part = a[rows]
        found = part @ b.T
        found *= -2
        found += squares
        found += np.einsum("ij,ij->i", part, part)[:, None]
        np.maximum(found, 0, out=found)
        if same:
            np.fill_diagonal(found[:, rows], 0)
        yield rows, found
