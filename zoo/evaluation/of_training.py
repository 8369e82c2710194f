"""`Overfitting`, which compares how a model takes training data and held-out data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zoo.base.binarization import binarized
from zoo.data import Source
from zoo.engine.model import Model
from zoo.engine.spaces import BinaryImages
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.metric import Metric
from zoo.evaluation.of_images import with_error
from zoo.evaluation.real import drawn

ROUGHLY = {"seed": 0, "chains": 20, "temperatures": 500}  # the estimate of a partition function


def _bound(model: Model, data, condition) -> np.ndarray:
    """Return the log-likelihood of each datum, or the bound or estimate that takes least time.

    The partition function of a model that has one, which all data share, is a rough estimate.
    """
    options = {"method": "elbo", "k": 1, "seed": 0} if "elbo" in model.estimators else {}
    if model.has_partition:
        options["partition"] = model.log_partition("ais", **ROUGHLY)
    conditions = () if condition is None else (condition,)
    if isinstance(model.data, BinaryImages):
        data = binarized(model.data.to_stored(data), "sampled").astype("float32")
    return model.log_prob(data, *conditions, **options)


def _likeness(model: Model, data, condition) -> np.ndarray:
    """Return the negative mean squared error of each reconstruction."""
    conditions = () if condition is None else (condition,)
    errors = np.square((model.reconstruct(data, *conditions) - data).astype("float64"))
    return -errors.reshape(len(data), -1).mean(axis=1)


# The score of a datum by the first of these abilities that a model has. Higher is more fitting.
SCORES: dict[str, tuple[Callable[[Model], bool], Callable[..., np.ndarray]]] = {
    "discriminator": (
        lambda model: model.can_judge,
        lambda model, data, condition: model.discriminate(
            data, condition if model.discriminator_sees_labels else None
        ),
    ),
    "log_prob": (lambda model: "scores" in model.tasks, _bound),
    "reconstruction": (lambda model: "encodes" in model.tasks, _likeness),
}


class Overfitting(Metric):
    """The difference of the scores that a model gives to training data and to held-out data.

    The score of a datum is the output of the discriminator, the log-likelihood or its bound in
    nats, or the negative squared error of the reconstruction, whichever of these a model has first.
    `train_score` and `test_score` are its means. `overfitting` is their difference divided by the
    standard deviation of the score over held-out data: 0 for a model that takes both for alike, and
    1 where a training datum scores one standard deviation better.

    Args:
        n: the largest number of training data, and of held-out data, that are scored. Of more, the
            same `n` are drawn each time.
    """

    name = "overfitting"
    outputs = {"train_score": None, "test_score": None, "overfitting": "lower"}
    of_samples = False
    seeded = False
    baseline = None
    trains = True

    def __init__(self, n: int = 500):
        self.n = check_count("n", n, minimum=2)

    @staticmethod
    def suits(model: Model) -> bool:
        """Return whether the model has a score."""
        return _score_of(model) is not None

    def check(self, model, test):
        if not self.suits(model):
            raise ArgumentError(
                f"The metric {self.name!r} is for models with a discriminator, log_prob or "
                f"reconstruct. Received: {type(model).__name__}."
            )

    def settings(self, model):
        return {**super().settings(model), "score": _score_of(model)}

    def measure(self, samples, subject):
        train, test = (self._scores(subject, source) for source in (subject.train, subject.test))
        means = [with_error(scores) for scores in (train, test)]
        deviation = float(np.std(test, ddof=1))
        values = dict(zip(("train_score", "test_score"), means, strict=True))
        if deviation > 0:  # otherwise all held-out data score alike
            difference, error = means[0][0] - means[1][0], np.hypot(means[0][1], means[1][1])
            values["overfitting"] = (difference / deviation, float(error) / deviation)
        return values

    def _scores(self, subject, source: Source) -> np.ndarray:
        """Return the scores of data of `source`, in float64."""
        model, some = subject.model, drawn(source, self.n)
        condition = None
        if model.condition is not None:
            condition = model.condition.from_stored(np.asarray(some.labels))
        data = model.data.from_stored(np.asarray(some.images[:]))
        score = SCORES[_score_of(model)][1]
        return np.asarray(score(model, data, condition), dtype="float64")


def _score_of(model: Model) -> str | None:
    """Return the name of the score of `model`, or `None`."""
    return next((name for name, (suits, _) in SCORES.items() if suits(model)), None)
