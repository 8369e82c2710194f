"""`Report`, which holds the numbers of a model, and `compare`, which sets two side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from zoo.base.console import printable
from zoo.base.records import Record, Text
from zoo.errors import ArgumentError, ProtocolError, unknown_name
from zoo.metrics import Measurement
from zoo.metrics.interval import half_width
from zoo.metrics.protocol import ARROWS, PLUS_MINUS, explanations


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
        table = _table(
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


class Compared(NamedTuple):
    """One number of two models.

    `difference` is `second - first`, and `spread` its standard error over the seeds. `margin` is
    half the width of the 95% confidence interval of the difference, by Welch's form of Student's t.
    Both are `None` if one of the models has a single seed.
    """

    name: str
    better: str | None
    first: float
    second: float
    difference: float
    spread: float | None
    margin: float | None = None


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
                    "" if r.margin is None else f"{r.margin:.2g}",
                )
                for r in self.rows
            ],
            [PLUS_MINUS] if any(r.margin is not None for r in self.rows) else [],
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
        spread = margin = None
        if a.margin is not None and b.margin is not None:
            samples = [(m.spread, len(m.seeds)) for m in (a, b)]
            spread = math.hypot(*(s / math.sqrt(n) for s, n in samples))
            margin = half_width(samples)
        difference = b.value - a.value
        rows.append(Compared(a.name, a.better, a.value, b.value, difference, spread, margin))
    return Comparison((first.model, second.model), rows)


def _table(title: str, columns, rows, notes=()) -> str:
    """Return the text of a table with a title and notes, as wide as the terminal or 120 columns.

    It holds characters that the terminal can show alone, so that `print` never fails.
    """
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
    text = "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")
    return printable(text)
