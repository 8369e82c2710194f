"""The presets and families of the zoo: list, info, load, register, create."""

from __future__ import annotations

import fnmatch
import functools
import importlib
import inspect
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ArgumentError, WrongBytesError, unknown_name

if TYPE_CHECKING:
    import keras

    from zoo.card import Card
    from zoo.hub import Entry
    from zoo.preset import Preset

ROOT = Path(__file__).parent
CARDS = ROOT / "cards"
WEIGHTS = ROOT / "weights"
HUB = ROOT.parent / "hub"  # of a checkout: presets that are not in the package
RECIPES = ROOT.parent / "recipes"  # of a checkout

# From the name that `create` takes to where the class is.
FAMILIES = {
    "autoencoder": ("zoo.models.autoencoders", "Autoencoder"),
    "denoising_autoencoder": ("zoo.models.autoencoders", "DenoisingAutoencoder"),
    "sparse_autoencoder": ("zoo.models.autoencoders", "SparseAutoencoder"),
    "contractive_autoencoder": ("zoo.models.autoencoders", "ContractiveAutoencoder"),
    "vae": ("zoo.models.vaes", "VAE"),
    "beta_vae": ("zoo.models.vaes", "BetaVAE"),
    "iwae": ("zoo.models.vaes", "IWAE"),
    "conditional_vae": ("zoo.models.vaes", "ConditionalVAE"),
    "gan": ("zoo.models.gans", "GAN"),
    "dcgan": ("zoo.models.gans", "DCGAN"),
    "lsgan": ("zoo.models.gans", "LSGAN"),
    "sngan": ("zoo.models.gans", "SNGAN"),
    "wgan": ("zoo.models.gans", "WGAN"),
    "wgan_gp": ("zoo.models.gans", "WGANGP"),
    "conditional_gan": ("zoo.models.gans", "ConditionalGAN"),
    "acgan": ("zoo.models.gans", "ACGAN"),
    "classifier": ("zoo.models.classifiers", "Classifier"),
}
# Short names of families, with which the names of presets begin.
SHORT = {
    "ae": "autoencoder",
    "denoising_ae": "denoising_autoencoder",
    "sparse_ae": "sparse_autoencoder",
    "contractive_ae": "contractive_autoencoder",
    "cvae": "conditional_vae",
    "cgan": "conditional_gan",
}
NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
SEE = "`zoo.list()` or `zoo list` shows all."


def names(
    pattern: str = "*",
    *,
    family: str | None = None,
    group: str | None = None,
    pretrained: bool | None = None,
    hub: bool = False,
) -> list[str]:
    """The names of presets, in alphabetical order: of this package, of `register`, and those of the
    hub that were loaded before.

    Args:
        pattern: a shell pattern, such as `"*mnist*"`.
        family: only presets of this family, such as `"dcgan"`.
        group: only presets of this group, such as `"gans"`.
        pretrained: only presets with (`True`) or without (`False`) weights at hand.
        hub: asks the hub of `ZOO_HUB` too what it has.

    Raises:
        UnknownNameError: if there is no such family or group.
        FetchError: if `hub` is set and none answers.
    """
    listed = {}
    if hub:
        from zoo import hub as hubs

        listed = hubs.index()
    return matching(listed, pattern, family, group, pretrained)


def matching(
    listed: Mapping[str, Entry],
    pattern: str = "*",
    family: str | None = None,
    group: str | None = None,
    pretrained: bool | None = None,
) -> list[str]:
    """As `names`, of what this machine knows and the index of a hub has `listed`."""
    family = None if family is None else family_name(family)
    if group is not None and group not in groups():
        raise unknown_name("group", group, groups())
    found = sorted({*_all_names(), *listed})
    found = [name for name in found if fnmatch.fnmatchcase(name, pattern)]
    if family is None and group is None and pretrained is None:
        return found
    presets = {name: _known(name) for name in found}  # without asking anybody
    families = {
        name: preset.card.identity.family if preset else getattr(listed.get(name), "family", None)
        for name, preset in presets.items()
    }
    return [
        name
        for name, preset in presets.items()
        if family in (None, families[name])
        and group in (None, _group(families[name]))
        and pretrained in (None, preset is not None and not preset.missing)
    ]


def _group(family: str | None) -> str | None:
    """That of a family of this package."""
    return FAMILIES[family][0].rpartition(".")[2] if family in FAMILIES else None


def _known(name: str) -> Preset | None:
    """The preset `name`, as far as this machine knows it."""
    from zoo import hub
    from zoo.preset import Preset

    source = _registered.get(name)
    if isinstance(source, Path) or name in _packaged():
        return locate(name)
    for url in [source] if source else hub.sources(name):
        if (card := hub.remembered_card(url)) is not None:
            return Preset.fetched(card, [url])
    return None


def families() -> list[str]:
    """The names that `create` takes."""
    return sorted(FAMILIES)


def groups() -> list[str]:
    """The groups of families."""
    return sorted({module.rpartition(".")[2] for module, _ in FAMILIES.values()})


def info(name: str | Path) -> Card:
    """The card of the preset `name`, which may be a path or a URL as for `load`.

    Raises:
        UnknownNameError: if there is no such preset, with the nearest names.
        CardError: if its card is broken.
        FetchError: if its card lies elsewhere and cannot be fetched.
    """
    return locate(name).card


def load(name: str | Path, components: Sequence[str] | None = None) -> keras.Model:
    """The pretrained model `name`, uncompiled: ready to sample, and to `compile()` and `fit` for
    fine-tuning.

    Every file is checked against its card before it is used, and the model is returned whole or
    not at all. A name is looked for in this package, among those of `register` and at the hubs of
    `ZOO_HUB`. What is fetched is kept under `ZOO_HOME` (by default `~/.cache/zoo`) and not asked
    for again; `ZOO_OFFLINE=1` forbids to ask other machines.

    Args:
        name: the name of a preset; a path, with a separator in it, to a folder that a recipe or
            `zoo.save` wrote; a URL of such a folder, `https://`, `http://`, `hf://user/repo`
            (`@revision`), `s3://`, `gs://` or `file://`; or the path of a `.keras` file, which has
            no card to check it by, and comes compiled where it was saved so.
        components: a part to load alone, `["generator"]` of a GAN or `["decoder"]` of a variational
            autoencoder: a `zoo.models.Sampler`, which only samples. No more than that is fetched
            where the card names files for it.

    Raises:
        UnknownNameError: if there is no such preset or component, with the nearest names.
        FetchError: if a file cannot be fetched, with what each source did.
        IntegrityError: if a file is missing, its bytes are not those that its card names, or it
            holds anything but arrays and the configuration of known classes.

    Example:

    >>> import zoo
    >>> zoo.load("dcgan_mnist").sample(4, seed=0).shape
    (4, 28, 28, 1)
    """
    from zoo import storage

    if _is_keras_file(name):
        if components is not None:
            raise ArgumentError(f"components= is not for Keras files. Received: {name!r}.")
        path = Path(name).expanduser()
        if not path.is_file():
            raise ArgumentError(f"There is no file {str(path)!r}.")
        return storage.read_file(path)
    if components is None:
        _, folder = ensure(name)
        return storage.read_model(folder)
    parts = [components] if isinstance(components, str) else components
    if not isinstance(parts, list | tuple) or len(parts) != 1 or not isinstance(parts[0], str):
        raise ArgumentError(
            f"components must hold one name, such as ['generator']. Received: {components!r}."
        )
    (part,) = parts
    preset, folder = ensure(name, parts)
    if preset.card.weights.components:
        return storage.read_component(folder, part)
    found = storage.read_model(folder).components()
    if part not in found:
        raise unknown_name(f"component of {preset.card.name}", part, found)
    return found[part]


def ensure(
    name: str | Path,
    components: Sequence[str] | None = None,
    extras: bool = False,
    fresh: bool = False,
) -> tuple[Preset, Path]:
    """The preset `name`, and the folder in which its files, or those of some components, are whole
    and verified.

    Where they are no longer what a remembered card says, the card is asked for again.
    """
    from zoo import remote

    preset = locate(name, fresh)
    try:
        return preset, preset.ensure(preset.files(components, extras))
    except (WrongBytesError, remote.MissingError):
        newer = preset if fresh or preset.urls is None else locate(name, fresh=True)
        if newer.card == preset.card:
            raise
    return newer, newer.ensure(newer.files(components, extras))


_registered: dict[str, str | Path] = {}


def register(name: str, source: str | Path) -> None:
    """Makes `zoo.load(name)` load what is at `source`, in this process.

    Args:
        name: in small letters, digits, underscores and hyphens.
        source: the folder of a preset, or its URL, as for `load`. It is looked at when the preset
            is used.

    Raises:
        ArgumentError: if `name` is taken, or is no name; if `source` is neither a folder that
            exists nor a URL.
    """
    from zoo import remote

    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ArgumentError(
            "name must be of small letters and digits, with single underscores or hyphens "
            f"between. Received: {name!r}."
        )
    source = remote.check_url(source) if remote.is_url(source) else Path(source).expanduser()
    if isinstance(source, Path) and not source.is_dir():
        raise ArgumentError(f"source must be a folder or a URL. Received: {str(source)!r}.")
    if name in _packaged() or _registered.get(name, source) != source:
        there = remote.shown(str(_registered.get(name)))
        taken = f"that of {there}" if name in _registered else "of this package"
        raise ArgumentError(f"The name {name!r} is taken: it is {taken}.")
    _registered[name] = source


def create(family: str, **config: Any) -> keras.Model:
    """A new, untrained model of `family`.

    Args:
        family: the name of a family, see `families`, or its short name: `ae`, `denoising_ae`,
            `sparse_ae`, `contractive_ae`, `cvae`, `cgan`.
        **config: the arguments of its class, such as `image_shape=(64, 64, 3)`.

    Raises:
        UnknownNameError: if there is no such family, or it takes no such argument, with the nearest
        names.

    Example:

    >>> import zoo
    >>> zoo.create("dcgan", image_shape=(8, 8, 1), width=2).sample(2, seed=0).shape
    (2, 8, 8, 1)
    """
    cls = family_class(family)
    allowed = [
        parameter for parameter in inspect.signature(cls.__init__).parameters if parameter != "self"
    ]
    for key in config:
        if key not in allowed:
            of_compile = key in inspect.signature(cls.compile).parameters
            see = f"{key!r} is an argument of its compile()." if of_compile else None
            raise unknown_name(f"argument of {family}", key, allowed, see)
    return cls(**config)


def _beside_the_package(name: str) -> str | None:
    """Where a checkout holds the preset `name`, or how it is made, if it does."""
    folder, recipe = HUB / name, RECIPES / f"{name}.py"
    if (folder / "card.json").is_file():
        return f"It is not in the package: its folder {str(folder)!r} loads."
    if recipe.is_file():
        return f"It has no weights yet: python {recipe} trains it."
    return None


def locate(name: str | Path, fresh: bool = False) -> Preset:
    """The preset `name`, a name, path or URL as for `load`: its card, and where its files are.

    `fresh` asks again for a card that lies elsewhere.
    """
    from zoo import hub, remote
    from zoo.fetch import offline
    from zoo.preset import Preset, at_url

    if not isinstance(name, str | Path):
        raise ArgumentError(f"A preset is a name, a path or a URL. Received: {name!r}.")
    if remote.is_url(name):
        return at_url(name, fresh)
    if _is_keras_file(name):
        raise ArgumentError(f"{str(name)!r} is a Keras file, which has no card.")
    if isinstance(name, Path) or "/" in name or os.sep in name:
        return Preset.in_folder(Path(name).expanduser())
    if name in _registered:
        return locate(_registered[name], fresh)
    if name in _packaged():
        card = _card(name)
        if (WEIGHTS / name).is_dir():
            return Preset(card, WEIGHTS / name)
        return Preset.fetched(card, hub.sources(name))
    urls = hub.sources(name)
    asked = not offline() or any(url.startswith("file://") for url in urls)
    if not urls or not NAME.fullmatch(name) or not (asked or _known(name)):
        see = _beside_the_package(name) or SEE
        if name and Path(name).is_dir():
            see = f"There is a folder of that name: './{name}' is its path."
        if urls and not asked:
            see = f"{SEE} ZOO_OFFLINE=1 forbids to ask {', '.join(map(remote.shown, hub.bases()))}."
        raise unknown_name("preset", name, _all_names(), see=see)
    try:
        return Preset.at(urls, name, fresh)
    except remote.MissingError as error:
        where = ", ".join(map(remote.shown, hub.bases()))
        see = f"{SEE} Nor is it at {where}."
        raise unknown_name("preset", name, _all_names(), see=see) from error


def _is_keras_file(name: object) -> bool:
    return isinstance(name, str | Path) and str(name).endswith(".keras") and "://" not in str(name)


def family_class(family: str) -> type[keras.Model]:
    """The class of `family`, which may be a short name."""
    module, name = FAMILIES[family_name(family)]
    return getattr(importlib.import_module(module), name)


def family_name(family: str) -> str:
    """The name of `family`, which may be a short one.

    Raises:
        UnknownNameError: if there is no such family, with the nearest names.
    """
    family = SHORT.get(family, family)
    if family not in FAMILIES:
        preset = family in _all_names()
        see = f"zoo.load({family!r}) loads it." if preset else "`zoo.families()` shows all."
        raise unknown_name("family", family, FAMILIES, see=see)
    return family


def _all_names() -> list[str]:
    """Of presets that can be loaded by name, as far as this machine knows."""
    found = {*_packaged(), *_registered}
    if os.environ.get("ZOO_HUB"):
        from zoo import hub, remote

        bases = tuple(map(remote.shown, hub.bases()))
        at_hubs = [card.name for _, source, card in hub.memories() if source.startswith(bases)]
        found |= {name for name in at_hubs if _known(name)}
    return sorted(found)


def _packaged() -> list[str]:
    return [path.stem for path in CARDS.glob("*.json")]


def forget() -> None:
    """Makes cards be read anew: one has changed on disk."""
    _card.cache_clear()


@functools.cache
def _card(name: str) -> Card:
    from zoo.card import Card

    return Card.read(CARDS / f"{name}.json")
