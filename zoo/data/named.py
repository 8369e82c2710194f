"""Prepared sets by name: of IDX files, and of TensorFlow Datasets.

Reading never downloads; only `prepare` does.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo.base.logs import quiet
from zoo.data import idx, synthetic
from zoo.data.decoded import MEMORY_LIMIT, Arrays, decoded, formatted, joined
from zoo.data.image_format import ImageFormat
from zoo.errors import ArgumentError, DataError, MissingSplitError, nearest
from zoo.files.remote import is_url

CHUNK = 1024  # records of one read


class Records:
    """The images of a set whose files allow random access, read when they are needed."""

    def __init__(self, source, numbers: list[int]):
        self.source = source
        self.numbers = numbers
        self.names = [f"record {number}" for number in numbers]

    def __len__(self) -> int:
        return len(self.numbers)

    def select(self, rows) -> Records:
        """Return the subset with the indices `rows`."""
        return Records(self.source, [self.numbers[row] for row in rows])

    def _image(self, row: int) -> np.ndarray:
        """Return the pixels of the image `row`."""
        with quiet("absl"):  # TFDS advises to install OpenCV
            return self.source[self.numbers[row]]["image"]

    def open(self, row: int):
        """Return the image `row`, for Pillow."""
        return Arrays([self._image(row)]).open(0)

    def bytes(self, row: int) -> bytes:
        """Return the pixels of the image `row` as bytes."""
        return np.ascontiguousarray(self._image(row)).tobytes()


def builder(name: str, **options):
    """Return the builder of TensorFlow Datasets for `name`, prepared or not.

    Args:
        name: the name of the set.
        **options: arguments of `tfds.builder`.

    Raises:
        DataError: if TensorFlow Datasets is not installed, or knows no such set.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise DataError(
            f"{missing(name)} If a set of TensorFlow Datasets is meant, it needs the extra 'data': "
            f"pip install 'keras-generative-zoo[data]'. ({error})"
        ) from error
    try:
        # TFDS itself reads the variable only once, when it is imported.
        return tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"), **options)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:  # ValueError: an invalid name
        raise DataError(
            f"Unknown data set: {name!r}. {missing(name)} It is no set of TensorFlow Datasets "
            f"either, and none of {', '.join(synthetic.NAMED)}."
        ) from error


def missing(path: str | Path) -> str:
    """Return the sentence that there are no data at `path`, with the nearest names there."""
    path = Path(path)
    try:
        near = nearest(path.name, sorted(os.listdir(path.parent)))
    except OSError:
        near = []
    also = f" Nearest: {', '.join(near)}." if near else ""
    return f"There is no folder, .zip or .npz file {str(path)!r}.{also}"


def _hide_accelerators() -> None:
    """Hide GPUs from TensorFlow where it only reads data: it would take all of their memory.

    A program that has imported TensorFlow, itself or as the backend, decides itself.
    """
    if "tensorflow" in sys.modules:
        return
    try:
        importlib.import_module("tensorflow").config.set_visible_devices([], "GPU")
    except ImportError:  # TFDS says whether it needs TensorFlow
        return


def prepare(name: str, downloaded: str | Path | None = None) -> Path:
    """Download and prepare the set `name`, and return its folder.

    A set of IDX files is fetched as it is; another set becomes array records. A set that is
    prepared already, in any kind of files that can be read here, is left as it is.

    Args:
        name: the name of the set.
        downloaded: a folder that holds the files to prepare from, which are then not downloaded.
            For a set of IDX files the URL of such a folder is allowed too.

    Raises:
        DataError: if there is no such set, or it cannot be downloaded or prepared.
        ArgumentError: if `downloaded` is no folder.
    """
    if name in synthetic.NAMED:
        raise DataError(f"{name!r} needs no preparation: its points are drawn when they are read.")
    if not idx.is_known(name):
        dataset = builder(name)
        return Path(dataset.data_path) if dataset.data_path.exists() else _written(name, downloaded)
    if not idx.is_prepared(name) and _is_written(name):
        dataset = builder(name)
        if _unreadable(name, dataset) is None:
            return Path(dataset.data_path)
    return idx.prepare(name, downloaded)


def _has_tensorflow() -> bool:
    """Return whether TensorFlow is installed."""
    return importlib.util.find_spec("tensorflow") is not None


def _is_written(name: str) -> bool:
    """Return whether TensorFlow Datasets may have prepared the set `name`."""
    return not idx.is_known(name) or any((idx.data_dir() / name).glob("*/dataset_info.json"))


def _written(name: str, downloaded: str | Path | None) -> Path:
    """Let TensorFlow Datasets write the set `name` as array records, and return its folder."""
    if is_url(downloaded):
        raise ArgumentError(
            f"downloaded must be a folder for {name!r}; the URL of one is for "
            f"{', '.join(idx.SETS)}. Received: {downloaded!r}."
        )
    if downloaded is not None:
        downloaded = idx.checked_folder(downloaded)
    if not _has_tensorflow():
        raise DataError(
            f"{name!r} is prepared by TensorFlow, which is not installed: pip install "
            "'keras-generative-zoo[data,tensorflow]'. Once it is prepared, it is read without "
            "TensorFlow."
        )
    import tensorflow_datasets as tfds

    dataset = builder(name, file_format="array_record")
    folder = Path(dataset.data_path)
    downloads = None if is_url(os.environ.get("TFDS_DATA_DIR")) else idx.data_dir() / "downloads"
    try:
        if downloads is not None:
            downloads.mkdir(parents=True, exist_ok=True)
        # Files of different sets may have one name, so that each set is extracted by itself.
        _hide_accelerators()
        with tempfile.TemporaryDirectory(prefix="extracted.", dir=downloads) as extracted:
            config = tfds.download.DownloadConfig(manual_dir=downloaded, extract_dir=extracted)
            dataset.download_and_prepare(download_config=config)
    except Exception as error:  # each set, and the network, raises errors of its own
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"{name!r} cannot be prepared: {reason[0]}") from error
    finally:
        if downloads is not None:
            idx.remove_empty(downloads, folder.parent, downloads.parent)
    return folder


def prepared(name: str):
    """Return the builder of the set `name`, which TensorFlow Datasets prepared.

    Raises:
        DataError: if the set is unknown or has no images; if it is not prepared, with the command
            that prepares it; or if reading it needs TensorFlow, which is not installed.
    """
    dataset = builder(name) if _is_written(name) else None
    if dataset is None or not dataset.data_path.exists():
        place = idx.data_dir() if dataset is None else dataset.data_path.parent.parent
        raise DataError(
            f"The data set {name!r} is not prepared in {place}. Prepare it once, with a network: "
            f"zoo data prepare {name}; or set TFDS_DATA_DIR to the folder that holds it."
        )
    if "image" not in (dataset.info.features or {}):
        raise DataError(
            f"The data set {name!r} has no images. It has: {sorted(dataset.info.features or {})}."
        )
    if (reason := _unreadable(name, dataset)) is not None:
        raise DataError(reason)
    return dataset


def _is_array_record(dataset) -> bool:
    """Return whether `dataset` has files of random access, which are read without TensorFlow."""
    import tensorflow_datasets as tfds  # `builder` has raised an error if it is missing

    return dataset.info.file_format == tfds.core.FileFormat.ARRAY_RECORD


def _unreadable(name: str, dataset) -> str | None:
    """Return the reason if the files of `dataset` cannot be read without TensorFlow, or `None`."""
    if _is_array_record(dataset) or _has_tensorflow():
        return None
    again = (
        f"prepare it again: zoo data prepare {name}"
        if idx.is_known(name)
        else "prepare it where TensorFlow is installed, with TFDS_DATA_DIR set to another folder: "
        f"zoo data prepare {name}"
    )
    return (
        f"{name!r} is prepared in {dataset.data_path} as {dataset.info.file_format.value} files, "
        "which TensorFlow alone reads, and it is not installed: pip install "
        f"'keras-generative-zoo[tensorflow]'. Or {again}."
    )


def read(
    name: str, split: str, image_format: ImageFormat, strict: bool, memory_limit: int = MEMORY_LIMIT
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images and labels of a split; see `zoo.data.read`.

    Raises:
        DataError: if the set or split does not exist, or its images cannot be used.
    """
    if idx.is_prepared(name):
        examples = idx.read(name, split)
        return _from_records(repr(name), examples, examples, image_format, strict, memory_limit)
    dataset = prepared(name)
    import tensorflow_datasets as tfds  # `prepared` has raised an error if it is missing

    if split not in dataset.info.splits:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(dataset.info.splits)}. Received: {split!r}."
        )
    labelled = "label" in dataset.info.features
    if _is_array_record(dataset):
        decoders = {"image": tfds.decode.SkipDecoding()}
        source = dataset.as_data_source(split=split)
        labels = dataset.as_data_source(split=split, decoders=decoders) if labelled else None
        return _from_records(repr(name), source, labels, image_format, strict, memory_limit)
    count = dataset.info.splits[split].num_examples
    size = image_format.bytes(count)
    if size > memory_limit:
        raise DataError(
            f"{name!r} is prepared as {dataset.info.file_format.value} files, which are read from "
            f"start to end only, and {count:,} images of this size take {size / 2**30:.1f} GiB. "
            "Allowed: a higher memory_limit=, or array records: set TFDS_DATA_DIR to another "
            f"folder, and zoo data prepare {name}."
        )
    _hide_accelerators()
    examples = tfds.as_numpy(dataset.as_dataset(split=split))
    return _in_memory(repr(name), examples, labelled, image_format)


def _from_records(
    name: str, source, labels, image_format: ImageFormat, strict: bool, memory_limit: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images and labels of a source that is indexed by numbers.

    Args:
        name: the name of the set in messages.
        source: the examples, which hold an image each.
        labels: a source of the labels alone, or `None`.
        image_format: the size, channels and crop to convert to.
        strict: whether an unreadable image is an error.
        memory_limit: in bytes. Images of a larger set are read when they are needed.
    """
    count = len(source)
    if image_format.bytes(count) > memory_limit:
        items = Records(source, list(range(count)))
        images, rows = decoded(items, image_format, strict, name, memory_limit)
        return images, None if labels is None else np.array([labels[row]["label"] for row in rows])
    chunks = (range(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK))
    examples = (example for rows in chunks for example in _chunk(source, rows))
    return _in_memory(name, examples, labels is not None, image_format)


def _chunk(source, rows: range) -> list[dict]:
    """Return the examples with the numbers `rows`."""
    with quiet("absl"):  # TFDS advises to install OpenCV
        return source.__getitems__(rows)


def _in_memory(
    name: str, examples: Iterable[dict], labelled: bool, image_format: ImageFormat
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images and labels of `examples`."""
    images, labels = [], []
    for example in examples:  # each is resized at once, since memory may not hold the full sizes
        images.append(formatted(example["image"], image_format))
        labels.append(example["label"] if labelled else 0)
    images = joined(images, image_format, name)
    return images, np.array(labels, dtype="int64") if labelled else None
