"""Prepared sets of TensorFlow Datasets, by name.

Reading never downloads; only `prepare` does.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from zoo.data import synthetic
from zoo.data.decoded import MEMORY_LIMIT, Arrays, ImageFormat, decoded, formatted, joined
from zoo.errors import DataError, MissingSplitError

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
            f"{name!r} is no folder, zip file or .npz file here, and reading it as a set of "
            "TensorFlow Datasets needs the extra 'data': "
            f"pip install 'keras-generative-zoo[data]'. ({error})"
        ) from error
    try:
        # TFDS itself reads the variable only once, when it is imported.
        return tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"), **options)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:  # ValueError: an invalid name
        raise DataError(
            f"Unknown data set: {name!r}. It is neither a folder, zip file or .npz file here nor a "
            f"set of TensorFlow Datasets nor one of {', '.join(synthetic.NAMED)}."
        ) from error


def prepare(name: str, downloaded: Path | None = None) -> Path:
    """Download and prepare the set `name` as array records, and return its folder.

    A set that is prepared already, in any kind of files, is left as it is.

    Args:
        name: the name of the set.
        downloaded: a folder that holds the files to prepare from, which are then not downloaded.

    Raises:
        DataError: if there is no such set, or it cannot be downloaded or prepared.
    """
    dataset = builder(name)
    if not dataset.data_path.exists():
        dataset = builder(name, file_format="array_record")
        import tensorflow_datasets as tfds

        config = tfds.download.DownloadConfig(manual_dir=downloaded)
        try:
            dataset.download_and_prepare(download_config=config)
        except Exception as error:  # each set, and the network, raises errors of its own
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise DataError(f"{name!r} cannot be prepared: {reason[0]}") from error
    return Path(dataset.data_path)


def prepared(name: str):
    """Return the builder of the prepared set `name`.

    Raises:
        DataError: if the set is unknown or has no images; or if it is not prepared, with the
            command that prepares it.
    """
    dataset = builder(name)
    if not dataset.data_path.exists():
        raise DataError(
            f"The data set {name!r} is not prepared in {dataset.data_path.parent.parent}. Prepare "
            f"it once, with a network: zoo data prepare {name}; or set TFDS_DATA_DIR to the folder "
            "that holds it."
        )
    if "image" not in (dataset.info.features or {}):
        raise DataError(
            f"The data set {name!r} has no images. It has: {sorted(dataset.info.features or {})}."
        )
    return dataset


def read(
    name: str, split: str, image_format: ImageFormat, strict: bool, memory_limit: int = MEMORY_LIMIT
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images and labels of a split; see `zoo.data.read`.

    Raises:
        DataError: if the set or split does not exist, or its images cannot be used.
    """
    dataset = prepared(name)
    import tensorflow_datasets as tfds  # `prepared` has raised an error if it is missing

    if split not in dataset.info.splits:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(dataset.info.splits)}. Received: {split!r}."
        )
    labelled = "label" in dataset.info.features
    count = dataset.info.splits[split].num_examples
    # The size in bytes is 0 where it is not known yet.
    size = count * (image_format.image_size or 0) ** 2 * (image_format.channels or 3)
    if dataset.info.file_format == tfds.core.FileFormat.ARRAY_RECORD:  # needs no TensorFlow
        source = dataset.as_data_source(split=split)
        if size > memory_limit:
            items = Records(source, list(range(count)))
            images, rows = decoded(items, image_format, strict, repr(name), memory_limit)
            decoders = {"image": tfds.decode.SkipDecoding()}
            without_images = dataset.as_data_source(split=split, decoders=decoders)
            labels = [without_images[row]["label"] for row in rows] if labelled else None
            return images, None if labels is None else np.array(labels)
        chunks = (range(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK))
        examples = (example for rows in chunks for example in source.__getitems__(rows))
    elif size > memory_limit:
        raise DataError(
            f"{name!r} is prepared as {dataset.info.file_format.value} files, which are read from "
            f"start to end only, and {count:,} images of this size take {size / 2**30:.1f} GiB. "
            "Allowed: a higher memory_limit=, or array records: set TFDS_DATA_DIR to another "
            f"folder, and zoo data prepare {name}."
        )
    else:
        examples = tfds.as_numpy(dataset.as_dataset(split=split))
    images, labels = [], []
    for example in examples:  # each is resized at once, since memory may not hold the full sizes
        images.append(formatted(example["image"], image_format))
        labels.append(example["label"] if labelled else 0)
    images = joined(images, image_format.image_size, repr(name))
    return images, np.array(labels, dtype="int64") if labelled else None
