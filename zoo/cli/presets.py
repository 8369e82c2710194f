"""`zoo list`, `zoo info` and `zoo sample`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import click

from zoo.card import Training
from zoo.cli.base import OneLine, check_writable, listed, print_rows
from zoo.errors import ArgumentError, check_count


@click.command("list", cls=OneLine)
@click.argument("pattern", default="*")
@click.option("--family", help="Only presets of this family, such as dcgan.")
@click.option("--group", help="Only presets of this group, such as gans.")
@click.option("--hub", is_flag=True, help="Asks the hub that ZOO_HUB names too.")
def list_command(pattern: str, family: str | None, group: str | None, hub: bool):
    """Lists the presets whose names match PATTERN, such as '*mnist*'."""
    from zoo import registry

    at_hub = listed() if hub else {}
    found = registry.matching(at_hub, pattern, family, group)
    width = max(map(len, found), default=0)
    for name in found:
        known = at_hub.get(name) or registry.info(name).identity
        click.echo(f"{name:{width}}  {known.title}")
    if not found:
        click.echo(f"No preset matches {pattern!r}.", err=True)


@click.command(cls=OneLine)
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
    shape = contract.input_shape or contract.output_shape
    what = "points" if len(shape) == 1 else "images"
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
        (what, f"{' x '.join(map(str, shape))} {span}"),
        *([("classes", ", ".join(contract.labels))] if contract.labels else ()),
        (
            "backends",
            ", ".join(f"{name} (off by {off:.1g})" for name, off in contract.backends.items()),
        ),
        *_training_rows(training, what),
        *((m.name, f"{m}, by {m.protocol.name}") for m in card.metrics),
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
        ("took", f"{training.seconds / 60:.0f} minutes on {training.device}"),
    ]


@click.command(cls=OneLine)
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
    check_writable(out)
    model = registry.load(preset)
    takes = inspect.signature(model.sample).parameters if hasattr(model, "sample") else ()
    if not takes:
        raise ArgumentError(f"PRESET must be one that makes samples. Received: {preset!r}.")
    if weights is not None and "weights" not in takes:
        raise ArgumentError(f"--weights is for GANs. Received: {weights!r} for {preset!r}.")
    options = {} if weights is None else {"weights": weights}
    if labels is not None:
        options["labels"] = int(labels) if labels.isdecimal() else labels
    trained_on = None if card.training is None else card.training.data
    named = trained_on in data.synthetic.NAMED
    test = data.read(trained_on, "test") if named else None
    pictures.samples(model, test, count, seed, columns, **options).save(out)
    click.echo(f"samples of {preset}: {out}")
