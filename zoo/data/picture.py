"""The reading of one picture."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.data import decode
from zoo.data.image_format import ImageFormat, report_changes
from zoo.errors import DataError
from zoo.files.home import user_path

log = logging.getLogger(__name__)


def read_picture(path: str | Path, image_format: ImageFormat) -> np.ndarray:
    """Return the picture in a file, upright, as an 8-bit array `(height, width, channels)`.

    One line says what was cropped, enlarged, made grey or laid on white.

    Args:
        path: the file, of a format that `zoo.data.load` reads.
        image_format: the size, the channels and the crop that it is converted to.

    Raises:
        DataError: if there is no such file, or it cannot be read as a picture.
    """
    with _opened(path) as image:
        shape = decode.shape_of(image)
        transparent = image.has_transparency_data
        pixels = decode.pixels(image, image_format)
    if image_format.size is not None:
        pixels = decode.window(pixels, image_format.size)
    place = user_path(path)
    report_changes(str(place), [shape], image_format, pixels.shape[-1])
    if transparent:
        log.warning("%s: transparent parts were laid on white", place)
    return pixels


def scaled_size(path: str | Path, side: int) -> tuple[int, int]:
    """Return the height and the width of the picture in a file, if its longer side were `side`.

    Raises:
        DataError: if there is no such file, or it cannot be read as a picture.
    """
    with _opened(path) as image:
        shape = decode.shape_of(image)
    longer = max(shape.height, shape.width)
    return max(1, round(shape.height * side / longer)), max(1, round(shape.width * side / longer))


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """Open the picture in a file, or raise the error that it cannot be read."""
    place = user_path(path)
    try:
        with place.open("rb") as file, decode.decoding(), decode.opened(file) as image:
            yield image
    except decode.UnreadableError as error:
        raise DataError(f"{place} cannot be read as a picture: {error}.") from error
    except OSError as error:
        raise DataError(f"{place} cannot be read: {error.strerror or error}.") from error
