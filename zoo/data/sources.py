"""Reading of images and labels from named sets, folders, files and arrays, and of points."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.base.arrays import as_array, as_labels
from zoo.base.ranges import as_bytes
from zoo.data import named, stacked, synthetic
from zoo.data.decode import suffixes
from zoo.data.decoded import MEMORY_LIMIT, Lazy, Ragged, decoded, formatted, joined
from zoo.data.files import EMPTY, FRAMES, FolderFiles, ZipFiles, classes, report_left_out
from zoo.data.image_format import ImageFormat, still
from zoo.errors import ArgumentError, DataError, MissingSplitError, check_count
from zoo.files.arrays import opened
from zoo.files.home import user_path

# Names of the folder of a split, of which upper and lower case count as equal.
FOLDERS = (("train", "training"), ("test", "testing"), ("val", "valid", "validation"))
OTHER_SPLITS = ("test", "testing", "val", "validation")  # folders that hold no training images
ARRAYS = "arrays"  # the name of a source that was given as arrays
DIVIDED = NINE_IN_TEN, ONE_IN_TEN = "train, nine in ten", "train, one in ten"
POINTS = {"train": 50_000, "test": 10_000}  # the number of points in a split of a synthetic set


class Source(NamedTuple):
    """Images or points, with their labels and their origin.

    `images` is 8-bit, of shape `(n, height, width, channels)`; points are float32, of shape
    `(n, features)`. It is a NumPy array, or an object that is indexed like one and decodes images
    when they are needed. `labels` are integers of shape `(n,)`, or `None`.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    classes: tuple[str, ...] | None = None  # the names of the labels, if they have names
    split: str | None = None  # the name of the split, if the set has splits

    def select(self, rows) -> Source:
        """Return the subset of images and labels with the indices, or the mask, `rows`."""
        images = self.images
        rows = np.arange(len(images))[rows]
        return self._replace(
            images=images[rows] if isinstance(images, np.ndarray) else images.select(rows),
            labels=None if self.labels is None else self.labels[rows],
        )

    def centred(self) -> Source:
        """Return the same source with the centre of each image that has random windows."""
        match self.images:
            case Ragged() | Lazy():
                return self._replace(images=self.images.centred())
        return self

    @property
    def noun(self) -> str:
        """The plural of the data, `"images"` or `"points"`."""
        match tuple(self.images.shape):
            case (_, _):
                return "points"
            case _:
                return "images"

    @property
    def sha256(self) -> str:
        """The hash of the images and of the labels, if there are any."""
        return self.hashed()

    def hashed(self, **shared) -> str:
        """Return `sha256`, which several processes may compute together, see `Lazy.sha256`."""
        if isinstance(self.images, np.ndarray):
            digest = hashlib.sha256(np.ascontiguousarray(self.images))
        elif isinstance(self.images, Lazy):
            digest = hashlib.sha256(self.images.sha256(**shared).encode())
        else:
            digest = hashlib.sha256(self.images.sha256().encode())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels.astype("<i8")))
        return digest.hexdigest()


def read(
    name_or_path: str | Path | np.ndarray | tuple,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    crop: str = "centre",
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
) -> Source:
    """Return a set of images, or of points.

    Args:
        name_or_path: a path to a folder, a `.zip` or an `.npz` file; else a name of
            `zoo.data.synthetic`; else `"stacked_"` and the name of another set, see
            `zoo.data.stacked`; else the name of a set of TensorFlow Datasets, which is read from
            `TFDS_DATA_DIR` (by default `~/tensorflow_datasets`) and never downloaded. An array of
            images, or a pair of images and labels, is allowed too: 8-bit images, bool for black and
            white, or float32 points.
        split: the name of the split. A folder or zip file may hold a sub-folder of this name, and
            an `.npz` file the arrays `x_<split>` and `y_<split>`; else the complete set is the
            split `"train"`. Of folders upper and lower case count as equal, and so do `train` and
            `training`, `test` and `testing`, and `val`, `valid` and `validation`. `"train, one in
            ten"` is each tenth image of the split `"train"`, or the last image if there are fewer
            than ten. `"train, nine in ten"` is the rest. `read_splits` divides a set without a test
            split into these two.
        image_size: the size that images are antialiased to: one number for a square, or the height
            and the width. `None` leaves their size, which must then be equal for all.
        channels: 1 for grey, 3 for colour; `None` keeps the images' channels, but makes grey images
            beside colour ones colour.
        crop: what becomes of an image whose aspect ratio is not that of `image_size`. `"centre"`
            takes the largest part of that aspect ratio, from the middle; `"random"` takes one from
            another place for each batch, see `Batches`; `"none"` squeezes the whole image. One line
            says how many images are cropped, squeezed, enlarged or of other colours than before.
        strict: whether it is an error if an image cannot be read or something else is left out.
            Without it, a warning says what is: pictures in hidden and system folders, of other
            formats than PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, JPEG 2000 and AVIF, and
            beside the folders of classes or splits; files without the suffix of a picture, but for
            texts and tables; devices, pipes and sockets; all pictures of an animation or of a file
            of several pages but the first one; folders without a readable picture, which are no
            classes; and links to folders that are read under another name.
        memory_limit: in bytes. Images of a set that is larger at `image_size` are decoded each time
            they are needed, and not into memory.

    Raises:
        DataError: if there is no such set, folder or split, or its images cannot be used.
        ArgumentError: if another argument has a wrong value.
    """
    check_count("memory_limit", memory_limit, minimum=0)
    image_format = ImageFormat.of(image_size, channels, crop)
    is_divided = split in DIVIDED
    source = _read(
        name_or_path, "train" if is_divided else split, image_format, strict, memory_limit
    )
    if is_divided:
        return _divided(source, split)
    return source._replace(split=None if is_arrays(name_or_path) else split)


def is_arrays(data) -> bool:
    """Return whether `data` are an array or a tensor of any library, or a pair of such."""
    return isinstance(data, tuple) or hasattr(data, "__array__")


def _read(
    name_or_path, split: str, image_format: ImageFormat, strict: bool, memory_limit: int
) -> Source:
    """Return one split of a set, as `read` does, with checked arguments."""
    if is_arrays(name_or_path):
        if split != "train":
            allowed = ", ".join(map(repr, ("train", *DIVIDED)))
            raise MissingSplitError(f"Arrays have no split {split!r}. Allowed: {allowed}.")
        return _from_arrays(ARRAYS, *_pair(name_or_path), image_format)
    if not isinstance(name_or_path, str | Path):
        raise ArgumentError(
            "name_or_path must be a name, a path, an array or a pair of arrays. Received: "
            f"{type(name_or_path).__name__}."
        )
    path = user_path(name_or_path)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix == ".zip":
        return _read_files(path, split, image_format, strict, memory_limit)
    if suffix == ".npz":
        arrays = _read_npz(path, split, memory_limit)
        return _from_arrays(path.stem, *arrays, image_format, repr(str(path)))
    is_path = isinstance(name_or_path, Path) or name_or_path.startswith(("/", ".", "~"))
    is_path = is_path or name_or_path.endswith(("/", os.sep))
    if path.is_file() and (is_path or suffix or len(path.parts) > 1):
        raise DataError(
            f"{str(path)!r} is a file of another kind. Allowed: a folder or a .zip file of images, "
            "or an .npz file with images as 'x' and labels as 'y'."
        )
    if is_path:
        raise DataError(named.missing(path))
    if name_or_path in synthetic.NAMED:
        if image_format != ImageFormat(None, None):
            raise DataError(
                f"image_size, channels and crop are for images. {name_or_path!r} is points."
            )
        return _draw(name_or_path, split)
    if name_or_path.startswith(stacked.PREFIX):
        if image_format.channels == 1:
            raise DataError("channels=1 does not go with stacked images, which have 3.")
        inner = name_or_path.removeprefix(stacked.PREFIX)
        crop = still(image_format.crop)  # three digits of one image cannot move apart
        digits = read(inner, split, image_format.size, 1, crop, memory_limit=2**62)
        return Source(name_or_path, *stacked.stack(digits.images, digits.labels))
    return Source(
        name_or_path, *named.read(name_or_path, split, image_format, strict, memory_limit)
    )


def fitting(image_shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the arguments `image_size` and `channels` of `read` for a model of `image_shape`.

    They are empty for points, whose shape is `(n,)`.
    """
    match image_shape:
        case (_,):
            return {}
        case (height, width, channels):
            return {"image_size": (height, width), "channels": channels}
    raise ArgumentError(
        "image_shape must be (height, width, channels), or (n,) for points. Received: "
        f"{image_shape!r}."
    )


def read_splits(
    name_or_path: str | Path,
    image_size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    crop: str = "centre",
) -> tuple[Source, Source]:
    """Return the training and the test images of a set.

    Without a test split, each tenth image of the training split is held out as the test images.

    Args:
        name_or_path: see `read`, also for `image_size` and `channels`.
        crop: see `read`. Of `"random"` the test images are cropped to the centre.

    Raises:
        DataError: if there is no such set, or its images cannot be used.
    """
    options = {"image_size": image_size, "channels": channels}
    train = read(name_or_path, "train", **options, crop=crop)
    try:
        return train, read(name_or_path, "test", **options, crop=still(crop))
    except MissingSplitError:
        return divide(train)


def divide(train: Source) -> tuple[Source, Source]:
    """Divide a training split: return nine of ten data to train on, and each tenth to test with.

    Of images with random windows the test images are the centres.
    """
    return _divided(train, NINE_IN_TEN), _divided(train, ONE_IN_TEN).centred()


def training_split(split: str) -> str:
    """Return the name of the training split that shares no image with `split`."""
    return NINE_IN_TEN if split in DIVIDED else "train"


def _divided(train: Source, split: str) -> Source:
    """Return each tenth image of a training split, or the other images.

    Raises:
        DataError: if there is only one image.
    """
    count = len(train.images)
    if count < 2:
        raise DataError(f"{train.name!r} holds one image, of which none can be held out.")
    held_out = np.arange(count) % min(count, 10) == min(count, 10) - 1
    part = train.select(held_out if split == ONE_IN_TEN else ~held_out)
    return part._replace(split=split)


def _draw(name: str, split: str) -> Source:
    """Return the points of a synthetic set; each split has its own seed."""
    if split not in POINTS:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(POINTS)}. Received: {split!r}."
        )
    seed = list(POINTS).index(split)
    return Source(name, *synthetic.named(name).draw(POINTS[split], seed))


def _pair(arrays) -> tuple[np.ndarray, np.ndarray | None]:
    """Return images and labels, or images and `None`, as arrays."""
    pair = arrays if isinstance(arrays, tuple) else (arrays, None)
    if len(pair) != 2:
        raise DataError(f"A pair of images and labels has two parts. Received: {len(pair)}.")
    images = as_array("images", pair[0], error=DataError)
    return images, None if pair[1] is None else as_labels("labels", pair[1], error=DataError)


def _read_npz(path: Path, split: str, memory_limit: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images and labels of a split in an `.npz` file.

    Raises:
        DataError: if the file cannot be read, or has no such split.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.")

    def check_size(size: int) -> None:
        """Raise if arrays of `size` bytes are more than the file itself and `memory_limit`."""
        if size > max(memory_limit, path.stat().st_size):
            raise DataError(
                f"{str(path)!r} holds arrays of {size:,} bytes, more than memory_limit="
                f"{memory_limit:,} and than the file. Allowed: a higher memory_limit=."
            )

    with opened(path, repr(str(path)), check_size=check_size) as arrays:
        suffix = f"_{split}" if f"x_{split}" in arrays else ""
        if f"x{suffix}" not in arrays or (not suffix and split != "train"):
            suffixes = [f"_{split}", ""] if split == "train" else [f"_{split}"]
            x, y = (" or ".join(repr(key + suffix) for suffix in suffixes) for key in "xy")
            raise MissingSplitError(
                f"{path.name} must hold images as {x}, and may hold labels as {y}. It holds: "
                f"{sorted(arrays)}."
            )
        images = arrays[f"x{suffix}"]
        labels = arrays.get(f"y{suffix}")
        if labels is not None:
            labels = as_labels(f"y{suffix} of {path.name}", labels, error=DataError)
        return images, labels


def _from_arrays(
    name: str, images, labels, image_format: ImageFormat, place: str | None = None
) -> Source:
    """Return arrays as a source, after a check of their types and shapes.

    `place` is the name of the set in errors, by default `name`.
    """
    place = name if place is None else place
    if images.ndim == 3:
        images = images[..., None]
    images = as_bytes(name, images, DataError)
    points = images.ndim == 2 and images.dtype == np.float32
    if not points and (images.dtype != np.uint8 or images.ndim != 4 or not images.size):
        raise DataError(
            f"{place} must hold 8-bit (uint8) images of shape (n, height, width[, channels]), or "
            f"float32 points of shape (n, features). It holds {images.dtype} of shape "
            f"{images.shape}."
        )
    if labels is not None and len(labels) != len(images):
        raise DataError(
            f"labels of {place} must be as many as images, {len(images)}. Received: {len(labels)}."
        )
    if not points and (image_format.size or image_format.channels):
        images = joined([formatted(image, image_format) for image in images], image_format, place)
    return Source(name, images, labels)


def files_of(path: Path, split: str) -> tuple[FolderFiles | ZipFiles, list[str]]:
    """Return the image files of a split of a folder or zip file, and the class folders of all
    splits.

    Raises:
        DataError: if there is no such file or split, or no image in it.
    """
    try:
        files = FolderFiles(path) if path.is_dir() else ZipFiles(path)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {str(path)!r}.") from error
    files = _unwrapped(files)
    class_folders = []
    folder = _split_folder(files.folders(), split, path)
    if folder is not None:
        known = {name for group in FOLDERS for name in group}
        splits = {f for f in files.folders() if f.lower() in known} | {folder}
        parts = [name.split("/") for name in files.names]
        class_folders = [part[1] for part in parts if len(part) > 2 and part[0] in splits]
        beside = ["/".join(part) for part in parts if part[0] not in splits]
        files = files.below(folder)
        files.left_out["beside the folders of the splits"] = beside
    elif split != "train":
        raise MissingSplitError(f"{str(path)!r} holds no sub-folder {split!r}.")
    else:
        is_other_split = [
            name.split("/")[0].lower() in OTHER_SPLITS and "/" in name for name in files.names
        ]
        files = files.select(np.flatnonzero(~np.array(is_other_split, dtype=bool)))
        files.subfolders = {f for f in files.subfolders if f.lower() not in OTHER_SPLITS}
    if not files.names:
        report_left_out(repr(str(path)), files.left_out, strict=False)
        raise DataError(
            f"{str(path)!r} holds no image, at any depth. Looked for: "
            f"{', '.join(sorted(suffixes()))}."
        )
    return files, class_folders


def _unwrapped(files: FolderFiles | ZipFiles) -> FolderFiles | ZipFiles:
    """Return the files below the one folder that holds all sub-folders, if there is such a one."""
    while len(files.folders()) == 1 and all("/" in name for name in files.names):
        (folder,) = files.folders()
        inner = files.below(folder)
        if any(folder.lower() in group for group in FOLDERS) or not inner.folders():
            break
        empty = [*files.left_out.get(EMPTY, ()), *sorted(files.subfolders - {folder})]
        inner.left_out = {**files.left_out, EMPTY: empty}
        files = inner
    return files


def _split_folder(folders: set[str], split: str, path: Path) -> str | None:
    """Return the one of `folders` that holds `split`, or `None`.

    Raises:
        DataError: if there are several.
    """
    names = next((group for group in FOLDERS if split.lower() in group), (split.lower(),))
    found = sorted(folder for folder in folders if folder.lower() in names)
    same = [folder for folder in found if folder.lower() == split.lower()] or found
    if len(same) > 1:
        raise DataError(
            f"{str(path)!r} must hold one folder of the split {split!r}. It holds: "
            f"{', '.join(same)}."
        )
    return same[0] if same else None


def without_images(files: FolderFiles | ZipFiles, rows: list[int]) -> set[str]:
    """Return the folders that hold none of the readable images `rows`, unless the set is flat."""
    if 2 * sum("/" in name for name in files.names) <= len(files):
        return set()
    return files.subfolders - files.select(rows).folders()


class Selected(NamedTuple):
    """The image files of a split of a folder or zip file, and their classes.

    Attributes:
        files: the image files that are read; `files.left_out` names the others.
        labels: the class of each file, or `None`.
        classes: the names of the classes, or `None`.
    """

    files: FolderFiles | ZipFiles
    labels: np.ndarray | None
    classes: tuple[str, ...] | None


def select_files(path: Path, split: str) -> Selected:
    """Return the image files of a split, flat or with a sub-folder for each class.

    Images beside the folders of the classes are left out. If there are more of these, all images
    are read, without classes.

    Raises:
        DataError: if there is no such file or split, or no image in it.
    """
    files, class_folders = files_of(path, split)
    known_classes = classes(files.names, class_folders)
    names, labels = known_classes or (None, np.zeros(len(files), dtype="int64"))
    labels = np.array(labels, dtype="int64")
    beside = [files.names[row] for row in np.flatnonzero(labels < 0)]
    if known_classes is None and len(files.folders()) > 1:
        reason = "as classes, since most images lie in no folder"
        files.left_out[reason] = sorted(files.folders())
    files = files.select(np.flatnonzero(labels >= 0))
    files.left_out["beside the folders of the classes"] = beside
    if names is None:
        return Selected(files, None, None)
    return Selected(files, labels[labels >= 0], tuple(names))


def _read_files(
    path: Path, split: str, image_format: ImageFormat, strict: bool, memory_limit: int
) -> Source:
    """Return the images of a folder or zip file."""
    files, labels, names = select_files(path, split)
    report_left_out(repr(str(path)), files.left_out, strict)
    images, rows = decoded(files, image_format, strict, repr(str(path)), memory_limit)
    found = {FRAMES: files.animated, EMPTY: without_images(files, rows)}
    report_left_out(repr(str(path)), found, strict)
    name = path.stem if path.suffix.lower() == ".zip" else path.name
    return Source(name, images, None if labels is None else labels[rows], names)
