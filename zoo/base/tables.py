"""Tables for the terminal, and the forms that tables are written in."""

from __future__ import annotations

from zoo.base.console import printable

FORMATS = ("text", "csv", "markdown", "latex")


def text_table(title: str, columns, rows, notes=()) -> str:
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
