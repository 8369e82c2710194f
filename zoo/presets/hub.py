"""Hubs: folders of presets behind any server of files, and the cards that lie there.

A hub is a base URL under which `<preset>/card.json` and the files that it names lie, and
`index.json`, which lists the presets. Its mirrors hold the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from zoo.base.records import Record, Text
from zoo.errors import CardError
from zoo.files import remote
from zoo.files.fetch import read
from zoo.files.home import atomic_file, home
from zoo.presets.card import Card, PresetName

CARD = "card.json"
INDEX = "index.json"
LARGEST = 2**22  # bytes of a card, and of an index


class Entry(Record):
    """A preset as an index lists it."""

    title: Text
    family: Text
    bytes: Annotated[int, Field(ge=0)]  # of all that `load` needs


class Index(Record):
    """What `index.json` holds."""

    format: Literal[1] = 1
    presets: dict[PresetName, Entry]


class Seen(Record):
    """A card as it was read at a source, as the cache keeps it."""

    source: Text
    card: str


def bases() -> list[str]:
    """The hubs that `ZOO_HUB` names, with commas or spaces between: mirrors, the first first.

    Raises:
        ArgumentError: if one is no URL of a known scheme.
    """
    return [
        remote.check_url(url) for url in re.split(r"[,\s]+", os.environ.get("ZOO_HUB", "")) if url
    ]


def sources(name: str) -> list[str]:
    """Where the preset `name` may lie."""
    return [f"{base}/{name}" for base in bases()]


def find_card(urls: list[str], name: str | None = None, fresh: bool = False) -> tuple[Card, str]:
    """The card of the preset that lies at each of `urls`, mirrors of each other, and which of them
    it is from; one that was read before is not asked for again.

    Args:
        urls: at least one.
        name: what the preset must be called; `None`: anything.
        fresh: asks, also where the card is known.

    Raises:
        FetchError: if none has a card.
        CardError: if the card is broken, or of another preset.
    """
    for url in () if fresh else urls:
        if (card := remembered_card(url)) is not None:
            return _checked(card, name, url), url
    try:
        content, found = read([f"{url}/{CARD}" for url in urls], LARGEST)
    except remote.MissingError as error:
        raise remote.MissingError(f"There is no preset to be had. {error}") from error
    url = found.removesuffix(f"/{CARD}")
    card = _checked(Card.parse(content, f"at {remote.shown(found)}"), name, url)
    with contextlib.suppress(OSError):  # a cache that cannot be written: asked for each time
        for other in urls:
            forget(other)  # what another mirror said before
        with atomic_file(_memory(url)) as partial:
            kept = Seen(source=remote.shown(url), card=content.decode())
            partial.write_text(kept.model_dump_json(), encoding="utf-8")
    return card, url


def forget(url: str) -> None:
    """Lets the card at `url` be asked for again."""
    _memory(url).unlink(missing_ok=True)


def memories() -> Iterator[tuple[Path, str, Card]]:
    """The cards that the cache holds: its file, where it is from, and the card."""
    for path in sorted((home() / "cards").glob("[!.]*.json")):
        try:
            seen = Seen.model_validate_json(path.read_bytes())
            yield path, seen.source, Card.parse(seen.card, str(path))
        except (OSError, ValueError):
            continue  # of another version of this package, or broken: asked for again


def _memory(url: str) -> Path:
    return home() / "cards" / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def remembered_card(url: str) -> Card | None:
    """The card that was read at `url`, if one was; one that this version cannot read is asked for
    again."""
    try:
        seen = Seen.model_validate_json(_memory(url).read_bytes())
        return Card.parse(seen.card, f"of {remote.shown(url)}")
    except (OSError, ValueError):
        return None


def _checked(card: Card, name: str | None, url: str) -> Card:
    if name is not None and card.name != name:
        raise CardError(
            f"{remote.shown(url)} holds the preset {card.name!r}, and not {name!r}, as the name of "
            "its folder says."
        )
    return card


def index() -> dict[str, Entry]:
    """What the hubs of `ZOO_HUB` list, by the first that answers; nothing without one.

    Raises:
        FetchError: if none has an index.
        CardError: if the index is broken.
    """
    if not bases():
        return {}
    content, url = read([f"{base}/{INDEX}" for base in bases()], LARGEST)
    try:
        return Index.model_validate_json(content).presets
    except ValidationError as error:
        first = error.errors()[0]
        raise CardError(
            f"The index {remote.shown(url)} breaks the rules: "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}."
        ) from error


def write_index(base: str) -> list[str]:
    """Writes the index of the hub at `base`, of all presets that lie there; returns their names.
    What cannot be loaded by the name of its folder is left out, with a warning.

    Raises:
        ArgumentError: if `base` is no URL that can be written to.
        FetchError: if it cannot be listed or written.
    """
    import tempfile

    base = remote.check_url(base, remote.WRITTEN)
    presets = {}
    for name in remote.names(base):
        if CARD in (remote.names(f"{base}/{name}") if not Path(name).suffix else ()):
            content, url = read([f"{base}/{name}/{CARD}"], LARGEST)
            try:
                card = Card.parse(content, f"at {remote.shown(url)}")
                card = _checked(card, name, f"{base}/{name}")
            except CardError as error:
                warnings.warn(f"{error} It is left out of the index.", stacklevel=2)
                continue
            size = sum(file.bytes for file in card.weights.files.values())
            presets[name] = Entry(
                title=card.identity.title, family=card.identity.family, bytes=size
            )
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(Index(presets=presets).model_dump(), indent=1, sort_keys=True)
        (Path(folder) / INDEX).write_text(text + "\n", encoding="utf-8")
        remote.write(Path(folder), [INDEX], base)
    return sorted(presets)
