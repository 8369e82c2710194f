"""The commands `zoo fetch`, `zoo verify`, `zoo push`, `zoo index` and `zoo cache`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from zoo.base.program import import_all
from zoo.cli import words
from zoo.cli.base import (
    SETTINGS,
    Computing,
    OneLine,
    OneLineGroup,
    flat,
    listed,
    print_rows,
    say,
    trust_option,
    warnings_in_lines,
)
from zoo.errors import ArgumentError, IntegrityError, ZooError

if TYPE_CHECKING:
    from zoo.presets.preset import Preset


@click.command(cls=OneLine)
@click.argument("names", nargs=-1, shell_complete=words.preset_or_path)
@click.option(
    "--all", "everything", is_flag=True, help="Fetch all presets that `zoo list --hub` shows."
)
@click.option("--extras", is_flag=True, help="Fetch golden outputs and pictures too.")
@click.option("--component", help="Fetch one part of the model only, such as generator.")
@click.option("--fresh", is_flag=True, help="Fetch the card anew, even if the cache has it.")
def fetch(
    names: tuple[str, ...], everything: bool, extras: bool, component: str | None, fresh: bool
):
    """Fetch presets by name or URL, so that `zoo.load` needs no network for them.

    Files that are in the cache already are verified, and not fetched again.

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
    with warnings_in_lines():
        chosen = locate.matching(listed()) if everything else names
    for name in chosen:
        parts = None if component is None else [component]
        try:
            preset = locate.locate(name, fresh).ensure(parts, extras)
            size = sum(file.bytes for file in preset.files(parts, extras).values())
            say(f"{remote.shown(name)}: {preset.folder} ({_mebibytes(size)})")
        except ZooError as error:  # the other presets are fetched nevertheless
            failed = True
            say(f"zoo: error: {flat(str(error))}", err=True)
    if failed:
        sys.exit(1)


@click.command(cls=OneLine)
@click.argument("names", nargs=-1, shell_complete=words.preset_or_path)
@click.option("--outputs", is_flag=True, help="Compare the model's outputs with the golden ones.")
@trust_option
def verify(names: tuple[str, ...], outputs: bool):
    """Verify the files of presets on this machine, by default of all, against the hashes in their
    cards.

    Every byte is read. The command fails if a file differs.

    \b
    Examples:
      zoo verify
      zoo verify runs/mine/preset --outputs
    """
    from zoo.files import remote
    from zoo.presets import hub, locate
    from zoo.presets.preset import Preset, cached_folder

    # Presets that were fetched by URL have no name in the list.
    fetched = {
        source: Preset(card, cached_folder(card), ())
        for _, source, card in hub.memories()
        if cached_folder(card).is_dir()
    }
    bad = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a preset whose card cannot be read is verified, and fails
        missing = locate.names(pretrained=False)
    present = [name for name in locate.known_names() if name not in missing]
    for name in names or [*present, *fetched]:
        try:
            preset = None if names else fetched.get(name)
            say(f"{remote.shown(name)}: {_verified(preset or locate.locate(name), outputs)}")
        except (ZooError, OSError) as error:
            bad = True
            say(f"{remote.shown(name)}: {flat(str(error))}", err=True)
    if bad:
        sys.exit(1)


def _verified(preset: Preset, outputs: bool) -> str:
    """Verify the files of `preset`, and return the result in words, or raise."""
    from zoo.files import fetch
    from zoo.presets.preset import check_inside

    weights = preset.card.weights
    # Extras may be missing, and so may all files of a preset that is fetched.
    needed = weights.files if preset.urls is None else {}
    present = {n: f for n, f in weights.all_files.items() if preset.path(n).is_file()}
    if not {**needed, **present}:
        return "not fetched"
    for file, expected in {**needed, **present}.items():
        check_inside(preset.path(file))
        fetch.verify(preset.path(file), expected.sha256, expected.bytes, advice="")
    result = f"{len({**needed, **present})} files are whole"
    if preset.missing:
        result += f", not fetched: {', '.join(preset.missing)}"
    return f"{result}{_compared(preset, present)}" if outputs else result


def _compared(preset: Preset, present: Collection[str]) -> str:
    """Compare the outputs of `preset`, whose files `present` are whole, and return the difference
    in words, or raise."""
    import_all()
    from zoo.presets import golden, storage

    if preset.missing or golden.GOLDEN not in present:
        missing = ", ".join([*preset.missing, golden.GOLDEN])
        raise IntegrityError(
            f"Its outputs cannot be compared: {missing} must be there, which `zoo fetch --extras` "
            "sees to."
        )
    model = storage.read_model(preset.folder, modules=preset.card.weights.modules)
    return f", outputs off by {golden.difference(model, preset.folder):.1g}"


@click.command(cls=Computing)
@click.argument("preset", shell_complete=words.preset_or_path)
@click.argument("url")
@click.option("--overwrite", is_flag=True, help="Replace a preset of another name.")
def push(preset: str, url: str, overwrite: bool):
    """Copy PRESET, a name or a folder, to the folder URL.

    URL is hf://user/repo, s3://..., gs://... or file:///...; the preset's files are written
    directly into it.

    \b
    Example:
      zoo push runs/mine/preset hf://me/my-gan
    """
    from zoo.files import remote
    from zoo.presets.save import push as push_preset

    with warnings_in_lines():
        say(f"{remote.shown(preset)}: {remote.shown(push_preset(preset, url, overwrite))}")


@click.command(cls=OneLine)
@click.argument("base")
def index(base: str):
    """Write index.json of the hub at BASE, which lists the presets in the folders below it.

    \b
    Example:
      zoo index file:///srv/hub
    """
    from zoo.files import remote
    from zoo.presets import hub

    names = hub.write_index(base)
    say(f"{remote.shown(base)}: {', '.join(names) or 'no preset'}")


@click.group(cls=OneLineGroup, **SETTINGS)
def cache():
    """List or remove the files under ZOO_HOME, by default ~/.cache/zoo."""


@cache.command("list")
def cache_list():
    """List the entries of the cache, with their sizes and sources.

    \b
    Example:
      zoo cache list
    """
    from zoo.files import home
    from zoo.presets.cache import entries

    say(f"{home.home()}: {_mebibytes(sum(e.bytes for e in entries()))}")
    rows = [(e.name, f"{_mebibytes(e.bytes):>12}  {e.origin}".rstrip()) for e in entries()]
    if rows:
        print_rows(rows, indent="  ")


@cache.command("clean")
@click.argument("name", required=False, shell_complete=words.cached)
def cache_clean(name: str | None):
    """Remove the entries of the cache called NAME, or all of them.

    NAME is a name in `zoo cache list`, or the name of a preset, which means all its versions.
    Removed files are fetched or computed anew when they are needed.

    \b
    Example:
      zoo cache clean dcgan_faces
    """
    from zoo.presets.cache import clean

    for entry in clean(name):
        say(f"removed: {entry.name} ({_mebibytes(entry.bytes)})")


def _mebibytes(size: int) -> str:
    """Return `size`, in bytes, as text in MiB."""
    return f"{size / 2**20:.1f} MiB"
