"""The size, the channels and the crop that images are converted to, and what is said of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from zoo.base.text import one_line
from zoo.errors import ArgumentError, check_choice, check_count

CROPS = ("centre", "random", "none")
EARLIER = {"center": "centre"}  # the spelling of earlier versions
log = logging.getLogger(__name__)


def check_crop(crop: str) -> str:
    """Return `crop` as one of `"centre"`, `"random"` and `"none"`.

    Raises:
        UnknownNameError: if it is none of them.
    """
    crop = EARLIER.get(crop, crop) if isinstance(crop, str) else crop
    check_choice("crop", crop, CROPS)
    return crop


def still(crop: str) -> str:
    """Return the crop of images that are measured: of `"random"` the centre, which stays."""
    crop = check_crop(crop)
    return "centre" if crop == "random" else crop


def check_image_size(
    image_size: int | Sequence[int], argument: str = "image_size"
) -> tuple[int, int]:
    """Return `image_size`, the value of an argument of this name, as the height and the width.

    Raises:
        ArgumentError: if it is neither a whole number of at least 1 nor a pair of such.
    """
    if not isinstance(image_size, tuple | list):
        return (check_count(argument, image_size),) * 2
    if len(image_size) != 2:
        raise ArgumentError(
            f"{argument} must be one number, or a height and a width. Received: {image_size!r}."
        )
    height, width = (check_count(argument, side) for side in image_size)
    return height, width


class ImageFormat(NamedTuple):
    """The size, the channels and the crop that images are converted to.

    Attributes:
        size: the height and the width; `None` keeps them.
        channels: 1 for grey, 3 for colour; `None` keeps the images' own.
        crop: `"centre"`, `"random"` or `"none"`.
    """

    size: tuple[int, int] | None
    channels: int | None
    crop: str = "centre"

    @classmethod
    def of(
        cls, image_size: int | Sequence[int] | None, channels: int | None, crop: str
    ) -> ImageFormat:
        """Return the format of arguments of `zoo.data.read`.

        Raises:
            ArgumentError: if one of them has a wrong value.
        """
        if channels is not None:
            check_choice("channels", channels, (1, 3))
        size = None if image_size is None else check_image_size(image_size)
        return cls(size, channels, check_crop(crop))

    def bytes(self, count: int) -> int:
        """Return the bytes of `count` images, or 0 where the size is kept."""
        height, width = self.size or (0, 0)
        return count * height * width * (self.channels or 3)


class Shape(NamedTuple):
    """The shape of an image before its conversion."""

    height: int
    width: int
    channels: int


# What happens to an image whose aspect ratio is another one than that of the result.
CUTS = {
    "centre": "cropped to {} at the centre",
    "random": "cropped to {}, each time at another place",
    "none": "squeezed to {}",
}


def changes(shapes: Sequence[Shape], image_format: ImageFormat, channels: int) -> list[str]:
    """Return a clause with a count for each kind of change that images of these `shapes` undergo.

    Args:
        shapes: the shapes of the images before.
        image_format: the format that they are converted to.
        channels: the channels that they have then.
    """
    grey = sum(shape.channels == 1 for shape in shapes)
    counts = {
        "grey made colour": grey if channels == 3 else 0,
        "in colour made grey": len(shapes) - grey if channels == 1 else 0,
    }
    if image_format.size is not None:
        height, width = image_format.size
        counts[CUTS[image_format.crop].format(f"{height}x{width}")] = sum(
            is_other_aspect(shape, image_format.size) for shape in shapes
        )
        counts["enlarged"] = sum(shape.height < height or shape.width < width for shape in shapes)
    return [f"{count:,} {change}" for change, count in counts.items() if count]


def is_other_aspect(shape: Shape, size: tuple[int, int]) -> bool:
    """Return whether an image is cut, or squeezed, where it gets the aspect ratio of `size`.

    What a side loses by rounding to whole pixels is no cut.
    """
    height, width = size
    scale = max(height / shape.height, width / shape.width)
    return (round(shape.height * scale), round(shape.width * scale)) != size


def report_changes(name: str, shapes: Sequence[Shape], image_format, channels: int) -> None:
    """Say in one line what images of the set `name` undergo, if it is more than a smaller size."""
    clauses = changes(shapes, image_format, channels)
    if clauses:
        log.warning("Of %d images of %s: %s", len(shapes), one_line(name), "; ".join(clauses))
