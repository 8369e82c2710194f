"""`compare`, which sets the numbers of several models side by side."""

from __future__ import annotations

import collections
import csv
import io
import itertools
import math
import shlex
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from zoo.base.markup import fill
from zoo.base.tables import FORMATS, text_table
from zoo.errors import ArgumentError, ProtocolError, check_choice, unknown_name
from zoo.evaluation.extractors import names as extractor_names
from zoo.evaluation.report import Report
from zoo.metrics import Measurement, Protocol
from zoo.metrics.interval import half_width
from zoo.metrics.protocol import ARROWS, PLUS_MINUS
from zoo.presets.load import info

OVER_TRAININGS = (
    "(n) is a mean over n trainings, whose 95% confidence interval, by Student's t, is ±."
)
# What a character of a name is in LaTeX.
LATEX = {**{c: f"\\{c}" for c in "&%$#_{}"}, "\\": r"\textbackslash{}", "~": r"\~{}", "^": r"\^{}"}


class Cell(NamedTuple):
    """One number of one model.

    `value` is the mean over `trainings` trainings, and `margin` half the width of its 95%
    confidence interval, over the trainings if there are several and else over seeds of samples. It
    is `None` where a single value is known.
    """

    value: float
    margin: float | None
    trainings: int = 1

    @property
    def text(self) -> str:
        """The value, its margin, and the number of trainings if there are several."""
        margin = "" if self.margin is None else f" ± {self.margin:.2g}"
        trainings = "" if self.trainings == 1 else f" ({self.trainings})"
        return f"{self.value:.4g}{margin}{trainings}"


class Compared(NamedTuple):
    """One number of several models; a model without it has the cell `None`.

    Of two models `difference` is `second - first`, and `spread` its standard error, over trainings
    if both have several and else over seeds of samples. `margin` is half the width of the 95%
    confidence interval of the difference, by Welch's form of Student's t. They are `None` if a
    model has a single value, and for more models.
    """

    name: str
    better: str | None
    protocol: Protocol
    cells: tuple[Cell | None, ...]
    difference: float | None = None
    spread: float | None = None
    margin: float | None = None

    @property
    def first(self) -> float | None:
        """The number of the first model, or `None`."""
        return None if self.cells[0] is None else self.cells[0].value

    @property
    def second(self) -> float | None:
        """The number of the second model, or `None`."""
        return None if self.cells[1] is None else self.cells[1].value

    @property
    def best(self) -> int | None:
        """The index of the model with the best number, or `None` if none is better."""
        if self.better is None:
            return None
        values = {i: cell.value for i, cell in enumerate(self.cells) if cell is not None}
        return (min if self.better == "lower" else max)(values, key=values.__getitem__)


class Comparison(NamedTuple):
    """The numbers of several models; `str(comparison)` is a table.

    `as_text("csv")`, `"markdown"` or `"latex"` gives it in another form.
    """

    models: tuple[str, ...]
    rows: list[Compared]

    def __str__(self) -> str:
        two = len(self.models) == 2
        rows = [
            (
                f"{row.name}{ARROWS[row.better]}",
                *("" if cell is None else cell.text for cell in row.cells),
                *((_difference(row),) if two else ()),
            )
            for row in self.rows
        ]
        columns = ("metric", *self.models, *(("difference",) if two else ()))
        return text_table(" and ".join(self.models), columns, rows, self.notes)

    @property
    def notes(self) -> list[str]:
        """The sentences that explain the numbers."""
        cells = [cell for row in self.rows for cell in row.cells if cell is not None]
        several = any(cell.trainings > 1 for cell in cells)
        of_seeds = any(cell.margin is not None and cell.trainings == 1 for cell in cells)
        return [*([PLUS_MINUS] if of_seeds else ()), *([OVER_TRAININGS] if several else ())]

    def as_text(self, form: str = "text") -> str:
        """Return the table as `"text"`, `"csv"` (a line for each number), `"markdown"` or
        `"latex"`.

        Raises:
            UnknownNameError: if `form` is none of these.
        """
        check_choice("form", form, FORMATS)
        return {"text": str, "csv": _csv, "markdown": _markdown, "latex": _latex}[form](self)


def compare(*models: Report | str | Path, metrics: str | Sequence[str] | None = None) -> Comparison:
    """Set the numbers of several models side by side.

    A number that two models or more have is a row. Where a card has the numbers of several
    trainings, its cell is their mean.

    Args:
        *models: for each model a `zoo.evaluation.Report`, a JSON file of `zoo evaluate --json`, or
            the name, path or URL of a preset, whose card has its numbers.
        metrics: the name of a number, or a list of names; by default all numbers that two models
            or more have.

    Returns:
        The comparison, which prints as a table.

    Raises:
        ArgumentError: if there are fewer than two models, or one has no numbers.
        ProtocolError: if a number was measured by different protocols, with the differences and the
            options that make them equal; or if fewer than two models have a number.

    Example:

    >>> import zoo
    >>> comparison = zoo.compare("dcgan_mnist", "gan_mnist", metrics=["fid"])
    >>> comparison.rows[0].difference > 0  # the second one is worse
    True
    """
    if len(models) < 2:
        raise ArgumentError(f"compare needs two models or more. Received: {len(models)}.")
    metrics = [metrics] if isinstance(metrics, str) else metrics
    reports = [report_of(model) for model in models]
    names = _names(models, reports)
    by_name = [{m.name: m for m in report.measurements} for report in reports]
    counts = collections.Counter(itertools.chain.from_iterable(by_name))
    for metric in metrics or ():
        if metric not in counts:
            raise unknown_name("number", metric, list(counts))
        if counts[metric] < 2:
            (one,) = (name for name, each in zip(names, by_name, strict=True) if metric in each)
            raise ProtocolError(
                f"metrics must name numbers of two models or more. Received: {metric!r}, which "
                f"{one} alone has."
            )
    shared = metrics or [metric for metric, count in counts.items() if count > 1]
    if not shared:
        of_each = "; ".join(", ".join(each) for each in by_name)
        raise ProtocolError(f"{' and '.join(names)} have no metric in common: {of_each}.")
    given = [None if _is_report(model) else str(model) for model in models]
    rows = [[each.get(metric) for each in by_name] for metric in shared]
    _check_comparable(names, given, rows)
    compared = [_compared(metric, row) for metric, row in zip(shared, rows, strict=True)]
    return Comparison(tuple(names), compared)


def _is_report(model: Report | str | Path) -> bool:
    """Return whether `model` is a report, or the path of one, and no preset."""
    return isinstance(model, Report) or str(model).endswith(".json") or Path(model).is_file()


def _names(models: Sequence[Report | str | Path], reports: list[Report]) -> list[str]:
    """Return a name for each model. Equal names are told apart by what was given, or else numbered.

    Two runs of one recipe have equal names, for example.
    """
    names = [report.model for report in reports]
    names = [
        str(model) if names.count(name) > 1 and not isinstance(model, Report) else name
        for model, name in zip(models, names, strict=True)
    ]
    counts = collections.Counter[str]()
    unique = []
    for name in names:
        counts[name] += 1
        unique.append(f"{name} ({counts[name]})" if counts[name] > 1 else name)
    return unique


def report_of(model: Report | str | Path) -> Report:
    """Return the report that `model` is, or names, see `compare`.

    Raises:
        ArgumentError: if it is none, or has no numbers.
    """
    if isinstance(model, Report):
        return model
    if not isinstance(model, str | Path):
        raise ArgumentError(
            "A model must be a zoo.evaluation.Report, a JSON file of one, or a preset. Received: "
            f"{model!r}."
        )
    if _is_report(model):
        return Report.read(model)
    card = info(model)
    if not card.metrics:
        raise ArgumentError(
            f"{str(model)!r} has no numbers in its card: `zoo evaluate {model} --data DATA --json` "
            "measures it."
        )
    return Report(model=card.name, measurements=card.metrics)


def _check_comparable(
    names: list[str], given: list[str | None], rows: list[list[Measurement | None]]
) -> None:
    """Raise unless the numbers of each row have one protocol.

    `given` are the presets of the models, which can be measured again, or `None` for reports.
    """
    unequal, advice = [], {}
    for row in rows:
        (at, first), *others = [(i, m) for i, m in enumerate(row) if m is not None]
        for i, other in others:
            differences = first.protocol.differences(other.protocol)
            if differences:
                unequal.append(f"{first.name}: {', '.join(differences)}")
                if given[i] is not None:
                    options = advice.setdefault((at, i), {})
                    options.update(_options(first.protocol, other.protocol))
    if not unequal:
        return
    hints = [
        f"{shlex.join(['zoo', 'evaluate', given[i], *options, '--json'])} measures {names[i]} as "
        f"{names[at]} was."
        for (at, i), of_model in advice.items()
        if (options := [part for option in of_model.items() for part in option])
    ]
    raise ProtocolError(
        f"{' and '.join(names)} were measured by different protocols, and their numbers cannot be "
        f"compared. {'; '.join(unequal)}. {' '.join(hints)}".rstrip()
    )


def _options(wanted: Protocol, other: Protocol) -> dict[str, str]:
    """Return the options of `zoo evaluate` that make the protocol `other` equal to `wanted`, as far
    as options do.

    The name of an extractor in a protocol is no value of an option, unless it is that of a preset.
    """
    if (wanted.metric, wanted.images) != (other.metric, other.images):
        return {}  # no option makes points of images
    options: dict[str, str] = {}
    if (wanted.n_fake, wanted.n_real) != (other.n_fake, other.n_real):
        options["-n"] = str(wanted.n_real)
        if wanted.n_fake not in (None, wanted.n_real):
            options["--samples"] = str(wanted.n_fake)
    for field, option in (("data", "--data"), ("split", "--split"), ("extractor", "--extractor")):
        value = getattr(wanted, field)
        known = option != "--extractor" or str(value).split(" ")[0] in extractor_names()
        if value is not None and value != getattr(other, field) and known:
            options[option] = value
    return options


def _compared(metric: str, row: list[Measurement | None]) -> Compared:
    """Return the row of the table for the measurements of one number."""
    first = next(m for m in row if m is not None)
    cells = tuple(None if m is None else _cell(m) for m in row)
    compared = Compared(metric, first.better, first.protocol, cells)
    if len(row) != 2 or None in row:
        return compared
    spread = margin = None
    if all(m.other_trainings for m in row):
        samples = [(statistics.stdev(_trainings(m)), len(_trainings(m))) for m in row]
    elif not any(m.other_trainings for m in row) and all(m.margin is not None for m in row):
        samples = [(m.spread, len(m.seeds)) for m in row]
    else:
        samples = []
    if samples:
        spread = math.hypot(*(s / math.sqrt(n) for s, n in samples))
        margin = half_width(samples)
    difference = cells[1].value - cells[0].value
    return compared._replace(difference=difference, spread=spread, margin=margin)


def _trainings(m: Measurement) -> list[float]:
    """Return the values of all trainings."""
    return [m.value, *m.other_trainings]


def _cell(m: Measurement) -> Cell:
    """Return the cell for one measurement."""
    if not m.other_trainings:
        return Cell(m.value, m.margin)
    values = _trainings(m)
    margin = half_width([(statistics.stdev(values), len(values))])
    return Cell(statistics.fmean(values), margin, len(values))


def _difference(row: Compared) -> str:
    """Return the text of the difference of two models."""
    if row.difference is None:
        return ""
    margin = "" if row.margin is None else f" ± {row.margin:.2g}"
    return f"{row.difference:+.4g}{margin}"


def _csv(comparison: Comparison) -> str:
    """Return a line for each number of each model."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("metric", "better", "model", "value", "margin", "trainings", "protocol"))
    for row in comparison.rows:
        for model, cell in zip(comparison.models, row.cells, strict=True):
            if cell is not None:
                margin = "" if cell.margin is None else repr(cell.margin)
                better, protocol = row.better or "", row.protocol.hash
                writer.writerow(
                    (row.name, better, model, repr(cell.value), margin, cell.trainings, protocol)
                )
    return lines.getvalue().rstrip("\n")


def _cells(row: Compared, best: Callable[[str], str], of: Callable[[str], str] = str) -> list[str]:
    """Return the texts of a row, in which `best` marks the best number."""
    texts = ["" if cell is None else of(cell.text) for cell in row.cells]
    if row.best is not None:
        texts[row.best] = best(texts[row.best])
    return texts


def _markdown(comparison: Comparison) -> str:
    """Return a table in Markdown, with the best numbers in bold."""
    names = [str(fill("{name}", name=name)) for name in comparison.models]
    lines = [("metric", *names), ("---", *["---"] * len(names))]
    for row in comparison.rows:
        lines.append((f"{row.name}{ARROWS[row.better]}", *_cells(row, lambda text: f"**{text}**")))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *comparison.notes])


def _latex(comparison: Comparison) -> str:
    """Return a table in LaTeX, with the best numbers in bold, and the notes as comments."""
    arrows = {"lower": r" $\downarrow$", "higher": r" $\uparrow$", None: ""}

    def escaped(text: str) -> str:
        return "".join(LATEX.get(c, c) for c in text)

    lines = [" & ".join(["metric", *map(escaped, comparison.models)]) + r" \\ \hline"]
    for row in comparison.rows:
        cells = _cells(
            row, lambda text: rf"\textbf{{{text}}}", lambda text: text.replace("±", r"$\pm$")
        )
        lines.append(" & ".join([escaped(row.name) + arrows[row.better], *cells]) + r" \\")
    columns = "l" + "r" * len(comparison.models)
    table = [rf"\begin{{tabular}}{{{columns}}}", *lines, r"\end{tabular}"]
    return "\n".join([*(f"% {note}" for note in comparison.notes), *table])
