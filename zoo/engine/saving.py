"""`Saved`, the mixin for the ways in which Keras saves a model."""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
from keras.src.utils.io_utils import ask_to_proceed_with_overwrite

from zoo import engine
from zoo.engine.rebuilding import check_can_be_saved
from zoo.errors import ArgumentError
from zoo.files.home import atomic_file, storage_errors, user_path

MODEL, WEIGHTS = ".keras", ".weights.h5"


class WeightsBuffer(io.BytesIO):
    """A buffer in memory with a name that Keras accepts as a file of weights.

    On a full disk, the HDF5 library ends the process and raises no error.
    """

    def __str__(self) -> str:
        return f"model{WEIGHTS}"


class Saved:
    """A mixin of `Model` that saves what can be loaded again, and replaces files as a whole.

    The functions of Keras that save a model call its methods, so that there is one way.
    """

    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Save the model to a `.keras` file, as `keras.Model.save` does.

        The file is replaced at the end: an error or an interruption leaves the earlier one. Folders
        above it are made, and `~` is the home directory.

        Raises:
            ArgumentError: if the model could not be loaded again, or the file is no `.keras` file.
                Nothing is written then.
            StorageError: if the file cannot be written.
        """
        name = _name(filepath)
        if name.endswith((".h5", ".hdf5")):
            raise ArgumentError(
                f"filepath must end in .keras. Received: {name!r}. The older format has no place "
                "for several optimizers; save_weights writes a .weights.h5 file."
            )
        in_place = zipped is False or "://" in name  # a folder of Keras, or a remote place
        if not in_place and (not name.endswith(MODEL) or user_path(name).is_dir()):
            kind = "a folder" if user_path(name).is_dir() else "another name"
            raise ArgumentError(
                f"filepath must be a file whose name ends in .keras. Received: {name!r}, {kind}. "
                "zoo.save(model, folder) writes the folder of a preset."
            )
        if self.compiled:
            self.follow_weights()  # raises before anything is written
        check_can_be_saved(self)
        if in_place:
            with self._newest():
                super().save(filepath, overwrite, zipped, **kwargs)
        elif (place := _place(name, overwrite)) is not None:
            with self._newest(), storage_errors(place), atomic_file(place) as partial:
                super().save(partial, zipped=zipped, **kwargs)

    def save_weights(self, filepath, overwrite=True, **kwargs):
        """Save the weights to a `.weights.h5` file, as `keras.Model.save_weights` does.

        The file is replaced at the end, as `save` does it.
        """
        one_file = isinstance(filepath, str | os.PathLike) and _name(filepath).endswith(WEIGHTS)
        if not one_file or "://" in _name(filepath) or kwargs.get("max_shard_size") is not None:
            with self._newest():
                super().save_weights(filepath, overwrite, **kwargs)
        elif (place := _place(_name(filepath), overwrite)) is not None:
            with storage_errors(place), atomic_file(place) as partial:
                buffer = WeightsBuffer()
                with self._newest():
                    super().save_weights(buffer, **kwargs)
                partial.write_bytes(buffer.getvalue())

    def __reduce__(self):
        check_can_be_saved(self)  # for pickle, and for copies
        with self._newest():
            return super().__reduce__()

    @contextlib.contextmanager
    def _newest(self) -> Iterator[None]:
        """Hold the model with the weights of its newest step, which another thread may train."""
        with self.turns:
            engine.synchronize(self)
            yield


def _name(filepath) -> str:
    """Return a path as a string, or raise."""
    try:
        return os.fspath(filepath)
    except TypeError as error:
        raise ArgumentError(f"filepath must be a path. Received: {filepath!r}.") from error


def _place(name: str, overwrite: bool) -> Path | None:
    """Return the file to replace, or `None` if the user does not want it to be replaced."""
    place = user_path(name).resolve()  # a link stays, and the file that it leads to is replaced
    replaced = overwrite or not place.exists() or ask_to_proceed_with_overwrite(place)
    return place if replaced else None


def _calling_method(function: Callable) -> Callable:
    """Return the function `function(model, ...)` of Keras, for models of this package as a call of
    their method of the same name."""

    @functools.wraps(function)
    def call(model, *args, **kwargs):
        if isinstance(model, Saved):
            return getattr(model, method)(*args, **kwargs)
        return function(model, *args, **kwargs)

    method = {"save_model": "save", "save_weights": "save_weights"}[function.__name__]
    return call


# Keras's functions open the file before they ask the model for anything, so that no method of a
# model could keep an earlier file.
keras.saving.save_model = keras.models.save_model = _calling_method(keras.saving.save_model)
if hasattr(keras.saving, "save_weights"):
    keras.saving.save_weights = _calling_method(keras.saving.save_weights)
