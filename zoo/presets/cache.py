"""What is kept under `ZOO_HOME`: a list of it, and how to be rid of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from zoo.errors import unknown_name
from zoo.files.home import home
from zoo.presets import hub
from zoo.presets.preset import cached_folder

PRESETS = "presets"
# Presets, their cards, the network of the FID, and what was computed of real images. Not the locks,
# which are empty, and which another process may hold.
KEPT = (PRESETS, "cards", "extractors", "statistics")


class Kept(NamedTuple):
    """Something that is kept."""

    name: str
    bytes: int
    origin: str  # where it is from, as far as is known
    places: list[Path]


def entries() -> list[Kept]:
    """Every preset that was fetched, also in part, and the rest by kind."""
    sources = {cached_folder(card).name: source for _, source, card in hub.memories()}
    presets = sorted(p for p in (home() / PRESETS).glob("*") if p.is_dir())
    found = [Kept(p.name, _size(p), sources.get(p.name, "ZOO_HUB"), [p]) for p in presets]
    for kind in KEPT[1:]:
        place = home() / kind
        if place.is_dir() and (size := _size(place)):
            found.append(Kept(kind, size, "", [place]))
    return found


def clean(name: str | None = None) -> list[Kept]:
    """Removes all that is kept, or what bears `name`: a preset's, in every version, or a kind's.
    Nothing else in `ZOO_HOME` is touched. The card of a preset that goes is asked for again.

    Raises:
        UnknownNameError: if nothing of that name is kept.
    """
    kept = entries()
    if name is not None:
        chosen = [e for e in kept if name in (e.name, e.name.rpartition("-")[0])]
        if not chosen:
            raise unknown_name("entry of the cache", name, [e.name for e in kept])
        kept = chosen
    gone = {place for entry in kept for place in entry.places}
    for path, _, card in hub.memories():
        if cached_folder(card) in gone:
            path.unlink()
    for place in gone:
        shutil.rmtree(place)
    if name is None:
        for kind in KEPT:
            shutil.rmtree(home() / kind, ignore_errors=True)  # those that held nothing
    return kept


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
