"""`Report`, which holds the numbers of a model, and `compare`, which sets two side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from zoo.base.records import Record, Text
from zoo.errors import ArgumentError, ProtocolError, unknown_name
from zoo.metrics import Measurement
from zoo.metrics.protocol import ARROWS


class Report(Record):
    """The numbers of one model.

    `report["fid"]` is a `zoo.metrics.Measurement`, `str(report)` is a table, and
    `report.model_dump_json()` is JSON for `Report.read`.
    """

    model: Text
    measurements: list[Measurement]
    left_out: list[Text] = Field([])  # a sentence for each metric without numbers

    def __getitem__(self, name: str) -> Measurement:
        for measurement in self.measurements:
            if measurement.name == name:
                return measurement
        raise unknown_name("measurement", name, [m.name for m in self.measurements])

    def __str__(self) -> str:
        return _table(
            self.model,
            ("metric", "value", "±", "error", "real", "protocol"),
            [
                (
                    m.heading,
                    f"{m.value:.4g}",
                    "" if m.spread is None else f"{m.spread:.2g}",
                    "" if m.standard_error is None else f"{m.standard_error:.2g}",
                    "" if m.real_baseline is None else f"{m.real_baseline:.4g}",
                    m.protocol.hash,
                )
                for m in self.measurements
            ],
            [*(f" {key}  {name}" for key, name in self.protocols.items()), *self.notes],
        )

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


class Compared(NamedTuple):
    """One number of two models.

    `difference` is `second - first`, and `spread` its standard error over the seeds, or `None` if
    one of the models has a single seed.
    """

    name: str
    better: str | None
    first: float
    second: float
    difference: float
    spread: float | None


class Comparison(NamedTuple):
    """The numbers that two reports share; `str(comparison)` is a table."""

    models: tuple[str, str]
    rows: list[Compared]

    def __str__(self) -> str:
        return _table(
            " and ".join(self.models),
            ("metric", *self.models, "difference", "±"),
            [
                (
                    f"{r.name}{ARROWS[r.better]}",
                    f"{r.first:.4g}",
                    f"{r.second:.4g}",
                    f"{r.difference:+.4g}",
                    "" if r.spread is None else f"{r.spread:.2g}",
                )
                for r in self.rows
            ],
        )


def compare(first: Report, second: Report) -> Comparison:
    """Return the numbers that both reports have, side by side.

    Raises:
        ProtocolError: if a number was measured by different protocols, with the differences, or
            the reports have no number in common.
    """
    for name, report in (("first", first), ("second", second)):
        if not isinstance(report, Report):
            raise ArgumentError(
                f"{name} must be a zoo.evaluation.Report; Report.read reads a file. Received: "
                f"{report!r}."
            )
    in_second = {m.name: m for m in second.measurements}
    shared = [(m, in_second[m.name]) for m in first.measurements if m.name in in_second]
    if not shared:
        raise ProtocolError(
            f"{first.model} and {second.model} have no metric in common: "
            f"{', '.join(m.name for m in first.measurements)}; {', '.join(in_second)}."
        )
    unequal = [
        f"{a.name}: {', '.join(a.protocol.differences(b.protocol))}"
        for a, b in shared
        if a.protocol != b.protocol
    ]
    if unequal:
        raise ProtocolError(
            f"{first.model} and {second.model} were measured by different protocols, and their "
            f"numbers cannot be compared. {'; '.join(unequal)}."
        )
    rows = []
    for a, b in shared:
        both = a.spread is not None and b.spread is not None
        errors = [m.spread / math.sqrt(len(m.seeds)) for m in (a, b)] if both else []
        spread = math.hypot(*errors) if both else None
        rows.append(Compared(a.name, a.better, a.value, b.value, b.value - a.value, spread))
    return Comparison((first.model, second.model), rows)


def _table(title: str, columns, rows, notes=()) -> str:
    """Return the text of a table with a title and notes, as wide as the terminal or 120 columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in ("metric", "protocol") else "right")
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    with console.capture() as captured:
        console.print(table)
        for note in notes:
            console.print(note, markup=False, soft_wrap=True)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")
