"""`Preset`: a card, and where the files that it names are, or are to be had."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from zoo import hub, remote
from zoo.card import Card, File
from zoo.errors import ArgumentError, IntegrityError, unknown_name
from zoo.fetch import download, verify
from zoo.home import home


@dataclasses.dataclass(frozen=True)
class Preset:
    """A preset that was found.

    Attributes:
        card: what is known of it.
        folder: where its files are, or will be once they are fetched.
        urls: the folders, mirrors of each other, that they are fetched from; `None`: they are
            where they are.
    """

    card: Card
    folder: Path
    urls: tuple[str, ...] | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> Preset:
        """The preset in a folder of this machine."""
        if not folder.is_dir():
            raise ArgumentError(f"There is no folder {str(folder)!r}.")
        if not (folder / hub.CARD).is_file():
            inner = folder / "preset"
            held = f" But {inner} is one." if (inner / hub.CARD).is_file() else ""
            raise IntegrityError(f"There is no preset in {folder}: it holds no card.json.{held}")
        return cls(Card.read(folder / hub.CARD), folder)

    @classmethod
    def fetched(cls, card: Card, urls: Iterable[str]) -> Preset:
        """The preset of `card`, whose files are fetched from `urls` to the cache."""
        return cls(card, cached_folder(card), tuple(urls))

    @classmethod
    def at(cls, urls: list[str], name: str | None = None, fresh: bool = False) -> Preset:
        """The preset at each of `urls`; see `zoo.hub.find_card`."""
        card, _ = hub.find_card(urls, name, fresh)
        return cls.fetched(card, urls)

    def files(
        self, components: Iterable[str] | None = None, extras: bool = False
    ) -> dict[str, File]:
        """Those of its files that `load` needs, or that some of its `components` do."""
        weights = self.card.weights
        found: dict[str, File] = {}
        if components is None or not weights.components:
            found |= weights.files  # the whole, of which the components are taken
        else:
            for name in components:
                if name not in weights.components:
                    raise unknown_name(f"component of {self.card.name}", name, weights.components)
                found |= weights.components[name]
        return {**found, **(weights.extras if extras else {})}

    def ensure(self, files: dict[str, File]) -> Path:
        """The folder, in which these files are whole and verified; what is missing is fetched.

        Raises:
            IntegrityError: if a file is not what the card names.
            FetchError: if one cannot be fetched.
        """
        for name, file in files.items():
            path = self.folder / name
            if self.urls is not None:
                urls = [f"{url}/{name}" for url in self.urls]
                download(urls, path, file.sha256, file.bytes)
            else:
                check_inside(path)
                verify(path, file.sha256, file.bytes)
        return self.folder

    @property
    def missing(self) -> list[str]:
        """The files that `load` needs and that are not there."""
        return [name for name in self.card.weights.files if not (self.folder / name).is_file()]


def check_inside(path: Path) -> None:
    """Raises unless the file `path` lies in its folder, also where it is a link."""
    folder = path.parent.resolve()
    if path.resolve().parent != folder:
        raise IntegrityError(
            f"The file {path} is a link to {path.resolve()}, out of the preset's folder, which is "
            "refused."
        )


def cached_folder(card: Card) -> Path:
    """Where the cache holds the preset of `card`: other files, other folder, so that one version
    never takes the place of another while that is read."""
    files = {name: file.sha256 for name, file in card.weights.all_files.items()}
    key = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    return home() / "presets" / f"{card.name}-{key}"


def at_url(url: str, fresh: bool = False) -> Preset:
    """The preset whose folder `url` is.

    Raises:
        ArgumentError: if it is no URL of a known scheme.
        FetchError: if there is no preset.
    """
    if url.endswith(".keras"):
        raise ArgumentError(
            f"A Keras file has no card to check it by, and is read from this machine alone. "
            f"Received: {remote.shown(url)!r}."
        )
    return Preset.at([remote.check_url(url)], fresh=fresh)
