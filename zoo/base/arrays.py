"""Conversion of a user's values to arrays: numbers of any shape, and integer labels."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError

LARGEST = np.iinfo(np.int64).max
# Errors of libraries for tensors that hold no plain numbers.
UNREADABLE = (TypeError, ValueError, RuntimeError)
NUMERIC = "biufV"  # kinds of types; V holds bfloat16 and its relatives, which NumPy does not know


def check_unmasked(argument: str, values, error=ArgumentError) -> None:
    """Raise if `values` are a masked array of NumPy in which something is masked.

    NumPy would go on with the values below the mask.
    """
    if np.ma.is_masked(values):
        raise error(
            f"{argument} must hold no masked value. Received: {np.ma.count_masked(values)} of "
            f"{np.size(values)}. The method filled(value) of the array replaces them."
        )


def to_numpy(values) -> np.ndarray:
    """Return an array or a tensor of any library as an array of NumPy.

    Raises one of `UNREADABLE` for what has no plain numbers, such as a sparse tensor of PyTorch.
    """
    if hasattr(values, "detach"):  # a tensor of PyTorch
        values = values.detach().cpu().resolve_conj().resolve_neg()
        values = values.float() if "bfloat16" in str(values.dtype) else values
    return np.asarray(values)


def unreadable(argument: str, noun: str, values, reason: Exception, error=ArgumentError):
    """Return the error for `values` that cannot be read as numbers, for a library's `reason`."""
    kind, several = type(values).__name__, isinstance(values, tuple | list)
    shapes = [tuple(x.shape) for x in values if hasattr(x, "shape")] if several else []
    if len(set(shapes)) > 1 and len(shapes) == len(values):
        labelled = len(shapes) == 2 and len(shapes[1]) == 1 and shapes[0][:1] == shapes[1]
        pair = " Images and their labels are arguments of their own." * labelled
        received = f"a {kind} of arrays of the shapes {', '.join(map(str, shapes))}.{pair}"
    else:
        first = (str(reason).strip().splitlines() or [type(reason).__name__])[0].rstrip(".")
        received = f"a {kind} that cannot be read as one ({first})."
    return error(
        f"{argument} must be an array of {noun}, whose rows have equal shapes. Received: {received}"
    )


def as_array(argument: str, values, noun: str = "numbers", error=ArgumentError) -> np.ndarray:
    """Return `values` as a NumPy array of numbers, or raise.

    Args:
        argument: the name of the argument in errors.
        values: an array, a tensor that NumPy can read, or nested lists of numbers.
        noun: the plural noun for the values in errors.
        error: the class of the error.
    """
    check_unmasked(argument, values, error)
    try:
        array = to_numpy(values)
    except UNREADABLE as reason:
        raise unreadable(argument, noun, values, reason, error) from None
    if array.dtype.kind not in NUMERIC or array.dtype.names:
        raise error(f"{argument} must be an array of {noun}. Received: {_described(values, array)}")
    return array


def as_labels(argument: str, values, rows: int | None = None, error=ArgumentError) -> np.ndarray:
    """Return `values`, integers of shape `(n,)` or `(n, 1)`, as int64 labels of shape `(n,)`.

    Every function of the package that takes labels treats them so.

    Args:
        argument: the name of the argument in errors.
        values: an array, a tensor that NumPy can read, or a list of integers.
        rows: the required number of labels, or `None` for any number above 0.
        error: the class of the error.

    Raises:
        ArgumentError: if the values are no integers, have another shape, or are too few or too
            many.
    """
    check_unmasked(argument, values, error)
    try:
        labels = to_numpy(values)
    except UNREADABLE:
        raise error(
            f"{argument} must be integer labels of shape (n,). Received: a "
            f"{type(values).__name__} that is no array."
        ) from None
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
        raise error(
            f"{argument} must be integer labels of shape (n,). Received: "
            f"{_described(values, labels)}{_advice(labels)}"
        )
    if rows is not None and len(labels) != rows:
        raise error(f"{argument} must be {rows} labels. Received: {len(labels)}.")
    if labels.max() > LARGEST:
        raise error(f"{argument} must be at most {LARGEST}. Received: {labels.max()}.")
    return labels.astype("int64")


def _described(values, array: np.ndarray) -> str:
    """Return the type and the shape of an array that is refused, and one of its texts."""
    if isinstance(values, str):
        return f"the text {values!r}."
    if array.dtype == object and not isinstance(values, np.ndarray | list | tuple):
        return "None." if values is None else f"a {type(values).__name__}."
    kind = "texts" if array.dtype.kind in "SU" else str(array.dtype)
    example = f", such as {array.flat[0].item()!r}" if kind == "texts" and array.size else ""
    return f"{kind} of shape {array.shape}{example}."


def _advice(labels: np.ndarray) -> str:
    """Return the way from texts or one-hot vectors to labels, as a sentence, or nothing."""
    if labels.ndim == 1 and labels.dtype.kind in "SU":
        return " classes, labels = numpy.unique(names, return_inverse=True) numbers names."
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        return " numpy.argmax(one_hot, axis=1) converts one-hot vectors."
    return ""
