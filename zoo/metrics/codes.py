"""Metrics of an encoder's codes: their sparsity, and how well a linear map classifies them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.base.arrays import as_array
from zoo.errors import ArgumentError
from zoo.metrics.arrays import check_classes, check_probabilities

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


class LinearClassifier(NamedTuple):
    """A softmax regression that is fitted to vectors.

    Attributes:
        centre: the mean of the vectors, of shape `(units,)`.
        whitening: the matrix that whitens them, float32 of shape `(units, units)`.
        weights: the weights of each class for whitened vectors, and its bias in the last row,
            float32 of shape `(units + 1, classes)`.
    """

    centre: np.ndarray
    whitening: np.ndarray
    weights: np.ndarray

    def logits(self, codes: np.ndarray) -> np.ndarray:
        """Return the logit of each class for vectors of shape `(n, units)`, of shape
        `(n, classes)`."""
        return _whitened(codes, self.centre, self.whitening) @ self.weights

    def normal(self, start: int, end: int) -> np.ndarray:
        """Return the unit vector along which the logit of class `end` grows fastest against that of
        class `start`, float64 of shape `(units,)`."""
        difference = self.weights[:-1, end] - self.weights[:-1, start]
        vector = self.whitening.astype("float64") @ difference
        return vector / max(np.linalg.norm(vector), 1e-300)


def _whitened(codes: np.ndarray, centre: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Return whitened vectors with a unit that is always 1, for the bias."""
    x = (codes - centre).astype("float32") @ whitening
    return np.hstack([x, np.ones((len(x), 1), "float32")])


def fit_linear_classifier(codes: np.ndarray, targets: np.ndarray) -> LinearClassifier:
    """Fit a linear classifier to vectors.

    Its cross-entropy is minimised by 300 steps of Nesterov's accelerated gradient. The vectors are
    whitened first, but for a small ridge, which makes the problem well conditioned. Nothing is
    random.

    Args:
        codes: vectors, of shape `(n, units)`.
        targets: integers from 0, of shape `(n,)` or `(n, 1)`; or the probability of each class, of
            shape `(n, classes)` with at least two classes.

    Raises:
        ArgumentError: if the shapes do not fit, or targets are neither.
    """
    codes = as_array("codes", codes)
    targets = as_array("targets", targets)
    if targets.ndim == 2 and targets.shape[1] > 1:
        truth = check_probabilities("targets", targets).astype("float32")
    else:
        labels = check_classes("targets", targets)
        truth = np.eye(int(labels.max()) + 1, dtype="float32")[labels]
    if codes.ndim != 2 or len(truth) != len(codes):
        raise ArgumentError(
            "codes must have the shape (n, units), and targets as many rows. Received: shapes "
            f"{codes.shape} and {targets.shape}."
        )
    centre = codes.mean(axis=0)
    variances, directions = np.linalg.eigh(
        np.atleast_2d(np.cov((codes - centre).T.astype("float64"), ddof=0))
    )
    scale = np.sqrt(np.maximum(variances, 0) + RIDGE * max(variances.mean(), 1e-12))
    whitening = (directions / scale).astype("float32")
    # The bias is a unit that is always 1. The softmax part of the Hessian is at most 1/2, and so
    # is then the largest eigenvalue of the Hessian, which sets the step size.
    x = _whitened(codes, centre, whitening)
    weights = lookahead = np.zeros((x.shape[1], truth.shape[1]), "float32")
    for step in range(STEPS):
        logits = x @ lookahead
        probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        previous = weights
        weights = lookahead - 2.0 / len(x) * (x.T @ (probabilities - truth))
        lookahead = weights + step / (step + 3) * (weights - previous)
    return LinearClassifier(centre, whitening, weights)


def linear_classifier(codes: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Return the classes that a linear classifier predicts for the rows of `held_out`.

    The classifier is fitted to `codes` and `labels`, see `fit_linear_classifier`. The same codes
    give the same classes.

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
    return fit_linear_classifier(codes, labels).logits(held_out).argmax(axis=1)
