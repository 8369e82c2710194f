"""`Protocol`: how a number was measured, such that two numbers can be compared or not; and
`Measurement`: a number with its protocol."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from zoo.base.records import Count, Record, Sha256, Text

Setting = bool | int | float | str | None | tuple[float, ...]


def _pairs(value: Any) -> Any:
    """Settings as pairs in alphabetical order, which nobody can change."""
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


Settings = Annotated[tuple[tuple[Text, Setting], ...], BeforeValidator(_pairs)]


class Protocol(Record):
    """All that a number depends on beside the model and the seed of its samples.

    `metric` is the name of the metric, `version` that of its rule and `settings` are its own, as
    pairs or given as a dict; `extractor` is the network whose features it compares, by name and by
    the hash of its weights. `data` and `split` say where the real images are from, `data_sha256` is
    the hash of those that were used, and `images` is what they, and the samples, are: `"28x28x1
    8-bit"`. `train_sha256` and `n_train` are of the training images, where the metric looks at
    them.
    """

    metric: Text
    version: Count = 1
    settings: Settings = ()
    extractor: Text | None = None
    extractor_sha256: Sha256 | None = None
    data: Text
    split: Text | None = None
    data_sha256: Sha256
    images: Text
    n_real: Count
    n_fake: Count | None = None  # of metrics of samples
    train_sha256: Sha256 | None = None
    n_train: Count | None = None

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that are equal for equal protocols alone."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """In short: metric with its settings, extractor, data and sample counts."""
        data = self.data if self.split is None else f"{self.data}:{self.split}"
        counts = f"{self.n_real}" if self.n_fake is None else f"{self.n_real}:{self.n_fake}"
        settings = ",".join(f"{key}={value}" for key, value in self.settings)
        metric = f"{self.metric}({settings})" if settings else self.metric
        parts = [metric, *([self.extractor] if self.extractor else []), data, counts]
        return "/".join(parts)

    def differences(self, other: Protocol) -> list[str]:
        """What is not the same in `other`, as text."""
        mine, its = dict(self), dict(other)
        return [f"{key} {mine[key]!r} != {its[key]!r}" for key in mine if mine[key] != its[key]]


ARROWS = {"lower": " ↓", "higher": " ↑", None: ""}


class Measurement(Record):
    """A number that a command measured.

    `value` is the mean over the sampling `seeds` and `spread` the standard deviation over them;
    p-values are put together to twice their mean, at most 1, which is a p-value again, whatever
    hangs together (Rüschendorf 1982). `standard_error` is the metric's own, the mean over the
    seeds. `of_real` is what as many real images score in place of samples, the scale of the
    number: training images, and where classes or memorisation are measured test images. `again` are
    the values of models that were trained in the same way with other seeds. `notes` say what to
    beware of. `reported` is the number of others, from `reported_source`.
    """

    name: Text
    value: float
    spread: float | None = None
    seeds: list[int] = Field([])
    standard_error: float | None = None
    of_real: float | None = None
    again: list[float] = Field([])
    better: Literal["lower", "higher"] | None = None
    notes: list[Text] = Field([])
    protocol: Protocol
    reported: float | None = None
    reported_source: Text | None = None

    def __str__(self) -> str:
        real = "" if self.of_real is None else f", real {self.of_real:.4g}"
        again = f", trained again {self.told_again}" if self.again else ""
        return f"{self.told}{real}{again}"

    @property
    def headed(self) -> str:
        """The name, with an arrow to what is better."""
        return f"{self.name}{ARROWS[self.better]}"

    @property
    def told(self) -> str:
        """The value and how sure it is, as text."""
        spread = "" if self.spread is None else f" ± {self.spread:.2g}"
        error = "" if self.standard_error is None else f", standard error {self.standard_error:.2g}"
        return f"{self.value:.4g}{spread}{error}"

    @property
    def told_again(self) -> str:
        """The values of the other trainings, as text."""
        return ", ".join(f"{value:.4g}" for value in self.again)
