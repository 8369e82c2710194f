"""Hubs: folders of presets on any server of files, and the cards in them.

A hub is a base URL with a folder for each preset, which holds `card.json` and the files that the
card names. Its `index.json` lists the presets. Mirrors of a hub hold the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from zoo.base.records import Line, Record, Text
from zoo.base.text import one_line
from zoo.base.warn import warn
from zoo.errors import CardError
from zoo.files import remote
from zoo.files.fetch import read
from zoo.files.home import home, write_text
from zoo.presets.card import LARGEST, Card, PresetName

CARD = "card.json"
PICTURE = "samples.png"
INDEX = "index.json"


class Entry(Record):
    """The record of a preset in an index."""

    title: Line
    family: Text
    bytes: Annotated[int, Field(ge=0)]  # of all files that `load` needs


class Index(Record):
    """The content of `index.json`."""

    format: Literal[1] = 1
    presets: dict[PresetName, Entry]


class CachedCard(Record):
    """A card in the cache, with the URL of its source."""

    source: Text
    card: str


def bases() -> list[str]:
    """Return the URLs in `ZOO_HUB`, which commas or spaces separate, in their order.

    They are mirrors of each other.

    Raises:
        ArgumentError: if one is no URL of a known scheme, or that of a file.
    """
    return [
        remote.folder_url(url) for url in re.split(r"[,\s]+", os.environ.get("ZOO_HUB", "")) if url
    ]


def sources(name: str) -> list[str]:
    """Return the URL of the folder of the preset `name` at each hub of `ZOO_HUB`."""
    return [f"{base}/{name}" for base in bases()]


def find_card(urls: list[str], name: str | None = None, fresh: bool = False) -> tuple[Card, str]:
    """Return the card of the preset at `urls`, and the URL that it was read from.

    A cached card is returned without a request.

    Args:
        urls: the URLs of the preset's folder at each mirror, at least one.
        name: the name that the preset must have, or `None` for any.
        fresh: whether the card is fetched even if the cache has it.

    Raises:
        FetchError: if no URL has a card.
        CardError: if the card is broken, or belongs to another preset.
    """
    for url in () if fresh else urls:
        if (card := remembered_card(url)) is not None:
            return _checked(card, name, url), url
    try:
        content, card_url = read([f"{url}/{CARD}" for url in urls], LARGEST)
    except remote.MissingError as error:
        raise remote.MissingError(f"There is no preset to be had. {error}") from error
    url = card_url.removesuffix(f"/{CARD}")
    card = _checked(Card.parse(content, f"at {remote.shown(card_url)}"), name, url)
    with contextlib.suppress(OSError):  # without a writable cache the card is fetched each time
        for other in urls:
            forget(other)  # older cards of other mirrors
        cached = CachedCard(source=remote.shown(url), card=content.decode())
        write_text(_memory(url), cached.model_dump_json())
    return card, url


def forget(url: str) -> None:
    """Remove the card at `url` from the cache, so that it is fetched anew.

    Raises:
        OSError: if the cache has the card, and it cannot be removed.
    """
    if (card := _memory(url)).exists():
        card.unlink(missing_ok=True)


def memories() -> Iterator[tuple[Path, str, Card]]:
    """Yield the file, the source and the card of each card in the cache."""
    for path in sorted((home() / "cards").glob("[!.]*.json")):
        try:
            cached = CachedCard.model_validate_json(path.read_bytes())
            yield path, cached.source, Card.parse(cached.card, str(path))
        except (OSError, ValueError):
            continue  # broken, or of another version of this package; it is fetched anew


def _memory(url: str) -> Path:
    """Return the file of the cache for the card at `url`."""
    return home() / "cards" / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def remembered_card(url: str) -> Card | None:
    """Return the cached card of `url`, or `None` if the cache has none that this version reads."""
    try:
        cached = CachedCard.model_validate_json(_memory(url).read_bytes())
        return Card.parse(cached.card, f"of {remote.shown(url)}")
    except (OSError, ValueError):
        return None


def _checked(card: Card, name: str | None, url: str) -> Card:
    """Return `card`, or raise if its preset is not called `name`."""
    if name is not None and card.name != name:
        raise CardError(
            f"{remote.shown(url)} holds the preset {card.name!r}, and not {name!r}, as the name of "
            "its folder says."
        )
    return card


def index() -> dict[str, Entry]:
    """Return the entries of the index of `ZOO_HUB`, by preset.

    The first hub that answers gives them. Without a hub the result is empty.

    Raises:
        FetchError: if no hub has an index.
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
            f"{one_line('.'.join(map(str, first['loc'])), 200)}: {first['msg']}."
        ) from error


def write_index(base: str) -> list[str]:
    """Write the index of all presets of the hub at `base`, and return their names.

    A preset that cannot be loaded by the name of its folder is left out, with a warning.

    Raises:
        ArgumentError: if `base` is no URL of a folder that can be written to.
        FetchError: if the hub cannot be listed or written.
    """
    import tempfile

    base = remote.folder_url(base, remote.WRITTEN)
    presets = {}
    for name in remote.names(base):
        if CARD in (remote.names(f"{base}/{name}") if not Path(name).suffix else ()):
            content, url = read([f"{base}/{name}/{CARD}"], LARGEST)
            try:
                card = Card.parse(content, f"at {remote.shown(url)}")
                card = _checked(card, name, f"{base}/{name}")
            except CardError as error:
                warn(f"{error} It is left out of the index.")
                continue
            size = sum(file.bytes for file in card.weights.files.values())
            presets[name] = Entry(
                title=card.identity.title, family=card.identity.family, bytes=size
            )
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(Index(presets=presets).model_dump(), indent=1, sort_keys=True)
        write_text(Path(folder) / INDEX, text + "\n")
        remote.write(Path(folder), [INDEX], base)
    return sorted(presets)
