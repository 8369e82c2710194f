"""Measured numbers, and the protocols that decide which of them can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from zoo.base.console import printable
from zoo.base.records import Count, Record, Sha256, Text
from zoo.metrics.interval import half_width

Setting = bool | int | float | str | None | tuple[float, ...]


def _pairs(value: Any) -> Any:
    """Return settings as pairs in alphabetical order, which nobody can change."""
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


Settings = Annotated[tuple[tuple[Text, Setting], ...], BeforeValidator(_pairs)]


class Protocol(Record):
    """All that a measured number depends on beside the model and the seed of its samples.

    `metric` is the name of the metric, `version` the version of its rule, and `settings` its own
    settings, given as pairs or as a dict. `extractor` is the name of the network whose features are
    compared, and `extractor_sha256` the hash of its weights.

    `data` and `split` name the real images, and `data_sha256` is the hash of the real images that
    were used. `images` describes the real images and the samples: `"28x28x1 8-bit"`. `n_real` and
    `n_fake` are the numbers of real images and of samples. `train_sha256` and `n_train` describe
    the training images, for metrics that look at them.
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
    n_fake: Count | None = None  # None for metrics without samples
    train_sha256: Sha256 | None = None
    n_train: Count | None = None

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that are equal for equal protocols alone."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """A short text with the metric and its settings, the extractor, the data and the sample
        counts.
        """
        data = self.data if self.split is None else f"{self.data}:{self.split}"
        counts = f"{self.n_real}" if self.n_fake is None else f"{self.n_real}:{self.n_fake}"
        settings = ",".join(f"{key}={value}" for key, value in self.settings)
        metric = f"{self.metric}({settings})" if settings else self.metric
        parts = [metric, *([self.extractor] if self.extractor else []), data, counts]
        return "/".join(parts)

    def differences(self, other: Protocol) -> list[str]:
        """Return a text for each field that differs in `other`."""
        own, others = dict(self), dict(other)
        return [f"{key} {own[key]!r} != {others[key]!r}" for key in own if own[key] != others[key]]


ARROWS = {"lower": " ↓", "higher": " ↑", None: ""}
# The names of fields in files that earlier versions wrote.
EARLIER_NAMES = {
    "of_real": "real_baseline",
    "again": "other_trainings",
    "reported": "published",
    "reported_source": "published_source",
}
# The one explanation of ±, for tables and pages.
PLUS_MINUS = (
    "± is half the width of the 95% confidence interval of the mean over sampling seeds, by "
    "Student's t; other trainings of the model differ by more."
)


class Measurement(Record):
    """A number that a command measured.

    `value` is the mean over the sampling `seeds`, and `spread` the standard deviation over them.
    `margin`, which follows ± in texts and tables, is half the width of the 95% confidence interval
    of the mean, by Student's t.
    The p-values of several seeds are combined to twice their mean, at most 1, which is a p-value
    again, whatever their dependence (Rüschendorf 1982). `standard_error` is the metric's own error,
    averaged over the seeds.

    `real_baseline` is the number that equally many real images get in place of samples, which is
    the scale of the number. They are training images, or test images where classes or memorisation
    are measured. `other_trainings` are the values of models that were trained in the same way with
    other seeds. `better` tells whether lower or higher values are better. `notes` are warnings
    about the number. `published` is a number from the literature, and `published_source` names its
    source.
    """

    name: Text
    value: float
    spread: float | None = None
    seeds: list[int] = Field([])
    standard_error: float | None = None
    real_baseline: float | None = None
    other_trainings: list[float] = Field([])
    better: Literal["lower", "higher"] | None = None
    notes: list[Text] = Field([])
    protocol: Protocol
    published: float | None = None
    published_source: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _rename_earlier_fields(cls, fields: Any) -> Any:
        """Read the field names of earlier versions, which older cards and reports hold."""
        if not isinstance(fields, dict):
            return fields
        fields = dict(fields)
        for earlier_name, name in EARLIER_NAMES.items():
            if earlier_name in fields and name not in fields:
                fields[name] = fields.pop(earlier_name)
        return fields

    def __str__(self) -> str:
        """Return the value, how sure it is, the real baseline and the other trainings."""
        real = "" if self.real_baseline is None else f", real {self.real_baseline:.4g}"
        others = self.other_trainings_text
        return printable(f"{self.text}{real}{f', trained again {others}' if others else ''}")

    @property
    def heading(self) -> str:
        """The name, with an arrow in the direction of better values."""
        return f"{self.name}{ARROWS[self.better]}"

    @property
    def margin(self) -> float | None:
        """Half the width of the 95% confidence interval of `value`, or `None` for a single seed."""
        if self.spread is None or len(self.seeds) < 2:
            return None
        return half_width([(self.spread, len(self.seeds))])

    @property
    def text(self) -> str:
        """The value with its margin and its standard error."""
        margin = "" if self.margin is None else f" ± {self.margin:.2g}"
        error = "" if self.standard_error is None else f", standard error {self.standard_error:.2g}"
        return f"{self.value:.4g}{margin}{error}"

    @property
    def other_trainings_text(self) -> str:
        """The values of the other trainings."""
        return ", ".join(f"{value:.4g}" for value in self.other_trainings)


def explanations(measurements: Sequence[Measurement]) -> list[str]:
    """Return the sentences that explain the numbers of a table: the margin, and the extractor."""
    sentences = []
    if any(m.margin is not None for m in measurements):
        sentences.append(PLUS_MINUS)
    by_network = [m.name for m in measurements if m.protocol.extractor not in (None, "pixels")]
    if by_network:
        sentences.append(
            f"The numbers {', '.join(by_network)} depend on the extractor: another network of "
            "equal accuracy gives other ones, above all of samples without a clear class."
        )
    return sentences
