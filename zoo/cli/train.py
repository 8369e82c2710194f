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
import keras

from zoo.base import devices
from zoo.base.shells import command_lines
from zoo.base.stopping import Stop, Stopped, watched
from zoo.cli.base import SETTINGS, OneLine, outliving_its_output, say
from zoo.data.image_format import CROPS
from zoo.errors import ArgumentError, DivergedError, StorageError, check_count

if TYPE_CHECKING:
    from zoo.runs.recipe import Config, Recipe
    from zoo.runs.run import Run

# The environment variable that passes the user's command line to the processes of this program.
STARTED_AS = "ZOO_STARTED_AS"


def _devices(context, parameter, value: str | None) -> int | str | None:
    """Return the value of `--distribute`: a number of devices, `"auto"` or `None`."""
    if value in (None, "auto"):
        return value
    if not value.isdigit() or int(value) < 1:
        raise ArgumentError(
            f"--distribute takes 'auto' or a number of devices. Received: {value!r}."
        )
    return int(value)


def _device(context, parameter, value: str | None) -> str | None:
    """Return the value of `--device`."""
    return value if value is None else devices.check_device(value)


def _training_options(command):
    """Add the options of `zoo train` to `command`."""
    options = [
        click.option(
            "--smoke",
            is_flag=True,
            help="Test the recipe by a tiny new run of less than a minute.",
        ),
        click.option("--epochs", type=int, help="The number of passes over the training images."),
        click.option(
            "--seed",
            type=int,
            help="The seed of the weights, the latents and the order of the images.",
        ),
        click.option(
            "--trainings",
            "--seeds",
            "trainings",
            type=click.IntRange(min=1),
            default=1,
            help="The number of trainings, with --seed and the seeds after it; the first one "
            "becomes the preset, and its card lists the numbers of all.",
        ),
        click.option(
            "--data",
            help="The training set: a TensorFlow Datasets name, a folder of images, an .npz file, "
            "or ring8, grid25, line, spiral, two_moons or checkerboard.",
        ),
        click.option(
            "--crop",
            type=click.Choice(CROPS),
            help="What becomes of images whose aspect ratio is not the model's: the largest part "
            "from the middle; such a part from another place each time; or the whole image, "
            "squeezed.  [default: centre]",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="The folder of the run.  [default: runs/PRESET]",
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Continue the training in --out, with the same settings, or start it.",
        ),
        click.option(
            "--checkpoint-steps",
            type=click.IntRange(min=1),
            help="The largest number of steps between two checkpoints.  [default: an epoch, or a "
            "fifth of the run]",
        ),
        click.option(
            "--keep",
            type=click.IntRange(min=1),
            default=2,
            help="The number of last checkpoints that are kept, beside the best one.",
        ),
        click.option(
            "--on-nan",
            type=click.Choice(["stop", "restore"]),
            default="stop",
            help="At losses that are not finite: stop, or restore the last checkpoint and go on "
            "with other random numbers, three times at most.",
        ),
        click.option(
            "--distribute",
            metavar="auto|N",
            callback=_devices,
            help="Train on N devices, or on all accelerators.",
        ),
        click.option(
            "--device",
            metavar="cpu|gpu|gpu:N",
            callback=_device,
            help="Compute on the CPU, on the GPUs, or on one GPU, counted from 0.  [default: what "
            "the backend chooses]",
        ),
        click.option(
            "--precision",
            type=click.Choice(("float32", "bfloat16", "float16")),
            help="The type that layers compute in; weights, losses and statistics stay float32.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change a setting; repeatable.",
        ),
        click.option(
            "--remeasure",
            is_flag=True,
            help="Train nothing: evaluate the preset in --out, or with --publish the published "
            "one, and write the numbers to its card.",
        ),
        click.option(
            "--describe",
            is_flag=True,
            help="Train nothing: write the recipe's texts about the preset, such as its limits, to "
            "the card that --remeasure would change.",
        ),
        click.option(
            "--publish",
            is_flag=True,
            help="Copy the finished preset into the package, or into the folder hub beside it.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """The values of the options of `zoo train`."""

    smoke: bool
    epochs: int | None
    seed: int | None
    trainings: int
    data: str | None
    crop: str | None
    out: Path | None
    resume: bool
    checkpoint_steps: int | None
    keep: int
    on_nan: str
    distribute: int | str | None
    device: str | None
    precision: str | None
    settings: tuple[str, ...]
    remeasure: bool
    describe: bool
    publish: bool

    def config(self, recipe: Recipe) -> Config:
        """Return the settings of `recipe`, changed by the options.

        Raises:
            ZooError: if a setting is unknown, or its value is not allowed.
        """
        changes = dict(recipe.smoke) if self.smoke else {}
        names = ("epochs", "seed", "data", "crop", "precision")
        options = {name: getattr(self, name) for name in names}
        changes |= {key: value for key, value in options.items() if value is not None}
        for setting in self.settings:
            key, equals, value = setting.partition("=")
            if not equals:
                raise ArgumentError(f"--set takes KEY=VALUE. Received: {setting!r}.")
            changes[key] = value
        config = recipe.config.replace(**changes)
        check_count("epochs", config.epochs)
        check_count("batch_size", config.batch_size)
        check_count("seed", config.seed, minimum=0)
        return config

    def folder(self, recipe: Recipe) -> Path:
        """Return the folder of the run."""
        if self.out is not None:
            return self.out
        return Path("runs") / (recipe.preset + ("_smoke" if self.smoke else ""))

    def run(self, recipe: Recipe, stop: Stop) -> Run:
        """Return the run of `recipe` with these options; `stop` is the request to end it."""
        from zoo.runs.run import Run
        from zoo.runs.training import Keeping

        return Run(
            recipe,
            self.config(recipe),
            self.folder(recipe),
            smoke=self.smoke,
            devices=self.distribute,
            echo=say,
            anew=self.out is None and self.smoke and not self.resume,
            keeping=Keeping(
                resume=self.resume,
                checkpoint_steps=self.checkpoint_steps,
                keep=self.keep,
                on_nan=self.on_nan,
                stop=stop,
            ),
        )


@click.command(cls=OneLine)
@click.argument("recipe")
@_training_options
def train(recipe: str, **options):
    """Run RECIPE, the name of a preset or a Python file: train and evaluate its model, and write
    checkpoints, pictures, card and weights.

    \b
    Examples:
      zoo train dcgan_mnist --smoke
      zoo train dcgan_mnist --epochs 30 --set width=32 --out runs/narrow
      zoo train dcgan_faces --data path/to/photos --set image_size=32 --crop random
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
    if options.publish:
        collection.check_publishable(recipe, config, options.smoke)
    with outliving_its_output():
        command = shlex.split(os.environ.pop(STARTED_AS, "")) or command
        started_as = {STARTED_AS: shlex.join(command)}
        if options.device is not None:
            _move_to(options.device, started_as)
        if options.remeasure or options.describe:
            _renew_card(recipe, config, options)
            return
        engine.launch(options.distribute, config.batch_size, _this_program(), started_as)
        folder = _trained(recipe, command, options)
        if folder is None:
            return  # another process wrote the preset
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
    from zoo import engine

    if os.environ.get(devices.CHOSEN) == device:
        if (engine.device() == "CPU") != (device == "cpu"):
            raise ArgumentError(
                f"--device must be one that {keras.backend.backend()} finds here. Received: "
                f"{device!r}. It computes on {engine.device()}."
            )
        return
    environment = {**devices.environment(device), devices.CHOSEN: device, **variables}
    command = [sys.executable, *_this_program()]
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
    if options.remeasure:
        cards.measure(recipe, config, preset, say)
    if options.describe:
        cards.describe(recipe, preset)
    say(f"rewritten: the card of {preset}")


def _trained(recipe: Recipe, command: Sequence[str], options: TrainOptions) -> Path | None:
    """Train, and return the folder of the preset, or `None` if another process wrote it.

    A run that ends early prints the command that continues it.
    """
    from zoo import engine

    out = options.folder(recipe)
    with watched() as stop:
        try:
            return options.run(recipe, stop).run_seeds(options.trainings)
        except Stopped as stopped:
            if engine.is_chief():
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


def _this_program() -> list[str]:
    """Return the arguments for Python that run this program again."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:
        program = [sys.argv[0]]
    elif spec.name == "__main__":  # in an archive: the zoo.exe that is installed on Windows
        program = ["-m", "keras_generative_zoo"]
    else:
        program = ["-m", spec.name.removesuffix(".__main__")]
    return program + sys.argv[1:]


def run_recipe(recipe: Recipe, args: Sequence[str] | None = None) -> None:
    """Run the program of a recipe's own file: `python recipes/<preset>.py --help`.

    Args:
        recipe: the recipe.
        args: the command line's arguments; by default those of this process.
    """
    file = f"recipes/{recipe.preset}.py"
    command = sys.orig_argv if args is None else ["python", file, *args]

    @click.command(cls=OneLine, **SETTINGS)
    @_training_options
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
