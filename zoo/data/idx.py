"""MNIST and its successors: the published IDX files, fetched, verified and read with NumPy.

TensorFlow Datasets prepares these sets through TensorFlow. Here no backend is needed, and the
images have the order in which TensorFlow Datasets gives them.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import (
    ArgumentError,
    DataError,
    FetchError,
    IntegrityError,
    MissingSplitError,
    WrongBytesError,
)
from zoo.files.fetch import download, verify_cached
from zoo.files.home import user_path
from zoo.files.notes import forget_note
from zoo.files.remote import MissingError, check_url, is_url

PARTS = {"train": "train", "test": "t10k"}  # the first word of the files of each split
IMAGES, LABELS = "{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"


class File(NamedTuple):
    """The size and the hash of a published file."""

    bytes: int
    sha256: str


class IdxSet(NamedTuple):
    """The address of a set, and its files by their names."""

    url: str
    files: dict[str, File]


def _idx_set(url: str, *files: tuple[int, str]) -> IdxSet:
    """Return the set at `url`. `files` are the images and the labels for training, and the images
    and the labels for testing."""
    names = [name.format(part) for part in PARTS.values() for name in (IMAGES, LABELS)]
    return IdxSet(url, {name: File(*file) for name, file in zip(names, files, strict=True)})


SETS = {
    "mnist": _idx_set(
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    "fashion_mnist": _idx_set(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    "kmnist": _idx_set(
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
        (18165135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        (29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        (3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        (5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
}


def data_dir() -> Path:
    """Return the folder of prepared sets, `TFDS_DATA_DIR`, by default `~/tensorflow_datasets`."""
    return user_path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def is_known(name: str) -> bool:
    """Return whether `name` is a set of IDX files, and the folder of sets lies on this machine."""
    return name in SETS and not is_url(os.environ.get("TFDS_DATA_DIR"))


def folder(name: str) -> Path:
    """Return the folder of the files of the set `name`."""
    return data_dir() / name / "idx"


def is_prepared(name: str) -> bool:
    """Return whether all files of the set `name` are there."""
    return is_known(name) and all((folder(name) / file).is_file() for file in SETS[name].files)


def prepare(name: str, downloaded: str | Path | None = None) -> Path:
    """Fetch and verify the files of the set `name`, and return their folder.

    Files that are there already are verified alone. If a connection breaks, what has arrived is
    kept for another try; after another error nothing of the set is left behind.

    Args:
        name: the name of the set.
        downloaded: the folder, or its URL, that holds the files. By default they are fetched from
            the address of the set.

    Raises:
        DataError: if a file is missing, or is not the one of the set, or cannot be fetched.
        ArgumentError: if `downloaded` is neither a folder nor a URL.
    """
    place, url = folder(name), _url(downloaded) or SETS[name].url
    missing = [place / file for file in SETS[name].files if not (place / file).is_file()]
    try:
        for file, expected in SETS[name].files.items():
            download(
                *([f"{url}/{file}"], place / file, expected.sha256, expected.bytes),
                elsewhere="TFDS_DATA_DIR names another folder.",
            )
    except FetchError as error:
        if isinstance(error, WrongBytesError | MissingError):
            for path in missing:
                path.unlink(missing_ok=True)
                forget_note(path)
            remove_empty(place, place.parent, place.parent.parent)
        raise DataError(f"{name!r} cannot be prepared: {error}") from error
    return place


def _url(downloaded: str | Path | None) -> str | None:
    """Return the URL of the folder `downloaded`, which may be one already."""
    if downloaded is None:
        return None
    return check_url(downloaded) if is_url(downloaded) else checked_folder(downloaded).as_uri()


def checked_folder(downloaded: str | Path) -> Path:
    """Return the absolute path of the folder `downloaded`, in which `~` is the home directory.

    Raises:
        ArgumentError: if it is no folder. The error names the argument of `prepare`.
    """
    path = user_path(downloaded)
    if not path.is_dir():
        raise ArgumentError(
            f"downloaded must be a folder, or the URL of one. Received: {str(downloaded)!r}."
        )
    return path.resolve()


def remove_empty(*folders: Path) -> None:
    """Remove those of `folders` that hold nothing, in their order."""
    for each in folders:
        with contextlib.suppress(OSError):  # it holds something, or is not there
            each.rmdir()


class Examples:
    """The images and labels of a split, indexed like a data source of TensorFlow Datasets."""

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> dict:
        return {"image": self.images[row], "label": self.labels[row]}

    def __getitems__(self, rows) -> list[dict]:
        return [self[row] for row in rows]


def read(name: str, split: str) -> Examples:
    """Return a split of the prepared set `name`, in the order of TensorFlow Datasets.

    Raises:
        DataError: if the set has no such split, or a file is not the one of the set.
    """
    if split not in PARTS:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(PARTS)}. Received: {split!r}."
        )
    images, labels = (_array(name, file.format(PARTS[split])) for file in (IMAGES, LABELS))
    order = _order(split, len(images))
    return Examples(images[order][..., None], labels[order].astype("int64"))


def _order(split: str, count: int) -> list[int]:
    """Return the order in which TensorFlow Datasets writes `count` examples of a split.

    It sorts them by the MD5 of the name of the split and the number of the example.
    """

    def key(number: int) -> bytes:
        return hashlib.md5(f"{split}{number}".encode(), usedforsecurity=False).digest()

    return sorted(range(count), key=key)


def _array(name: str, file: str) -> np.ndarray:
    """Return the numbers in a file of the set `name`, after a check of its bytes."""
    path, expected = folder(name) / file, SETS[name].files[file]
    try:
        verify_cached(path, expected.sha256, expected.bytes)
    except IntegrityError as error:
        raise DataError(
            f"{path} is not the file of {name!r}, with the SHA-256 {expected.sha256}. Fetch it "
            f"again: zoo data prepare {name}."
        ) from error
    content = gzip.decompress(path.read_bytes())
    axes = content[3]  # after two zeros and the type, which is that of bytes
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    return np.frombuffer(content, "uint8", offset=4 + 4 * axes).reshape(shape)
