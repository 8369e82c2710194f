"""The Inception score of class probabilities."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import check_probabilities
from zoo.metrics.modes import class_entropy


class InceptionScore(NamedTuple):
    """The mean and the standard deviation of the scores of several parts."""

    mean: float
    spread: float


def inception_score(probabilities, splits: int | None = None) -> float | InceptionScore:
    """Return exp(E_x KL(p(y | x) || p(y))), where p(y) is the mean of p(y | x) over the images.

    Section 4 of Salimans et al. 2016, https://arxiv.org/abs/1606.03498. The score is 1 if all
    predictions are equal. It is the number of classes if each prediction is certain and all classes
    are equally frequent. The score does not look at real images.

    Args:
        probabilities: p(y | x), of shape `(n, classes)`.
        splits: `None` for one score of all rows, or the number of consecutive parts to score
            separately. The paper takes 10.

    Returns:
        The score; with `splits`, an `InceptionScore` with the mean and the standard deviation
        (denominator `splits`) of the parts' scores.

    Raises:
        ArgumentError: if the rows are no probabilities, or fewer than `splits`.
    """
    p = check_probabilities("probabilities", probabilities)
    if splits is None:
        return _score(p)
    if check_count("splits", splits) > len(p):
        raise ArgumentError(
            f"splits must be at most the number of rows, {len(p)}. Received: {splits}."
        )
    edges = [i * len(p) // splits for i in range(splits + 1)]
    scores = [_score(p[start:stop]) for start, stop in itertools.pairwise(edges)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(p: np.ndarray) -> float:
    """Return the score of all rows."""
    entropy = class_entropy(p)
    return float(np.exp(entropy.of_all - entropy.of_each))
