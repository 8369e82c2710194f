"""Images, labels and points from many sources, as batches for `fit`."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.base.program import import_all
from zoo.base.ranges import to_bytes, to_range
from zoo.data import synthetic
from zoo.data.animation import save_animation
from zoo.data.decoded import MEMORY_LIMIT
from zoo.data.grid import grid, save_grid
from zoo.data.rights import rights
from zoo.data.sources import Source, fitting, is_arrays, read, read_splits
from zoo.data.stacked import stack
from zoo.data.survey import Survey, survey
from zoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from zoo.data.batches import Batches
    from zoo.data.pairs import PairBatches, load_pairs, read_pairs

__all__ = [
    "Batches",
    "PairBatches",
    "Source",
    "Survey",
    "fitting",
    "grid",
    "load",
    "load_pairs",
    "read",
    "read_pairs",
    "read_splits",
    "rights",
    "save_animation",
    "save_grid",
    "stack",
    "survey",
    "synthetic",
    "to_bytes",
    "to_range",
]


# Batches are a class of Keras, without which images can be read and looked at.
OF_KERAS = {
    "Batches": "zoo.data.batches",
    "PairBatches": "zoo.data.pairs",
    "load_pairs": "zoo.data.pairs",
    "read_pairs": "zoo.data.pairs",
}


def __getattr__(name: str):
    if name not in OF_KERAS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_all()
    return getattr(importlib.import_module(OF_KERAS[name]), name)


def __dir__():
    return sorted({*globals(), *__all__})


def load(
    name_or_path: Any,
    split: str = "train",
    *,
    image_size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    labels: bool | None = None,
    batch_size: int = 64,
    seed: int = 0,
    shuffle: bool = True,
    crop: str = "centre",
    flip: bool = False,
    value_range: tuple[float, float] = (-1.0, 1.0),
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
    **batches,
) -> Batches:
    """Return batches for `fit` from named data, a folder, a file or arrays.

    The data are a set of TensorFlow Datasets, a folder or zip file of images, an `.npz` file,
    arrays or synthetic points.

    Args:
        name_or_path: see `zoo.data.read`, also for `split`, `image_size`, `channels`, `crop`,
            `strict` and `memory_limit`. A `tf.data.Dataset`, a torch `DataLoader`, a Keras
            `PyDataset` or a grain dataset is returned unchanged; it allows no other argument.
        labels: whether elements are `(images, labels)`. `None` means that they are if the source
            has labels.
        batch_size: see `zoo.data.Batches`, also for `seed`, `shuffle`, `flip`, `value_range`, and
            for `dequantize`, `binarize`, `shard` and `decoding_processes` in `**batches`.

    Raises:
        DataError: if there is no such data, or it has no labels and `labels=True`.
        ArgumentError: if another argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> images = np.zeros((10, 28, 28), "uint8")
    >>> batches = zoo.data.load((images, np.arange(10)), batch_size=4, image_size=32)
    >>> [x.shape for x in batches[0]]
    [(4, 32, 32, 1), (4,)]
    """
    arguments = {**locals(), **batches}
    from zoo.data.batches import Batches

    if not isinstance(name_or_path, str | Path) and not is_arrays(name_or_path):
        return _unchanged(name_or_path, arguments)
    source = read(name_or_path, split, image_size, channels, crop, strict, memory_limit)
    if labels and source.labels is None:
        raise DataError(f"labels=True, but {source.name!r} has no labels.")
    return Batches(
        source.images,
        None if labels is False else source.labels,
        batch_size,
        seed,
        shuffle,
        value_range,
        crop,
        flip,
        **batches,
    )


def _unchanged(dataset, arguments: dict):
    """Return `dataset` if `fit` takes it and no argument asks for a change of it."""
    builtin = isinstance(dataset, list | dict | set | bytes)
    if builtin or not (hasattr(dataset, "__iter__") or hasattr(dataset, "__getitem__")):
        raise ArgumentError(
            "name_or_path must be a name, a path, an array, a pair of arrays, or a "
            "tf.data.Dataset, DataLoader, PyDataset or grain dataset. Received: "
            f"{type(dataset).__name__}."
        )
    defaults = {
        parameter.name: parameter.default
        for parameter in inspect.signature(load).parameters.values()
    }
    changed = [
        name
        for name, value in arguments.items()
        if name not in ("name_or_path", "batches") and value != defaults.get(name)
    ]
    if changed:
        raise ArgumentError(
            f"A ready-made dataset is passed on as it is. Received beside it: {', '.join(changed)}."
        )
    return dataset
