"""The command `zoo train`, and the program of a recipe with the same options."""

from __future__ import annotations

import dataclasses
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoo.base import devices
from zoo.base.shells import command_lines
from zoo.base.stopping import Stopped, watched
from zoo.cli import words
from zoo.cli.base import SETTINGS, Computing, OneLine, outliving_its_output, say
from zoo.cli.processes import this_program
from zoo.cli.train_options import TrainOptions, training_options
from zoo.errors import ArgumentError, DivergedError, StorageError

if TYPE_CHECKING:
    from zoo.runs.recipe import Config, Recipe

# The environment variable that passes the user's command line to the processes of this program.
STARTED_AS = "ZOO_STARTED_AS"


@click.command(cls=Computing)
@click.argument("recipe", shell_complete=words.recipe)
@training_options
def train(recipe: str, **options):
    """Run RECIPE, the name of a preset or a Python file: train and evaluate its model, and write
    checkpoints, pictures, card and weights.

    \b
    Examples:
      zoo train dcgan_mnist --smoke
      zoo train dcgan_mnist --epochs 30 --set width=32 --out runs/narrow
      zoo train dcgan_faces --from dcgan_faces --data photos/ --out runs/mine --name mine
      zoo train path/to/my_recipe.py --distribute 2 --precision bfloat16
      zoo train dcgan_mnist --device gpu:1
    """
    from zoo.runs.recipe import load_recipe

    _train(load_recipe(recipe), sys.orig_argv, TrainOptions(**options))


def _train(recipe: Recipe, command: Sequence[str], options: TrainOptions) -> None:
    """Train and publish a preset, or renew its card.

    Args:
        recipe: the recipe.
        command: the user's command line.
        options: the options in it.
    """
    from zoo import engine
    from zoo.runs import collection

    config = options.config(recipe)
    chosen = {name: getattr(options, name) for name in ("monitor", "ship")}
    recipe = dataclasses.replace(recipe, **{k: v for k, v in chosen.items() if v is not None})
    if options.remeasure or options.describe:
        options.check_of_cards()
    if options.publish:
        collection.check_publishable(recipe, config, options.smoke)
        options.check_unchanged()
    with outliving_its_output():
        command = shlex.split(os.environ.pop(STARTED_AS, "")) or command
        started_as = {STARTED_AS: shlex.join(command)}
        if options.device is not None:
            _move_to(options.device, started_as)
        if options.remeasure or options.describe:
            _renew_card(recipe, config, options)
            return
        engine.launch(options.distribute, config.batch_size, this_program(), started_as)
        folder = _trained(recipe, command, options)
        if folder is None:
            return  # another process wrote the preset
        if not options.quiet:
            say(f"preset: {folder}")
        if options.publish:
            collection.publish(recipe, folder)
            say(f"published: zoo.load({recipe.preset!r})")


def _move_to(device: str, variables: dict[str, str]) -> None:
    """Start this program anew on `device`, unless it was started so; it then ends with it.

    A backend chooses its device when it is imported, before an option is read.

    Args:
        device: the value of `--device`.
        variables: more environment variables of the new process.

    Raises:
        ArgumentError: if the backend finds no such device.
    """
    import keras

    from zoo import engine

    if os.environ.get(devices.CHOSEN) == device:
        if (engine.device() == "CPU") != (device == "cpu"):
            raise ArgumentError(
                f"--device must be one that {keras.backend.backend()} finds here. Received: "
                f"{device!r}. It computes on {engine.device()}."
            )
        return
    environment = {**devices.environment(device), devices.CHOSEN: device, **variables}
    command = [sys.executable, *this_program()]
    sys.stdout.flush()
    if os.name == "nt":  # where a program that replaces itself seems to have ended
        process = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process gets it too, and ends in order
        sys.exit(process.wait())
    os.execve(sys.executable, command, environment)


def _renew_card(recipe: Recipe, config: Config, options: TrainOptions) -> None:
    """Write new numbers or texts to the card of a preset, without any training."""
    from zoo.runs import cards

    out = options.folder(recipe) / "preset"
    preset = recipe.preset if options.publish else out
    tell = (lambda line: None) if options.quiet else say
    if options.remeasure:
        cards.measure(recipe, config, preset, tell)
    if options.describe:
        cards.describe(recipe, preset)
    tell(f"rewritten: the card of {preset}")


def _trained(recipe: Recipe, command: Sequence[str], options: TrainOptions) -> Path | None:
    """Train, and return the folder of the preset, or `None` if another process wrote it.

    A run that ends early prints the command that continues it.
    """
    from zoo import engine

    out = options.folder(recipe)
    with watched() as stop:
        run = options.run(recipe, stop)
        try:
            return run.run_seeds(options.trainings)
        except Stopped as stopped:
            if engine.is_chief() and run.written is not None and options.trainings == 1:
                say(f"\nstopped by {stopped}. The preset {run.written} is whole, without numbers.")
                say("--remeasure, in place of --resume, takes them.")
            elif engine.is_chief():
                say(f"\nstopped by {stopped}. {_kept(out)}\n  {_resuming(command)}")
            sys.exit(stopped.exit_code)
        except DivergedError:
            say()  # after the progress bar
            raise
        except OSError as error:  # a full disk, in most cases
            say()
            raise StorageError(f"{error} {_kept(out)} {_resuming(command)}") from error


def _kept(out: Path) -> str:
    """Return the sentences about the last checkpoint of a run that ended early.

    They end in a colon, after which a command line follows.
    """
    from zoo.runs.training import last_checkpoint

    checkpoints = [last_checkpoint(folder) for folder in (out, *out.glob("seed-*"))]
    newest = max(filter(None, checkpoints), key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        return "There was nothing to keep yet. It is started again by:"
    return f"What was trained is kept in {newest}. It is continued by:"


def _resuming(command: Sequence[str]) -> str:
    """Return the command lines that continue the run of `command`, one for each kind of shell."""
    command = [*command, *(() if "--resume" in command else ("--resume",))]
    backend = os.environ.get("KERAS_BACKEND")
    return "\n  ".join(command_lines(command, {"KERAS_BACKEND": backend} if backend else {}))


def run_recipe(recipe: Recipe, args: Sequence[str] | None = None) -> None:
    """Run the program of a recipe's own file: `python recipes/<preset>.py --help`.

    Args:
        recipe: the recipe.
        args: the command line's arguments; by default those of this process.
    """
    file = f"recipes/{recipe.preset}.py"
    command = sys.orig_argv if args is None else ["python", file, *args]

    @click.command(cls=OneLine, **SETTINGS)
    @training_options
    def program(**options):
        if args is not None and options["device"] not in (None, os.environ.get(devices.CHOSEN)):
            raise ArgumentError(
                "--device is for a command line, whose program starts anew. Received: "
                f"{options['device']!r} in args of run_recipe."
            )
        _train(recipe, command, TrainOptions(**options))

    program.help = (
        f"Train {recipe.preset}: {recipe.facts.title}\n\n\b\nSettings for --set, and their "
        "defaults:\n" + "\n".join(f"  {key}={value}" for key, value in vars(recipe.config).items())
    )
    program.main(args, prog_name=f"{recipe.preset}.py")
