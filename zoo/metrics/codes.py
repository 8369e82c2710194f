"""What the codes of an encoder are worth: how sparse they are, and what can be read off them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError

INACTIVE = 0.01  # of the unit's largest activation
STEPS = 300  # of the linear classifier, after which its error does not change any more
RIDGE = 1e-3  # beside the mean variance of a direction


class Inactivity(NamedTuple):
    """Which code units are silent: below a hundredth of their own largest activation.

    `per_image` is the mean share of silent units in an image; `never` the share of units that are
    at most 1e-6 in all images.
    """

    per_image: float
    never: float


def inactivity(codes: np.ndarray) -> Inactivity:
    """How sparse `codes` are, an array of shape `(images, ...)`, of any sign."""
    size = np.abs(codes).reshape(len(codes), -1)
    largest = size.max(axis=0)
    return Inactivity(
        per_image=float((size <= INACTIVE * largest).mean()),
        never=float((largest <= 1e-6).mean()),
    )


def linear_classifier(codes: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """The classes that a linear classifier gives the rows of `held_out`: softmax regression, fitted
    to `codes` and their `labels`.

    The cross-entropy is minimised by 300 steps of Nesterov's accelerated gradient, in coordinates
    in which the codes are white (but for a small ridge), where it is well conditioned. Nothing is
    drawn: the same codes give the same classes.

    Args:
        codes: of shape `(n, units)`.
        labels: integers from 0, of shape `(n,)`.
        held_out: of shape `(m, units)`.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if codes.ndim != 2 or held_out.shape[1:] != codes.shape[1:] or len(labels) != len(codes):
        raise ArgumentError(
            "codes and held_out must have the shapes (n, units) and (m, units), and labels (n,). "
            f"Received: shapes {codes.shape}, {held_out.shape} and {np.shape(labels)}."
        )
    centre = codes.mean(axis=0)
    variances, directions = np.linalg.eigh(
        np.atleast_2d(np.cov((codes - centre).T.astype("float64"), ddof=0))
    )
    scale = np.sqrt(np.maximum(variances, 0) + RIDGE * max(variances.mean(), 1e-12))
    whitening = (directions / scale).astype("float32")
    x, held_out = ((rows - centre).astype("float32") @ whitening for rows in (codes, held_out))
    truth = np.eye(int(labels.max()) + 1, dtype="float32")[labels]
    # A bias is a unit that is always 1: of the Hessian of the cross-entropy, whose softmax part is
    # at most 1/2, the largest eigenvalue is then at most 1/2.
    x, held_out = (np.hstack([rows, np.ones((len(rows), 1), "float32")]) for rows in (x, held_out))
    weights = ahead = np.zeros((x.shape[1], truth.shape[1]), "float32")
    for step in range(STEPS):
        logits = x @ ahead
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        before = weights
        weights = ahead - 2.0 / len(x) * (x.T @ (chances - truth))
        ahead = weights + step / (step + 3) * (weights - before)
    return (held_out @ weights).argmax(axis=1)
