"""Sets of TensorFlow Datasets, by name, where they are prepared; nothing is ever downloaded while
reading."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from zoo.data import synthetic
from zoo.data.decoded import MEMORY_LIMIT, Arrays, Fit, decoded, fitted, together
from zoo.errors import DataError, MissingSplitError

CHUNK = 1024  # records that are read at once


class Records:
    """The images of a set whose files allow random access, read when they are asked for."""

    def __init__(self, source, numbers: list[int]):
        self.source = source
        self.numbers = numbers
        self.names = [f"record {number}" for number in numbers]

    def __len__(self) -> int:
        return len(self.numbers)

    def select(self, rows) -> Records:
        """Those of the records whose numbers are `rows`."""
        return Records(self.source, [self.numbers[row] for row in rows])

    def _image(self, row: int) -> np.ndarray:
        return self.source[self.numbers[row]]["image"]

    def open(self, row: int):
        """The image, for Pillow."""
        return Arrays([self._image(row)]).open(0)

    def bytes(self, row: int) -> bytes:
        return np.ascontiguousarray(self._image(row)).tobytes()


def builder(name: str, **options):
    """The builder of TensorFlow Datasets for `name`, prepared or not; `options` are its own.

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
        # Given anew each time: TFDS itself reads the variable once, when it is imported.
        return tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"), **options)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:  # ValueError: no name at all
        raise DataError(
            f"Unknown data set: {name!r}. It is neither a folder, zip file or .npz file here nor a "
            f"set of TensorFlow Datasets nor one of {', '.join(synthetic.NAMED)}."
        ) from error


def prepare(name: str, downloaded: Path | None = None) -> Path:
    """Downloads and prepares the set `name` as array records, unless it is prepared already, in
    whatever files; returns the folder.

    Args:
        name: the name of the set.
        downloaded: a folder that holds the files which would be downloaded.

    Raises:
        DataError: if there is no such set, or it cannot be downloaded or prepared.
    """
    found = builder(name)
    if not found.data_path.exists():
        found = builder(name, file_format="array_record")
        import tensorflow_datasets as tfds

        config = tfds.download.DownloadConfig(manual_dir=downloaded)
        try:
            found.download_and_prepare(download_config=config)
        except Exception as error:  # of many kinds, by the set and the network
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise DataError(f"{name!r} cannot be prepared: {reason[0]}") from error
    return Path(found.data_path)


def prepared(name: str):
    """As `builder`, and the set is there.

    Raises:
        DataError: if it is not, with how to prepare it.
    """
    found = builder(name)
    if not found.data_path.exists():
        raise DataError(
            f"The data set {name!r} is not prepared in {found.data_path.parent.parent}. Prepare it "
            f"once, with a network: zoo data prepare {name}; or set TFDS_DATA_DIR to the folder "
            "that holds it."
        )
    if "image" not in (found.info.features or {}):
        raise DataError(
            f"The data set {name!r} has no images. It has: {sorted(found.info.features or {})}."
        )
    return found


def read(
    name: str, split: str, fit: Fit, strict: bool, memory_limit: int = MEMORY_LIMIT
) -> tuple[np.ndarray, np.ndarray | None]:
    """The images and labels of a split; see `zoo.data.read`."""
    found = prepared(name)
    import tensorflow_datasets as tfds  # it is there, or the line above has said what is missing

    if split not in found.info.splits:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(found.info.splits)}. Received: {split!r}."
        )
    labelled = "label" in found.info.features
    count = found.info.splits[split].num_examples
    size = count * (fit.image_size or 0) ** 2 * (fit.channels or 3)  # 0: not known yet
    if found.info.file_format == tfds.core.FileFormat.ARRAY_RECORD:  # read without TensorFlow
        source = found.as_data_source(split=split)
        if size > memory_limit:
            items = Records(source, list(range(count)))
            images, rows = decoded(items, fit, strict, repr(name), memory_limit)
            skipped = {"image": tfds.decode.SkipDecoding()}
            bare = found.as_data_source(split=split, decoders=skipped)
            return images, np.array([bare[row]["label"] for row in rows]) if labelled else None
        chunks = (range(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK))
        examples = (example for rows in chunks for example in source.__getitems__(rows))
    elif size > memory_limit:
        raise DataError(
            f"{name!r} is prepared as {found.info.file_format.value} files, which are read from "
            f"start to end only, and {count:,} images of this size take {size / 2**30:.1f} GiB. "
            "Allowed: a higher memory_limit=, or array records: set TFDS_DATA_DIR to another "
            f"folder, and zoo data prepare {name}."
        )
    else:
        examples = tfds.as_numpy(found.as_dataset(split=split))
    images, labels = [], []
    for example in examples:  # each made to fit at once: at full size they may not fit in memory
        images.append(fitted(example["image"], fit))
        labels.append(example["label"] if labelled else 0)
    images = together(images, fit.image_size, repr(name))
    return images, np.array(labels, dtype="int64") if labelled else None
