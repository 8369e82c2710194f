"""The commands `zoo data info`, `zoo data preview` and `zoo data prepare`."""

from __future__ import annotations

from pathlib import Path

import click

from zoo.cli.base import (
    SETTINGS,
    OneLineGroup,
    check_writable,
    picture_option,
    print_rows,
    save_picture,
    say,
    scale_option,
)
from zoo.errors import check_count

PREVIEW = "preview.png"


@click.group(cls=OneLineGroup, **SETTINGS)
def data():
    """Inspect, preview and prepare data sets."""


def _reading_options(command):
    """Add the options that choose and resize the images of a set to `command`."""
    options = [
        click.option("--split", default="train", help="The split of the set, such as train."),
        click.option("--image-size", type=int, help="Height and width to resize and crop to."),
        click.option("--channels", type=int, help="1 for grey, 3 for colour."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@data.command("info")
@click.argument("name_or_path")
@_reading_options
def data_info(name_or_path: str, split: str, image_size: int | None, channels: int | None):
    """Print the size, shape, type and classes of the set NAME_OR_PATH.

    A set is a TensorFlow Datasets name, a folder or zip file of images, an .npz file, or the name
    of a distribution of points, such as ring8.
    """
    import numpy as np

    from zoo.data import read

    source = read(name_or_path, split, image_size, channels)
    rows = [
        ("name", source.name),
        (source.noun, f"{len(source.images):,}"),
        ("shape", " x ".join(map(str, source.images.shape[1:]))),
        ("type", f"{source.images.dtype}"),
    ]
    if source.labels is not None:
        classes, counts = np.unique(source.labels, return_counts=True)
        fewest, most = counts.min(), counts.max()
        each = f"{most:,} each" if fewest == most else f"{fewest:,} to {most:,} each"
        rows.append(("classes", f"{len(classes)}, {each}"))
        if source.classes is not None:
            rows.append(("", ", ".join(f"{i} {name}" for i, name in enumerate(source.classes))))
    rows.append(("sha256", source.sha256))
    print_rows(rows)


@data.command("preview")
@click.argument("name_or_path")
@_reading_options
@click.option("-n", "count", default=64, help="The number of images.")
@click.option("--seed", default=0, help="The seed by which images are chosen.")
@scale_option
@picture_option(PREVIEW)
def data_preview(
    name_or_path: str,
    split: str,
    image_size: int | None,
    channels: int | None,
    count: int,
    seed: int,
    scale: int | None,
    out: Path | None,
):
    """Write a picture of some images, or of all points, of the set NAME_OR_PATH, see `zoo data
    info`."""
    import numpy as np

    from zoo import pictures
    from zoo.data import grid, read
    from zoo.pictures.sheets import check_undivided

    check_count("-n", count)
    check_count("--seed", seed, minimum=0)
    if scale is not None:
        check_count("--scale", scale)
    check_writable(out or Path(PREVIEW), new=out is None)
    source = read(name_or_path, split, image_size, channels)
    if source.noun == "points":
        check_undivided(scale, "points")
        picture = pictures.scatter(source.images, source)
    else:
        order = np.random.default_rng(seed).permutation(len(source.images))
        images = source.images[order[:count]].astype("float32")
        picture = grid(images, value_range=(0, 255), scale=scale)
    out = save_picture(picture, out, PREVIEW)
    say(f"{name_or_path}: {out}")


@data.command("prepare")
@click.argument("name")
@click.option(
    "--downloaded",
    metavar="FOLDER",
    help="A folder with the files that would be downloaded; for mnist and its kind also its URL.",
)
def data_prepare(name: str, downloaded: str | None):
    """Download and prepare the set NAME in TFDS_DATA_DIR (by default ~/tensorflow_datasets).

    This is needed once. Any backend prepares and reads mnist, fashion_mnist and kmnist. Other sets
    are those of TensorFlow Datasets. TensorFlow prepares them, and any backend reads them then.
    """
    from zoo.data import named

    say(f"{name}: {named.prepare(name, downloaded)}")
