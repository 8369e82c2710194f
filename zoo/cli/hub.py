"""`zoo fetch`, `zoo verify`, `zoo push`, `zoo index` and `zoo cache`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from zoo.cli.base import SETTINGS, OneLine, OneLineGroup, flat, listed, print_rows
from zoo.errors import ArgumentError, IntegrityError, ZooError

if TYPE_CHECKING:
    from zoo.presets.preset import Preset


@click.command(cls=OneLine)
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that `zoo list --hub` shows.")
@click.option("--extras", is_flag=True, help="Golden outputs and picture too.")
@click.option("--component", help="Only a part, such as generator.")
@click.option("--fresh", is_flag=True, help="Asks again for the card, which may be a newer one.")
def fetch(
    names: tuple[str, ...], everything: bool, extras: bool, component: str | None, fresh: bool
):
    """Fetches presets, by name or URL, so that `zoo.load` needs no network for them; what is at
    hand is checked, and not fetched again.

    \b
    Examples:
      zoo fetch dcgan_mnist
      zoo fetch hf://user/my-gan --extras
      ZOO_HUB=https://example.org/hub zoo fetch --all
    """
    from zoo.files import remote
    from zoo.presets import locate

    if everything == bool(names):
        raise ArgumentError(
            f"zoo fetch takes names, or --all. Received: {'both' if everything else 'neither'}."
        )
    failed = False
    for name in locate.matching(listed()) if everything else names:
        parts = None if component is None else [component]
        try:
            preset = locate.locate(name, fresh).ensure(parts, extras)
            size = sum(file.bytes for file in preset.files(parts, extras).values())
            click.echo(f"{remote.shown(name)}: {preset.folder} ({_mebibytes(size)})")
        except ZooError as error:  # the others are fetched all the same
            failed = True
            click.echo(f"zoo: error: {flat(str(error))}", err=True)
    if failed:
        sys.exit(1)


@click.command(cls=OneLine)
@click.argument("names", nargs=-1)
@click.option("--outputs", is_flag=True, help="Compares the model's outputs with the golden ones.")
def verify(names: tuple[str, ...], outputs: bool):
    """Checks the files of presets at hand, by default of all, against the hashes in their cards,
    byte by byte. Fails if one differs."""
    from zoo.files import remote
    from zoo.presets import hub, locate
    from zoo.presets.preset import Preset, cached_folder

    # Also what was fetched from addresses that no name stands for.
    fetched = {
        source: Preset(card, cached_folder(card), ())
        for _, source, card in hub.memories()
        if cached_folder(card).is_dir()
    }
    bad = False
    for name in names or [*locate.names(pretrained=True), *fetched]:
        try:
            preset = None if names else fetched.get(name)
            click.echo(f"{remote.shown(name)}: {_verified(preset or locate.locate(name), outputs)}")
        except ZooError as error:
            bad = True
            click.echo(f"{remote.shown(name)}: {flat(str(error))}", err=True)
    if bad:
        sys.exit(1)


def _verified(preset: Preset, outputs: bool) -> str:
    """What is found of the files of `preset`, or an error."""
    from zoo.files import fetch
    from zoo.presets import golden, storage
    from zoo.presets.preset import check_inside

    weights = preset.card.weights
    # Of the extras, and of what is fetched as it is needed, what is there.
    needed = weights.files if preset.urls is None else {}
    there = {n: f for n, f in weights.all_files.items() if (preset.folder / n).is_file()}
    if not {**needed, **there}:
        return "not fetched"
    for file, expected in {**needed, **there}.items():
        check_inside(preset.folder / file)
        fetch.verify(preset.folder / file, expected.sha256, expected.bytes, advice="")
    said = f"{len({**needed, **there})} files are whole"
    if preset.missing:
        said += f", not fetched: {', '.join(preset.missing)}"
    if outputs and (preset.missing or golden.GOLDEN not in there):
        wanted = ", ".join([*preset.missing, golden.GOLDEN])
        raise IntegrityError(
            f"Its outputs cannot be compared: {wanted} must be there, which `zoo fetch --extras` "
            "sees to."
        )
    if outputs:
        off = golden.difference(storage.read_model(preset.folder), preset.folder)
        said += f", outputs off by {off:.1g}"
    return said


@click.command(cls=OneLine)
@click.argument("preset")
@click.argument("url")
@click.option("--overwrite", is_flag=True, help="Also where a preset of another name lies.")
def push(preset: str, url: str, overwrite: bool):
    """Copies PRESET, a name or a folder, to URL, exactly that place: hf://user/repo, s3://..., gs://...
    or file:///...

    \b
    Example:
      zoo push runs/mine/preset hf://me/my-gan
    """
    from zoo.presets.save import push as push_preset

    click.echo(f"{preset}: {push_preset(preset, url, overwrite)}")


@click.command(cls=OneLine)
@click.argument("base")
def index(base: str):
    """Writes index.json of the hub at BASE: the presets in the folders below it."""
    from zoo.presets import hub

    found = hub.write_index(base)
    click.echo(f"{base}: {', '.join(found) or 'no preset'}")


@click.group(cls=OneLineGroup, **SETTINGS)
def cache():
    """What is kept under ZOO_HOME, by default ~/.cache/zoo."""


@cache.command("list")
def cache_list():
    """Lists what is kept, its size and where it is from."""
    from zoo.files import home
    from zoo.presets.cache import entries

    click.echo(f"{home.home()}: {_mebibytes(sum(e.bytes for e in entries()))}")
    rows = [(e.name, f"{_mebibytes(e.bytes):>12}  {e.origin}".rstrip()) for e in entries()]
    if rows:
        print_rows(rows, indent="  ")


@cache.command("clean")
@click.argument("name", required=False)
def cache_clean(name: str | None):
    """Removes what is kept: all of it, or what bears NAME in `zoo cache list`, or a preset's name.
    It is fetched or computed anew when it is needed."""
    from zoo.presets.cache import clean

    for entry in clean(name):
        click.echo(f"removed: {entry.name} ({_mebibytes(entry.bytes)})")


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
