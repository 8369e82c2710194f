"""Presets as folders in Keras's own format: `config.json`, `metadata.json`, `model.weights.h5`.

`keras.saving.load_model` reads such a folder too, once `zoo` is imported. Weights are arrays only:
no pickle, no code.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import h5py
import keras
import numpy as np

from zoo.errors import ArgumentError

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"


def write_model(model: keras.Model, folder: Path, half_precision: bool = True) -> None:
    """Writes `model`, without optimizers, to `folder`.

    Args:
        model: a built model.
        folder: an existing folder.
        half_precision: stores arrays of more than one float32 number as float16.

    Raises:
        ValueError: if an array does not fit into half precision.
    """
    # A model of the same configuration that was never compiled has no optimizer to save.
    bare = type(model).from_config(model.get_config())
    _copy_state(model, bare)
    config = keras.saving.serialize_keras_object(bare)
    del config["config"]["dtype_policy"]  # a preset is built under the policy in force
    (folder / CONFIG).write_text(
        json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    (folder / METADATA).write_text(
        json.dumps({"keras_version": keras.__version__}) + "\n", encoding="utf-8"
    )
    bare.save_weights(folder / WEIGHTS)
    if half_precision:
        _halve(folder / WEIGHTS)


def read_model(folder: Path) -> keras.Model:
    """The model in `folder`, uncompiled, with the weights of the file and float32 arrays."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    model = keras.saving.deserialize_keras_object(config)
    model.load_weights(folder / WEIGHTS)
    return model


def _copy_state(source: keras.Model, target: keras.Model) -> None:
    for new, old in zip(target.variables, source.variables, strict=True):
        new.assign(old)


def _halve(path: Path) -> None:
    """Rewrites the HDF5 file `path` with its float32 arrays in float16; single numbers stay as
    they are."""
    buffer = io.BytesIO()
    with h5py.File(path, "r") as source, h5py.File(buffer, "w") as target:

        def visit(name, item):
            if isinstance(item, h5py.Group):
                copied = target.require_group(name)
            else:
                copied = target.create_dataset(name, data=_half(name, item[()]))
            copied.attrs.update(item.attrs)

        target.attrs.update(source.attrs)
        source.visititems(visit)
    path.write_bytes(buffer.getvalue())


def _half(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype != np.float32 or array.size == 1:
        return array
    if not np.abs(array).max() < np.finfo("float16").max:
        raise ArgumentError(
            f"The array {name} does not fit into half precision: its largest value is "
            f"{array.max()}."
        )
    return array.astype("float16")
