"""The presets and families of the zoo: list, info, load, create."""

from __future__ import annotations

import fnmatch
import functools
import importlib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ArgumentError, IntegrityError, unknown_name

if TYPE_CHECKING:
    import keras

    from zoo.card import Card

ROOT = Path(__file__).parent
CARDS = ROOT / "cards"
WEIGHTS = ROOT / "weights"

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
SEE = "`zoo.list()` or `zoo list` shows all."


def names(
    pattern: str = "*",
    *,
    family: str | None = None,
    group: str | None = None,
    pretrained: bool | None = None,
) -> list[str]:
    """The names of presets, in alphabetical order.

    Args:
        pattern: a shell pattern, such as `"*mnist*"`.
        family: only presets of this family, such as `"dcgan"`.
        group: only presets of this group, such as `"gans"`.
        pretrained: only presets with (`True`) or without (`False`) weights at hand.

    Raises:
        UnknownNameError: if there is no such family or group.
    """
    family = None if family is None else family_name(family)
    if group is not None and group not in groups():
        raise unknown_name("group", group, groups())
    found = [name for name in _all_names() if fnmatch.fnmatchcase(name, pattern)]
    if family is not None:
        found = [name for name in found if info(name).identity.family == family]
    if group is not None:
        found = [name for name in found if info(name).identity.group == group]
    if pretrained is not None:
        found = [name for name in found if (WEIGHTS / name).is_dir() == pretrained]
    return found


def families() -> list[str]:
    """The names that `create` takes."""
    return sorted(FAMILIES)


def groups() -> list[str]:
    """The groups of families."""
    return sorted({module.rpartition(".")[2] for module, _ in FAMILIES.values()})


def info(name: str | Path) -> Card:
    """The card of the preset `name`, which may be a path as for `load`.

    Raises:
        UnknownNameError: if there is no such preset, with the nearest names.
        CardError: if its card is broken.
    """
    return _locate(name)[1]


def load(name: str | Path) -> keras.Model:
    """The pretrained model `name`, uncompiled: ready to sample, and to `compile()` and `fit` for
    fine-tuning.

    Every file is checked against its card before it is used, and the model is returned whole or
    not at all.

    Args:
        name: the name of a preset, or a path, with a separator in it, to a folder that a recipe
            wrote.

    Raises:
        UnknownNameError: if there is no such preset, with the nearest names.
        IntegrityError: if a file is missing or its bytes are not those that its card names.

    Example:

    >>> import zoo
    >>> zoo.load("dcgan_mnist").sample(4, seed=0).shape
    (4, 28, 28, 1)
    """
    from zoo import storage
    from zoo.fetch import verify

    folder, card = _locate(name)
    for file, expected in card.weights.files.items():
        verify(folder / file, expected.sha256, expected.bytes)
    return storage.read_model(folder)


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


def _locate(name: str | Path) -> tuple[Path, Card]:
    """The folder and the card of a preset, by its name or its path."""
    if not isinstance(name, str | Path):
        raise ArgumentError(f"A preset is a name or a path. Received: {name!r}.")
    if "://" in str(name):
        raise ArgumentError(
            f"URLs are not supported. Received: {name!r}. Allowed: a preset's name, or a path."
        )
    if str(name).endswith(".keras"):
        raise ArgumentError(f"{str(name)!r} is a Keras file: keras.saving.load_model reads it.")
    if isinstance(name, Path) or "/" in name or os.sep in name:
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise ArgumentError(f"There is no folder {str(folder)!r}.")
        if not (folder / "card.json").is_file():
            raise IntegrityError(f"There is no preset in {folder}: it holds no card.json.")
        from zoo.card import Card

        return folder, Card.read(folder / "card.json")
    if name not in _all_names():
        raise unknown_name("preset", name, _all_names(), see=SEE)
    return WEIGHTS / name, _card(name)


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
    return sorted(path.stem for path in CARDS.glob("*.json"))


def forget() -> None:
    """Makes cards be read anew: one has changed on disk."""
    _card.cache_clear()


@functools.cache
def _card(name: str) -> Card:
    from zoo.card import Card

    return Card.read(CARDS / f"{name}.json")
