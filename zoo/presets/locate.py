"""`locate`, which finds presets by name, path or URL, and the lists of known presets."""

from __future__ import annotations

import fnmatch
import functools
import importlib.metadata
import os
import re
from collections.abc import Mapping
from pathlib import Path

from zoo.base.program import import_all
from zoo.base.warn import warn
from zoo.errors import ArgumentError, ZooError, check_choice, unknown_name
from zoo.files import remote
from zoo.files.fetch import offline
from zoo.files.home import user_path
from zoo.presets import hub as hubs  # functions have an argument `hub`
from zoo.presets.card import Card
from zoo.presets.preset import Preset

ROOT = Path(__file__).parent.parent
CARDS = ROOT / "cards"
WEIGHTS = ROOT / "weights"
HUB = ROOT.parent / "hub"  # presets beside the package, in a checkout alone
RECIPES = ROOT.parent / "recipes"  # in a checkout alone; a wheel puts them elsewhere
DISTRIBUTION = "keras-generative-zoo"

NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
SEE = "`zoo.list()` or `zoo list` shows all."


def locate(name: str | Path, fresh: bool = False) -> Preset:
    """Find the preset `name`.

    Args:
        name: a name, a path or a URL, as for `zoo.load`. A name is looked up among the presets of
            `zoo.register`, then of this package and of the folder `hub` of a checkout, then at the
            hubs of `ZOO_HUB`.
        fresh: whether the card is fetched even if the cache has it.

    Returns:
        The preset: its card and the place of its files.

    Raises:
        UnknownNameError: if there is no such preset, with the nearest names.
    """
    if not isinstance(name, str | Path):
        raise ArgumentError(f"A preset is a name, a path or a URL. Received: {name!r}.")
    if remote.is_url(name):
        return Preset.at_url(name, fresh)
    if is_keras_file(name):
        raise ArgumentError(f"{str(name)!r} is a Keras file, which has no card.")
    if isinstance(name, Path) or is_path(name) or _is_here(name):
        return Preset.in_folder(user_path(name))
    if name in _registered:
        return locate(_registered[name], fresh)
    if (found := place(name)) is not None:
        path, folder = found
        if folder.is_dir():
            return Preset(_card(path), folder)
        return Preset.fetched(_card(path), hubs.sources(name), pinned=True)
    return _at_a_hub(name, fresh)


def is_path(name: str) -> bool:
    """Return whether `name` is a path, which has a separator in it, and no URL."""
    return not remote.is_url(name) and ("/" in name or os.sep in name)


def _is_here(name: str) -> bool:
    """Return whether `name` is in the working folder and cannot be the name of a preset."""
    return bool(name) and not NAME.fullmatch(name) and Path(name).exists()


def shelf() -> dict[str, Path]:
    """Return the card of each preset of the package and of the folder `hub` beside it, by name.

    `hub` is there in a checkout alone.
    """
    beside = {path.parent.name: path for path in HUB.glob(f"*/{hubs.CARD}")}
    return {
        **{name: path for name, path in beside.items() if NAME.fullmatch(name)},
        **{path.stem: path for path in CARDS.glob("*.json")},
    }


def place(name: str) -> tuple[Path, Path] | None:
    """Return the card and the folder of the preset `name` of `shelf()`, or `None`."""
    if not NAME.fullmatch(name):
        return None
    places = (CARDS / f"{name}.json", WEIGHTS / name), (HUB / name / hubs.CARD, HUB / name)
    return next((found for found in places if found[0].exists()), None)


def _at_a_hub(name: str, fresh: bool) -> Preset:
    """Find the preset `name` at the hubs of `ZOO_HUB`, or raise the error for an unknown name."""
    urls = hubs.sources(name)
    asked = not offline() or any(url.startswith("file://") for url in urls)
    if not urls or not NAME.fullmatch(name) or not (asked or _remembered(urls)):
        see = _beside_the_package(name) or SEE
        if name and Path(name).is_dir():
            see = f"There is a folder of that name: './{name}' is its path."
        if urls and not asked:
            see = f"{SEE} ZOO_OFFLINE=1 forbids to ask {_bases()}."
        raise unknown_name("preset", name, known_names(), see=see)
    try:
        return Preset.at(urls, name, fresh)
    except remote.MissingError as error:
        see = f"{SEE} Nor is it at {_bases()}."
        raise unknown_name("preset", name, known_names(), see=see) from error


def _bases() -> str:
    """Return the hubs of `ZOO_HUB`, as text."""
    return ", ".join(map(remote.shown, hubs.bases()))


def is_keras_file(name: object) -> bool:
    """Return whether `name` is the path of a `.keras` file."""
    text = str(name) if isinstance(name, str | Path) else ""
    return text.endswith(".keras") and "://" not in text and not user_path(text).is_dir()


def _beside_the_package(name: str) -> str | None:
    """Return advice for a preset whose recipe alone is in this checkout, or `None`."""
    if name in recipes():
        return f"It has no weights here: zoo train {name} makes them."
    return None


def recipes() -> dict[str, Path]:
    """Return the files of the recipes by the names of their presets.

    They are those of the checkout, or those that were installed with the package.
    """
    in_checkout = RECIPES.is_dir() and (ROOT.parent / "pyproject.toml").is_file()
    files = RECIPES.glob("*.py") if in_checkout else _installed()
    return {path.stem: path for path in sorted(files)}


def _installed() -> list[Path]:
    """Return the recipes among the files of the installed distribution."""
    try:
        files = importlib.metadata.files(DISTRIBUTION) or ()
    except importlib.metadata.PackageNotFoundError:
        return []
    of_recipes = [file for file in files if file.match(f"share/{DISTRIBUTION}/recipes/*.py")]
    places = [Path(file.locate()).resolve() for file in of_recipes]
    return [place for place in places if place.is_file()]  # `pip --target` moves them


def names(
    pattern: str = "*",
    *,
    family: str | None = None,
    group: str | None = None,
    pretrained: bool | None = None,
    hub: bool = False,
) -> list[str]:
    """List the names of presets, in alphabetical order.

    They are the presets of this package and of the folder `hub` of a checkout, the presets of
    `zoo.register`, and the presets of `ZOO_HUB` with a card in the cache. One whose card cannot be
    read is left out, with a warning.

    Args:
        pattern: a part of the names, such as `"mnist"`, or a shell pattern for the whole names,
            such as `"gan_*"`. Upper and lower case count as equal.
        family: only presets of this family, such as `"dcgan"`.
        group: only presets of this group, such as `"gans"`.
        pretrained: only presets with (`True`) or without (`False`) weights at hand.
        hub: whether the index of `ZOO_HUB` is fetched, and its presets listed too.

    Raises:
        UnknownNameError: if there is no such family or group.
        FetchError: if `hub` is set and no hub answers.
    """
    listed = hubs.index() if hub else {}
    return matching(listed, pattern, family, group, pretrained)


def matching(
    listed: Mapping[str, hubs.Entry],
    pattern: str = "*",
    family: str | None = None,
    group: str | None = None,
    pretrained: bool | None = None,
) -> list[str]:
    """List the names of presets as `names` does, including the index entries `listed`.

    A preset on this machine whose card cannot be read is left out, with a warning.
    """
    pattern = pattern.lower() if re.search(r"[*?\[]", pattern) else f"*{pattern.lower()}*"
    known = sorted({*known_names(), *listed})
    known = [name for name in known if fnmatch.fnmatchcase(name, pattern)]
    presets = {}
    for name in known:
        try:
            presets[name] = _known(name)  # without a request
        except (ZooError, OSError) as error:
            warn(f"The preset {name!r} is left out: {error}")
    family_of = {
        name: preset.card.identity.family if preset else getattr(listed.get(name), "family", None)
        for name, preset in presets.items()
    }
    # A preset of a family from elsewhere is listed before its module is imported, too.
    if family is not None and family not in family_of.values():
        family = _families().family(family).name
    cards = [preset.card for preset in presets.values() if preset]
    if group is not None and group not in {card.identity.group for card in cards}:
        check_choice("group", group, {*_families().groups(), _families().OWN})
    return [
        name
        for name, preset in presets.items()
        if family in (None, family_of[name])
        and (group is None or group == _group(preset, family_of[name]))
        and pretrained in (None, preset is not None and not preset.missing)
    ]


def _group(preset: Preset | None, family: str | None) -> str | None:
    """Return the group of `preset`, or where its card is not known that of its family.

    It is `OWN` for families of modules that are not imported.
    """
    if preset is not None:
        return preset.card.identity.group
    if family is None:
        return None
    known = _families()
    return known.family(family).group if family in known.families() else known.OWN


def _families():
    """Return the module with the registry of all families, which cards alone do not need."""
    import_all()
    from zoo.models import families

    return families


def _known(name: str) -> Preset | None:
    """Return the preset `name` if it is known without a request to another machine."""
    source = _registered.get(name)
    if isinstance(source, Path) or place(name) is not None:
        return locate(name)
    return _remembered([source] if source else hubs.sources(name))


def _remembered(urls: list[str]) -> Preset | None:
    """Return the preset at `urls` if its card is in the cache."""
    for url in urls:
        if (card := hubs.remembered_card(url)) is not None:
            return Preset.fetched(card, [url])
    return None


def known_names() -> list[str]:
    """List the names of presets that are known without a request to a hub."""
    known = {*shelf(), *_registered}
    if os.environ.get("ZOO_HUB"):
        bases = tuple(map(remote.shown, hubs.bases()))
        at_hubs = [card.name for _, source, card in hubs.memories() if source.startswith(bases)]
        known |= {name for name in at_hubs if _remembered(hubs.sources(name))}
    return sorted(known)


_registered: dict[str, str | Path] = {}


def register(name: str, source: str | Path) -> None:
    """Make `zoo.load(name)` load the preset at `source`, in this process.

    Args:
        name: lower-case letters and digits, with single underscores or hyphens between.
        source: the folder of a preset, or its URL, as for `zoo.load`. It is read when the preset is
            used.

    Raises:
        ArgumentError: if `name` is taken or has other characters, or `source` is neither an
            existing folder nor a URL.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ArgumentError(
            "name must be of small letters and digits, with single underscores or hyphens "
            f"between. Received: {name!r}."
        )
    source = remote.folder_url(source) if remote.is_url(source) else user_path(source)
    if isinstance(source, Path) and not source.is_dir():
        raise ArgumentError(f"source must be a folder or a URL. Received: {str(source)!r}.")
    owner = _registered.get(name, (place(name) or (None, source))[1])
    if _resolved(owner) != _resolved(source):
        of = "of this package" if owner == WEIGHTS / name else f"that of {remote.shown(str(owner))}"
        raise ArgumentError(f"The name {name!r} is taken: it is {of}.")
    _registered[name] = source


def _resolved(source: str | Path) -> str | Path:
    """Return the absolute path of a folder, or `source` itself if it is a URL."""
    return source.resolve() if isinstance(source, Path) else source


def forget() -> None:
    """Forget the cards of `shelf()` that were read, after one of them has changed on disk."""
    _card.cache_clear()


@functools.cache
def _card(path: Path) -> Card:
    """Return the card in the file `path`."""
    return Card.read(path)
