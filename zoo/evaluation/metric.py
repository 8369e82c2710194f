"""`Metric`, the base class of the metrics of `zoo.evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from zoo.base.named import Named
from zoo.data import Source
from zoo.errors import ArgumentError, instance_hint, unknown_name
from zoo.evaluation.collected import Collected

# The least count for numbers that compare the shapes of distributions. From 30 images, an untrained
# generator has a precision of 1 and a density of 4.
SEVERAL = 50


class Subject(NamedTuple):
    """The subject of a measurement: a model and the real data that it is compared with.

    Attributes:
        model: the model.
        test: the real data: 8-bit images or points, with labels if they have any.
        real: the statistics of the real data that the metrics need; `None` while the values of a
            `PerDatum` are computed.
        train: the training data, or `None` if no metric needs them.
        seed: the seed of the samples.
        values: a function from a `PerDatum` to its values of all test data.
        once: `once(name, compute)` returns `compute()`, which is computed once for all metrics of
            a seed that name it alike.
    """

    model: Any
    test: Source
    real: Collected | None
    train: Source | None
    seed: int
    values: Callable[[PerDatum], np.ndarray]
    once: Callable[[Hashable, Callable[[], Any]], Any]


class Metric(Named):
    """A rule that computes one or more numbers of a model. Subclass it for another rule.

    Every setting that changes a number is an argument of the constructor, which the protocol
    records. When the computation itself changes, `version` grows by one.

    Attributes:
        outputs: the names of the numbers, each with `"lower"` or `"higher"` for the better
            direction, or `None` for neither.
        needs: the statistics to collect of samples and of real images: `"moments"`, `"features"`
            or `"probabilities"`, which the extractor computes, or the `"images"` themselves.
        version: the version of the computation.
        of_samples: whether the metric needs samples; otherwise it needs only the model and real
            data.
        seeded: whether the numbers differ from seed to seed, see `varies`.
        baseline: the real images that are measured in place of samples, to show the scale of the
            numbers: `"train"`, `"test"` or `None`.
        trains: whether `measure` needs the training images.
        fewest: the least number of real images, and of samples if it needs any, from which its
            numbers mean something. With fewer it is left out of the report, which says so.
    """

    kind = "metric"
    required = ("measure",)
    outputs: Mapping[str, str | None] = MappingProxyType({})
    needs: frozenset[str] = frozenset()
    version = 1
    of_samples = True
    seeded = True
    baseline: str | None = "train"
    trains = False
    fewest = 2

    @classmethod
    def get(cls, value):
        """Return the metric called `value`, or `value` itself if it is a metric.

        Raises:
            ArgumentError: if it is neither.
            UnknownNameError: if there is no metric of this name.
        """
        if not isinstance(value, str | Metric):
            raise ArgumentError(
                f"metrics must hold names or zoo.evaluation.Metric objects. Received: {value!r}."
                f"{instance_hint(value)}"
            )
        if isinstance(value, str) and value not in cls.named():
            metrics = [name for name, other in cls.named().items() if value in other.outputs]
            see = f"It is a number of {' and '.join(map(repr, metrics))}." if metrics else None
            raise unknown_name(cls.kind, value, cls.named(), see)
        return super().get(value)

    def measure(self, samples: Collected | None, subject: Subject) -> dict[str, Any]:
        """Return the numbers by name, each a float or a pair of a float and its standard error.

        Args:
            samples: the statistics of samples, or of real images in their place; `None` for a
                metric with `of_samples = False`.
            subject: the model and the real data.
        """
        raise NotImplementedError

    def varies(self, model) -> bool:
        """Return whether the numbers of `model` differ from seed to seed."""
        return self.seeded

    def check(self, model, test: Source) -> None:
        """Raise unless the metric can be computed for `model` on the real data `test`."""

    def too_few(self, n: int, test: Source) -> str | None:
        """Return the sentence that leaves the metric out for `n` samples and the real data `test`,
        or `None` if they are enough."""
        count = min(n, len(test.images)) if self.of_samples else len(test.images)
        if count >= self.fewest:
            return None
        return (
            f"{self.name} is left out: from fewer than {self.fewest} samples or real "
            f"{test.noun} it says nothing. Received: {count}."
        )

    def check_training(self, train: Source) -> None:
        """Raise unless the metric can be computed with the training data `train`."""

    def settings(self, model) -> dict[str, Any]:
        """Return the settings that the protocol records beside the name."""
        return self.get_config()

    def notes(self, samples: Collected | None, subject: Subject) -> list[str]:
        """Return sentences that warn of weaknesses of the numbers, such as too few samples."""
        return []


class PerDatum(Metric):
    """A metric whose numbers are made of values of each test datum alone.

    Several processes can share its work, because each computes the values of its own part of the
    data.
    """

    required = ("values", "numbers")
    of_samples = False
    baseline = None

    def values(self, subject: Subject, spans: Iterable[range]) -> Iterator[np.ndarray]:
        """Yield the values of the test data of each span, arrays of shape `(rows, ...)`.

        The values of a datum do not depend on the spans. The metric may number the data in an order
        of its own.
        """
        raise NotImplementedError

    def numbers(self, values: np.ndarray, model) -> dict[str, Any]:
        """Return the numbers by name, as for `measure`, from the values of all test data."""
        raise NotImplementedError

    def measure(self, samples, subject):
        return self.numbers(subject.values(self), subject.model)

    def divides(self, model) -> bool:
        """Return whether parts of the data have the values that they have in the whole set."""
        return True
