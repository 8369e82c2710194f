"""Presets as folders in Keras's own format: `config.json`, `metadata.json`, `model.weights.h5`.

`keras.saving.load_model` reads such a folder too, once `zoo` is imported. Weights are arrays only:
no pickle, no code.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import h5py
import keras
import numpy as np

from zoo import engine
from zoo.base.warn import filtered
from zoo.engine.finite import broken_weight, unwarned
from zoo.engine.saving import WeightsBuffer
from zoo.engine.unset import limited_weights, unset_weights
from zoo.errors import ArgumentError, IntegrityError
from zoo.files import archive
from zoo.files.home import write_text
from zoo.files.limits import check_limit
from zoo.presets import safety, trust

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
LARGEST = 2**22  # bytes of a configuration
MEMBERS = 2**14  # bytes of the list of members of a Keras file
# A file of weights that was compressed is at most so many times as large as it was.
EXPANSION = 20
# Numbers that optimizers make for each weight, and all that is not saved, such as metrics.
SLOTS, UNSAVED = 8, 2**16


def write_model(model: keras.Model, folder: Path, half_precision: bool = True) -> None:
    """Write `model`, without optimizers, to `folder`.

    Args:
        model: a built model.
        folder: an existing folder.
        half_precision: whether float32 arrays of more than one number are stored as float16.

    Raises:
        ValueError: if a weight is not finite, or does not fit into half precision.
    """
    broken = broken_weight(model)
    if broken is not None:
        raise ArgumentError(
            f"model must have finite weights. Received: {type(model).__name__} with NaN or "
            f"infinite values in {broken}."
        )
    # A model of the same configuration that was never compiled has no optimizer to save.
    bare = type(model).from_config(model.get_config())
    _copy_state(model, bare)
    _write_config(bare, folder / CONFIG)
    write_text(folder / METADATA, json.dumps({"keras_version": keras.__version__}) + "\n")
    _write_weights(bare, folder / WEIGHTS, half_precision)


def write_components(model: keras.Model, folder: Path, half_precision: bool = True) -> dict:
    """Write the parts of `model` that can be loaded alone to `folder`.

    Returns:
        The names of the files of each part, by the name of the part.
    """
    names = {}
    for name, part in model.components().items():
        files = config, weights = (f"{name}.json", f"{name}.weights.h5")
        _write_config(part, folder / config)
        _write_weights(part, folder / weights, half_precision)
        names[name] = files
    return names


def read_model(
    folder: Path,
    config: str = CONFIG,
    weights: str = WEIGHTS,
    modules: Mapping[str, str] | None = None,
    optimizers: bool = False,
) -> keras.Model:
    """Return the model in `folder`, uncompiled, with float32 weights.

    Args:
        folder: the folder of a preset.
        config: the name of the file of the configuration.
        weights: the name of the file of the weights.
        modules: the modules of classes of other packages, which are imported if the user allows it.
        optimizers: whether the file of the weights holds those of optimizers too, which are not
            read.

    Raises:
        TrustError: if the user does not allow it, or such a module lacks its class.
        IntegrityError: if the files name an unknown class, or hold anything but the arrays of the
            model.
    """
    engine.forget_kernels()  # of models that a server has read and dropped
    source = f"The file {folder / weights}"
    shapes = safety.check_arrays(folder / weights, source)
    model = _built(folder / config, _numbers(shapes), modules or {})
    safety.check_fits(shapes, model, source, more=optimizers)
    read_weights(model, folder / weights, f"the model of {config}")
    return model


def foreign_classes(folder: Path, config: str = CONFIG) -> dict[str, str | None]:
    """Return the module of each class of other packages in a configuration in `folder`, see
    `zoo.presets.trust.foreign_classes`."""
    path = folder / config
    return trust.foreign_classes(_parsed(path.read_bytes(), path), f"The file {path}")


def _numbers(shapes: Counter) -> int:
    """Return the number of numbers in arrays of these `shapes`."""
    return sum(math.prod(shape) * n for shape, n in shapes.items())


def read_weights(model: keras.Model, path: Path, model_text: str = "the model") -> None:
    """Load the weights in the file `path` into `model`, which errors call `model_text`.

    Raises:
        IntegrityError: if the file does not fit the model.
    """
    try:
        # Keras warns, and leaves a layer or an optimizer as it is, if the file lacks its weights.
        skipped = "Skipping (nested container|variable loading for optimizer)"
        with filtered("error", skipped, UserWarning):
            model.load_weights(path)
    except (ValueError, KeyError, OSError, RuntimeError, UserWarning) as error:
        raise IntegrityError(f"The file {path} does not fit {model_text}. {error}") from error


def read_component(folder: Path, name: str, modules: Mapping[str, str]) -> keras.Model:
    """Return the part `name` of a model, which `write_components` wrote to `folder`.

    It needs only those of `modules` whose classes are in the part.
    """
    path = folder / f"{name}.json"
    check_limit(f"The file {path}", "bytes", path.stat().st_size, LARGEST)
    needed = {*trust.names_in(_parsed(path.read_bytes(), path), f"The file {path}")}
    modules = {name: module for name, module in modules.items() if name in needed}
    return read_model(folder, path.name, f"{name}.weights.h5", modules)


def read_file(path: Path) -> keras.Model:
    """Return the model in the `.keras` file `path`, compiled if it was saved compiled.

    Its configuration and its arrays are checked as `read_model` checks them.

    Raises:
        IntegrityError: as for `read_model`, or if the file is no `.keras` file.
    """
    source = f"The file {path}"
    with archive.opened(path, source, MEMBERS) as members:
        names = members.namelist()
        others = {CONFIG, METADATA, WEIGHTS} ^ set(names)
        if others or len(set(names)) != len(names):
            raise IntegrityError(
                f"{source} holds {', '.join(sorted(names))}. Allowed: {CONFIG}, {METADATA} and "
                f"{WEIGHTS}."
            )
        for name in (CONFIG, METADATA):
            check_limit(source, f"bytes in {name}", members.getinfo(name).file_size, LARGEST)
        config = members.read(CONFIG)
        expansion = members.getinfo(WEIGHTS).file_size / max(path.stat().st_size, 1)
        check_limit(source, f"times its own bytes in {WEIGHTS}", expansion, EXPANSION)
        with members.open(WEIGHTS) as weights:
            stored = members.getinfo(WEIGHTS).compress_type == zipfile.ZIP_STORED
            # Of compressed bytes each step back would unpack all again.
            shapes = safety.check_arrays(weights if stored else io.BytesIO(weights.read()), source)
    safety.check_config(_parsed(config, path), source)
    try:
        with limited_weights(SLOTS * _numbers(shapes) + UNSAVED):
            return keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # a layer may raise anything for a forged configuration
        raise IntegrityError(f"Keras cannot read the file {path}. {_shortened(error)}") from error


def _parsed(text: bytes, path: Path) -> dict:
    """Return the configuration in `text`, the content of the file `path`."""
    try:
        config = json.loads(text)
    except RecursionError:
        raise IntegrityError(f"The configuration in {path} is nested too deeply.") from None
    except ValueError as error:
        raise IntegrityError(f"The configuration in {path} is no JSON: {error}.") from error
    if not isinstance(config, dict):
        raise IntegrityError(f"The configuration in {path} is no object.")
    return config


def _built(path: Path, most: int, modules: Mapping[str, str]) -> keras.Model:
    """Build the model of the configuration in `path`, with weights that are not set yet.

    `most` is the largest allowed number of parameters: a forged configuration cannot fill the
    memory.
    """
    check_limit(f"The file {path}", "bytes", path.stat().st_size, LARGEST)
    text = path.read_bytes()
    config = _parsed(text, path)
    trust.import_allowed(modules, f"The file {path}")
    safety.check_config(config, f"The file {path}")
    if b'"quantization":' in text:
        # Integers take the place of kernels that were made before. Two of int4 are one number.
        most *= 3
    try:
        with unset_weights(most + UNSAVED):
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:  # a layer may raise anything for a forged configuration
        raise IntegrityError(
            f"No model can be built of the file {path}. {_shortened(error)}"
        ) from error
    if not isinstance(model, keras.Model):
        raise IntegrityError(f"The file {path} is not the configuration of a model.")
    return model


def _shortened(error: Exception) -> str:
    """Return the type of `error` and the beginning of its message.

    Messages of Keras can hold whole configurations.
    """
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _write_config(model: keras.Model, path: Path) -> None:
    """Write the configuration of `model` to `path`, as JSON."""
    write_text(path, config_text(model))


def config_text(model: keras.Model) -> str:
    """Return the configuration of `model` without its optimizers, as JSON."""
    config = keras.saving.serialize_keras_object(model)
    config["config"].pop("dtype_policy", None)  # a preset is built under the policy in force
    config.pop("compile_config", None)
    return json.dumps(config, indent=1, sort_keys=True) + "\n"


def _copy_state(source: keras.Model, target: keras.Model) -> None:
    """Copy all variables of `source` to `target`."""
    for new, old in zip(target.variables, source.variables, strict=True):
        new.assign(old)


def _write_weights(model: keras.Model, path: Path, half_precision: bool) -> None:
    """Write the weights of `model` to `path`."""
    weights = weights_file(model)
    path.write_bytes(_halved(weights) if half_precision else weights)


def weights_file(model: keras.Model) -> bytes:
    """Return the content of Keras's HDF5 file of the weights and the optimizer of `model`.

    It is made in memory: on a full disk, the HDF5 library ends the process and raises no error.
    Numbers that are not finite cause no warning: `not_finite` finds them.
    """
    buffer = WeightsBuffer()
    with unwarned():
        model.save_weights(buffer)
    return buffer.getvalue()


def not_finite(weights: bytes) -> str | None:
    """Return the name of an array with NaN or an infinity in the HDF5 file `weights`, or `None`."""

    def visit(name, item):
        numbers = isinstance(item, h5py.Dataset) and np.issubdtype(item.dtype, np.floating)
        return name if numbers and not np.isfinite(item[()]).all() else None

    with h5py.File(io.BytesIO(weights), "r") as file:
        return file.visititems(visit)


def _halved(weights: bytes) -> bytes:
    """Return the HDF5 file `weights` with its float32 arrays in float16.

    Arrays of a single number stay in float32.
    """
    buffer = io.BytesIO()
    with h5py.File(io.BytesIO(weights), "r") as source, h5py.File(buffer, "w") as target:

        def visit(name, item):
            if isinstance(item, h5py.Group):
                copied = target.require_group(name)
            else:
                copied = target.create_dataset(name, data=_half(name, item[()]))
            copied.attrs.update(item.attrs)

        target.attrs.update(source.attrs)
        source.visititems(visit)
    return buffer.getvalue()


def _half(name: str, array: np.ndarray) -> np.ndarray:
    """Return `array` in float16 if it is of float32 and has several numbers, or raise."""
    if array.dtype != np.float32 or array.size == 1:
        return array
    if not np.abs(array).max() < np.finfo("float16").max:
        raise ArgumentError(
            f"The array {name} does not fit into half precision: its largest value is "
            f"{array.max()}."
        )
    return array.astype("float16")
