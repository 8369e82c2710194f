"""A folder of pictures as people have them: of all kinds and sizes, with what is no picture."""

import math
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image


class Photos(NamedTuple):
    """What `photos` has written; names are relative to the folder.

    Attributes:
        pictures: the kind of each readable picture, by its name.
        equal_files: the names of copies, with the names of their originals.
        equal_pictures: the names of copies in another format, with the names of their originals.
        one_colour: the names of pictures of one colour.
        unreadable: the names of image files that cannot be decoded.
    """

    pictures: dict[str, str]
    equal_files: dict[str, str]
    equal_pictures: dict[str, str]
    one_colour: list[str]
    unreadable: list[str]


def photos(root: str | Path, count: int = 24, seed: int = 0, side: int = 48) -> Photos:
    """Writes `count` readable pictures of mixed kinds into the new folder `root`.

    The same numbers write the same pictures. Beside them lie a broken file, an empty file and a
    text.

    Args:
        root: the folder, which is made.
        count: the number of readable pictures, at least `len(KINDS) + 3`.
        seed: the seed of their colours, shapes and sizes.
        side: the usual length of the shorter side, in pixels.
    """
    if count < len(KINDS) + 3:
        raise ValueError(f"count must be at least {len(KINDS) + 3}. Received: {count}.")
    root, rng = Path(root), np.random.default_rng(seed)
    root.mkdir(parents=True)
    made = Photos({}, {}, {}, [], [])
    kinds = list(KINDS)
    for i in range(count - 3):
        kind = kinds[i % len(kinds)]
        ratio = (1.0, 1.5, 0.75, 16 / 9)[rng.integers(4)]
        name = KINDS[kind](root / f"{i:04}_{kind}", rng, side, ratio)
        made.pictures[name] = kind
    first = {kind: name for name, kind in reversed(made.pictures.items())}
    shutil.copy(root / first["jpeg"], root / "copy.jpg")
    made.equal_files["copy.jpg"] = first["jpeg"]
    with Image.open(root / first["colour"]) as image:
        image.save(root / "copy.bmp")
    made.equal_pictures["copy.bmp"] = first["colour"]
    Image.new("RGB", (side, side), (90, 120, 200)).save(root / "blank.png")
    made.one_colour.append("blank.png")
    made.pictures.update({"copy.jpg": "copy", "copy.bmp": "copy", "blank.png": "blank"})
    (root / "broken.jpg").write_bytes((root / first["jpeg"]).read_bytes()[:-100])
    (root / "empty.png").touch()
    made.unreadable.extend(["broken.jpg", "empty.png"])
    (root / "notes.txt").write_text("Pictures of the summer.\n")
    return made


def scene(rng, side: int, ratio: float = 1.0) -> np.ndarray:
    """A ball before a sky of two colours, `(height, width, 3)`, which a small model can learn."""
    height, width = (side, round(side * ratio)) if ratio >= 1 else (round(side / ratio), side)
    y, x = np.mgrid[:height, :width] / side
    above, below, ball = rng.integers(0, 256, (3, 3))
    share = (y / y.max() if height > 1 else y)[..., None]
    image = above * (1 - share) + below * share
    centre = rng.uniform(0.25, 0.75, 2) * (height / side, width / side)
    inside = np.hypot(y - centre[0], x - centre[1]) < rng.uniform(0.12, 0.3)
    image[inside] = ball
    return (image + rng.normal(0, 3, image.shape)).clip(0, 255).astype("uint8")


def _saved(image: Image.Image, place: Path, suffix: str, **options) -> str:
    path = place.with_name(f"{place.name}.{suffix}")
    image.save(path, **options)
    return path.name


def _jpeg(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, side, ratio)), place, "jpg", quality=90)


def _colour(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, side, ratio)), place, "png")


def _grey(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, side, ratio)).convert("L"), place, "png")


def _palette(place, rng, side, ratio):
    """A picture of 32 colours, of which one is transparent."""
    image = Image.fromarray(scene(rng, side, ratio)).quantize(32)
    return _saved(image, place, "png", transparency=0)


def _sixteen(place, rng, side, ratio):
    grey = np.asarray(Image.fromarray(scene(rng, side, ratio)).convert("L")).astype("uint16")
    return _saved(Image.fromarray(grey * 257), place, "png")


def _tiff(place, rng, side, ratio):
    image = Image.fromarray(scene(rng, side, ratio))
    return _saved(image, place, ("tif", "tiff")[rng.integers(2)], compression="tiff_lzw")


def _cmyk(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, side, ratio)).convert("CMYK"), place, "jpg")


def _webp(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, side, ratio)), place, "webp")


def _wide(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, side, 3.0)), place, "jpg")


def _turned(place, rng, side, ratio):
    """A photograph of a camera on its side, which EXIF data tell."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved(Image.fromarray(scene(rng, side, 1.5)), place, "jpg", exif=exif)


def _tiny(place, rng, side, ratio):
    return _saved(Image.fromarray(scene(rng, max(4, math.isqrt(side)))), place, "png")


def _clear(place, rng, side, ratio):
    """A picture whose lower half is transparent."""
    colour = scene(rng, side, ratio)
    alpha = np.full(colour.shape[:2], 255, "uint8")
    alpha[len(alpha) // 2 :] = 0
    return _saved(Image.fromarray(np.dstack([colour, alpha])), place, "webp", lossless=True)


KINDS = {
    "jpeg": _jpeg,
    "colour": _colour,
    "grey": _grey,
    "palette": _palette,
    "sixteen": _sixteen,
    "tiff": _tiff,
    "cmyk": _cmyk,
    "webp": _webp,
    "wide": _wide,
    "turned": _turned,
    "tiny": _tiny,
    "clear": _clear,
}
