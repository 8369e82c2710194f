"""`write_samples`, which writes any number of samples into a folder."""

from __future__ import annotations

import hashlib
import itertools
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.engine.identity import weights_sha256
from zoo.engine.model import Model
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError, check_choice, check_count, instance_hint
from zoo.files.home import atomic_file, user_path
from zoo.files.parts import Parts, check_process
from zoo.presets.load import load

FORMATS = ("npz", "images")
LARGEST, BYTES = 10_000, 2**27  # the most samples of a part, and the most bytes where one has two
BATCH = 256
PLAN_FORMAT = 1


def write_samples(
    model_or_preset,
    folder: str | Path,
    n: int,
    seed: int = 0,
    *,
    format: str = "npz",
    labels=None,
    process: tuple[int, int] = (0, 1),
    progress: bool | None = None,
    **sampling,
) -> Parts:
    """Write `n` samples of a model into a folder, in parts of at most 10,000.

    Sample number i is a function of the seed and of i, as in `sample(n, seed)`, whatever the number
    of processes is that share the work. An interrupted call is continued by the same call: parts
    that are done stay. Memory does not grow with `n`: a process holds one batch of samples.

    Images are written as 8-bit values. With the format `"npz"` each part is a file
    `part-00003-of-00100.npz` with the array `images` of shape `(rows, height, width, channels)`,
    and `labels` if the model has classes. (Samples that are no images are float32, in an array
    named for them, such as `points`.) With `"images"` each sample is a file of its number,
    `000030001.png`, in a folder of the number of its class if the model has classes. A file
    `plan.json` holds the arguments.

    A process draws the noise of all samples before its own too, which takes about a second for 100
    million numbers.

    Args:
        model_or_preset: a model of this package, or the name or path of a preset.
        folder: the folder, which is new or empty, or was begun by the same call.
        n: the number of samples.
        seed: the seed of the samples.
        format: `"npz"` or `"images"`.
        labels: the classes of the samples, as for `sample`.
        process: `(index, count)` of this process among those that fill the folder, each by itself.
        progress: whether a progress bar is shown; by default on a terminal alone.
        **sampling: more arguments of the model's `sample`, such as `weights="raw"`.

    Returns:
        The `zoo.files.parts.Parts` of the folder; its `missing()` are those that other processes
        still have to make.

    Raises:
        ArgumentError: if an argument has a wrong value, or the folder holds other files, or samples
            of other arguments.
        StorageError: if the folder cannot be written. The parts that are done are whole.

    Example:

    >>> import tempfile, zoo
    >>> folder = tempfile.mkdtemp()
    >>> model = zoo.create("dcgan", image_shape=(8, 8, 1), width=2)
    >>> parts = zoo.write_samples(model, folder, n=20, seed=1)
    >>> parts.missing(), np.load(f"{folder}/part-00000-of-00001.npz")["images"].shape
    ([], (20, 8, 8, 1))
    """
    check_count("n", n)
    check_count("seed", seed, minimum=0)
    check_choice("format", format, FORMATS)
    check_process(process)
    model = model_or_preset
    if isinstance(model_or_preset, str | Path):
        model = load(model_or_preset)
    _check(model, format, labels)
    size = part_size(model)
    plan = {
        "format": PLAN_FORMAT,
        "model": type(model).__name__,
        "weights": weights_sha256(model),
        "n": n,
        "seed": seed,
        "files": format,
        "part": size,
        "labels": _as_json(labels),
        "sampling": {key: repr(value) for key, value in sorted(sampling.items())},
    }
    spans = [range(start, min(start + size, n)) for start in range(0, n, size)]
    parts = Parts(user_path(folder), plan, len(spans), process)
    writer = {"npz": _write_npz, "images": _write_images}[format]
    mine = parts.mine()
    batches = model.sample_batches(
        n, seed, labels, BATCH, spans=[spans[number] for number in mine], **sampling
    )
    with _bar(sum(len(spans[number]) for number in mine), model.data.noun, progress) as bar:
        for number in mine:
            with parts.made(number):
                of_part = itertools.islice(batches, math.ceil(len(spans[number]) / BATCH))
                writer(parts, number, spans[number], model, _stored(of_part, model, bar))
    return parts


def part_size(model) -> int:
    """Return the number of samples of a part, a power of ten."""
    size = LARGEST
    while size > 1 and size * model.data.size > BYTES:
        size //= 10
    return size


def _as_json(labels):
    """Return `labels`, or the hash of an array of them."""
    if labels is None or isinstance(labels, str | int):
        return labels
    return hashlib.sha256(np.asarray(labels).astype("int64").tobytes()).hexdigest()


def _check(model, format: str, labels) -> None:
    """Raise unless samples of `model` can be written in `format`."""
    if not isinstance(model, Model) or "samples" not in model.tasks:
        raise ArgumentError(
            "model_or_preset must be a model that makes samples, or a preset of one. Received: "
            f"{type(model).__name__}.{instance_hint(model)}"
        )
    if model.condition is not None and not isinstance(model.condition, Classes):
        raise ArgumentError(
            f"model_or_preset must need no condition but classes. Received: a "
            f"{type(model).__name__}, which needs {model.condition.noun}."
        )
    if format == "images" and (model.data.name != "images" or model.data.channels not in (1, 3)):
        raise ArgumentError(
            "format='images' is for grey and colour images. Received: a model of "
            f"{model.data.noun} of shape {model.data.shape}. Allowed: 'npz'."
        )


def _stored(batches, model, bar) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield the batches in the form in which samples are stored, and their classes."""
    for samples, labels in batches:
        if not np.isfinite(samples).all():
            raise ArgumentError(
                f"{type(model).__name__} gives samples that are not finite: NaN or infinite values."
            )
        yield model.data.to_stored(samples), labels
        bar.update(len(samples))


def _write_npz(parts: Parts, number: int, span: range, model, batches) -> None:
    """Write a part as a file of arrays, batch by batch."""
    labels = []
    place = parts.folder / f"part-{number:05}-of-{parts.n:05}.npz"
    with atomic_file(place) as partial, zipfile.ZipFile(partial, "w") as archive:
        with archive.open(f"{model.data.name}.npy", "w", force_zip64=True) as file:
            for i, (samples, classes) in enumerate(batches):
                if i == 0:
                    header = np.lib.format.header_data_from_array_1_0(samples)
                    header["shape"] = (len(span), *samples.shape[1:])
                    np.lib.format.write_array_header_1_0(file, header)
                file.write(np.ascontiguousarray(samples).tobytes())
                labels.append(classes)
        if model.condition is not None:
            with archive.open("labels.npy", "w") as file:
                np.lib.format.write_array(file, np.concatenate(labels))


def _write_images(parts: Parts, number: int, span: range, model, batches) -> None:
    """Write each image of a part as a file.

    They get their names once all of them are written. What a killed process left is removed.
    """
    numbers = iter(span)
    digits = 0 if model.condition is None else len(str(model.condition.n - 1))
    prefix = f".part-{number:05}-"
    for left in parts.folder.glob(f"{prefix}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parts.folder) as partial:
        for samples, labels in batches:
            for row, image in enumerate(samples):
                folder = Path(partial)
                if labels is not None:  # numbers: not every name of a class can be that of a folder
                    folder = folder / f"{labels[row]:0{digits}}"
                    folder.mkdir(exist_ok=True)
                pixels = image[..., 0] if image.shape[-1] == 1 else image
                Image.fromarray(pixels).save(folder / f"{next(numbers):09}.png")
        for path in sorted(Path(partial).rglob("*.png")):
            place = parts.folder / path.relative_to(partial)
            place.parent.mkdir(exist_ok=True)
            path.replace(place)


def _bar(total: int, noun: str, progress: bool | None):
    """Return a progress bar for `total` samples."""
    from tqdm import tqdm

    disable = None if progress is None else not progress
    return tqdm(total=total, desc=f"sampling {noun}", unit=" samples", disable=disable, leave=False)
