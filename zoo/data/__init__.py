"""Data: named sets, folders and files of images, and points, as batches for `fit`."""

from __future__ import annotations

from pathlib import Path

from zoo.data import synthetic
from zoo.data.batches import Batches
from zoo.data.grid import grid, save_grid
from zoo.data.ranges import to_bytes, to_range
from zoo.data.sources import Source, read, read_splits
from zoo.errors import DataError

__all__ = [
    "Batches",
    "Source",
    "grid",
    "load",
    "read",
    "read_splits",
    "save_grid",
    "synthetic",
    "to_bytes",
    "to_range",
]


def load(
    name_or_path: str | Path,
    split: str = "train",
    *,
    image_size: int | None = None,
    channels: int | None = None,
    labels: bool | None = None,
    batch_size: int = 64,
    seed: int = 0,
    shuffle: bool = True,
    value_range: tuple[float, float] = (-1.0, 1.0),
) -> Batches:
    """Batches of a TensorFlow Datasets set, a folder of images, an `.npz` file or synthetic points,
    for `fit`.

    Args:
        name_or_path: see `zoo.data.read`, as `split`, `image_size` and `channels`.
        labels: whether elements are `(images, labels)`; `None`: where the source has them.
        batch_size: see `zoo.data.Batches`, as `seed`, `shuffle` and `value_range`.

    Raises:
        DataError: if there is no such data, or it has no labels and `labels=True`.
    """
    source = read(name_or_path, split, image_size, channels)
    if labels and source.labels is None:
        raise DataError(f"labels=True, but {str(name_or_path)!r} has no labels.")
    wanted = None if labels is False else source.labels
    return Batches(source.images, wanted, batch_size, seed, shuffle, value_range)
