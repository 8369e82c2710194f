"""The commands `zoo data info`, `zoo data preview` and `zoo data prepare`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from zoo.base.logs import quiet
from zoo.base.program import import_all
from zoo.cli import words
from zoo.cli.base import (
    COUNT,
    SEED,
    SETTINGS,
    OneLineGroup,
    check_writable,
    picture_option,
    print_rows,
    save_picture,
    say,
    scale_option,
)
from zoo.data.image_format import CROPS
from zoo.errors import ArgumentError

PREVIEW = "preview.png"


@click.group(cls=OneLineGroup, **SETTINGS)
def data():
    """Inspect, preview and prepare data sets."""


def _size(context, parameter, value: str | None) -> int | tuple[int, int] | None:
    """Return the value of `--image-size`: a number, or a height and a width."""
    sides = [] if value is None else value.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise ArgumentError(
            "--image-size takes a number such as 64, or a height and a width such as 64x48. "
            f"Received: {value!r}."
        )
    match [int(side) for side in sides]:
        case []:
            return None
        case [side]:
            return side
        case [height, width]:
            return height, width


def _reading_options(command):
    """Add the options that choose and resize the images of a set to `command`."""
    options = [
        click.option(
            "--split",
            default="train",
            shell_complete=words.split,
            help="The split of the set, such as train.",
        ),
        click.option(
            "--image-size",
            metavar="N|HxW",
            callback=_size,
            help="The size that images get: the side of a square, or the height and the width.",
        ),
        click.option("--channels", type=COUNT, help="1 for grey, 3 for colour."),
        click.option(
            "--crop",
            type=click.Choice(CROPS),
            default="centre",
            help="What becomes of images of another aspect ratio: the largest part from the "
            "middle, such a part from another place each time, or the whole image, squeezed.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@data.command("info")
@click.argument("name_or_path", shell_complete=words.data_set_or_path)
@_reading_options
def data_info(
    name_or_path: str,
    split: str,
    image_size: int | tuple[int, int] | None,
    channels: int | None,
    crop: str,
):
    """Print the size, shape, type and classes of the set NAME_OR_PATH.

    A set is a TensorFlow Datasets name, a folder or zip file of images, an .npz file, or the name
    of a distribution of points, such as ring8.

    Of a folder or zip file each picture is looked at: formats, modes and sizes are counted, and
    equal files, equal pictures, pictures of one colour and all that is left out are named. With the
    size of a model the last lines say what the pictures become.

    \b
    Examples:
      zoo data info path/to/photos
      zoo data info path/to/photos --image-size 64 --channels 3 --crop random
    """
    import numpy as np

    from zoo.data import read, survey
    from zoo.data.image_format import ImageFormat
    from zoo.data.survey import is_set_of_files
    from zoo.files.home import user_path

    image_format, rows = ImageFormat.of(image_size, channels, crop), []
    seen = survey(name_or_path, split) if is_set_of_files(user_path(name_or_path)) else None
    if seen is not None:
        rows = [*seen.rows(), ("become", seen.result(image_format))]
    if seen is not None and image_format.size is None and len(seen.sizes) > 1:
        rows += _class_rows(list(seen.classes.values()), seen.classes)
        print_rows(rows)
        return
    with _quiet_reading() if seen is not None else contextlib.nullcontext():
        source = read(name_or_path, split, image_size, channels, crop)
    if seen is None:
        rows = [("name", source.name), (source.noun, f"{len(source.images):,}")]
    rows += [
        ("shape", " x ".join(map(str, source.images.shape[1:]))),
        ("type", f"{source.images.dtype}"),
    ]
    if source.labels is not None:
        rows += _class_rows(np.unique(source.labels, return_counts=True)[1], source.classes)
    rows.append(("sha256", source.sha256))
    print_rows(rows)


def _quiet_reading() -> contextlib.ExitStack:
    """Return a context that hides the lines about images, which the table has said already."""
    stack = contextlib.ExitStack()
    for module in ("decoded", "files", "image_format"):
        stack.enter_context(quiet(f"zoo.data.{module}"))
    return stack


def _class_rows(counts: Sequence[int], names: Iterable[str] | None) -> list[tuple[str, str]]:
    """Return the rows about classes of which `counts` are the numbers of images."""
    if not len(counts):
        return []
    fewest, most = min(counts), max(counts)
    each = f"{most:,} each" if fewest == most else f"{fewest:,} to {most:,} each"
    rows = [("classes", f"{len(counts)}, {each}")]
    if names is not None:
        rows.append(("", ", ".join(f"{i} {name}" for i, name in enumerate(names))))
    return rows


@data.command("preview")
@click.argument("name_or_path", shell_complete=words.data_set_or_path)
@_reading_options
@click.option("-n", "count", type=COUNT, default=64, help="The number of images.")
@click.option("--seed", type=SEED, default=0, help="The seed by which images are chosen.")
@scale_option
@picture_option(PREVIEW)
def data_preview(
    name_or_path: str,
    split: str,
    image_size: int | tuple[int, int] | None,
    channels: int | None,
    crop: str,
    count: int,
    seed: int,
    scale: int | None,
    out: Path | None,
):
    """Write a picture of some images, or of all points, of the set NAME_OR_PATH, see `zoo data
    info`.

    \b
    Example:
      zoo data preview photos/ --image-size 64 -n 100 -o preview.png
    """
    import numpy as np

    from zoo.data import grid, read

    check_writable(out or Path(PREVIEW), new=out is None)
    source = read(name_or_path, split, image_size, channels, crop)
    if source.noun == "points":
        import_all()
        from zoo import pictures
        from zoo.pictures.sheets import check_undivided

        check_undivided(scale, "points")
        picture = pictures.scatter(source.images, source)
    else:
        order = np.random.default_rng(seed).permutation(len(source.images))
        images = source.images[order[:count]].astype("float32")
        picture = grid(images, value_range=(0, 255), scale=scale)
    out = save_picture(picture, out, PREVIEW)
    say(f"{name_or_path}: {out}")


@data.command("prepare")
@click.argument("name", shell_complete=words.data_set)
@click.option(
    "--downloaded",
    metavar="FOLDER",
    help="A folder with the files that would be downloaded; for mnist and its kind also its URL.",
)
def data_prepare(name: str, downloaded: str | None):
    """Download and prepare the set NAME in TFDS_DATA_DIR (by default ~/tensorflow_datasets).

    This is needed once. Any backend prepares and reads mnist, fashion_mnist and kmnist. Other sets
    are those of TensorFlow Datasets. TensorFlow prepares them, and any backend reads them then.

    \b
    Example:
      zoo data prepare mnist
    """
    from zoo.data import named

    say(f"{name}: {named.prepare(name, downloaded)}")
