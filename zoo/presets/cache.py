"""The cache under `ZOO_HOME`: a list of its entries, and their removal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from zoo.errors import unknown_name
from zoo.files import notes
from zoo.files.home import home
from zoo.presets import hub
from zoo.presets.preset import cached_folder

PRESETS = "presets"
# Presets, their cards, the network of the FID, and statistics of real images. Locks are left out:
# they are empty, and another process may hold them.
FOLDERS = (PRESETS, "cards", "extractors", "statistics")


class CacheEntry(NamedTuple):
    """A preset in the cache, or all files of another kind."""

    name: str
    bytes: int
    origin: str  # the source of a preset; empty for other kinds
    places: list[Path]


def entries() -> list[CacheEntry]:
    """List every fetched preset, whole or in part, and then one entry for each other kind of
    files."""
    sources = {cached_folder(card).name: source for _, source, card in hub.memories()}
    presets = sorted(p for p in (home() / PRESETS).glob("*") if p.is_dir())
    listed = [CacheEntry(p.name, _size(p), sources.get(p.name, "ZOO_HUB"), [p]) for p in presets]
    for kind in FOLDERS[1:]:
        place = home() / kind
        if place.is_dir() and (size := _size(place)):
            listed.append(CacheEntry(kind, size, "", [place]))
    return listed


def clean(name: str | None = None) -> list[CacheEntry]:
    """Remove the entries of the cache called `name`, or all of them, and return them.

    The name of a preset means all its versions. Nothing else in `ZOO_HOME` is touched. The card of
    a removed preset is forgotten too, and is fetched anew when it is needed.

    Raises:
        UnknownNameError: if the cache has no entry of that name.
    """
    chosen = entries()
    if name is not None:
        named = [e for e in chosen if name in (e.name, e.name.rpartition("-")[0])]
        if not named:
            raise unknown_name("entry of the cache", name, [e.name for e in chosen])
        chosen = named
    removed = {place for entry in chosen for place in entry.places}
    for path, _, card in hub.memories():
        if cached_folder(card) in removed:
            path.unlink()
    for place in removed:
        for path in place.rglob("*"):
            notes.forget_note(path)
        shutil.rmtree(place)
    if name is None:
        for kind in (*FOLDERS, notes.FOLDER):
            shutil.rmtree(
                home() / kind, ignore_errors=True
            )  # also empty folders, which have no entry
    return chosen


def _size(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
