"""Spaces: the sets of values that a model takes and makes, and the questions about them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.base.named import Named
from zoo.base.ranges import to_bytes, to_range
from zoo.errors import ArgumentError, check_count

Range = tuple[float, float]


class Space(Named):
    """A set of values, of which a batch has the shape `(batch, *shape)`.

    A model states its data, its condition and its noise as spaces. A space checks values, gives
    their specification to Keras, makes examples, and converts between what models take and what
    files hold. Subclass it with a `name` and a `noun` for another kind.

    Attributes:
        shape: the shape of one value, without the batch.
        dtype: the type of values in a batch.
        noun: the plural by which texts call the values.
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

    # What Keras asks

    def spec(self) -> keras.InputSpec:
        """Return the specification of a batch, for `export`."""
        return keras.InputSpec(shape=(None, *self.shape), dtype=self.dtype)

    def symbolic(self) -> keras.KerasTensor:
        """Return a symbolic batch, by which networks are built and checked."""
        return keras.KerasTensor((None, *self.shape), dtype=self.dtype)

    # Checks

    def check(self, argument: str, values) -> None:
        """Raise unless the shape and the type of `values`, a batch, are those of this space."""
        if not hasattr(values, "shape") or tuple(values.shape[1:]) != self.shape:
            raise ArgumentError(
                f"{argument} must hold {self.noun} of shape "
                f"(batch, {', '.join(map(str, self.shape))}). Received: {_described(values)}."
            )
        if values.shape[0] == 0:
            raise ArgumentError(f"{argument} holds no {self.noun[:-1]}.")
        if "float" not in keras.backend.standardize_dtype(values.dtype):
            raise ArgumentError(
                f"{argument} must hold floating-point {self.noun}{self._in_range()}. Received: "
                f"dtype {keras.backend.standardize_dtype(values.dtype)}.{self._advice()}"
            )

    def _in_range(self) -> str:
        return ""

    def _advice(self) -> str:
        return ""

    def check_values(self, argument: str, values: np.ndarray, in_training: bool = True) -> None:
        """Raise unless the numbers in the array `values` can be meant; warn, `in_training`, where
        they look like those of another range."""
        if not np.isfinite(values).all():
            raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")

    def checked(self, argument: str, values, rows: int | None = None, in_range: bool = True):
        """Return `values` as an array of this space's type, or raise.

        Args:
            argument: the name of the argument in errors.
            values: an array or a tensor.
            rows: the number of rows that there must be, or `None`.
            in_range: whether numbers out of range are an error.
        """
        values = ops.convert_to_numpy(values)
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

    def cast(self, values):
        """Return a batch of `values` in the type of this space, inside of a step."""
        return ops.cast(values, self.dtype)

    @property
    def needed(self) -> str:
        """The values of this space, in errors that ask for them."""
        return self.noun

    def validity(self, values):
        """Return a scalar tensor that is true where all of `values` belong to this space, or `None`
        where the shape and the type say so already."""
        return

    # Examples, files and texts

    def example(self, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` values of this space, the same for one seed, for tests and goldens."""
        return np.random.default_rng(seed).standard_normal((n, *self.shape), dtype="float32")

    def to_stored(self, values: np.ndarray) -> np.ndarray:
        """Return `values` as files and metrics hold them."""
        return values

    def from_stored(self, values: np.ndarray) -> np.ndarray:
        """Return the batch for a model of `values` that files and metrics hold."""
        return np.asarray(values, dtype=self.dtype)

    def check_stored(self, argument: str, values) -> None:
        """Raise unless `values` are as `to_stored` gives them."""
        shape = tuple(values.shape[1:])
        if shape != self.shape:
            raise ArgumentError(
                f"{argument} must hold {self.noun} of shape {self.shape}, as the model's. "
                f"Received: {self.noun} of shape {shape}."
            )
        self.check_values(argument, np.asarray(values[:]), in_training=False)

    def stored_from_array(self, argument: str, values: np.ndarray) -> np.ndarray:
        """Return the array `values` of a user as files and metrics hold it, or raise."""
        return np.asarray(values).astype(self.dtype)

    @property
    def stored_as(self) -> str:
        """The form of stored values, for protocols."""
        return f"{'x'.join(map(str, self.shape))} {self.noun}"

    @property
    def size(self) -> int:
        """The count of numbers in one value."""
        return math.prod(self.shape)

    @property
    def text(self) -> str:
        """This space in words, for cards."""
        return " x ".join(map(str, self.shape))


class Images(Space):
    """Images of height x width pixels with `channels` channels, and values in `range`.

    Args:
        height: the number of rows.
        width: the number of columns.
        channels: the number of channels.
        range: the lowest and the highest value; `None`: any value.
    """

    name = "images"
    noun = "images"

    def __init__(self, height: int, width: int, channels: int, range: Range | None = None):
        self.height = check_count("height", height)
        self.width = check_count("width", width)
        self.channels = check_count("channels", channels)
        self.range = None if range is None else (float(range[0]), float(range[1]))
        self.shape = (self.height, self.width, self.channels)

    def _in_range(self) -> str:
        return " in the model's value range"

    def _advice(self) -> str:
        return " zoo.data.to_range converts 8-bit images."

    def check_values(self, argument, values, in_training=True):
        if self.range is None:
            super().check_values(argument, values, in_training)
        else:
            check_range(argument, values, self.range, in_training)

    def example(self, n, seed=0):
        low, high = self.range or (0.0, 1.0)
        uniform = np.random.default_rng(seed).random((n, *self.shape), dtype="float32")
        return uniform if (low, high) == (0.0, 1.0) else low + (high - low) * uniform

    def to_stored(self, values):
        return to_bytes(values, self.range or (0.0, 1.0))

    def from_stored(self, values):
        return to_range(values, self.range or (0.0, 1.0))

    def check_stored(self, argument, values):
        shape = tuple(values.shape[1:])
        if shape != self.shape:
            raise ArgumentError(
                f"{argument} must hold images of shape {self.shape}, as the model's. Received: "
                f"images of shape {shape}."
            )
        if values.dtype != np.uint8:
            raise ArgumentError(f"{argument} must hold 8-bit images. Received: {values.dtype}.")
        if int(values[:1000].max()) <= 1:
            raise ArgumentError(
                f"{argument} must hold 8-bit images, from 0 to 255. Received: values up to 1 alone."
            )

    def stored_from_array(self, argument, values):
        values = np.asarray(values)
        if values.dtype == np.uint8:
            return values
        if not np.issubdtype(values.dtype, np.floating) or not values.size:
            raise ArgumentError(
                f"{argument} must hold 8-bit images, or float images in the model's value range. "
                f"Received: {values.dtype} of shape {values.shape}."
            )
        low, high = self.range or (0.0, 1.0)
        check_range(argument, values, (low, high), in_training=False)
        if low < 0 <= values.min():
            raise ArgumentError(
                f"{argument} must hold images in {[low, high]}. Received: no negative value. "
                f"zoo.data.to_range(images, {(low, high)}, source=(0, 1)) converts images in "
                "[0, 1]."
            )
        return self.to_stored(values)

    @property
    def stored_as(self):
        return f"{'x'.join(map(str, self.shape))} 8-bit"

    @property
    def text(self):
        if self.range is None:
            return super().text
        low, high = self.range
        return f"{super().text} in [{low:g}, {high:g}]"


class Points(Space):
    """Points of `n` real coordinates, of any value.

    Args:
        n: the number of coordinates.
    """

    name = "points"
    noun = "points"
    range = None

    def __init__(self, n: int):
        self.n = check_count("n", n)
        self.shape = (self.n,)

    @property
    def stored_as(self):
        return f"{self.n} coordinates"

    @property
    def text(self):
        return f"{self.n} of any value"


class BinaryVectors(Space):
    """Vectors of `n` numbers that are 0 or 1.

    Args:
        n: the number of entries.
    """

    name = "binary_vectors"
    noun = "vectors"
    range = (0.0, 1.0)

    def __init__(self, n: int):
        self.n = check_count("n", n)
        self.shape = (self.n,)

    def check_values(self, argument, values, in_training=True):
        if not np.isin(values, (0, 1)).all():
            raise ArgumentError(f"{argument} must hold zeros and ones alone. Received: others.")

    def example(self, n, seed=0):
        return np.random.default_rng(seed).integers(2, size=(n, self.n)).astype("float32")

    @property
    def text(self):
        return f"{self.n} zeros and ones"


class Frames(Images):
    """Sequences of `n` images of one size.

    Args:
        n: the number of images in a sequence.
        height: the number of rows of an image.
        width: the number of columns.
        channels: the number of channels.
        range: the lowest and the highest value.
    """

    name = "frames"
    noun = "sequences"

    def __init__(self, n: int, height: int, width: int, channels: int, range: Range | None = None):
        super().__init__(height, width, channels, range)
        self.n = check_count("n", n)
        self.shape = (self.n, height, width, channels)


class Classes(Space):
    """Classes 0 to `n` - 1, as integer labels of shape `(batch,)`.

    Args:
        n: the number of classes.
        names: their names, or `None` for their numbers.
    """

    name = "classes"
    noun = "labels"
    needed = "integer labels"
    shape = ()
    dtype = "int32"

    def __init__(self, n: int, names: tuple[str, ...] | None = None):
        self.n = check_count("num_classes", n)
        if names is not None and len(names) != n:
            raise ArgumentError(f"names must name {n} classes. Received: {names!r}.")
        self.names = None if names is None else tuple(names)

    def check(self, argument, values):
        """Raise unless `values` are integers of shape `(batch,)` or `(batch, 1)`."""
        values = np.asarray(values) if not hasattr(values, "dtype") else values
        integers = "int" in keras.backend.standardize_dtype(values.dtype)
        if tuple(values.shape[1:]) not in ((), (1,)) or not values.shape or not integers:
            raise ArgumentError(
                f"{argument} must be integer labels of shape (batch,). Received: {values.dtype} of "
                f"shape {tuple(values.shape)}."
            )

    def check_values(self, argument, values, in_training=True):
        wrong = values[(values < 0) | (values >= self.n)]
        if len(wrong):
            raise ArgumentError(
                f"{argument} must lie in 0 to {self.n - 1}, for num_classes={self.n}. "
                f"Received: {wrong[0]}."
            )

    def checked(self, argument, values, rows=None, in_range=True):
        """Return `values`, integers of shape `(n,)` or `(n, 1)`, as int32 labels, or raise."""
        labels = np.asarray(ops.convert_to_numpy(values) if ops.is_tensor(values) else values)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
            raise ArgumentError(
                f"{argument} must be integer labels of shape (n,). Received: {labels.dtype} of "
                f"shape {labels.shape}."
            )
        if rows is not None and len(labels) != rows:
            raise ArgumentError(f"{argument} must be {rows} labels. Received: {len(labels)}.")
        self.check_values(argument, labels)
        return labels.astype("int32")

    def cast(self, values):
        return ops.clip(ops.cast(ops.reshape(values, (-1,)), "int32"), 0, self.n - 1)

    def validity(self, values):
        labels = ops.cast(ops.reshape(values, (-1,)), "int32")
        return ops.all(ops.logical_and(labels >= 0, labels < self.n))

    def example(self, n, seed=0):
        return np.arange(n, dtype="int32") % self.n

    def choose(self, labels, n: int | None, rng: np.random.Generator) -> np.ndarray:
        """Return the labels of `n` samples, from what `sample` was given as `labels`.

        Args:
            labels: an integer for each sample, one integer for all, `"all"` for equally many of
                each class in their order, or `None` for random classes.
            n: the number of samples; `None`: as many as there are labels, else 1.
            rng: the source of random classes.
        """
        if isinstance(labels, str):
            if labels != "all":
                raise ArgumentError(
                    f"labels must be integers, one integer, 'all' or None. Received: {labels!r}."
                )
            n = self.n if n is None else check_count("n", n)
            if n % self.n:
                raise ArgumentError(
                    f"n must be a multiple of num_classes={self.n} for labels='all'. Received: {n}."
                )
            return np.repeat(np.arange(self.n, dtype="int32"), n // self.n)
        if labels is None:
            n = 1 if n is None else check_count("n", n)
            return rng.integers(self.n, size=n, dtype="int32")
        if np.ndim(labels) == 0:
            n = 1 if n is None else check_count("n", n)
            return np.repeat(self.checked("labels", [labels]), n)
        return self.checked("labels", labels, None if n is None else check_count("n", n))

    def from_stored(self, values):
        return np.asarray(values).astype("int32")

    def check_stored(self, argument, values):
        self.checked(argument, values)

    def stored_from_array(self, argument, values):
        return self.checked(argument, values)

    @property
    def texts(self) -> list[str]:
        """The number of each class, with its name where it has one."""
        names = self.names or [str(i) for i in range(self.n)]
        return [name if name == str(i) else f"{i} {name}" for i, name in enumerate(names)]

    @property
    def text(self):
        return ", ".join(self.texts)


class Noise(Space):
    """A distribution of independent numbers, of which samples are made.

    It is drawn with NumPy, equal on each backend; in training, by `zoo.engine.random.Random`.

    Args:
        shape: the shape of one draw.
    """

    noun = "draws"

    def __init__(self, shape: tuple[int, ...]):
        self.shape = tuple(check_count("shape", size) for size in shape)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return `n` draws, float32 of shape `(n, *shape)`."""
        raise NotImplementedError

    def draw_in_step(self, random, n):
        """Return `n` draws inside of a step, by `random`, a `zoo.engine.random.Random`."""
        raise NotImplementedError

    def example(self, n, seed=0):
        return self.draw(np.random.default_rng(seed), n)


class Normal(Noise):
    """Numbers from N(0, 1).

    Args:
        shape: the shape of one draw.
    """

    name = "normal"

    def draw(self, rng, n):
        return rng.standard_normal((n, *self.shape), dtype="float32")

    def draw_in_step(self, random, n):
        return random.normal((n, *self.shape))

    @property
    def text(self):
        return f"normal, N(0, I) in {self.size} dimensions"


class Uniform(Noise):
    """Numbers from [0, 1), uniformly distributed.

    Args:
        shape: the shape of one draw.
    """

    name = "uniform"

    def draw(self, rng, n):
        return rng.random((n, *self.shape), dtype="float32")

    def draw_in_step(self, random, n):
        return random.uniform((n, *self.shape))

    @property
    def text(self):
        return f"uniform, U(0, 1) in {self.size} dimensions"


NoiseSpace = Noise | Mapping[str, Noise]


class Draws:
    """Draws of a model's noise in parts, such that the parts of one seed are the whole of it.

    Args:
        noise: a noise space, or a dict of them, which gives dicts of draws.
        seed: `None` gives other draws each time.
    """

    def __init__(self, noise: NoiseSpace, seed: int | None):
        self.noise = noise
        if isinstance(noise, Noise):
            self.rngs = np.random.default_rng(seed)
        else:
            sequence = np.random.SeedSequence(seed).spawn(len(noise))
            self.rngs = {
                name: np.random.default_rng(s) for name, s in zip(noise, sequence, strict=True)
            }

    def next(self, n: int):
        """Return the next `n` draws."""
        if isinstance(self.noise, Noise):
            return self.noise.draw(self.rngs, n)
        return {name: space.draw(self.rngs[name], n) for name, space in self.noise.items()}


def check_noise(argument: str, noise: NoiseSpace, values):
    """Return the draws `values` of the space `noise`, or of a dict of spaces, as float32 arrays, or
    raise."""
    if isinstance(noise, Noise):
        return _check_draws(argument, noise, values)
    if not isinstance(values, Mapping) or values.keys() != noise.keys():
        received = sorted(values) if isinstance(values, Mapping) else type(values).__name__
        raise ArgumentError(
            f"{argument} must be a dict with the keys {', '.join(noise)}. Received: {received}."
        )
    return {
        name: _check_draws(f"{argument}[{name!r}]", noise[name], values[name]) for name in noise
    }


def _check_draws(argument: str, space: Noise, values) -> np.ndarray:
    values = ops.convert_to_numpy(values).astype("float32")
    if values.shape[1:] != space.shape or not len(values):
        raise ArgumentError(
            f"{argument} must have the shape (n, {', '.join(map(str, space.shape))}) with n at "
            f"least 1. Received: shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")
    return values


def of_shape(shape: tuple[int, ...], range: Range | None = None) -> Space:
    """Return the space of data of this shape: images of three axes, points of one."""
    if len(shape) == 1:
        return Points(shape[0])
    if len(shape) == 3:
        return Images(*shape, range)
    raise ArgumentError(
        f"Data of shape {tuple(shape)} are neither images (height, width, channels) nor points "
        "(features,). Allowed: another zoo.engine.spaces.Space as the model's `data`."
    )


def of_image_shape(image_shape, range: Range | None = None, points: bool = True) -> Space:
    """Return the space of the argument `image_shape` of a model, or raise.

    Args:
        image_shape: `(height, width, channels)`, or `(features,)` for points.
        range: the value range of images.
        points: whether points are allowed.
    """
    try:
        shape = tuple(check_count("image_shape", size) for size in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) != 3 and not (points and len(shape) == 1):
        allowed = "(height, width, channels)" + (", or (features,) for points" if points else "")
        raise ArgumentError(
            f"image_shape must be {allowed}, positive whole numbers. Received: {image_shape!r}."
            + ("" if points else " Bodies of your own, without image_shape, take other shapes.")
        )
    return of_shape(shape, range)


def check_range(argument: str, values, value_range: Range, in_training: bool = True) -> None:
    """Raise unless the array `values` lies in `value_range`; warn, `in_training`, where the values
    look like those of [0, 1]."""
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(low) or not math.isfinite(high):
        raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")
    if in_training and value_range[0] < 0 <= low < high <= 1:
        warnings.warn(
            f"{argument} holds no negative value, but the model's images lie in "
            f"{list(value_range)}. Images in [0, 1] are converted by zoo.data.to_range(images, "
            f"{tuple(value_range)}, source=(0, 1)).",
            stacklevel=5,
        )
    slack = 0.01 * (value_range[1] - value_range[0])  # interpolation overshoots a little
    if not (value_range[0] - slack <= low and high <= value_range[1] + slack):
        raise ArgumentError(
            f"{argument} must hold values in {list(value_range)}. Received: values from {low:g} to "
            f"{high:g}. zoo.data.to_range(images, {tuple(value_range)}, source=(low, high)) "
            "converts."
        )


def _described(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__
