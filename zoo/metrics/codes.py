"""Metrics of an encoder's codes: their sparsity, and how well a linear map classifies them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.base.arrays import as_array
from zoo.errors import ArgumentError
from zoo.metrics.arrays import check_classes

INACTIVE = 0.01  # the share of a unit's largest activation below which it is silent
STEPS = 300  # steps of the linear classifier, after which its error does not change any more
RIDGE = 1e-3  # the ridge, relative to the mean variance of a direction


class Inactivity(NamedTuple):
    """Shares of silent code units.

    A unit is silent in an image if its activation is at most a hundredth of its own largest one.
    `per_image` is the mean share of silent units in an image. `never` is the share of units whose
    activation is at most 1e-6 in all images.
    """

    per_image: float
    never: float


def inactivity(codes: np.ndarray) -> Inactivity:
    """Return the shares of silent units in `codes`.

    Args:
        codes: codes of any sign, of shape `(images, ...)`.
    """
    magnitudes = np.abs(codes).reshape(len(codes), -1)
    largest = magnitudes.max(axis=0)
    return Inactivity(
        per_image=float((magnitudes <= INACTIVE * largest).mean()),
        never=float((largest <= 1e-6).mean()),
    )


def linear_classifier(codes: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Return the classes that a linear classifier predicts for the rows of `held_out`.

    The classifier is a softmax regression, fitted to `codes` and `labels`. Its cross-entropy is
    minimised by 300 steps of Nesterov's accelerated gradient. The codes are whitened first, but for
    a small ridge, which makes the problem well conditioned. Nothing is random, so that the same
    codes give the same classes.

    Args:
        codes: codes to fit, of shape `(n, units)`.
        labels: integers from 0, of shape `(n,)` or `(n, 1)`.
        held_out: codes to classify, of shape `(m, units)`.

    Returns:
        Integers of shape `(m,)`.

    Raises:
        ArgumentError: if the shapes do not fit, or labels are no integers from 0.
    """
    codes, held_out = as_array("codes", codes), as_array("held_out", held_out)
    labels = check_classes("labels", labels)
    if codes.ndim != 2 or held_out.shape[1:] != codes.shape[1:] or len(labels) != len(codes):
        raise ArgumentError(
            "codes and held_out must have the shapes (n, units) and (m, units), and labels (n,). "
            f"Received: shapes {codes.shape}, {held_out.shape} and {labels.shape}."
        )
    centre = codes.mean(axis=0)
    variances, directions = np.linalg.eigh(
        np.atleast_2d(np.cov((codes - centre).T.astype("float64"), ddof=0))
    )
    scale = np.sqrt(np.maximum(variances, 0) + RIDGE * max(variances.mean(), 1e-12))
    whitening = (directions / scale).astype("float32")
    x, held_out = ((rows - centre).astype("float32") @ whitening for rows in (codes, held_out))
    truth = np.eye(int(labels.max()) + 1, dtype="float32")[labels]
    # The bias is a unit that is always 1. The softmax part of the Hessian is at most 1/2, and so
    # is then the largest eigenvalue of the Hessian, which sets the step size.
    x, held_out = (np.hstack([rows, np.ones((len(rows), 1), "float32")]) for rows in (x, held_out))
    weights = lookahead = np.zeros((x.shape[1], truth.shape[1]), "float32")
    for step in range(STEPS):
        logits = x @ lookahead
        probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        previous = weights
        weights = lookahead - 2.0 / len(x) * (x.T @ (probabilities - truth))
        lookahead = weights + step / (step + 3) * (weights - previous)
    return (held_out @ weights).argmax(axis=1)
