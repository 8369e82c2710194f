"""The commands `zoo list`, `zoo info` and `zoo sample`."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

from zoo.cli import words
from zoo.cli.base import (
    COUNT,
    SEED,
    Computing,
    OneLine,
    check_writable,
    listed,
    save_picture,
    say,
    scale_option,
    trust_option,
    warnings_in_lines,
)
from zoo.cli.processes import distribute_option, divided
from zoo.errors import ArgumentError, nearest

SAMPLES = "samples.png"


@click.command("list", cls=OneLine)
@click.argument("pattern", default="*", shell_complete=words.preset)
@click.option(
    "--family", shell_complete=words.family, help="Only presets of this family, such as dcgan."
)
@click.option(
    "--group", shell_complete=words.group, help="Only presets of this group, such as gans."
)
@click.option("--hub", is_flag=True, help="List the presets of the hub in ZOO_HUB too.")
def list_command(pattern: str, family: str | None, group: str | None, hub: bool):
    """List the presets whose names hold PATTERN, such as mnist, or match it, such as 'gan_*'.

    \b
    Examples:
      zoo list mnist
      zoo list --group vaes
    """
    from zoo.presets.locate import locate, matching

    at_hub = listed() if hub else {}
    with warnings_in_lines():
        names = matching(at_hub, pattern, family, group)
    width = max(map(len, names), default=0)
    for name in names:
        entry = at_hub.get(name) or locate(name).card.identity
        say(f"{name:{width}}  {entry.title}")
    if not names:
        with warnings_in_lines():
            others = nearest(pattern.strip("*?"), matching(at_hub, "*", family, group))
        hint = f" Nearest: {', '.join(others)}." if others else ""
        if not hub and os.environ.get("ZOO_HUB"):
            hint += " --hub asks that of ZOO_HUB too."
        say(f"No preset matches {pattern!r}.{hint}", err=True)
        sys.exit(1)


@click.command(cls=OneLine)
@click.argument("preset", shell_complete=words.preset_or_path)
@click.option("--json", "as_json", is_flag=True, help="Print the whole card as JSON.")
def info(preset: str, as_json: bool):
    """Show the card of PRESET: its model, its training, its measured numbers, its limits and its
    rights.

    \b
    Examples:
      zoo info dcgan_mnist
      zoo info runs/mine --json
    """
    from zoo.presets.locate import locate

    card = locate(preset).card
    if as_json:
        say(card.model_dump_json(indent=2))
        return
    say(card)


@click.command(cls=Computing)
@click.argument("preset", shell_complete=words.preset_or_path)
@click.option(
    "-n",
    "count",
    type=COUNT,
    help="The number of samples or reconstructions; by default 100 images, ten of each class, 50 "
    "reconstructions, or 10,000 points.",
)
@click.option(
    "--seed", type=SEED, help="The seed of the latents; without one, samples differ at each call."
)
@click.option(
    "-o",
    "--out",
    help="The file of the picture, which is replaced; or a folder that holds or gets samples in "
    "parts, such as samples/.  [default: samples.png, or where that exists samples-1.png and so "
    "on]",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["npz", "images"]),
    help="The files of a folder: arrays in parts of 10,000 at most, or an image for each sample.  "
    "[default: npz]",
)
@distribute_option
@click.option(
    "--columns",
    type=COUNT,
    help="The number of images in a row; by default as many as there are rows, or the images of "
    "one class.",
)
@scale_option
@click.option(
    "--labels",
    help="The class of a conditional model's samples, its number or name in `zoo info`, or all.",
)
@click.option(
    "--data",
    shell_complete=words.data_set_or_path,
    help="The set of images that an autoencoder reconstructs, see `zoo data info`; by default the "
    "examples stored with the preset.",
)
@click.option(
    "--epoch",
    type=COUNT,
    help="The epoch whose checkpoint is shown, of a run; by default its preset. See --keep and "
    "--snap of zoo train.",
)
@click.option(
    "--weights",
    shell_complete=words.generator,
    help="The generator of a GAN: ema for the average over training, raw for the last one.",
)
@trust_option
def sample(
    preset: str,
    count: int | None,
    seed: int | None,
    out: str | None,
    kind: str | None,
    distribute: int | str | None,
    columns: int | None,
    scale: int | None,
    data: str | None,
    epoch: int | None,
    weights: str | None,
    labels: str | None,
):
    """Write a picture of the outputs of PRESET, or samples into a folder.

    A generative model is shown by a grid of samples, with rows of one class if it has classes, or
    by points over their density. An autoencoder is shown by images with their reconstructions
    below. A model with two latents is shown by the plane of its latents, unless -n, --columns or a
    seed other than 0 asks for samples. Classes and kinds of images stand in words beside them.

    A folder gets samples in parts. The same command goes on where it was interrupted, with any
    number of processes on one machine or on several that share the disk; sample i depends on the
    seed, by default 0, and on i alone.

    \b
    Examples:
      zoo sample dcgan_mnist -n 64 --seed 0 -o samples.png
      zoo sample runs/mine --epoch 37 -o early.png
      zoo sample dcgan_mnist -n 1000000 --seed 0 -o samples/ --distribute auto
    """
    from zoo import pictures
    from zoo.files.home import user_path

    shown = _shown(preset, epoch)  # an unknown name is an error before a file is written
    options = {"weights": weights, "labels": labels}
    options = {key: value for key, value in options.items() if value is not None}
    place = None if out is None else user_path(out)
    if place is not None and (out.endswith(SEPARATORS) or place.is_dir()):
        _refuse("a picture", columns=columns, scale=scale, data=data)
        _write_many(shown, place, count, seed or 0, kind, distribute, options)
        return
    _refuse("a folder, such as -o samples/", format=kind, distribute=distribute)
    check_writable(place or Path(SAMPLES), new=place is None)
    model = shown.read()
    samples = "samples" in model.tasks
    if not {*pictures.PICTURES} & {*model.tasks} - {"classifies"}:
        raise ArgumentError(
            f"PRESET must be one that makes samples or reconstructions. Received: {preset!r}."
        )
    if not samples and (options or seed is not None):
        name = "seed" if seed is not None else next(iter(options))
        raise ArgumentError(f"--{name} is for presets that make samples. Received: {preset!r}.")
    if weights is not None and "weights" not in inspect.signature(model.sample).parameters:
        raise ArgumentError(f"--weights is for GANs. Received: {weights!r} for {preset!r}.")
    test = _test_data(shown, model, data)
    with _bar(model, count) as told:
        options |= told
        picture = pictures.default_picture(model, test, count, seed, columns, scale, **options)
    place = save_picture(picture, place, SAMPLES)
    noun = next(noun for task, noun in NOUNS.items() if task in model.tasks)
    say(f"{noun} of {shown.name}: {place}")


@contextlib.contextmanager
def _bar(model, count: int | None) -> Iterator[dict[str, Callable[[], None]]]:
    """Yield the option of `model.sample` that moves a bar, if samples are made in steps."""
    known = inspect.signature(model.sample).parameters if "samples" in model.tasks else {}
    if "told" not in known:
        yield {}
        return
    from tqdm import tqdm

    batches = -(-(count or 1) // known["batch_size"].default)
    total = batches * len(model.positions())
    with tqdm(total=total, desc="drawing", unit=" steps", disable=None, leave=False) as bar:
        yield {"told": bar.update}


# What ends the name of a folder.
SEPARATORS = tuple({"/", os.sep})


def _refuse(wanted: str, **values) -> None:
    """Raise if one of the `values` of options is given, which are for `wanted` alone."""
    for name, value in values.items():
        if value is not None:
            raise ArgumentError(f"--{name} is for {wanted}. Received: {value!r}.")


def _write_many(
    shown: _Shown,
    folder: Path,
    count: int | None,
    seed: int,
    kind: str | None,
    distribute: int | str | None,
    options: dict,
) -> None:
    """Write samples into a folder, as one of the processes that share the work."""
    from zoo.presets.writing import write_samples

    if count is None:
        raise ArgumentError(f"-n is needed, the number of samples in the folder {folder}.")
    process = divided(distribute)
    parts = write_samples(
        shown.read(),
        folder,
        count,
        seed,
        format=kind or "npz",
        process=process,
        progress=None if process[0] == 0 else False,
        **options,
    )
    rest = len(parts.missing())
    state = f"{parts.n - rest} of {parts.n} parts are done" if rest else f"{count} samples"
    say(f"{state}: {folder}")


# The nouns for the outputs of each task.
NOUNS = {"samples": "samples", "translates": "translations", "encodes": "reconstructions"}


class _Shown(NamedTuple):
    """The subject of a picture: a preset, or the checkpoint of an epoch.

    Attributes:
        name: its name in texts.
        read: a function that returns its model.
        data: the name of the data that it was trained on, if that is known.
        crop: the crop of the images that it was trained on.
        examples: a function that returns the images that are stored with it, or `None`.
    """

    name: str
    read: Callable
    data: str | None
    crop: str
    examples: Callable


def _shown(name: str, epoch: int | None) -> _Shown:
    """Return what `name` and `--epoch` name.

    Raises:
        ZooError: if there is no such preset or checkpoint.
    """
    from zoo.files.home import user_path
    from zoo.presets import checkpoint
    from zoo.presets.locate import locate
    from zoo.presets.preset import data_of_run
    from zoo.presets.save import read_examples
    from zoo.runs.places import CHECKPOINTS
    from zoo.runs.recipe import ADDED

    if epoch is None:
        preset = locate(name)
        training = preset.card.training
        crop = "centre" if training is None else training.crop
        return _Shown(name, preset.read, preset.data, crop, lambda: read_examples(preset))
    place = checkpoint.of_epoch(user_path(name) / CHECKPOINTS, epoch)
    about = {**ADDED, **checkpoint.read_state(place)["about"]}
    named = f"epoch {epoch} of {name}"
    data = data_of_run(user_path(name)) or about.get("data")
    return _Shown(named, lambda: checkpoint.read_model(place), data, about["crop"], lambda: None)


def _test_data(shown: _Shown, model, data: str | None):
    """Return the real data for the picture of `model`, or `None` if it needs no data."""
    from zoo.data import read, synthetic
    from zoo.evaluation.real import read_splits
    from zoo.pictures import needs_test_data

    if not needs_test_data(model):
        if data is not None:
            named = repr(shown.name)
            raise ArgumentError(f"--data is for autoencoders. Received: {data!r} for {named}.")
        return read(shown.data, "test") if shown.data in synthetic.NAMED else None
    examples = None if data is not None else shown.examples()
    if data is None and examples is None and shown.data is not None and Path(shown.data).exists():
        data = shown.data  # of a run
    if data is not None:
        return read_splits(data, model, shown.crop)[1]
    if examples is None:
        raise ArgumentError(
            f"{shown.name!r} is shown by {model.data.noun} of a data set: give --data."
        )
    return examples
