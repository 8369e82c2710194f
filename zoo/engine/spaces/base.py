"""`Space`, the base class of sets of values."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.base.arrays import UNREADABLE, as_array, check_unmasked, to_numpy, unreadable
from zoo.base.named import Named
from zoo.engine import scalars
from zoo.errors import ArgumentError


class Space(Named):
    """A set of values, whose batches have the shape `(batch, *shape)`.

    A model states its data, its condition and its noise as spaces. A space checks values, gives
    their specification to Keras, makes examples, and converts values between the forms in models
    and in files. For another kind of values, subclass it with a `name` and a `noun`.

    Attributes:
        shape: the shape of one value, without the batch.
        dtype: the type of the numbers in a batch.
        noun: the plural noun for the values in texts and errors.
    """

    kind = "space"
    required = ("check", "example")
    noun = "values"
    shape: tuple[int, ...]
    dtype = "float32"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), self.shape))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"

    # Specifications for Keras

    def spec(self) -> keras.InputSpec:
        """Return the specification of a batch, for `export`, with this space as `space`."""
        spec = keras.InputSpec(shape=(None, *self.shape), dtype=self.dtype)
        spec.space = self
        return spec

    def symbolic(self) -> keras.KerasTensor:
        """Return a symbolic batch, with which networks are built and checked."""
        return keras.KerasTensor((None, *self.shape), dtype=self.dtype)

    # Checks

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The lowest and the highest number of a value, or `None` for any number."""
        return getattr(self, "range", None)

    def check(self, argument: str, values) -> None:
        """Raise unless the batch `values` has the shape and the type of this space."""
        check_unmasked(argument, values)
        if not hasattr(values, "shape") or tuple(values.shape[1:]) != self.shape:
            raise ArgumentError(
                f"{argument} must hold {self.noun} of shape "
                f"(batch, {', '.join(map(str, self.shape))}). Received: {_described(values)}."
                f"{self._advice_on_shape()}"
            )
        if values.shape[0] == 0:
            raise ArgumentError(f"{argument} holds no {self.noun[:-1]}.")
        if str(values.dtype) == "object":
            raise ArgumentError(
                f"{argument} must hold floating-point {self.noun}. Received: Python objects, dtype "
                "object. numpy.stack(list(values)).astype('float32') converts numbers."
            )
        if "float" not in keras.backend.standardize_dtype(values.dtype):
            raise ArgumentError(
                f"{argument} must hold floating-point {self.noun}{self._in_range()}. Received: "
                f"dtype {keras.backend.standardize_dtype(values.dtype)}.{self._advice()}"
            )

    def _advice_on_shape(self) -> str:
        """Return the advice for values of a wrong shape, for errors."""
        return ""

    def _in_range(self) -> str:
        """Return the words about the range, for errors."""
        return ""

    def _advice(self) -> str:
        """Return the advice for values of a wrong type, for errors."""
        return ""

    def check_values(self, argument: str, values: np.ndarray, in_training: bool = True) -> None:
        """Raise unless all numbers in the array `values` are finite and in the range.

        With `in_training`, there is a warning if they seem to lie in another range.
        """
        if not np.isfinite(values).all():
            raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")

    def checked(self, argument: str, values, rows: int | None = None, in_range: bool = True):
        """Return `values` as an array of this space's type, or raise.

        Args:
            argument: the name of the argument in errors.
            values: an array or a tensor.
            rows: the required number of rows, or `None` for any.
            in_range: whether numbers out of range are an error.
        """
        values = as_array(argument, as_numpy(argument, values, self.noun), self.noun)
        self.check(argument, values)
        if rows is not None and len(values) != rows:
            raise ArgumentError(
                f"{argument} must hold {rows} {self.noun}. Received: {len(values)}."
            )
        values = values.astype(self.dtype)
        if in_range:
            self.check_values(argument, values, in_training=False)
        return values

    # In a step

    def tensor(self, values):
        """Return a batch of `values` as a tensor of the device that computes.

        The loaders of batches leave them in the memory of the host.
        """
        return scalars.sent(values)

    def cast(self, values):
        """Return a batch of `values` in the type of this space, inside of a step."""
        return ops.cast(values, self.dtype)

    @property
    def needed(self) -> str:
        """The noun for the values in errors about missing ones."""
        return self.noun

    def validity(self, values):
        """Return a scalar tensor that is true if all `values` belong to this space.

        `None` means that every batch of this shape and type belongs to it.
        """
        return

    # Examples, files and texts

    def example(self, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` values of this space, which `seed` determines, for tests and golden inputs."""
        return np.random.default_rng(seed).standard_normal((n, *self.shape), dtype="float32")

    def to_stored(self, values: np.ndarray) -> np.ndarray:
        """Convert `values` of a model to the form in files and metrics."""
        return values

    def from_stored(self, values: np.ndarray) -> np.ndarray:
        """Convert `values` in the form of files and metrics to a batch for a model."""
        return np.asarray(values, dtype=self.dtype)

    def stored_here(self, values: np.ndarray) -> np.ndarray:
        """Return real data in the form of files as data of this space would be stored.

        Samples are compared with them. They are the same unless the space has fewer values.
        """
        return values

    @property
    def compared_as(self) -> str:
        """The shape and type of stored values of `stored_here`, as text for protocols."""
        return self.stored_as

    def check_stored(self, argument: str, values) -> None:
        """Raise unless `values` are valid results of `to_stored`."""
        shape = tuple(values.shape[1:])
        if shape != self.shape:
            raise ArgumentError(
                f"{argument} must hold {self.noun} of shape {self.shape}, as the model's. "
                f"Received: {self.noun} of shape {shape}."
            )
        self.check_values(argument, np.asarray(values[:]), in_training=False)

    def stored_from_array(self, argument: str, values: np.ndarray) -> np.ndarray:
        """Convert a user's array `values` to the form in files and metrics, or raise."""
        return as_array(argument, values, self.noun).astype(self.dtype)

    @property
    def stored_as(self) -> str:
        """The shape and type of stored values, as text for protocols."""
        return f"{'x'.join(map(str, self.shape))} {self.noun}"

    @property
    def size(self) -> int:
        """The number of numbers in one value."""
        return math.prod(self.shape)

    @property
    def text(self) -> str:
        """The description of this space, for cards."""
        return " x ".join(map(str, self.shape))


def as_numpy(argument: str, values, noun: str = "numbers"):
    """Return an array or a tensor of any library as an array of NumPy, or raise.

    What is neither is returned as it is.
    """
    if isinstance(values, np.ndarray):
        return values
    try:
        if ops.is_tensor(values) and not hasattr(values, "detach"):
            return ops.convert_to_numpy(values)  # a sparse tensor of TensorFlow or JAX, too
        return to_numpy(values) if hasattr(values, "__array__") else values
    except UNREADABLE as reason:
        raise unreadable(argument, noun, values, reason) from None


def _described(value: Any) -> str:
    """Return the shape of `value`, or its type if it has no shape, as text."""
    return f"shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__
