"""The command `zoo compare`."""

from __future__ import annotations

from pathlib import Path

import click

from zoo.base.tables import FORMATS
from zoo.cli import words
from zoo.cli.base import Computing, say
from zoo.errors import ArgumentError
from zoo.files.home import make_folder, storage_errors, write_text


@click.command(cls=Computing)
@click.argument("models", nargs=-1, required=True, shell_complete=words.preset_or_path)
@click.option(
    "--metrics",
    shell_complete=words.numbers,
    help="The names of numbers, separated by commas, such as fid,recall.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="The form of the table; csv has a line for each number.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Write the table to this file, which is replaced, and not to the terminal.",
)
def compare(models: tuple[str, ...], metrics: str | None, form: str, out: Path | None):
    """Set the numbers of MODELS side by side: presets, by the numbers in their cards, or JSON files
    of `zoo evaluate --json`.

    Numbers of several trainings are shown by their mean. Numbers of different protocols are
    refused, with the options that make them equal.

    \b
    Examples:
      zoo compare dcgan_mnist gan_mnist wgan_gp_mnist --metrics fid,recall
      zoo compare runs/mine dcgan_mnist --format latex -o table.tex
    """
    from zoo.evaluation.comparison import compare as compare_models

    chosen = None if metrics is None else [name.strip() for name in metrics.split(",")]
    if len(models) < 2:
        raise ArgumentError(f"MODELS must be two or more. Received: {', '.join(models)}.")
    table = compare_models(*models, metrics=chosen).as_text(form)
    if out is None:
        say(table)
        return
    with storage_errors(out):
        make_folder(out.parent)
        write_text(out, table + "\n")
    say(out)
