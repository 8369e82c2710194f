"""`load` and `info`, which return the model and the card of a preset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.engine.any_model import AnyModel
from zoo.errors import ArgumentError
from zoo.files.home import user_path
from zoo.presets import checkpoint, hub, storage
from zoo.presets.card import Card
from zoo.presets.locate import is_keras_file, is_path, locate
from zoo.presets.trust import trusting


def info(name: str | Path) -> Card:
    """Return the card of the preset `name`, which may be a path or a URL as for `load`.

    `print(zoo.info(name))` prints the table of the command `zoo info`, and a notebook shows it with
    the picture of the preset.

    Raises:
        UnknownNameError: if there is no such preset, with the nearest names.
        CardError: if its card is broken.
        FetchError: if its card is on another machine and cannot be fetched.
    """
    preset = locate(name)
    return preset.card.with_picture(preset.folder / hub.PICTURE)


def load(
    name: str | Path,
    components: Sequence[str] | None = None,
    *,
    trust: Sequence[str] = (),
) -> AnyModel:
    """Load the pretrained model `name`, uncompiled.

    It is ready to sample; `compile()` and `fit` fine-tune it. Every file is checked against the
    card before it is used, and an error leaves no half-loaded model. A name is looked up in this
    package, among the names of `zoo.register`, and then at the hubs of `ZOO_HUB`. Fetched files
    are kept under `ZOO_HOME` (by default `~/.cache/zoo`) and not fetched again; `ZOO_OFFLINE=1`
    forbids requests to other machines.

    Args:
        name: the name of a preset; a path, with a separator in it, to a folder that a recipe or
            `zoo.save` wrote; a URL of such a folder, `https://`, `http://`, `hf://user/repo`
            (`@revision`), `s3://`, `gs://` or `file://`; or the path of a `.keras` file, which has
            no card to check it by, and is compiled if it was saved compiled; or the folder of a
            checkpoint, such as `runs/mine/checkpoints/step-00000938`.
        components: a list of one part to load alone: `["generator"]` of a GAN or `["decoder"]` of
            a variational autoencoder. The result is a `zoo.models.Sampler`, which only samples.
            Only the files of that part are fetched if the card lists them.
        trust: the names of modules that may be imported, such as `["mine"]`, if the card names them
            as those of classes of the model. Their code runs with your rights. A module that the
            program has imported already needs no trust, and any other is never imported.

    Raises:
        UnknownNameError: if there is no such preset or component, with the nearest names.
        FetchError: if a file cannot be fetched, with the failure of each source.
        IntegrityError: if a file is missing, its bytes differ from its card, or it holds anything
            but arrays and the configuration of known classes.
        TrustError: if the model has a class of a module that is neither imported nor in `trust`, or
            such a module cannot be imported, or does not register the class.

    Example:

    >>> import zoo
    >>> zoo.load("dcgan_mnist").sample(4, seed=0).shape
    (4, 28, 28, 1)
    """
    place = _checkpoint(name)
    if place is None and not is_keras_file(name):
        with trusting(trust):
            return locate(name).read(components)
    if components is not None:
        raise ArgumentError(
            f"components= is not for Keras files and checkpoints. Received: {name!r}."
        )
    if place is not None:
        with trusting(trust):
            return checkpoint.read_model(place)
    if trust:
        raise ArgumentError(
            f"trust= is not for Keras files, which name no modules: import {', '.join(trust)} "
            f"before. Received: {name!r}."
        )
    path = user_path(name)
    if not path.is_file():
        raise ArgumentError(f"There is no file {str(path)!r}.")
    return storage.read_file(path)


def _checkpoint(name: str | Path) -> Path | None:
    """Return the folder of the checkpoint that `name` is the path of, or `None`."""
    if not isinstance(name, Path) and not (isinstance(name, str) and is_path(name)):
        return None
    path = user_path(name)
    return path if checkpoint.is_one(path) else None
