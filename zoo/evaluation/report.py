"""`Report`, which holds the numbers of a model."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from zoo.base.console import printable
from zoo.base.records import Record, Text
from zoo.base.tables import text_table
from zoo.errors import ArgumentError, unknown_name
from zoo.metrics import Measurement
from zoo.metrics.protocol import explanations


class ReportWarning(UserWarning):
    """A weakness of numbers, which the report holds too."""


class Report(Record):
    """The numbers of one model.

    `report["fid"]` is a `zoo.metrics.Measurement`, `str(report)` is a table, and
    `report.model_dump_json()` is JSON for `Report.read`.
    """

    model: Text
    measurements: list[Measurement]
    left_out: list[Text] = Field([])  # a sentence for each metric without numbers
    other_data: Text | None = None  # a sentence if the preset's card has numbers of other data

    def __getitem__(self, name: str) -> Measurement:
        for measurement in self.measurements:
            if measurement.name == name:
                return measurement
        raise unknown_name("measurement", name, [m.name for m in self.measurements])

    def __str__(self) -> str:
        table = text_table(
            self.model,
            ("metric", "value", "±", "error", "real", "protocol"),
            [
                (
                    m.heading,
                    f"{m.value:.4g}",
                    "" if m.margin is None else f"{m.margin:.2g}",
                    "" if m.standard_error is None else f"{m.standard_error:.2g}",
                    "" if m.real_baseline is None else f"{m.real_baseline:.4g}",
                    m.protocol.hash,
                )
                for m in self.measurements
            ],
            [
                *(f" {key}  {name}" for key, name in self.protocols.items()),
                *explanations(self.measurements),
                *self.notes,
            ],
        )
        return table if self.other_data is None else f"{printable(self.other_data)}\n\n{table}"

    @property
    def protocols(self) -> dict[str, str]:
        """The names of the protocols, by their hashes."""
        return {m.protocol.hash: m.protocol.name for m in self.measurements}

    @property
    def notes(self) -> list[str]:
        """The warnings about the numbers, each once, and the metrics that are left out."""
        notes = [f"{m.name}: {note}" for m in self.measurements for note in m.notes]
        return list(dict.fromkeys([*notes, *self.left_out]))

    @classmethod
    def read(cls, path: str | Path) -> Report:
        """Read the report in the JSON file `path`.

        Raises:
            ValueError: if the file holds no report.
        """
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise ArgumentError(
                f"{path} holds no report of `zoo evaluate --json`: {place}: {first['msg']}."
            ) from error
