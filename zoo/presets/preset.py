"""`Preset`: a card, the place of the files that it names, and the methods that read them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.base.program import import_all
from zoo.errors import ArgumentError, IntegrityError, WrongBytesError, unknown_name
from zoo.files import remote
from zoo.files.fetch import download, verify
from zoo.files.home import home
from zoo.presets import hub
from zoo.presets.card import Card, File

if TYPE_CHECKING:
    import keras

DATA = "data.txt"  # in the folder of a run, the path of its data, which no card holds


def data_of_run(run: Path) -> str | None:
    """Return the path of the data of a run, if they are a file or a folder of this machine."""
    try:
        path = (run / DATA).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return path if path and Path(path).exists() else None


@dataclasses.dataclass(frozen=True)
class Preset:
    """A preset with a known place.

    Attributes:
        card: its card.
        folder: the folder that holds its files, or will hold them once they are fetched.
        urls: the URLs of its folder at each mirror, from which files are fetched; `None` if all
            files are in `folder` already.
        pinned: whether the card comes with this package, so that no server can change it.
    """

    card: Card
    folder: Path
    urls: tuple[str, ...] | None = None
    pinned: bool = False

    @classmethod
    def in_folder(cls, folder: Path) -> Preset:
        """Return the preset in a folder of this machine, which may be that of a run.

        Raises:
            ArgumentError: if there is no such folder.
            IntegrityError: if the folder holds no card.
        """
        if folder.is_file():
            in_preset = (folder.parent / hub.CARD).is_file()
            advice = f": give {str(folder.parent)!r}" if in_preset else ", as `zoo.save` writes it"
            raise ArgumentError(
                f"{str(folder)!r} is a file. A preset is a folder with a card.json{advice}. Of "
                "single files `zoo.load` reads those of Keras that end in .keras."
            )
        if not folder.is_dir():
            raise ArgumentError(f"There is no folder {str(folder)!r}.")
        if not (folder / hub.CARD).is_file():
            of_run = folder / "preset"
            if (of_run / hub.CARD).is_file():
                return cls.in_folder(of_run)
            if (folder / "checkpoints").is_dir():
                raise IntegrityError(
                    f"There is no preset in {folder} yet, since its training has not ended. `zoo "
                    "progress` shows its pictures, and `zoo sample --epoch N` a checkpoint; the "
                    "same `zoo train` with --resume goes on."
                )
            raise IntegrityError(f"There is no preset in {folder}: it holds no card.json.")
        return cls(Card.read(folder / hub.CARD), folder)

    @property
    def data(self) -> str | None:
        """The data that it was trained on: of a run of this machine their path, else their name.

        It is `None` for a preset that no recipe made.
        """
        training = self.card.training
        if training is None:
            return None
        path = data_of_run(self.folder.parent) if self.urls is None else None
        return training.data if path is None else path

    @classmethod
    def fetched(cls, card: Card, urls: Iterable[str], pinned: bool = False) -> Preset:
        """Return the preset of `card`, whose files are fetched from `urls` to the cache."""
        return cls(card, cached_folder(card), tuple(urls), pinned)

    @classmethod
    def at(cls, urls: list[str], name: str | None = None, fresh: bool = False) -> Preset:
        """Return the preset at `urls`, which are mirrors of each other; see `zoo.hub.find_card`."""
        card, _ = hub.find_card(urls, name, fresh)
        return cls.fetched(card, urls)

    @classmethod
    def at_url(cls, url: str, fresh: bool = False) -> Preset:
        """Return the preset in the folder at `url`.

        Raises:
            ArgumentError: if `url` is no URL of a known scheme, or the URL of a file.
            FetchError: if there is no preset.
        """
        if url.endswith(".keras"):
            raise ArgumentError(
                "A Keras file has no card to check it by, and is read from this machine alone. "
                f"Received: {remote.shown(url)!r}."
            )
        return cls.at([remote.folder_url(url)], fresh=fresh)

    def files(
        self, components: Iterable[str] | None = None, extras: bool = False
    ) -> dict[str, File]:
        """Return the files needed to read the whole model, or some of its `components`.

        With `extras`, the golden outputs, the picture and the examples are among them.
        """
        weights = self.card.weights
        needed: dict[str, File] = {}
        if components is None or not weights.components:
            needed |= weights.needed  # components are then taken out of the whole model
        else:
            for name in components:
                if name not in weights.components:
                    raise unknown_name(f"component of {self.card.name}", name, weights.components)
                needed |= weights.components[name]
        return {**needed, **(weights.extras if extras else {})}

    def ensure(self, components: Iterable[str] | None = None, extras: bool = False) -> Preset:
        """Fetch the missing ones of `files(components, extras)`, and verify all of them.

        If the files at the source no longer match a cached card, the card is fetched anew.

        Returns:
            This preset, or the preset of the newer card.

        Raises:
            IntegrityError: if a file differs from the card.
            FetchError: if a file cannot be fetched.
        """
        try:
            self.ensure_files(self.files(components, extras))
            return self
        except (WrongBytesError, remote.MissingError):
            if self.urls is None or self.pinned:
                raise
            newer = Preset.at(list(self.urls), fresh=True)
            if newer.card == self.card:
                raise
        newer.ensure_files(newer.files(components, extras))
        return newer

    def path(self, name: str) -> Path:
        """Return the place of the file `name` of this preset.

        Presets of this package that hold equal examples share one file, see `shared_path`.
        """
        path, file = self.folder / name, self.card.weights.extras.get(name)
        if file is None or path.exists():
            return path
        shared = shared_path(self.folder, name, file)
        return shared if shared.exists() else path

    def ensure_files(self, files: dict[str, File]) -> None:
        """Fetch the missing ones of `files`, and verify all of them.

        Raises:
            IntegrityError: if a file differs from the card.
            FetchError: if a file cannot be fetched.
        """
        for name, file in files.items():
            path = self.path(name)
            if self.urls is not None:
                urls = [f"{url}/{name}" for url in self.urls]
                download(urls, path, file.sha256, file.bytes)
            else:
                check_inside(path)
                verify(path, file.sha256, file.bytes)

    def read(self, components: Sequence[str] | None = None) -> keras.Model:
        """Fetch, verify and read the model, or one part of it, as `zoo.load` does.

        The model knows the names of its classes that are in the card.
        """
        import_all()
        from zoo.engine.spaces import Classes

        model = self._read(components)
        if isinstance(model.condition, Classes):
            model.condition = model.condition.named(self.card.signature.classes)
        return model

    def _read(self, components: Sequence[str] | None) -> keras.Model:
        """Fetch, verify and read the model, or one part of it."""
        from zoo.presets import storage

        if components is None:
            preset = self.ensure()
            return storage.read_model(preset.folder, modules=preset.card.weights.modules)
        parts = [components] if isinstance(components, str) else components
        if not isinstance(parts, list | tuple) or len(parts) != 1 or not isinstance(parts[0], str):
            raise ArgumentError(
                f"components must hold one name, such as ['generator']. Received: {components!r}."
            )
        (part,) = parts
        preset = self.ensure(parts)
        if preset.card.weights.components:
            return storage.read_component(preset.folder, part, preset.card.weights.modules)
        model = storage.read_model(preset.folder, modules=preset.card.weights.modules)
        parts_of_model = model.components()
        if part not in parts_of_model:
            raise unknown_name(f"component of {preset.card.name}", part, parts_of_model)
        return parts_of_model[part]

    @property
    def missing(self) -> list[str]:
        """The names of the files of the whole model that are not in the folder."""
        return [name for name in self.card.weights.needed if not (self.folder / name).is_file()]


def shared_path(folder: Path, name: str, file: File) -> Path:
    """Return the place, beside the presets' folders, of a file that several of them hold.

    Its name has a part of its hash, so that other content never takes its place.
    """
    stem, dot, suffix = name.partition(".")
    return folder.parent / f"{stem}-{file.sha256[:12]}{dot}{suffix}"


def check_inside(path: Path) -> None:
    """Raise if the file `path` is a link that leads out of its folder."""
    folder = path.parent.resolve()
    if path.resolve().parent != folder:
        raise IntegrityError(
            f"The file {path} is a link to {path.resolve()}, out of the preset's folder, which is "
            "refused."
        )


def cached_folder(card: Card) -> Path:
    """Return the folder of the cache for the preset of `card`.

    Its name holds a hash of the files, so that a new version never replaces the files of an old
    version while a process reads them.
    """
    files = {name: file.sha256 for name, file in card.weights.all_files.items()}
    key = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    return home() / "presets" / f"{card.name}-{key}"
