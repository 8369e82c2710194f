"""The command line: `zoo`, and the same options for every recipe that is run as a program."""

from __future__ import annotations

import contextlib
import inspect
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from zoo.errors import ArgumentError, ZooError, check_count

SETTINGS = {"context_settings": {"help_option_names": ["-h", "--help"], "show_default": True}}


class _OneLine(click.Command):
    """A command whose errors are one line, `zoo: error: ...`, and a non-zero exit code, without a
    traceback."""

    def main(self, args=None, prog_name=None, standalone_mode=True, **extra):
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        with _one_line(prog_name or "zoo"):
            sys.exit(super().main(args, prog_name, standalone_mode=False, **extra) or 0)


class _OneLineGroup(_OneLine, click.Group):
    """A group of such commands."""


@contextlib.contextmanager
def _one_line(program: str):
    try:
        yield
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        click.echo(f"{program}: error: {_flat(error.format_message())}", err=True)
        sys.exit(error.exit_code)
    except (ZooError, OSError, MemoryError) as error:
        click.echo(f"{program}: error: {_flat(str(error))}", err=True)
        sys.exit(1)


def _flat(message: str) -> str:
    return " ".join(message.split())


@click.group(cls=_OneLineGroup, **SETTINGS)
@click.version_option(package_name="keras-generative-zoo")
def cli():
    """Deep generative models in Keras 3: list, sample and train them.

    The backend is Keras's: set KERAS_BACKEND to tensorflow, jax or torch.

    \b
    Examples:
      zoo list
      zoo sample dcgan_mnist -n 64 --seed 0 -o samples.png
      zoo train recipes/dcgan_mnist.py --smoke
    """


@cli.command("list")
@click.argument("pattern", default="*")
@click.option("--family", help="Only presets of this family, such as dcgan.")
@click.option("--group", help="Only presets of this group, such as gans.")
def list_command(pattern: str, family: str | None, group: str | None):
    """Lists the presets whose names match PATTERN, such as '*mnist*'."""
    from zoo import registry

    found = registry.names(pattern, family=family, group=group)
    width = max(map(len, found), default=0)
    for name in found:
        click.echo(f"{name:{width}}  {registry.info(name).identity.title}")
    if not found:
        click.echo(f"No preset matches {pattern!r}.", err=True)


@cli.command()
@click.argument("preset")
@click.option("--json", "as_json", is_flag=True, help="Prints the whole card as JSON.")
def info(preset: str, as_json: bool):
    """Shows the card of PRESET: what it is, how it was trained, what it measures, its limits and
    rights."""
    from zoo import registry

    card = registry.info(preset)
    if as_json:
        click.echo(card.model_dump_json(indent=2))
        return
    identity, training, contract = card.identity, card.training, card.contract
    size = sum(file.bytes for file in card.weights.files.values())
    click.echo(f"{identity.preset}: {identity.title}\n")
    what = "points" if len(contract.output_shape) == 1 else "images"
    span = f"in {json.dumps(contract.output_range)}" if contract.output_range else "of any value"
    rows = [
        ("model", f"{identity.model}, family {identity.family}, group {identity.group}"),
        ("paper", f"{identity.paper}, {identity.paper_url}"),
        *(("differs", text) for text in identity.differs),
        (
            "weights",
            f"{card.weights.parameters:,} parameters, {size / 2**20:.1f} MiB, {card.weights.dtype}",
        ),
        *([("latents", contract.latent_law)] if contract.latent_law else ()),
        (what, f"{' x '.join(map(str, contract.output_shape))} {span}"),
        *([("classes", ", ".join(contract.labels))] if contract.labels else ()),
        (
            "backends",
            ", ".join(f"{name} (off by {off:.1g})" for name, off in contract.backends.items()),
        ),
        (
            "trained",
            f"{training.recipe}, seed {training.seed}, {training.images_seen:,} {what} of "
            f"{training.data} seen",
        ),
        ("took", f"{training.seconds / 60:.0f} minutes on {training.device}"),
        *(
            (m.name, f"{m.value:.4g}" + ("" if m.spread is None else f" ± {m.spread:.2g}"))
            for m in card.metrics
        ),
        *(("limit", text) for text in card.limits),
        (
            "rights",
            f"code {card.rights.code}; weights {card.rights.weights}; data {card.rights.data}",
        ),
    ]
    _print_rows(rows, indent="  ")


@cli.command()
@click.argument("preset")
@click.option(
    "-n",
    "count",
    type=int,
    help="How many samples; by default 100 images, ten of each class, or 10,000 points.",
)
@click.option(
    "--seed", type=int, help="Seed of the latents; without one, images differ at each call."
)
@click.option(
    "-o",
    "--out",
    default="samples.png",
    type=click.Path(path_type=Path),
    help="Where the picture goes.",
)
@click.option(
    "--columns",
    type=int,
    help="Images in a row; by default as many as rows, or those of one class.",
)
@click.option("--labels", help="Of a conditional model: one class, such as 3, or all.")
@click.option("--weights", help="Of a GAN: ema for the averaged generator, raw for the last one.")
def sample(
    preset: str,
    count: int | None,
    seed: int | None,
    out: Path,
    columns: int | None,
    weights: str | None,
    labels: str | None,
):
    """Writes a picture of samples from PRESET: a grid of images, with rows of one class where it
    has classes, or points over their density.

    \b
    Example:
      zoo sample dcgan_mnist -n 64 --seed 0 -o samples.png
    """
    if count is not None:
        check_count("-n", count)
    if columns is not None:
        check_count("--columns", columns)
    if seed is not None:
        check_count("--seed", seed, minimum=0)
    from zoo import data, pictures, registry

    card = registry.info(preset)  # an unknown name is an error before anything is made
    _check_writable(out)
    model = registry.load(preset)
    takes = inspect.signature(model.sample).parameters if hasattr(model, "sample") else ()
    if not takes:
        raise ArgumentError(f"PRESET must be one that makes samples. Received: {preset!r}.")
    if weights is not None and "weights" not in takes:
        raise ArgumentError(f"--weights is for GANs. Received: {weights!r} for {preset!r}.")
    options = {} if weights is None else {"weights": weights}
    if labels is not None:
        options["labels"] = int(labels) if labels.isdecimal() else labels
    named = card.training.data in data.synthetic.NAMED
    test = data.read(card.training.data, "test") if named else None
    pictures.samples(model, test, count, seed, columns, **options).save(out)
    click.echo(f"samples of {preset}: {out}")


@cli.group(cls=_OneLineGroup, **SETTINGS)
def data():
    """Data sets: what is in them, how they look, and how to prepare those that have a name."""


def _reading_options(command):
    """What says which images of a set are meant."""
    options = [
        click.option("--split", default="train", help="The part of the set."),
        click.option("--image-size", type=int, help="Height and width to resize and crop to."),
        click.option("--channels", type=int, help="1 for grey, 3 for colour."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@data.command("info")
@click.argument("name_or_path")
@_reading_options
def data_info(name_or_path: str, split: str, image_size: int | None, channels: int | None):
    """Counts what is in NAME_OR_PATH: a TensorFlow Datasets name, a folder or zip file of images,
    an .npz file, or points such as ring8."""
    import numpy as np

    from zoo.data import read

    source = read(name_or_path, split, image_size, channels)
    points = len(source.images.shape) == 2
    rows = [
        ("name", source.name),
        ("points" if points else "images", f"{len(source.images):,}"),
        ("shape", " x ".join(map(str, source.images.shape[1:]))),
        ("type", f"{source.images.dtype}"),
    ]
    if source.labels is not None:
        classes, counts = np.unique(source.labels, return_counts=True)
        fewest, most = counts.min(), counts.max()
        each = f"{most:,} each" if fewest == most else f"{fewest:,} to {most:,} each"
        rows.append(("classes", f"{len(classes)}, {each}"))
    rows.append(("sha256", source.sha256))
    _print_rows(rows)


@data.command("preview")
@click.argument("name_or_path")
@_reading_options
@click.option("-n", "count", default=64, help="How many images.")
@click.option("--seed", default=0, help="Seed of the choice.")
@click.option(
    "-o",
    "--out",
    default="preview.png",
    type=click.Path(path_type=Path),
    help="Where the picture goes.",
)
def data_preview(
    name_or_path: str,
    split: str,
    image_size: int | None,
    channels: int | None,
    count: int,
    seed: int,
    out: Path,
):
    """Writes a picture of some images, or of all points, of NAME_OR_PATH, see `zoo data info`."""
    import numpy as np

    from zoo import pictures
    from zoo.data import grid, read

    check_count("-n", count)
    check_count("--seed", seed, minimum=0)
    _check_writable(out)
    source = read(name_or_path, split, image_size, channels)
    if len(source.images.shape) == 2:
        picture = pictures.scatter(source.images, source)
    else:
        order = np.random.default_rng(seed).permutation(len(source.images))
        picture = grid(source.images[order[:count]].astype("float32"), value_range=(0, 255))
    picture.save(out)
    click.echo(f"{name_or_path}: {out}")


@data.command("prepare")
@click.argument("name")
@click.option(
    "--downloaded",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder that holds what TensorFlow Datasets would download.",
)
def data_prepare(name: str, downloaded: Path | None):
    """Downloads and prepares the TensorFlow Datasets set NAME, once, into TFDS_DATA_DIR (by default
    ~/tensorflow_datasets), in files that are read at random without TensorFlow."""
    from zoo.data import named

    click.echo(f"{name}: {named.prepare(name, downloaded)}")


def _print_rows(rows, indent: str = ""):
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{indent}{name:{width}}  {text}")


def _check_writable(path: Path) -> None:
    """Raises, before any work is done, if no picture can be written to `path`."""
    from PIL import Image

    Image.init()
    if Image.EXTENSION.get(path.suffix.lower()) not in Image.SAVE:
        raise ArgumentError(
            f"--out must end in the suffix of a picture, such as .png. Received: {path}."
        )
    if path.is_dir():
        raise ArgumentError(f"--out must be a file. Received the folder {path}.")
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise ArgumentError(f"--out {path} cannot be written: {error.strerror}.") from error


def _training_options(command):
    options = [
        click.option(
            "--smoke",
            is_flag=True,
            help="A tiny new run of less than a minute, to see that all works.",
        ),
        click.option("--epochs", type=int, help="Passes over the training images."),
        click.option(
            "--seed", type=int, help="Seed of the weights, the latents and the order of the images."
        ),
        click.option(
            "--data",
            help="A TensorFlow Datasets name, a folder of images, an .npz file, or ring8, grid25, "
            "line, spiral, two_moons or checkerboard.",
        ),
        click.option(
            "--out", type=click.Path(path_type=Path), help="Where to write.  [default: runs/PRESET]"
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Continues the training in --out, with the same settings, or starts it.",
        ),
        click.option(
            "--checkpoint-steps",
            type=click.IntRange(min=1),
            help="Saves after each so many steps too, where epochs take long.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Changes a setting; repeatable.",
        ),
        click.option("--publish", is_flag=True, help="Puts the finished preset into the package."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@_training_options
def train(recipe: Path, **options):
    """Runs RECIPE, a Python file: trains, evaluates, and writes checkpoints, pictures, card and
    weights.

    \b
    Examples:
      zoo train recipes/dcgan_mnist.py --smoke
      zoo train recipes/dcgan_mnist.py --epochs 30 --set width=32 --out runs/narrow
      zoo train recipes/dcgan_mnist.py --data path/to/images
    """
    from zoo.runner import load_recipe

    _train(load_recipe(recipe), **options)


def _train(recipe, smoke, epochs, seed, data, out, resume, checkpoint_steps, settings, publish):
    from zoo import runner

    changes = dict(recipe.smoke) if smoke else {}
    given = {"epochs": epochs, "seed": seed, "data": data}
    changes |= {key: value for key, value in given.items() if value is not None}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ArgumentError(f"--set takes KEY=VALUE. Received: {setting!r}.")
        changes[key] = value
    config = recipe.config.replace(**changes)
    check_count("epochs", config.epochs)
    check_count("batch_size", config.batch_size)
    check_count("seed", config.seed, minimum=0)
    if publish:
        runner.check_publishable(recipe, config, smoke)
    if out is None:
        out = Path("runs") / (recipe.preset + ("_smoke" if smoke else ""))
        if smoke and not resume:
            shutil.rmtree(out, ignore_errors=True)
    try:
        folder = runner.run(recipe, config, out, resume, smoke, click.echo, checkpoint_steps)
    except KeyboardInterrupt:
        click.echo(f"\nstopped; every checkpoint is whole: continue with --resume --out {out}")
        sys.exit(130)
    click.echo(f"preset: {folder}")
    if publish:
        runner.publish(folder)
        click.echo(f"published: zoo.load({recipe.preset!r})")


def run_recipe(recipe, args: Sequence[str] | None = None) -> None:
    """The program of a recipe's own file: `python recipes/<preset>.py --help`."""

    @click.command(cls=_OneLine, **SETTINGS)
    @_training_options
    def program(**options):
        _train(recipe, **options)

    program.help = (
        f"Trains {recipe.preset}: {recipe.facts.title}\n\n\b\nSettings for --set, and their "
        "defaults:\n" + "\n".join(f"  {key}={value}" for key, value in vars(recipe.config).items())
    )
    program.main(args, prog_name=f"{recipe.preset}.py")


def main() -> None:
    """The program `zoo`."""
    cli.main(prog_name="zoo")
