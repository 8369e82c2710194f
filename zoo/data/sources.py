"""Where images come from: a TensorFlow Datasets name, a folder of images, an `.npz` file; and where
points come from."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from zoo.data import synthetic
from zoo.errors import DataError, check_choice, check_count

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
POINTS = {"train": 50_000, "test": 10_000}  # of a synthetic set
log = logging.getLogger(__name__)


class MissingSplitError(DataError):
    """Data that have no such split."""


class Source(NamedTuple):
    """Images, or points, and where they are from.

    `images` is 8-bit, of shape `(n, height, width, channels)`, or float32, of shape `(n, features)`
    for points; `labels` are integers of shape `(n,)`, or `None`.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None

    @property
    def sha256(self) -> str:
        """The hash of the images and, where there are any, the labels."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images))
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels.astype("<i8")))
        return digest.hexdigest()


def read(
    name_or_path: str | Path,
    split: str = "train",
    image_size: int | None = None,
    channels: int | None = None,
) -> Source:
    """All images of a set, in memory; or all points of a synthetic one.

    Args:
        name_or_path: a path to a folder or an `.npz` file, if there is such a path, else a name of
            `zoo.data.synthetic`, else the name of a set of TensorFlow Datasets, which is read from
            `TFDS_DATA_DIR` (by default `~/tensorflow_datasets`) and never downloaded.
        split: the part of the set. A folder may hold a sub-folder of this name for it, an `.npz`
            file the arrays `x_<split>` and `y_<split>`; else all of it is read for the split
            `"train"`.
        image_size: the height and width to crop (centrally) and resize images to; `None` leaves
            them as they are.
        channels: 1 for grey, 3 for colour; `None` leaves images as they are.

    Raises:
        DataError: if there is no such set, folder or split, or its images cannot be used.
    """
    if image_size is not None:
        check_count("image_size", image_size)
    if channels is not None:
        check_choice("channels", channels, (1, 3))
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return _read_folder(path, split, image_size, channels)
    if path.suffix == ".npz":
        if not path.is_file():
            raise DataError(f"There is no file {str(path)!r}.")
        source = _read_npz(path, split)
    elif isinstance(name_or_path, Path) or name_or_path.startswith(("/", ".", "~")):
        raise DataError(f"There is no folder {str(path)!r}.")
    elif name_or_path in synthetic.NAMED:
        if image_size is not None or channels is not None:
            raise DataError(f"image_size and channels are for images. {name_or_path!r} is points.")
        return _draw(name_or_path, split)
    else:
        source = _read_tfds(name_or_path, split)
    return source._replace(images=_fit_all(source.images, image_size, channels))


def read_splits(
    name_or_path: str | Path, image_size: int | None = None, channels: int | None = None
) -> tuple[Source, Source]:
    """The training and the test images of a set; arguments as for `read`.

    Where there is no test split, each tenth image of the training split is held out for it.
    """
    train = read(name_or_path, "train", image_size, channels)
    try:
        return train, read(name_or_path, "test", image_size, channels)
    except MissingSplitError:
        held_out = np.arange(len(train.images)) % 10 == 9
        return _rows(train, ~held_out), _rows(train, held_out)


def _rows(source: Source, rows: np.ndarray) -> Source:
    labels = None if source.labels is None else source.labels[rows]
    return source._replace(images=source.images[rows], labels=labels)


def _draw(name: str, split: str) -> Source:
    """The points of a synthetic set: the same each time, others for each split."""
    if split not in POINTS:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(POINTS)}. Received: {split!r}."
        )
    seed = list(POINTS).index(split)
    return Source(name, *synthetic.named(name).draw(POINTS[split], seed))


def _read_tfds(name: str, split: str) -> Source:
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise DataError(
            f"{name!r} is no folder and no .npz file here, and reading it as a set of "
            "TensorFlow Datasets needs the "
            f"extra 'data': pip install 'keras-generative-zoo[data]'. ({error})"
        ) from error
    try:
        # Given anew each time: TFDS itself reads the variable once, when it is imported.
        builder = tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"))
    except tfds.core.DatasetNotFoundError as error:
        raise DataError(
            f"Unknown data set: {name!r}. It is neither a folder or .npz file here nor a set "
            f"of TensorFlow Datasets nor one of {', '.join(synthetic.NAMED)}."
        ) from error
    if not builder.data_path.exists():
        raise DataError(
            f"The data set {name!r} is not prepared in {builder.data_path.parent.parent}. "
            "Prepare it once, with a "
            'network: python -c "import tensorflow_datasets as tfds; '
            f"tfds.builder('{name}').download_and_prepare()\"; "
            "or set TFDS_DATA_DIR to the folder that holds it."
        )
    if split not in builder.info.splits:
        raise MissingSplitError(
            f"split of {name!r} must be one of {sorted(builder.info.splits)}. Received: {split!r}."
        )
    if builder.info.file_format == tfds.core.FileFormat.ARRAY_RECORD:
        source = builder.as_data_source(split=split)  # imports no TensorFlow
        examples = (
            source.__getitems__(range(len(source)))
            if hasattr(source, "__getitems__")
            else list(source)
        )
    else:
        examples = tfds.as_numpy(builder.as_dataset(split=split))
    images, labels = [], []
    for example in examples:
        images.append(example["image"])
        if "label" in example:
            labels.append(example["label"])
    if len({image.shape for image in images}) > 1:
        raise DataError(f"The images of {name!r} differ in shape; a set in memory needs one shape.")
    return Source(name, np.stack(images), np.array(labels, dtype="int64") if labels else None)


def _read_npz(path: Path, split: str) -> Source:
    with np.load(path, allow_pickle=False) as arrays:
        suffix = f"_{split}" if f"x_{split}" in arrays else ""
        if f"x{suffix}" not in arrays or (not suffix and split != "train"):
            raise MissingSplitError(
                f"{path.name} must hold images as 'x_{split}'"
                + (" or 'x'" if split == "train" else "")
                + " and may "
                f"hold labels as 'y' in place of 'x'. It holds: {sorted(arrays)}."
            )
        images = arrays[f"x{suffix}"]
        labels = arrays[f"y{suffix}"].astype("int64") if f"y{suffix}" in arrays else None
    if images.ndim == 3:
        images = images[..., None]
    if images.dtype != np.uint8 or images.ndim != 4:
        raise DataError(
            f"{path.name} must hold 8-bit (uint8) images of shape (n, height, width[, channels]). "
            f"It holds {images.dtype} of shape {images.shape}."
        )
    return Source(path.stem, images, labels)


def _read_folder(folder: Path, split: str, image_size: int | None, channels: int | None) -> Source:
    """A folder of images, flat or with a sub-folder a class; unreadable files are skipped and
    named in one warning."""
    root = folder / split if (folder / split).is_dir() else folder
    if root is folder and split != "train":
        raise MissingSplitError(f"The folder {str(folder)!r} holds no sub-folder {split!r}.")
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    classes = sorted({p.relative_to(root).parts[0] for p in files if p.parent != root})
    flat = any(p.parent == root for p in files)
    images, labels, skipped = [], [], []
    for file in files:
        try:
            with Image.open(file) as image:
                pixels = np.asarray(_fit(ImageOps.exif_transpose(image), image_size, channels))
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
            skipped.append(f"{file.relative_to(root)} ({error})")
            continue
        images.append(pixels if pixels.ndim == 3 else pixels[..., None])
        labels.append(0 if flat else classes.index(file.relative_to(root).parts[0]))
    if skipped:
        log.warning(
            "Skipped %d unreadable of %d files: %s",
            len(skipped),
            len(files),
            "; ".join(skipped[:10]),
        )
    if not images:
        raise DataError(
            f"The folder {str(root)!r} holds no readable image ({', '.join(SUFFIXES)}), at any "
            "depth."
        )
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise DataError(
            f"The images of {str(root)!r} have {len(shapes)} shapes, such as {sorted(shapes)[:3]}; "
            "give image_size= and channels=."
        )
    return Source(
        folder.name,
        np.stack(images),
        None if flat or len(classes) < 2 else np.array(labels, dtype="int64"),
    )


def _fit(image: Image.Image, image_size: int | None, channels: int | None) -> Image.Image:
    """One image with 1 or 3 channels (as `channels` says), centrally cropped and resized to
    `image_size`."""
    grey = channels == 1 or (channels is None and image.mode[0] in "1LIF")
    if image.mode.startswith("I"):
        # Sixteen bits, of which Pillow's own conversion would keep the lowest eight.
        image = Image.fromarray((np.asarray(image) / 257).round().astype("uint8"))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image = image.convert("L" if grey else "RGB")
    if image_size is None:
        return image
    return ImageOps.fit(image, (image_size, image_size), Image.Resampling.LANCZOS)


def _fit_all(images: np.ndarray, image_size: int | None, channels: int | None) -> np.ndarray:
    wanted = (
        image_size or images.shape[1],
        image_size or images.shape[2],
        channels or images.shape[3],
    )
    if images.shape[1:] == wanted:
        return images
    fitted = [
        _fit(Image.fromarray(x[..., 0] if x.shape[-1] == 1 else x), image_size, channels)
        for x in images
    ]
    return np.stack([np.asarray(x).reshape(wanted) for x in fitted])
