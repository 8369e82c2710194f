"""The options of `zoo train`."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from zoo.base import devices
from zoo.base.importing import importable
from zoo.base.stopping import Stop
from zoo.cli import words
from zoo.cli.base import COUNT, SEED, say, trust_option
from zoo.cli.processes import devices_or_auto
from zoo.data.image_format import CROPS
from zoo.errors import ArgumentError, check_count

if TYPE_CHECKING:
    from zoo.runs.recipe import Config, Recipe
    from zoo.runs.run import Run


def _device(context, parameter, value: str | None) -> str | None:
    """Return the value of `--device`."""
    return value if value is None else devices.check_device(value)


def training_options(command):
    """Add the options of `zoo train` to `command`."""
    options = [
        click.option(
            "--smoke",
            is_flag=True,
            help="Test the recipe by a tiny new run of less than a minute.",
        ),
        click.option("--epochs", type=COUNT, help="The number of passes over the training images."),
        click.option(
            "--seed",
            type=SEED,
            help="The seed of the weights, the latents and the order of the images.",
        ),
        click.option(
            "--trainings",
            "--seeds",
            "trainings",
            type=COUNT,
            default=1,
            help="The number of trainings, with --seed and the seeds after it; the first one "
            "becomes the preset, and its card lists the numbers of all.",
        ),
        click.option(
            "--data",
            shell_complete=words.data_set_or_path,
            help="The training set: a TensorFlow Datasets name, a folder or zip file of images, an "
            ".npz file, or ring8, grid25, line, spiral, two_moons or checkerboard.",
        ),
        click.option(
            "--crop",
            type=click.Choice(CROPS),
            help="What becomes of images whose aspect ratio is not the model's: the largest part "
            "from the middle; such a part from another place each time; or the whole image, "
            "squeezed.  [default: centre]",
        ),
        click.option(
            "--from",
            "start",
            metavar="PRESET",
            shell_complete=words.preset_or_path,
            help="Start from the weights of a preset (its name, folder or URL), of a run or of a "
            "checkpoint, as far as the layers are alike. Of 100 to 1,000 pictures, --set few=true "
            "beside it makes the best.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="The folder of the run.  [default: runs/PRESET]",
        ),
        click.option("--name", help="The name of your preset.  [default: the recipe's]"),
        click.option("--title", help="One line that describes your preset."),
        click.option(
            "--license",
            help="The licence of your weights, such as cc-by-4.0.  [default: what follows from the "
            "data, and from --from]",
        ),
        click.option(
            "--license-override",
            metavar="REASON",
            help="Why --license may differ from the licence that follows from the data and from "
            "--from; it stands in the card.",
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Continue the training in --out, with the same settings, or start it.",
        ),
        click.option(
            "--checkpoint-steps",
            type=COUNT,
            help="The largest number of steps between two checkpoints.  [default: an epoch, or a "
            "fifth of the run]",
        ),
        click.option(
            "--keep",
            type=COUNT,
            default=2,
            help="The number of last checkpoints that are kept, beside the best one.",
        ),
        click.option(
            "--snap",
            metavar="N",
            type=COUNT,
            help="Keep the checkpoint of every Nth epoch for good, for `zoo sample RUN --epoch`.",
        ),
        click.option(
            "--monitor",
            metavar="NUMBER",
            shell_complete=words.number,
            help="The number that chooses the best checkpoint: a loss, or a number of a metric "
            "such as fid, which is then measured after each epoch.  [default: the recipe's]",
        ),
        click.option(
            "--ship",
            type=click.Choice(["last", "best"]),
            help="The checkpoint that becomes the preset.  [default: the recipe's, mostly last]",
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
            callback=devices_or_auto,
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
            "--measure",
            type=click.Choice(["none", "quick", "full"]),
            help="The numbers that the card gets once the preset is written: none, quick (what "
            "tells overfitting, and samples beside their nearest training images), or full.  "
            "[default: quick below 1,000 held-out images, else full]",
        ),
        click.option(
            "--callbacks",
            metavar="MODULE:FUNCTION",
            help="A function of yours from the settings and the folder of the run to a list of "
            "Keras callbacks, such as a tracker's.",
        ),
        click.option(
            "--quiet", is_flag=True, help="Print neither progress nor stages, but errors alone."
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
    return trust_option(command)  # of --from


# The options that have a meaning where nothing is trained.
OF_CARDS = {"remeasure", "describe", "publish", "out", "data", "smoke", "device", "recipe"}
OF_CARDS |= {"trust", "quiet"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """The values of the options of `zoo train`."""

    smoke: bool
    epochs: int | None
    seed: int | None
    trainings: int
    data: str | None
    crop: str | None
    start: str | None
    out: Path | None
    name: str | None
    title: str | None
    license: str | None
    license_override: str | None
    resume: bool
    checkpoint_steps: int | None
    keep: int
    snap: int | None
    monitor: str | None
    ship: str | None
    on_nan: str
    distribute: int | str | None
    device: str | None
    precision: str | None
    settings: tuple[str, ...]
    measure: str | None
    callbacks: str | None
    quiet: bool
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

    def check_of_cards(self) -> None:
        """Raise if an option of trainings is given where nothing is trained."""
        context = click.get_current_context()
        for parameter in context.command.params:
            given = context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
            if given and parameter.name not in OF_CARDS:
                mode = "--remeasure" if self.remeasure else "--describe"
                raise ArgumentError(
                    f"{mode} trains nothing, and takes no option of a training. Received: "
                    f"{parameter.opts[0]}."
                )

    def check_unchanged(self) -> None:
        """Raise if an option makes another preset than that of the recipe."""
        of_owner = ("start", "name", "title", "license", "license_override")
        for option in (*of_owner, "monitor", "ship", "measure", "callbacks"):
            if (value := getattr(self, option)) is not None:
                name = {"start": "from"}.get(option, option.replace("_", "-"))
                raise ArgumentError(
                    f"--publish is for the recipe as it stands. Received: --{name} {value}."
                )

    def run(self, recipe: Recipe, stop: Stop) -> Run:
        """Return the run of `recipe` with these options; `stop` is the request to end it."""
        from zoo.runs.ownership import Ownership
        from zoo.runs.run import Run
        from zoo.runs.training import Keeping

        return Run(
            recipe,
            self.config(recipe),
            self.folder(recipe),
            smoke=self.smoke,
            devices=self.distribute,
            echo=None if self.quiet else say,
            anew=self.out is None and self.smoke and not self.resume,
            keeping=Keeping(
                resume=self.resume,
                checkpoint_steps=self.checkpoint_steps,
                keep=self.keep,
                snap=self.snap,
                on_nan=self.on_nan,
                stop=stop,
            ),
            start=self.start,
            ownership=Ownership(
                name=self.name,
                title=self.title,
                license=self.license,
                license_override=self.license_override,
            ),
            measure=self.measure,
            callbacks=None if self.callbacks is None else _function(self.callbacks),
        )


def _function(name: str):
    """Return the function that `--callbacks` names, of a module that Python finds from here.

    Raises:
        ArgumentError: if there is no such module or function.
    """
    module, colon, function = name.partition(":")
    if not (module and colon and function):
        raise ArgumentError(f"--callbacks takes MODULE:FUNCTION. Received: {name!r}.")
    with importable(Path.cwd()):
        try:
            found = getattr(importlib.import_module(module), function)
        except ImportError as error:
            raise ArgumentError(
                f"--callbacks must name a module that can be imported. Received: {name!r}. {error}."
            ) from error
        except AttributeError as error:
            raise ArgumentError(
                f"--callbacks must name a function of its module. Received: {name!r}. {error}."
            ) from error
    if not callable(found):
        raise ArgumentError(f"--callbacks must name a function. Received: {name!r}, a {found!r}.")
    return found
