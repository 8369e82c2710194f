"""Spaces of data: images, points, binary vectors and sequences of frames."""

from __future__ import annotations

import math

import numpy as np

from zoo.base.arrays import as_array
from zoo.base.binarization import binarized
from zoo.base.ranges import BYTES, as_bytes, to_bytes, to_range
from zoo.base.warn import warn
from zoo.engine.spaces.base import Space
from zoo.errors import ArgumentError, check_count

Range = tuple[float, float]


class Images(Space):
    """Images of height x width pixels with `channels` channels, and values in `range`.

    Args:
        height: the number of rows.
        width: the number of columns.
        channels: the number of channels.
        range: the lowest and the highest value, or `None` for any value.
    """

    name = "images"
    noun = "images"

    def __init__(self, height: int, width: int, channels: int, range: Range | None = None):
        self.height = check_count("height", height)
        self.width = check_count("width", width)
        self.channels = check_count("channels", channels)
        self.range = None if range is None else (float(range[0]), float(range[1]))
        self.shape = (self.height, self.width, self.channels)

    def _advice_on_shape(self) -> str:
        if self.channels not in (1, 3):
            return ""
        square = self.height == self.width
        size = f"image_size={self.height if square else (self.height, self.width)}"
        size += f", channels={self.channels}"
        return f" zoo.data.load(images, {size}) gives batches of this shape."

    def _in_range(self) -> str:
        return " in the model's value range"

    def _advice(self) -> str:
        if self.range is None:
            return " zoo.data.to_range converts 8-bit images, and masks of type bool."
        return f" zoo.data.to_range(images, {self.range}) converts 8-bit images, and bool masks."

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
        return to_range(values, self.range or (0.0, 1.0), source=BYTES)

    def check_stored(self, argument, values):
        if not len(values):
            raise ArgumentError(f"{argument} holds no {self.noun[:-1]}.")
        shape = tuple(values.shape[1:])
        if shape != self.shape:
            raise ArgumentError(
                f"{argument} must hold images of shape {self.shape}, as the model's. Received: "
                f"images of shape {shape}.{self._advice_on_shape()}"
            )
        if values.dtype != np.uint8:
            raise ArgumentError(f"{argument} must hold 8-bit images. Received: {values.dtype}.")
        as_bytes(argument, values, black=False)

    def stored_from_array(self, argument, values):
        values = as_bytes(argument, as_array(argument, values, self.noun))
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


class BinaryImages(Images):
    """Images whose pixels are 0 or 1.

    From 8-bit images they are made by one draw for each image, with its grey levels as
    probabilities, see `zoo.base.binarization`.

    Args:
        height: the number of rows.
        width: the number of columns.
        channels: the number of channels.
    """

    def __init__(self, height: int, width: int, channels: int):
        super().__init__(height, width, channels, (0.0, 1.0))

    def check_values(self, argument, values, in_training=True):
        super().check_values(argument, values, in_training)
        others = values[(values != 0) & (values != 1)]
        if others.size:
            raise ArgumentError(
                f"{argument} must hold zeros and ones alone. Received: {others.flat[0]:g}. "
                "zoo.data.load(images, binarize='sampled', value_range=(0, 1)) makes them binary "
                "by one draw; 'stochastic' draws anew in each epoch, and 'threshold' is 1 above "
                "one half."
            )

    def example(self, n, seed=0):
        return np.random.default_rng(seed).integers(2, size=(n, *self.shape)).astype("float32")

    def from_stored(self, values):
        return binarized(np.asarray(values), "sampled").astype("float32")

    def stored_here(self, values):
        return self.to_stored(self.from_stored(values))

    @property
    def compared_as(self):
        return f"{'x'.join(map(str, self.shape))} binary"

    @property
    def text(self):
        return f"{'x'.join(map(str, self.shape))}, zeros and ones"


class Points(Space):
    """Points with `n` real coordinates of any value.

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
        range: the lowest and the highest value, or `None` for any value.
    """

    name = "frames"
    noun = "sequences"

    def __init__(self, n: int, height: int, width: int, channels: int, range: Range | None = None):
        super().__init__(height, width, channels, range)
        self.n = check_count("n", n)
        self.shape = (self.n, height, width, channels)

    def _advice_on_shape(self) -> str:
        return ""


def of_shape(shape: tuple[int, ...], range: Range | None = None) -> Space:
    """Return the space of data of this shape: images for three axes, points for one.

    Args:
        shape: the shape of one datum.
        range: the value range of images.

    Raises:
        ArgumentError: if the shape has another number of axes.
    """
    if len(shape) == 1:
        return Points(shape[0])
    if len(shape) == 3:
        return Images(*shape, range)
    raise ArgumentError(
        f"Data of shape {tuple(shape)} are neither images (height, width, channels) nor points "
        "(features,). Allowed: another zoo.engine.spaces.Space as the model's `data`."
    )


def of_image_shape(
    image_shape,
    range: Range | None = None,
    points: bool = True,
    others: str = "Bodies of your own, without image_shape, take other shapes.",
) -> Space:
    """Return the space for the argument `image_shape` of a model, or raise.

    Args:
        image_shape: `(height, width, channels)`, or `(features,)` for points.
        range: the value range of images.
        points: whether points are allowed.
        others: where they are not, a sentence about the way to data of other shapes, or nothing.
    """
    try:
        shape = tuple(check_count("image_shape", size) for size in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) != 3 and not (points and len(shape) == 1):
        allowed = "(height, width, channels)" + (", or (features,) for points" if points else "")
        raise ArgumentError(
            f"image_shape must be {allowed}, positive whole numbers. Received: {image_shape!r}."
            + ("" if points or not others else f" {others}")
        )
    return of_shape(shape, range)


def check_range(argument: str, values, value_range: Range, in_training: bool = True) -> None:
    """Raise unless the array `values` lies in `value_range`.

    With `in_training`, there is a warning if the values seem to lie in [0, 1] instead.
    """
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(low) or not math.isfinite(high):
        raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")
    if in_training and value_range[0] < 0 <= low < high <= 1:
        warn(
            f"{argument} holds no negative value, but the model's images lie in "
            f"{list(value_range)}. Images in [0, 1] are converted by zoo.data.to_range(images, "
            f"{tuple(value_range)}, source=(0, 1))."
        )
    slack = 0.01 * (value_range[1] - value_range[0])  # interpolation overshoots a little
    if not (value_range[0] - slack <= low and high <= value_range[1] + slack):
        raise ArgumentError(
            f"{argument} must hold values in {list(value_range)}. Received: values from {low:g} to "
            f"{high:g}. zoo.data.to_range(images, {tuple(value_range)}, source=(low, high)) "
            "converts."
        )
