"""`survey`, which looks at each image file of a folder before anything is trained on them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.base.text import one_line
from zoo.data.decode import UnreadableError, decoding, pixels, shape_of
from zoo.data.files import EMPTY, EXAMPLES, FRAMES
from zoo.data.image_format import ImageFormat, Shape, changes
from zoo.data.sources import select_files, without_images
from zoo.errors import DataError
from zoo.files.home import user_path

FEW_BYTES = 128  # a smaller file is cut off, or its picture has hardly more than one colour
ONE_COLOUR = 2  # levels between the darkest and the brightest pixel of each channel
SHOWN = 6  # the most frequent sizes that are named
AS_IT_IS = ImageFormat(None, None)


class Seen(NamedTuple):
    """Hold what was seen of one image file.

    Attributes:
        name: the name of the file.
        sha256: the hash of its bytes.
        kind: the format of the picture, as Pillow names it.
        mode: its mode, as Pillow names it, such as `"RGB"` or `"P"`.
        shape: its shape as it is shown.
        pixels: the hash of its shape and of its pixels.
        one_colour: whether all its pixels have one colour, or nearly so.
    """

    name: str
    sha256: str
    kind: str
    mode: str
    shape: Shape
    pixels: str
    one_colour: bool


class Survey(NamedTuple):
    """The result of `survey`: what a folder or zip file of pictures holds.

    Attributes:
        name: the name of the set.
        images: what was seen of each readable image.
        classes: the number of readable images of each class; empty if there are no classes.
        few_bytes: the names of files of less than 128 bytes, whether they can be read or not.
        left_out: the names of what is left out, by the reason.
    """

    name: str
    images: list[Seen]
    classes: dict[str, int]
    few_bytes: list[str]
    left_out: dict[str, list[str]]

    @property
    def sizes(self) -> Counter[tuple[int, int]]:
        """The number of images of each height and width."""
        return Counter(image.shape[:2] for image in self.images)

    @property
    def channels(self) -> int:
        """The channels that the images together get: 3 where one of them is in colour."""
        return max(image.shape.channels for image in self.images)

    @property
    def equal_bytes(self) -> list[list[str]]:
        """The names of files that are equal, in one list for each content."""
        return _groups((image.sha256, image.name) for image in self.images)

    @property
    def equal_pixels(self) -> list[list[str]]:
        """The names of different files of equal pictures, in one list for each picture."""
        first = {image.sha256: image for image in reversed(self.images)}
        return _groups((image.pixels, image.name) for image in reversed(first.values()))

    @property
    def one_colour(self) -> list[str]:
        """The names of the pictures of one colour."""
        return [image.name for image in self.images if image.one_colour]

    def changes(self, image_format: ImageFormat) -> list[str]:
        """Return a clause for each kind of change that the images undergo in this format."""
        shapes = [image.shape for image in self.images]
        return changes(shapes, image_format, image_format.channels or self.channels)

    def result(self, image_format: ImageFormat) -> str:
        """Return the text about what the images become in this format."""
        channels = image_format.channels or self.channels
        if image_format.size is None and len(self.sizes) > 1:
            unequal = sum(count for (h, w), count in self.sizes.items() if h != w)
            text = f"of one size, which image_size chooses ({unequal:,} are not square)"
        else:
            text = "{}x{}".format(*(image_format.size or next(iter(self.sizes))))
        colour = "grey" if channels == 1 else "colour"
        return "; ".join([f"{colour}, {text}", *self.changes(image_format)])

    def rows(self) -> list[tuple[str, str]]:
        """Return pairs of a name and a text, for a table of what there is."""
        kinds = Counter(image.kind for image in self.images)
        modes = Counter(image.mode for image in self.images)
        several = {
            "equal files": self.equal_bytes,
            "equal pictures": self.equal_pixels,
        }
        lists = {
            "one colour": self.one_colour,
            f"below {FEW_BYTES} bytes": self.few_bytes,
        }
        rows = [
            ("name", self.name),
            ("images", f"{len(self.images):,}"),
            ("formats", _counts(kinds)),
            ("modes", _counts(modes)),
            ("height x width", self._sizes()),
        ]
        rows += [(name, _copies(groups)) for name, groups in several.items() if groups]
        rows += [(name, _names(names)) for name, names in lists.items() if names]
        rows += [
            ("left out" if i == 0 else "", f"{len(names):,} {reason}: {_examples(names)}")
            for i, (reason, names) in enumerate(self.left_out.items())
        ]
        return rows

    def _sizes(self) -> str:
        """Return the text about the sizes, height x width, the most frequent ones first."""
        sizes = self.sizes
        text = _counts({f"of {h}x{w}": count for (h, w), count in sizes.most_common(SHOWN)})
        if len(sizes) <= SHOWN:
            return text
        heights, widths = zip(*sizes, strict=True)
        extent = f"{min(heights)} to {max(heights)} high, {min(widths)} to {max(widths)} wide"
        return f"{len(sizes):,} kinds, {extent}; {text}, ..."


def survey(path: str | Path, split: str = "train") -> Survey:
    """Look at each image file of a folder or zip file, and count what there is.

    Each picture is decoded once, at its full size, and none is kept.

    Args:
        path: the folder or zip file.
        split: the split, see `zoo.data.read`.

    Returns:
        Formats, modes and sizes, equal files and equal pictures, pictures of one colour or in files
        of a few bytes, and what is left out and why.

    Raises:
        DataError: if there is no such folder, zip file or split, or no readable image in it.

    Example:

    >>> import tempfile, numpy as np, zoo
    >>> from PIL import Image
    >>> picture = Image.fromarray(np.eye(8, dtype="uint8") * 255)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture.save(f"{folder}/a.png")
    ...     picture.save(f"{folder}/b.bmp")
    ...     zoo.data.survey(folder).equal_pixels
    [['a.png', 'b.bmp']]
    """
    path = user_path(path)
    if not is_set_of_files(path):
        raise DataError(f"There is no folder or .zip file {str(path)!r}.")
    files, labels, names = select_files(path, split)
    sizes: dict[str, int] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(lambda row: _seen_or_error(files, row, sizes), range(len(files))))
    rows = [row for row, image in enumerate(seen) if isinstance(image, Seen)]
    if not rows:
        raise DataError(f"{str(path)!r} holds no readable image.")
    errors = [
        f"{name} ({image})"
        for name, image in zip(files.names, seen, strict=True)
        if not isinstance(image, Seen)
    ]
    left_out = {
        **files.left_out,
        "that cannot be read": errors,
        FRAMES: sorted(files.animated),
        EMPTY: [*files.left_out.get(EMPTY, ()), *sorted(without_images(files, rows))],
    }
    counts = Counter() if labels is None else Counter(names[labels[row]] for row in rows)
    return Survey(
        name=path.stem if path.suffix.lower() == ".zip" else path.resolve().name,
        images=[seen[row] for row in rows],
        classes={name: counts[name] for name in names or ()},
        few_bytes=[name for name in files.names if sizes.get(name, FEW_BYTES) < FEW_BYTES],
        left_out={reason: names for reason, names in left_out.items() if names},
    )


def is_set_of_files(path: Path) -> bool:
    """Return whether `path` is a folder, or a zip file."""
    return path.is_dir() or (path.suffix.lower() == ".zip" and path.is_file())


def _seen_or_error(files, row: int, sizes: dict[str, int]) -> Seen | UnreadableError:
    """Return what is seen of the image `row`, or why it cannot be read.

    The size of its file in bytes is added to `sizes`, where the file can be opened.
    """
    try:
        with decoding():
            sizes[files.names[row]], sha256 = files.identity(row)
            with files.open(row) as image:
                kind, mode, shape = image.format, image.mode, shape_of(image)
                array = pixels(image, AS_IT_IS)
    except UnreadableError as error:
        return error
    levels = np.ptp(array.reshape(-1, array.shape[-1]), axis=0)
    if (array == array[..., :1]).all():  # grey levels in a picture with colours are grey
        array = array[..., :1]
    digest = hashlib.sha256(repr(array.shape).encode())
    digest.update(np.ascontiguousarray(array))
    return Seen(
        name=files.names[row],
        sha256=sha256,
        kind=kind,
        mode=mode,
        shape=shape._replace(height=array.shape[0], width=array.shape[1]),
        pixels=digest.hexdigest(),
        one_colour=bool(levels.max() <= ONE_COLOUR),
    )


def _groups(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the names with a common key, for each key that several names have."""
    groups = defaultdict(list)
    for key, name in pairs:
        groups[key].append(name)
    return [names for names in groups.values() if len(names) > 1]


def _counts(counts: dict[str, int]) -> str:
    """Return counts as a text, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count:,} {name}" for name, count in ordered)


def _copies(groups: Sequence[Sequence[str]]) -> str:
    """Return the number of copies in `groups` of equals, with some of the names."""
    copies = sum(len(names) - 1 for names in groups)
    shown = [" = ".join(_short(names)) for names in groups[:EXAMPLES]]
    more = ["..."] if len(groups) > EXAMPLES else []
    return f"{copies:,} more than once: {one_line(', '.join([*shown, *more]))}"


def _names(names: Sequence[str]) -> str:
    return f"{len(names):,}: {_examples(names)}"


def _examples(names: Sequence[str]) -> str:
    """Return some of the names as one line."""
    return one_line(", ".join(_short(names)))


def _short(names: Sequence[str]) -> list[str]:
    """Return the first names, and dots in place of the others."""
    return [*names[:EXAMPLES], *(["..."] if len(names) > EXAMPLES else [])]
