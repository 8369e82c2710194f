"""Where images come from: a set of TensorFlow Datasets, a folder, a zip file, an `.npz` file or
arrays; and where points come from."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.data import named, stacked, synthetic
from zoo.data.decoded import MEMORY_LIMIT, Fit, decoded, fitted, together
from zoo.data.files import SUFFIXES, FolderFiles, ZipFiles, classes
from zoo.errors import ArgumentError, DataError, MissingSplitError, check_choice, check_count

OTHER_SPLITS = ("test", "val", "validation")  # folders that are no part of the training images
ARRAYS = "arrays"  # the name of images that are given as such
DIVIDED = NINE_IN_TEN, ONE_IN_TEN = "train, nine in ten", "train, one in ten"
POINTS = {"train": 50_000, "test": 10_000}  # of a synthetic set


class Source(NamedTuple):
    """Images, or points, and where they are from.

    `images` is 8-bit, of shape `(n, height, width, channels)`, or float32, of shape `(n, features)`
    for points: a NumPy array, or what is indexed like one and decodes images when they are needed;
    `labels` are integers of shape `(n,)`, or `None`.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    classes: tuple[str, ...] | None = None  # the names of the labels, where they have any
    split: str | None = None  # the part of a set that has parts

    def select(self, rows) -> Source:
        """The part of the images, and labels, whose numbers are `rows`."""
        images = self.images
        rows = np.arange(len(images))[rows]
        return self._replace(
            images=images[rows] if isinstance(images, np.ndarray) else images.select(rows),
            labels=None if self.labels is None else self.labels[rows],
        )

    @property
    def sha256(self) -> str:
        """The hash of the images and, where there are any, the labels."""
        if isinstance(self.images, np.ndarray):
            digest = hashlib.sha256(np.ascontiguousarray(self.images))
        else:
            digest = hashlib.sha256(self.images.sha256().encode())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels.astype("<i8")))
        return digest.hexdigest()


def read(
    name_or_path: str | Path | np.ndarray | tuple,
    split: str = "train",
    image_size: int | None = None,
    channels: int | None = None,
    crop: str = "center",
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
) -> Source:
    """A set of images, or of points.

    Args:
        name_or_path: a path to a folder, a `.zip` or an `.npz` file, if there is such a path; else
            a name of `zoo.data.synthetic`; else `"stacked_"` and the name of another set, see
            `zoo.data.stacked`; else the name of a set of TensorFlow Datasets, which is read from
            `TFDS_DATA_DIR` (by default `~/tensorflow_datasets`) and never downloaded. Or an array
            of images, or a pair of images and labels.
        split: the part of the set. A folder or zip file may hold a sub-folder of this name for it,
            an `.npz` file the arrays `x_<split>` and `y_<split>`; else all of it is read for the
            split `"train"`. `"train, one in ten"` is each tenth image of the split `"train"` (of
            fewer, the last), `"train, nine in ten"` the others: so `read_splits` divides a set that
            has no test split.
        image_size: the height and width that images are antialiased and cropped to; `None` leaves
            them as they are, and they need one shape.
        channels: 1 for grey, 3 for colour; `None` leaves images as they are.
        crop: `"center"`, or `"random"`: then each batch draws which part it takes of an image that
            is not square.
        strict: whether an unreadable image is an error; else it is left out, with a warning.
        memory_limit: in bytes. Sets that are larger at `image_size` are not decoded into memory
            but each time they are needed.

    Raises:
        DataError: if there is no such set, folder or split, or its images cannot be used.
        ValueError: if another argument has a wrong value.
    """
    if image_size is not None:
        check_count("image_size", image_size)
    if channels is not None:
        check_choice("channels", channels, (1, 3))
    check_choice("crop", crop, ("center", "random"))
    check_count("memory_limit", memory_limit, minimum=0)
    fit = Fit(image_size, channels, crop)
    divided = split in DIVIDED
    found = _read(name_or_path, "train" if divided else split, fit, strict, memory_limit)
    if divided:
        return _part(found, split)
    return found._replace(split=None if isinstance(name_or_path, np.ndarray | tuple) else split)


def _read(name_or_path, split: str, fit: Fit, strict: bool, memory_limit: int) -> Source:
    if isinstance(name_or_path, np.ndarray | tuple):
        if split != "train":
            allowed = ", ".join(map(repr, ("train", *DIVIDED)))
            raise MissingSplitError(f"Arrays have no split {split!r}. Allowed: {allowed}.")
        return _from_arrays(ARRAYS, *_pair(name_or_path), fit)
    if not isinstance(name_or_path, str | Path):
        raise ArgumentError(
            "name_or_path must be a name, a path, an array or a pair of arrays. Received: "
            f"{type(name_or_path).__name__}."
        )
    path = Path(name_or_path).expanduser()
    if path.is_dir() or path.suffix == ".zip":
        return _read_files(path, split, fit, strict, memory_limit)
    if path.suffix == ".npz":
        return _from_arrays(path.stem, *_read_npz(path, split), fit)
    if isinstance(name_or_path, Path) or name_or_path.startswith(("/", ".", "~")):
        raise DataError(f"There is no folder, .zip or .npz file {str(path)!r}.")
    if name_or_path in synthetic.NAMED:
        if fit.image_size is not None or fit.channels is not None:
            raise DataError(f"image_size and channels are for images. {name_or_path!r} is points.")
        return _draw(name_or_path, split)
    if name_or_path.startswith(stacked.PREFIX):
        if fit.channels == 1:
            raise DataError("channels=1 does not go with stacked images, which have 3.")
        inner = name_or_path.removeprefix(stacked.PREFIX)
        digits = read(inner, split, fit.image_size, 1, memory_limit=2**62)
        return Source(name_or_path, *stacked.stack(digits.images, digits.labels))
    return Source(name_or_path, *named.read(name_or_path, split, fit, strict, memory_limit))


def fitting(image_shape: tuple[int, ...]) -> dict[str, int | None]:
    """The arguments of `read` for images of `image_shape`, or for points."""
    if len(image_shape) == 1:
        return {}
    height, width, channels = image_shape
    return {"image_size": height if height == width else None, "channels": channels}


def read_splits(
    name_or_path: str | Path, image_size: int | None = None, channels: int | None = None
) -> tuple[Source, Source]:
    """The training and the test images of a set; arguments as for `read`.

    Where there is no test split, each tenth image of the training split is held out for it.
    """
    fit = {"image_size": image_size, "channels": channels}
    train = read(name_or_path, "train", **fit)
    try:
        return train, read(name_or_path, "test", **fit)
    except MissingSplitError:
        return _part(train, NINE_IN_TEN), _part(train, ONE_IN_TEN)


def training_split(split: str) -> str:
    """The split of the training images that go with `split`: without what that holds out."""
    return NINE_IN_TEN if split in DIVIDED else "train"


def _part(train: Source, split: str) -> Source:
    """Each tenth image of a training split, or the others."""
    count = len(train.images)
    if count < 2:
        raise DataError(f"{train.name!r} holds one image, of which none can be held out.")
    held_out = np.arange(count) % min(count, 10) == min(count, 10) - 1
    part = train.select(held_out if split == ONE_IN_TEN else ~held_out)
    return part._replace(split=split)


def _draw(name: str, split: str) -> Source:
    """The points of a synthetic set: the same each time, others for each split."""
    if split not in POINTS:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(POINTS)}. Received: {split!r}."
        )
    seed = list(POINTS).index(split)
    return Source(name, *synthetic.named(name).draw(POINTS[split], seed))


def _pair(arrays) -> tuple[np.ndarray, np.ndarray | None]:
    pair = arrays if isinstance(arrays, tuple) else (arrays, None)
    if len(pair) != 2:
        raise DataError(f"A pair of images and labels has two parts. Received: {len(pair)}.")
    return np.asarray(pair[0]), None if pair[1] is None else _integers(np.asarray(pair[1]))


def _integers(labels: np.ndarray) -> np.ndarray:
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"labels must be integers. Received: {labels.dtype}.")
    return labels.astype("int64")


def _read_npz(path: Path, split: str) -> tuple[np.ndarray, np.ndarray | None]:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.")
    try:
        file = np.load(path, allow_pickle=False)
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{str(path)!r} cannot be read as an .npz file: {error}.") from error
    if isinstance(file, np.ndarray):
        raise DataError(f"{str(path)!r} is an .npy file, and no .npz file.")
    with file as arrays:
        suffix = f"_{split}" if f"x_{split}" in arrays else ""
        if f"x{suffix}" not in arrays or (not suffix and split != "train"):
            suffixes = [f"_{split}", ""] if split == "train" else [f"_{split}"]
            x, y = (" or ".join(repr(key + suffix) for suffix in suffixes) for key in "xy")
            raise MissingSplitError(
                f"{path.name} must hold images as {x}, and may hold labels as {y}. It holds: "
                f"{sorted(arrays)}."
            )
        labels = _integers(arrays[f"y{suffix}"]) if f"y{suffix}" in arrays else None
        return arrays[f"x{suffix}"], labels


def _from_arrays(name: str, images, labels, fit: Fit) -> Source:
    if images.ndim == 3:
        images = images[..., None]
    points = images.ndim == 2 and images.dtype == np.float32
    if not points and (images.dtype != np.uint8 or images.ndim != 4 or not len(images)):
        raise DataError(
            f"{name} must hold 8-bit (uint8) images of shape (n, height, width[, channels]), or "
            f"float32 points of shape (n, features). It holds {images.dtype} of shape "
            f"{images.shape}."
        )
    if not points and (fit.image_size or fit.channels):
        images = together([fitted(image, fit) for image in images], fit.image_size, name)
    return Source(name, images, labels)


def files_of(path: Path, split: str) -> tuple[FolderFiles | ZipFiles, list[str]]:
    """The image files of a split in a folder or zip file, and the folders in all its splits.

    Raises:
        DataError: if there is no such file or split, or no image in it.
    """
    try:
        files = FolderFiles(path) if path.is_dir() else ZipFiles(path)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {str(path)!r}.") from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{str(path)!r} cannot be read as a zip file: {error}.") from error
    known = []
    if split in files.folders():
        known = [name.split("/")[1] for name in files.names if name.count("/") > 1]
        files = files.below(split)
    elif split != "train":
        raise MissingSplitError(f"{str(path)!r} holds no sub-folder {split!r}.")
    else:
        other = [name.split("/")[0] in OTHER_SPLITS and "/" in name for name in files.names]
        files = files.select(np.flatnonzero(~np.array(other, dtype=bool)))
    if not files.names:
        raise DataError(
            f"{str(path)!r} holds no image, at any depth. Looked for: {', '.join(SUFFIXES)}."
        )
    return files, known


def _read_files(path: Path, split: str, fit: Fit, strict: bool, memory_limit: int) -> Source:
    """Image files, flat or with a sub-folder a class."""
    files, known = files_of(path, split)
    images, rows = decoded(files, fit, strict, repr(str(path)), memory_limit)
    name = path.stem if path.suffix == ".zip" else path.name
    found = classes(files.names, known)
    if found is None:
        return Source(name, images, None)
    names, labels = found
    return Source(name, images, np.array(labels, dtype="int64")[rows], tuple(names))
