"""A model of one's own as a preset: `save` writes its folder, `push` puts that where others load it
from."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from zoo import pictures
from zoo.data import Source
from zoo.engine.model import Model
from zoo.errors import ArgumentError, IntegrityError
from zoo.files import remote
from zoo.files.fetch import read, sha256
from zoo.files.home import atomic_folder, storage_errors
from zoo.metrics import Measurement
from zoo.models.families import OWN, family_of
from zoo.presets import golden, hub, locate, safety, storage
from zoo.presets.card import Card, Facts, File, Identity, Rights, Signature, Training, Weights
from zoo.presets.page import PAGE_NAME, model_card
from zoo.presets.preset import Preset

GOLDEN_IMAGES = 64
EXAMPLES = "examples.npz"  # 8-bit images, which a model that makes none itself is shown by


def save(
    model: keras.Model,
    folder: str | Path,
    *,
    title: str | None = None,
    license: str = "unknown",
    data_rights: str = "unknown",
    limits: Sequence[str] = (),
    differs: Sequence[str] = (),
    metrics: Sequence[Measurement] = (),
    picture: Image.Image | None = None,
    half_precision: bool = True,
) -> Path:
    """Writes `model` as a preset, which `zoo.load(folder)` and `keras.saving.load_model` read, and
    `zoo.push` publishes; returns its folder.

    It holds the model in Keras's format, without optimizers; the parts that `zoo.load(...,
    components=...)` takes; golden outputs, against which other machines can check theirs; a
    picture; `card.json`, with the hashes of all files; and `README.md`, the model card, as
    Hugging Face reads it. A preset that was there is replaced once the new one is whole.

    Args:
        model: a model of this package, or of your own subclass of `zoo.models.Model`.
        folder: where to; its name is the preset's.
        title: one line that says what it is.
        license: of the weights, as Hugging Face calls it, such as `"cc-by-4.0"`.
        data_rights: of the images it was trained on.
        limits: sentences on what it does badly.
        differs: sentences on what is not as in the paper, beyond what the class says.
        metrics: what `zoo.evaluate(model, ...).measurements` measured.
        picture: what is shown of it; by default samples, of a model that samples.
        half_precision: stores float32 arrays as float16.

    Raises:
        ArgumentError: if `model` is none of these, or `folder` holds something else than a preset.
        StorageError: if it cannot be written. What was there is as it was then.

    Example:

    >>> import tempfile, zoo
    >>> model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
    >>> folder = zoo.save(model, tempfile.mkdtemp() + "/my-gan", license="cc0-1.0")
    >>> zoo.load(folder).sample(2, seed=0).shape
    (2, 8, 8, 1)
    """
    if remote.is_url(folder):
        raise ArgumentError(
            f"folder must be one of this machine. Received: {folder!r}. zoo.push(folder, url) "
            "copies it to a URL."
        )
    folder = Path(folder).expanduser()
    if not isinstance(model, Model):
        raise ArgumentError(
            "model must be one of this package, or of a subclass of zoo.models.Model. "
            f"Received: {type(model).__name__}."
        )
    if not model.built:
        raise ArgumentError("model must be built. Received: one without weights.")
    check_replaceable(folder)
    for what, text in (("license", license), ("data_rights", data_rights)):
        check_line(what, text)
    if title is not None:
        check_line("title", title)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", license):
        raise ArgumentError(
            "license must be an identifier, such as 'cc-by-4.0', 'apache-2.0' or 'unknown'. "
            f"Received: {license!r}."
        )
    for what, texts in (("limits", limits), ("differs", differs)):
        if isinstance(texts, str):
            raise ArgumentError(f"{what} must be a list of sentences. Received: {texts!r}.")
        for text in texts:
            check_line(what, text)
    if picture is not None and not isinstance(picture, Image.Image):
        raise ArgumentError(f"picture must be an image of Pillow. Received: {picture!r}.")
    if isinstance(metrics, str | dict) or not all(isinstance(m, Measurement) for m in metrics):
        raise ArgumentError(
            f"metrics must be the measurements of a report of zoo.evaluate. Received: {metrics!r}."
        )
    try:
        safety.check_config(keras.saving.serialize_keras_object(model), "model")
    except IntegrityError as error:  # here and now, and not when somebody loads it
        raise ArgumentError(f"{error}") from error
    family = family_of(type(model))
    identity = Identity(
        preset=preset_name(folder),
        family=family.name if family else keras.saving.get_registered_name(type(model)),
        group=family.group if family else OWN,
        model=class_name(type(model)),
        title=title or f"{type(model).__name__}, {' x '.join(map(str, model.image_shape))}.",
        paper=model.paper,
        paper_url=model.paper_url,
        differs=list(differs),
        class_differs=class_differs(type(model)),
    )
    facts = Facts(
        title=identity.title,
        differs=identity.differs,
        limits=list(limits),
        data_rights=data_rights,
        license=license,
    )
    with storage_errors(folder), atomic_folder(folder) as partial:
        write(
            model,
            partial,
            identity,
            facts,
            metrics=lambda stored: list(metrics),
            picture=lambda stored: picture or _picture(stored),
            # Of the others nothing is known here: each can check itself by the golden outputs.
            backends=lambda written: {
                keras.backend.backend(): golden.difference(storage.read_model(written), written)
            },
            half_precision=half_precision,
        )
    return folder


def class_name(cls: type) -> str:
    """Return what a card calls `cls`: its public name, or where it is no class of this package, its
    own."""
    ours = cls.__module__.startswith("zoo.models.")
    return f"zoo.models.{cls.__name__}" if ours else cls.__qualname__


def class_differs(cls: type) -> str | None:
    """What the docstring of `cls` says of how it differs from its paper, in one line."""
    found = re.search(r"Differs from the paper:\s+(.+?)(?:\n\s*\n|$)", cls.__doc__ or "", re.DOTALL)
    return None if found is None else " ".join(found[1].split())


def write(
    model: Model,
    folder: Path,
    identity: Identity,
    facts: Facts,
    metrics: Callable[[Model], list[Measurement]],
    picture: Callable[[Model], Image.Image | None],
    backends: Callable[[Path], dict[str, float]],
    training: Training | None = None,
    half_precision: bool = True,
    examples: np.ndarray | None = None,
) -> Card:
    """Writes all files of a preset to the empty `folder`, and their card.

    What is written is read back: `metrics(stored)` gives the numbers of what users get,
    `picture(stored)` what is seen of it, or `None`, and `backends(folder)` how far each backend is
    from the golden outputs. `examples` are 8-bit images that are kept with it.
    """
    storage.write_model(model, folder, half_precision)
    files = _files(folder)
    stored = storage.read_model(folder)  # in half precision: what users get
    named = storage.write_components(stored, folder, half_precision)
    golden.write_golden(stored, folder, GOLDEN_IMAGES)
    if (image := picture(stored)) is not None:
        image.save(folder / "samples.png")
    if examples is not None:
        np.savez_compressed(folder / EXAMPLES, images=examples)
    everything = _files(folder)
    parts = {part: {name: everything[name] for name in names} for part, names in named.items()}
    of_parts = {name for names in named.values() for name in names}
    card = Card(
        identity=identity,
        weights=Weights(
            files=files,
            extras={n: f for n, f in everything.items() if n not in files and n not in of_parts},
            components=parts,
            parameters=model.count_params(),
            dtype="float16" if half_precision else "float32",
        ),
        signature=Signature.of(model, backends(folder)).with_classes(facts.classes),
        training=training,
        metrics=metrics(stored),
        rights=Rights(code="Apache-2.0", weights=facts.license, data=facts.data_rights),
        limits=facts.limits,
    )
    card.write(folder / hub.CARD)
    (folder / PAGE_NAME).write_text(model_card(card), encoding="utf-8")
    return card


def push(preset: str | Path, url: str, overwrite: bool = False) -> str:
    """Copies a preset to `url`, exactly that place, from where `zoo.load(url)` reads it; returns
    `url`.

    Files that are there and not the preset's stay. The card is written last, and on Hugging Face
    all is one commit, in a repository that is made where there is none. Where the folder above is
    the base of a hub, `zoo.hub.write_index` brings its list up to date.

    Args:
        preset: the folder that `save` or a recipe wrote, or the name of a preset.
        url: `hf://user/repo`, `s3://bucket/folder`, `gs://bucket/folder` or `file:///folder`.
        overwrite: allows to replace a preset of another name.

    Raises:
        ArgumentError: if `url` is no place to write to, or another preset lies there.
        IntegrityError: if a file of the preset is not what its card names.
        FetchError: if it cannot be written.
    """
    url = remote.check_url(url, remote.WRITTEN)
    if isinstance(preset, keras.Model):
        raise ArgumentError("preset must be a folder or a name. zoo.save(model, folder) makes one.")
    found = locate.locate(preset)
    source = found.ensure_files(found.card.weights.all_files)
    if not overwrite:
        _check_free(url, found.card.name)
    with tempfile.TemporaryDirectory() as place:
        staged = Path(place) / found.card.name
        staged.mkdir()
        names = [*found.card.weights.all_files, PAGE_NAME, hub.CARD]
        for name in names[:-2]:
            shutil.copyfile(source / name, staged / name)
        page = model_card(found.card, remote.shown(url))
        (staged / PAGE_NAME).write_text(page, encoding="utf-8")
        found.card.write(staged / hub.CARD)
        remote.write(staged, names, url)
    hub.forget(url)
    return url


def _check_free(url: str, name: str) -> None:
    """Raises if another preset lies at `url`."""
    try:
        content, _ = read([f"{url}/{hub.CARD}"], hub.LARGEST)
    except remote.MissingError:
        return
    there = Card.parse(content, f"at {remote.shown(url)}").name
    if there != name:
        raise ArgumentError(
            f"{remote.shown(url)} holds the preset {there!r}, and not {name!r}. Allowed: another "
            "place, or overwrite=True."
        )


def preset_name(folder: Path) -> str:
    """The name of a preset that lies in `folder`.

    Raises:
        ArgumentError: if the folder's name cannot be that of a preset.
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.absolute().name.lower()).strip("-_")
    if not locate.NAME.fullmatch(name):
        raise ArgumentError(
            "The name of the folder is the preset's: letters and digits, with single underscores "
            f"or hyphens between. Received: {str(folder)!r}."
        )
    return name


def check_line(what: str, text: object) -> None:
    """Raises unless `text` is one line, of which a page and its front matter can be made."""
    if not isinstance(text, str) or not text.strip() or len(text.splitlines()) != 1:
        raise ArgumentError(f"{what} must be one line of text. Received: {text!r}.")


def check_replaceable(folder: Path) -> None:
    """Raises unless `folder` is free, or holds a preset."""
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"There is a file at {folder}, which must be a folder.")
    if not folder.is_dir():
        return
    there = {path.name for path in folder.iterdir()}
    if hub.CARD in there:
        there -= {hub.CARD, PAGE_NAME, *Card.read(folder / hub.CARD).weights.all_files}
    if there:
        raise ArgumentError(
            f"The folder {folder} holds other files than a preset: {', '.join(sorted(there)[:5])}. "
            "Allowed: a new or empty folder, or one with a preset alone, which is replaced."
        )


def read_examples(preset: Preset) -> Source | None:
    """Return the data that are kept with a preset to show it by, or `None`."""
    kept = preset.card.weights.extras
    if EXAMPLES not in kept:
        return None
    folder = preset.ensure_files({EXAMPLES: kept[EXAMPLES]})
    with np.load(folder / EXAMPLES, allow_pickle=False) as arrays:
        labels = arrays["labels"] if "labels" in arrays.files else None
        return Source(EXAMPLES, arrays["images"], labels)


def _picture(model: Model) -> Image.Image | None:
    return None if pictures.needs_test_data(model) else pictures.default_picture(model)


def _files(folder: Path) -> dict[str, File]:
    return {
        path.name: File(sha256=sha256(path), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
    }
