"""`Metric`: what `zoo.evaluate` takes by name or as an object."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from zoo.base.named import Named
from zoo.data import Source
from zoo.errors import ArgumentError, unknown_name
from zoo.evaluation.collected import Collected


class Subject(NamedTuple):
    """The subject of a measurement: a model, the real data, and what was collected of them."""

    model: Any
    test: Source  # 8-bit images, or points, with labels where they have any
    real: Collected
    train: Source | None
    seed: int


class Metric(Named):
    """Numbers of a model. Subclass it to use another.

    `outputs` are the names of its numbers, each with `"lower"` or `"higher"` for what is better, or
    `None`. `needs` says what is to be collected of images: `"moments"`, `"features"` or
    `"probabilities"`, of the extractor, or `"images"`; of samples and of the same number of real
    images. A metric with `of_samples = False` looks at the model and the real images alone.
    `baseline` says which real images take the place of samples to tell the scale of the numbers:
    `"train"`, `"test"` or `None`; `trains` that `measure` looks at the training images. All that
    changes a number is an argument of the constructor, which the protocol holds, and where the rule
    itself changes, `version` is counted up.
    """

    kind = "metric"
    required = ("measure",)
    outputs: Mapping[str, str | None] = MappingProxyType({})
    needs: frozenset[str] = frozenset()
    version = 1
    of_samples = True
    seeded = True  # whether numbers differ from seed to seed
    baseline: str | None = "train"
    trains = False

    @classmethod
    def get(cls, value):
        """The metric of this name, or `value` itself, which must be one."""
        if not isinstance(value, str | Metric):
            raise ArgumentError(
                f"metrics must hold names or zoo.evaluation.Metric objects. Received: {value!r}."
            )
        if isinstance(value, str) and value not in cls.named():
            of = [name for name, other in cls.named().items() if value in other.outputs]
            see = f"It is a number of {' and '.join(map(repr, of))}." if of else None
            raise unknown_name(cls.kind, value, cls.named(), see)
        return super().get(value)

    def measure(self, samples: Collected | None, subject: Subject) -> dict[str, Any]:
        """The numbers, by name: floats, or pairs of a float and its standard error.

        Args:
            samples: what was collected of samples, or of real images in their place; `None` for
                metrics that look at none.
            subject: see `Subject`.
        """
        raise NotImplementedError

    def check(self, model, test: Source) -> None:
        """Raises unless the metric can be taken of `model` on `test`."""

    def settings(self, model) -> dict[str, Any]:
        """What the protocol says of it beside its name."""
        return self.get_config()

    def notes(self, samples: Collected | None, subject: Subject) -> list[str]:
        """What to beware of."""
        return []
