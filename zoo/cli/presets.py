"""`zoo list`, `zoo info` and `zoo sample`."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path

import click

from zoo.cli.base import OneLine, check_writable, listed, print_rows
from zoo.errors import ArgumentError, check_count
from zoo.presets.card import Training


@click.command("list", cls=OneLine)
@click.argument("pattern", default="*")
@click.option("--family", help="Only presets of this family, such as dcgan.")
@click.option("--group", help="Only presets of this group, such as gans.")
@click.option("--hub", is_flag=True, help="Asks the hub that ZOO_HUB names too.")
def list_command(pattern: str, family: str | None, group: str | None, hub: bool):
    """Lists the presets whose names match PATTERN, such as '*mnist*'."""
    from zoo.presets import load, locate

    at_hub = listed() if hub else {}
    found = locate.matching(at_hub, pattern, family, group)
    width = max(map(len, found), default=0)
    for name in found:
        known = at_hub.get(name) or load.info(name).identity
        click.echo(f"{name:{width}}  {known.title}")
    if not found:
        hint = "" if hub or not os.environ.get("ZOO_HUB") else " --hub asks that of ZOO_HUB too."
        click.echo(f"No preset matches {pattern!r}.{hint}", err=True)


@click.command(cls=OneLine)
@click.argument("preset")
@click.option("--json", "as_json", is_flag=True, help="Prints the whole card as JSON.")
def info(preset: str, as_json: bool):
    """Shows the card of PRESET: what it is, how it was trained, what it measures, its limits and
    rights."""
    from zoo.presets import load

    card = load.info(preset)
    if as_json:
        click.echo(card.model_dump_json(indent=2))
        return
    identity, training, contract = card.identity, card.training, card.contract
    size = sum(file.bytes for file in card.weights.files.values())
    click.echo(f"{identity.preset}: {identity.title}\n")
    shape = contract.input_shape or contract.output_shape
    what = "points" if len(shape) == 1 else "images"
    span = f"in {json.dumps(contract.output_range)}" if contract.output_range else "of any value"
    rows = [
        ("model", f"{identity.model}, family {identity.family}, group {identity.group}"),
        ("paper", f"{identity.paper}, {identity.paper_url}"),
        *(("differs", text) for text in identity.differs),
        *([("its class", identity.class_differs)] if identity.class_differs else ()),
        (
            "weights",
            f"{card.weights.parameters:,} parameters, {size / 2**20:.1f} MiB, {card.weights.dtype}",
        ),
        *([("latents", contract.latent_law)] if contract.latent_law else ()),
        (what, f"{' x '.join(map(str, shape))} {span}"),
        *([("classes", ", ".join(contract.told_labels))] if contract.labels else ()),
        (
            "backends",
            ", ".join(f"{name} (off by {off:.1g})" for name, off in contract.backends.items()),
        ),
        *_training_rows(training, what),
        *((m.heading, f"{m}, by {m.protocol.name}") for m in card.metrics),
        *(("limit", text) for text in card.limits),
        (
            "rights",
            f"code {card.rights.code}; weights {card.rights.weights}; data {card.rights.data}",
        ),
    ]
    print_rows(rows, indent="  ")


def _training_rows(training: Training | None, what: str) -> list[tuple[str, str]]:
    if training is None:
        return []
    seen = f"{training.images_seen:,} {what} of {training.data} seen"
    return [
        ("trained", f"{training.recipe}, seed {training.seed}, {seen}"),
        ("took", f"{training.took} on {training.device}"),
    ]


@click.command(cls=OneLine)
@click.argument("preset")
@click.option(
    "-n",
    "count",
    type=int,
    help="How many samples; by default 100 images, ten of each class, 50 to reconstruct, or 10,000 "
    "points.",
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
@click.option(
    "--data",
    help="Images to reconstruct, of an autoencoder: what --data of zoo train takes; by default "
    "those that are kept with the preset.",
)
@click.option("--weights", help="Of a GAN: ema for the averaged generator, raw for the last one.")
def sample(
    preset: str,
    count: int | None,
    seed: int | None,
    out: Path,
    columns: int | None,
    data: str | None,
    weights: str | None,
    labels: str | None,
):
    """Writes a picture of what PRESET makes: a grid of images, with rows of one class where it has
    classes; the plane of its latents where it has two and neither -n, --columns nor another seed
    than 0 asks for samples; points over their density; of an autoencoder, images with their
    reconstructions below.

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
    from zoo import pictures
    from zoo.presets import locate

    found = locate.locate(preset)  # an unknown name is an error before anything is made
    check_writable(out)
    model = found.read()
    makes = inspect.signature(model.sample).parameters if hasattr(model, "sample") else None
    if makes is None and not hasattr(model, "reconstruct"):
        raise ArgumentError(
            f"PRESET must be one that makes samples or reconstructions. Received: {preset!r}."
        )
    options = {"weights": weights, "labels": labels}
    options = {key: value for key, value in options.items() if value is not None}
    if makes is None and (options or seed is not None):
        name = "seed" if seed is not None else next(iter(options))
        raise ArgumentError(f"--{name} is for presets that make samples. Received: {preset!r}.")
    if "weights" in options and "weights" not in makes:
        raise ArgumentError(f"--weights is for GANs. Received: {weights!r} for {preset!r}.")
    if labels is not None and labels.isdecimal():
        options["labels"] = int(labels)
    test = _shown(found, model, data, makes is None)
    pictures.natural(model, test, count, seed, columns, **options).save(out)
    what = "reconstructions" if makes is None else "samples"
    click.echo(f"{what} of {preset}: {out}")


def _shown(preset, model, data: str | None, reconstructs: bool):
    """The real images, or points, that a picture of `model` needs; `None` where it needs none."""
    import numpy as np

    from zoo.data import Source, fitting, read, read_splits, synthetic
    from zoo.presets.save import EXAMPLES

    training = preset.card.training
    if not reconstructs:
        if data is not None:
            raise ArgumentError(f"--data is for autoencoders. Received: {preset.card.name!r}.")
        named = training is not None and training.data in synthetic.NAMED
        return read(training.data, "test") if named else None
    if data is not None:
        return read_splits(data, **fitting(model.image_shape))[1]
    kept = preset.card.weights.extras
    if EXAMPLES not in kept:
        raise ArgumentError(
            f"{preset.card.name!r} is shown by images that it reconstructs: give --data."
        )
    folder = preset.ensure_files({EXAMPLES: kept[EXAMPLES]})
    with np.load(folder / EXAMPLES, allow_pickle=False) as arrays:
        return Source(EXAMPLES, arrays["images"], None)
