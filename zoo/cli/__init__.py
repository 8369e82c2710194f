"""The command line `zoo`, and the options of recipes that are run as programs."""

from __future__ import annotations

import click

from zoo.cli.base import SETTINGS, OneLineGroup
from zoo.cli.compare import compare
from zoo.cli.completion import completion
from zoo.cli.data import data
from zoo.cli.evaluate import evaluate
from zoo.cli.hub import cache, fetch, index, push, verify
from zoo.cli.presets import info, list_command, sample
from zoo.cli.progress import progress
from zoo.cli.project import project
from zoo.cli.style import style
from zoo.cli.texture import texture
from zoo.cli.train import run_recipe, train
from zoo.cli.walk import walk

__all__ = ["cli", "main", "run_recipe"]


@click.group(cls=OneLineGroup, **SETTINGS)
@click.version_option(package_name="keras-generative-zoo")
def cli():
    """List, sample, fetch, train, measure and publish deep generative models in Keras 3.

    The environment variable KERAS_BACKEND chooses the backend: tensorflow, jax or torch.

    \b
    Examples:
      zoo list
      zoo sample dcgan_mnist -n 64 --seed 0 -o samples.png
      zoo train dcgan_mnist --smoke
    """


COMMANDS = (
    list_command,
    info,
    sample,
    walk,
    fetch,
    verify,
    cache,
    push,
    index,
    data,
    train,
    progress,
    project,
    style,
    texture,
    evaluate,
    compare,
    completion,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the program `zoo`."""
    cli.main(prog_name="zoo")
