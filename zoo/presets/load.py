"""`load` and `info`: the model of a preset, and its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras

from zoo.errors import ArgumentError
from zoo.presets import storage
from zoo.presets.card import Card
from zoo.presets.locate import is_keras_file, locate


def info(name: str | Path) -> Card:
    """Return the card of the preset `name`, which may be a path or a URL as for `load`.

    Raises:
        UnknownNameError: if there is no such preset, with the nearest names.
        CardError: if its card is broken.
        FetchError: if its card lies elsewhere and cannot be fetched.
    """
    return locate(name).card


def load(name: str | Path, components: Sequence[str] | None = None) -> keras.Model:
    """Load the pretrained model `name`, uncompiled: ready to sample, and to `compile()` and `fit`
    for fine-tuning.

    Every file is checked against its card before it is used, and the model is returned whole or
    not at all. A name is looked for in this package, among those of `zoo.register` and at the hubs
    of `ZOO_HUB`. What is fetched is kept under `ZOO_HOME` (by default `~/.cache/zoo`) and not asked
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
    if not is_keras_file(name):
        return locate(name).read(components)
    if components is not None:
        raise ArgumentError(f"components= is not for Keras files. Received: {name!r}.")
    path = Path(name).expanduser()
    if not path.is_file():
        raise ArgumentError(f"There is no file {str(path)!r}.")
    return storage.read_file(path)
