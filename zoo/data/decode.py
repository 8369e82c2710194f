"""One image from a file to pixels: the only path by which images change size."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

LARGEST = 2**27  # pixels, of one image as it is decoded: half a gibibyte in colour
LONGEST = 4  # times the shorter side: of a longer image the middle is used


def prepare(image: Image.Image, image_size: int | None) -> None:
    """Decides, from the head of a file, at which size it is decoded.

    Raises:
        ValueError: if that is too large.
    """
    if image_size is not None:
        # A JPEG file can be decoded at an eighth, a quarter or half of its size: still at least
        # twice what is wanted. For other files this does nothing.
        image.draft(None, (2 * image_size, 2 * image_size))
    if image.width * image.height > LARGEST:
        raise ValueError(f"{image.width}x{image.height} pixels are more than {LARGEST}")


def pixels(image: Image.Image, image_size: int | None, channels: int | None) -> np.ndarray:
    """`image` upright, on white where it is transparent, with 1 or 3 channels (`None`: as it has),
    and antialiased to `image_size` along its shorter side (`None`: as it is).

    Returns:
        8-bit, of shape `(height, width, channels)`.

    Raises:
        ValueError: if the image is too large to be decoded.
    """
    prepare(image, image_size)
    if "exif" in image.info:
        image = ImageOps.exif_transpose(image)
    grey = channels == 1 or (channels is None and image.mode[0] in "1LIF")
    if image.mode.startswith("I"):
        # Sixteen bits, of which Pillow's own conversion would keep the lowest eight.
        image = Image.fromarray((np.asarray(image) / 257).round().astype("uint8"))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    mode = "L" if grey else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if image_size is not None and min(image.size) != image_size:
        longest = LONGEST * min(image.size)
        if max(image.size) > longest:
            image = ImageOps.fit(image, [min(side, longest) for side in image.size])
        scale = image_size / min(image.size)
        size = [max(image_size, round(side * scale)) for side in image.size]
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    array = np.asarray(image)
    return array if array.ndim == 3 else array[..., None]


def window(image: np.ndarray, image_size: int, where: tuple[float, float] = (0.5, 0.5)):
    """The square of `image_size` at the place `where`: (0, 0) is the top left corner, (1, 1) the
    bottom right one."""
    top, left = (
        min(int(at * (side - image_size + 1)), side - image_size)
        for at, side in zip(where, image.shape[:2], strict=True)
    )
    return image[top : top + image_size, left : left + image_size]
