"""Labels of conditional models: integers from 0 to `num_classes` - 1."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError, check_count


def check_labels(argument: str, labels, num_classes: int, rows: int | None = None) -> np.ndarray:
    """`labels` as an int32 array of shape `(n,)`, or an error.

    Args:
        argument: what the error calls them.
        labels: integers of shape `(n,)` or `(n, 1)`.
        num_classes: the number of classes.
        rows: how many there must be; `None`: any number.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
        raise ArgumentError(
            f"{argument} must be integer labels of shape (n,). Received: {labels.dtype} of shape "
            f"{labels.shape}."
        )
    if rows is not None and len(labels) != rows:
        raise ArgumentError(f"{argument} must be {rows} labels. Received: {len(labels)}.")
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if len(wrong):
        raise ArgumentError(
            f"{argument} must lie in 0 to {num_classes - 1}, for num_classes={num_classes}. "
            f"Received: {wrong[0]}."
        )
    return labels.astype("int32")


def choose_labels(labels, n: int | None, num_classes: int, rng: np.random.Generator) -> np.ndarray:
    """The labels of `n` samples, from what `sample` was given as `labels`."""
    if isinstance(labels, str):
        if labels != "all":
            raise ArgumentError(
                f"labels must be integers, one integer, 'all' or None. Received: {labels!r}."
            )
        n = num_classes if n is None else check_count("n", n)
        if n % num_classes:
            raise ArgumentError(
                f"n must be a multiple of num_classes={num_classes} for labels='all'. "
                f"Received: {n}."
            )
        return np.repeat(np.arange(num_classes, dtype="int32"), n // num_classes)
    if labels is None:
        n = 1 if n is None else check_count("n", n)
        return rng.integers(num_classes, size=n, dtype="int32")
    if np.ndim(labels) == 0:
        n = 1 if n is None else check_count("n", n)
        return np.repeat(check_labels("labels", [labels], num_classes), n)
    return check_labels("labels", labels, num_classes, None if n is None else check_count("n", n))
