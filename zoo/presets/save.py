"""`save`, which writes a user's model as a preset, and `push`, which uploads a preset."""

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
from zoo.base.warn import warn
from zoo.data import Source
from zoo.engine.attached import is_quantized
from zoo.engine.model import Model
from zoo.engine.rebuilding import check_can_be_saved, without_compiling
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError, IntegrityError
from zoo.files import remote
from zoo.files.arrays import opened
from zoo.files.fetch import read, sha256
from zoo.files.home import atomic_folder, storage_errors, user_path, write_text
from zoo.metrics import Measurement
from zoo.models.families import OWN, family_of
from zoo.presets import golden, hub, locate, safety, storage, trust
from zoo.presets.card import Card, Facts, File, Identity, Rights, Signature, Training, Weights
from zoo.presets.page import PAGE_NAME, model_card
from zoo.presets.preset import Preset

GOLDEN_IMAGES = 64
EXAMPLES = "examples.npz"  # 8-bit test images, for the picture of a model that does not sample


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
    classes: Sequence[str] | None = None,
    half_precision: bool = True,
) -> Path:
    """Write `model` as a preset to `folder`, and return the folder.

    `zoo.load(folder)` and `keras.saving.load_model` read the preset, and `zoo.push` publishes it.
    It holds the model in Keras's format, without optimizers; the parts for `zoo.load(...,
    components=...)`; golden outputs, by which other machines check theirs; a picture;
    `card.json`, with the hashes of all files; and `README.md`, the model card for Hugging Face.
    An older preset in the folder is replaced once the new one is complete.

    Args:
        model: a model of this package, or of your own subclass of `zoo.models.Model`.
        folder: the folder to write, whose name becomes the name of the preset.
        title: one line that describes the model.
        license: the licence of the weights, as Hugging Face calls it, such as `"cc-by-4.0"`.
        data_rights: the licence of the training images.
        limits: sentences on the model's weaknesses.
        differs: sentences on differences from the paper, beyond those of the class.
        metrics: the measurements of `zoo.evaluate(model, ...).measurements`.
        picture: the picture of the preset; by default samples, for a model that samples.
        classes: the names of the classes, in the order of their numbers, such as the folders'
            names in `zoo.data.read(...).classes`; `sample(labels="cat")` of the loaded preset then
            knows them. By default they have their numbers alone.
        half_precision: whether float32 arrays are stored as float16. The scales of a quantized
            model need float32, so that it is stored as it is.

    Raises:
        ArgumentError: if an argument has a wrong value, or `folder` holds anything but a preset.
        StorageError: if the preset cannot be written. The folder is then unchanged.

    Example:

    >>> import tempfile, zoo
    >>> model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
    >>> folder = zoo.save(model, tempfile.mkdtemp() + "/my-gan", license="cc0-1.0")
    >>> zoo.load(folder).sample(2, seed=0).shape
    (2, 8, 8, 1)
    """
    if remote.is_url(folder):
        raise ArgumentError(
            f"folder must be one of this machine. Received: {remote.shown(folder)!r}. "
            "zoo.push(folder, url) copies it to a URL."
        )
    folder = user_path(folder)
    if not isinstance(model, Model):
        raise ArgumentError(
            "model must be one of this package, or of a subclass of zoo.models.Model. "
            f"Received: {type(model).__name__}."
        )
    if not model.built:
        raise ArgumentError("model must be built. Received: one without weights.")
    check_replaceable(folder)
    for argument, text in (("license", license), ("data_rights", data_rights)):
        check_line(argument, text)
    if title is not None:
        check_line("title", title)
    check_license("license", license)
    for argument, texts in (("limits", limits), ("differs", differs)):
        if isinstance(texts, str):
            raise ArgumentError(f"{argument} must be a list of sentences. Received: {texts!r}.")
        for text in texts:
            check_line(argument, text)
    if picture is not None and not isinstance(picture, Image.Image):
        raise ArgumentError(f"picture must be an image of Pillow. Received: {picture!r}.")
    if isinstance(metrics, str | dict) or not all(isinstance(m, Measurement) for m in metrics):
        raise ArgumentError(
            f"metrics must be the measurements of a report of zoo.evaluate. Received: {metrics!r}."
        )
    _check_classes(model, classes)
    check_loadable(model)
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
        idea=class_idea(type(model)),
        class_differs=class_differs(type(model)),
    )
    facts = Facts(
        title=identity.title,
        differs=identity.differs,
        limits=list(limits),
        data_rights=data_rights,
        license=license,
        classes=None if classes is None else list(classes),
    )
    with storage_errors(folder), atomic_folder(folder) as partial:
        write(
            model,
            partial,
            identity,
            facts,
            metrics=lambda stored: list(metrics),
            picture=lambda stored: picture or _picture(stored),
            # Other backends may not be installed here; the golden outputs let each be checked.
            backends=lambda written: {
                keras.backend.backend(): golden.difference(storage.read_model(written), written)
            },
            half_precision=half_precision,
        )
    return folder


def check_loadable(model: Model) -> None:
    """Raise an `ArgumentError` if `zoo.load` would refuse a preset of `model`.

    It names the layer that runs code, or the class that is not registered.
    """
    check_can_be_saved(model, compiled=False)
    try:
        config = without_compiling(keras.saving.serialize_keras_object(model))
        safety.check_config(config, "model")
        trust.foreign_classes(config, "model")
    except IntegrityError as error:  # now, and not first when somebody loads the preset
        raise ArgumentError(f"{error}") from error


def _check_classes(model: Model, classes: Sequence[str] | None) -> None:
    """Raise unless `classes` are names for the classes of `model`, or `None`."""
    if classes is None:
        return
    if not isinstance(model.condition, Classes):
        raise ArgumentError(
            f"classes is for models of classes. Received: {classes!r} for {type(model).__name__}."
        )
    if isinstance(classes, str) or len(classes) != model.condition.n:
        raise ArgumentError(f"classes must be {model.condition.n} names. Received: {classes!r}.")
    for name in classes:
        check_line("classes", name)
    lower = [name.casefold() for name in classes]
    repeated = [name for name in classes if lower.count(name.casefold()) > 1]
    if repeated:
        raise ArgumentError(
            f"classes must differ, also in lower case. Received: {', '.join(repeated)}."
        )


def class_name(cls: type) -> str:
    """Return the name of `cls` in cards: its public name for classes of this package, else its
    qualified name."""
    in_package = cls.__module__.startswith("zoo.models.")
    return f"zoo.models.{cls.__name__}" if in_package else cls.__qualname__


def class_idea(cls: type[Model]) -> str | None:
    """Return the sentences on the idea of the model `cls` as one line, or `None` without any.

    Raises:
        ArgumentError: if its `idea` is no text.
    """
    if cls.idea is None:
        return None
    if not isinstance(cls.idea, str) or not cls.idea.strip():
        raise ArgumentError(
            f"{cls.__name__}.idea must be a text of sentences, or None. Received: {cls.idea!r}."
        )
    return " ".join(cls.idea.split())


def class_differs(cls: type) -> str | None:
    """Return the part "Differs from the paper:" of the docstring of `cls`, as one line."""
    match = re.search(r"Differs from the paper:\s+(.+?)(?:\n\s*\n|$)", cls.__doc__ or "", re.DOTALL)
    return None if match is None else " ".join(match[1].split())


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
    """Write all files of a preset to the empty `folder`, and return their card.

    The model is read back from the folder, so that everything is measured on the stored weights.

    Args:
        model: the model.
        folder: an empty folder.
        identity: the name, family and paper of the preset.
        facts: the texts of the card.
        metrics: a function from the stored model to its measurements.
        picture: a function from the stored model to its picture, or `None` for no picture.
        backends: a function from the folder to the largest difference of each backend from the
            golden outputs.
        training: the record of the training, or `None` if no recipe trained the model.
        half_precision: whether float32 arrays are stored as float16.
        examples: 8-bit images that are stored with the preset, or `None`.
    """
    half_precision = half_precision and not is_quantized(model)
    storage.write_model(model, folder, half_precision)
    files = _files(folder)
    stored = storage.read_model(folder)  # possibly in half precision, as users load it
    named = storage.write_components(stored, folder, half_precision)
    golden.write_golden(stored, folder, GOLDEN_IMAGES)
    if (image := picture(stored)) is not None:
        image.save(folder / hub.PICTURE)
    if examples is not None:
        np.savez_compressed(folder / EXAMPLES, images=examples)
    everything = _files(folder)
    parts = {part: {name: everything[name] for name in names} for part, names in named.items()}
    of_parts = {name for names in named.values() for name in names}
    configs = [storage.CONFIG, *(f"{part}.json" for part in named)]
    classes = [item for name in configs for item in storage.foreign_classes(folder, name).items()]
    card = Card(
        identity=identity,
        weights=Weights(
            files=files,
            extras={n: f for n, f in everything.items() if n not in files and n not in of_parts},
            components=parts,
            parameters=model.count_params(),
            dtype="float16" if half_precision else "float32",
            modules={name: module for name, module in classes if module is not None},
        ),
        signature=Signature.of(model, backends(folder)).with_classes(facts.classes),
        training=training,
        metrics=metrics(stored),
        rights=Rights(code="Apache-2.0", weights=facts.license, data=facts.data_rights),
        limits=facts.limits,
    )
    card.write(folder / hub.CARD)
    write_text(folder / PAGE_NAME, model_card(card))
    return card


def push(preset: str | Path, url: str, overwrite: bool = False) -> str:
    """Copy a preset to the folder at `url`, and return `url`; `zoo.load(url)` then loads it.

    Other files in that folder stay. The card is written last. On Hugging Face all files are one
    commit, and a missing repository is created. After a copy into a hub, `zoo.hub.write_index`
    updates its index.

    Args:
        preset: the folder that `save` or a recipe wrote, or the name of a preset.
        url: `hf://user/repo`, `s3://bucket/folder`, `gs://bucket/folder` or `file:///folder`; the
            preset's files are written directly into it.
        overwrite: whether a preset of another name may be replaced.

    Raises:
        ArgumentError: if `url` cannot be written to, or holds another preset.
        IntegrityError: if a file of the preset differs from its card.
        FetchError: if the upload fails.
    """
    url = remote.folder_url(url, remote.WRITTEN)
    if isinstance(preset, keras.Model):
        raise ArgumentError("preset must be a folder or a name. zoo.save(model, folder) makes one.")
    located = locate.locate(preset)
    located.ensure_files(located.card.weights.all_files)
    if not overwrite:
        _check_free(url, located.card.name)
    with tempfile.TemporaryDirectory() as place:
        staged = Path(place) / located.card.name
        staged.mkdir()
        names = [*located.card.weights.all_files, PAGE_NAME, hub.CARD]
        for name in names[:-2]:
            shutil.copyfile(located.path(name), staged / name)
        page = model_card(located.card, remote.shown(url))
        write_text(staged / PAGE_NAME, page)
        located.card.write(staged / hub.CARD)
        remote.write(staged, names, url)
    try:
        hub.forget(url)
    except OSError as error:
        warn(
            f"{remote.shown(url)} is written. The card of the preset that was there before stays "
            f"in the cache, which cannot be written ({error.strerror}): `zoo fetch --fresh` reads "
            "the new one."
        )
    return url


def _check_free(url: str, name: str) -> None:
    """Raise if `url` holds a preset of another name than `name`."""
    try:
        content, _ = read([f"{url}/{hub.CARD}"], hub.LARGEST)
    except remote.MissingError:
        return
    present = Card.parse(content, f"at {remote.shown(url)}").name
    if present != name:
        raise ArgumentError(
            f"{remote.shown(url)} holds the preset {present!r}, and not {name!r}. Allowed: another "
            "place, or overwrite=True."
        )


def preset_name(folder: Path) -> str:
    """Return the name of a preset in `folder`, made from the name of the folder.

    Raises:
        ArgumentError: if the folder's name gives no name for a preset.
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.absolute().name.lower()).strip("-_")
    if not locate.NAME.fullmatch(name):
        raise ArgumentError(
            "The name of the folder is the preset's: letters and digits, with single underscores "
            f"or hyphens between. Received: {str(folder)!r}."
        )
    return name


def check_line(argument: str, text: object) -> None:
    """Raise unless `text`, the value of an argument, is one line, as pages and front matter
    need."""
    if not isinstance(text, str) or not text.strip() or len(text.splitlines()) != 1:
        raise ArgumentError(f"{argument} must be one line of text. Received: {text!r}.")


def check_license(argument: str, text: str) -> None:
    """Raise unless `text` is the identifier of a licence."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", text):
        raise ArgumentError(
            f"{argument} must be an identifier, such as 'cc-by-4.0', 'apache-2.0' or 'unknown'. "
            f"Received: {text!r}."
        )


def check_replaceable(folder: Path) -> None:
    """Raise unless `folder` is missing, empty, or holds a preset alone."""
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"There is a file at {folder}, which must be a folder.")
    if not folder.is_dir():
        return
    files = {path.name for path in folder.iterdir()}
    if hub.CARD in files:
        files -= {hub.CARD, PAGE_NAME, *Card.read(folder / hub.CARD).weights.all_files}
    if files:
        raise ArgumentError(
            f"The folder {folder} holds other files than a preset: {', '.join(sorted(files)[:5])}. "
            "Allowed: a new or empty folder, or one with a preset alone, which is replaced."
        )


def read_examples(preset: Preset) -> Source | None:
    """Return the example images that are stored with a preset for its picture, or `None`."""
    extras = preset.card.weights.extras
    if EXAMPLES not in extras:
        return None
    preset.ensure_files({EXAMPLES: extras[EXAMPLES]})
    with opened(preset.path(EXAMPLES), most=golden.MOST, error=IntegrityError) as arrays:
        return Source(EXAMPLES, arrays["images"], arrays.get("labels"))


def _picture(model: Model) -> Image.Image | None:
    """Return the default picture of `model`, or `None` if it would need test data."""
    return None if pictures.needs_test_data(model) else pictures.default_picture(model)


def _files(folder: Path) -> dict[str, File]:
    """Return the hash and the size of each file in `folder`, by name."""
    return {
        path.name: File(sha256=sha256(path), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
    }
