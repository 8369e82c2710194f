"""The command line: `zoo`, and the same options for every recipe that is run as a program."""

from __future__ import annotations

import click

from zoo.cli.base import SETTINGS, OneLineGroup
from zoo.cli.data import data
from zoo.cli.evaluate import evaluate
from zoo.cli.hub import cache, fetch, index, push, verify
from zoo.cli.presets import info, list_command, sample
from zoo.cli.train import run_recipe, train

__all__ = ["cli", "main", "run_recipe"]


@click.group(cls=OneLineGroup, **SETTINGS)
@click.version_option(package_name="keras-generative-zoo")
def cli():
    """Deep generative models in Keras 3: list, sample, fetch, train, measure and publish them.

    The backend is Keras's: set KERAS_BACKEND to tensorflow, jax or torch.

    \b
    Examples:
      zoo list
      zoo sample dcgan_mnist -n 64 --seed 0 -o samples.png
      zoo train recipes/dcgan_mnist.py --smoke
    """


COMMANDS = (list_command, info, sample, fetch, verify, cache, push, index, data, train, evaluate)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """The program `zoo`."""
    cli.main(prog_name="zoo")
